"""`priceradar explain` and `verify` on a real ledger."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from contracts.policy import DEFAULT
from ledger.store import Ledger
from tests.unit.pricing.samples import move, ready
from tests.unit.pricing.test_looks import PERIOD, marked_down


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *arguments],
        capture_output=True,
        check=False,
        text=True,
        env={"PYTHONPATH": str(Path.cwd()), "PRICERADAR_DATA": str(folder), "PYTHONUTF8": "1"},
        cwd=folder,
    )


@pytest.fixture
def proposal_id(tmp_path: Path) -> str:
    (made,) = ready(DEFAULT).on_event(move(8_000))
    forged = msgspec.structs.replace(made, proposal_id="forged", proposed_minor=9_000)
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.record_proposals([made, forged])
    ledger.close()
    return made.proposal_id


def test_explain_and_verify_a_recorded_proposal(tmp_path: Path, proposal_id: str) -> None:
    note = run(tmp_path, "explain", proposal_id)
    assert note.returncode == 0, note.stderr
    assert "Lower A from CN¥100.00 to CN¥97.00" in note.stdout
    assert "降至" in run(tmp_path, "explain", proposal_id, "--lang", "zh").stdout

    verified = run(tmp_path, "verify", proposal_id)
    assert verified.returncode == 0, verified.stderr
    assert "identical" in verified.stdout


def test_explain_and_verify_what_no_event_asked_for(tmp_path: Path) -> None:
    agent, since = marked_down()
    (made,) = agent.tick(since + PERIOD)
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.record_proposals([made])
    ledger.close()

    note = run(tmp_path, "explain", made.proposal_id)
    assert "Bring A back from CN¥97.00 to CN¥100.00" in note.stdout
    assert "Why now: our markdown stands, and in the last 14 days" in note.stdout
    assert run(tmp_path, "verify", made.proposal_id).returncode == 0


def test_a_forged_proposal_and_an_unknown_one_are_refused(tmp_path: Path, proposal_id: str) -> None:
    forged = run(tmp_path, "verify", "forged")
    assert forged.returncode == 1
    assert "proposal_id does not follow" in forged.stderr
    unknown = run(tmp_path, "explain", "nothing")
    assert unknown.returncode == 2
    assert unknown.stderr.count("\n") == 1


def test_verify_without_an_id_finds_what_was_tampered_with_and_a_lost_end(tmp_path: Path, proposal_id: str) -> None:
    whole = run(tmp_path, "verify")
    assert whole.returncode == 0, whole.stderr
    assert "every row is what the acts say" in whole.stdout
    anchor = whole.stdout.splitlines()[0].rpartition(" ")[2]
    assert run(tmp_path, "verify", "--since", anchor).returncode == 0
    assert run(tmp_path, "verify", "--since", f"9{anchor}").returncode == 1
    assert run(tmp_path, "verify", "--since", "newest").returncode == 2

    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with ledger.writing() as connection:
        connection.exec_driver_sql(f"UPDATE proposals SET status = 'approved' WHERE proposal_id = '{proposal_id}'")
    ledger.close()
    found = run(tmp_path, "verify")
    assert found.returncode == 1
    assert f"proposal {proposal_id}: status must be 'pending', was 'approved'" in found.stderr
