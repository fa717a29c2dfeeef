"""Whatever is changed, added or removed in the ledger is found, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from contracts.approvals import Signer
from contracts.codec import encode
from contracts.policy import DEFAULT
from contracts.proposals import Decision
from contracts.times import DAY_MS
from ledger import delegations
from ledger.database import MIGRATIONS, connect
from ledger.occasion import Occasion
from ledger.proposals import row_of
from ledger.store import Ledger
from tests.integration.approving import FD, MD, PASSWORD, looked_at, published, sign
from tests.samples import NOW, item, proposal


def busy(ledger: Ledger) -> None:
    """Something of everything."""
    ledger.record_items([item(), item(sku="sku2")])
    ledger.record_proposals([proposal(1), proposal(2, sku="sku2"), proposal(3, sku="sku3", tier=FD)])
    ledger.add_user("mei", MD, PASSWORD, NOW)
    ledger.add_user("wu", "pricing", PASSWORD, NOW)
    with ledger.writing() as connection:
        wish = delegations.Handover("mei", "wu", NOW, NOW + DAY_MS, "leave")
        delegations.make(connection, wish, NOW, DEFAULT.approval)
    sign(ledger, "mei", MD)
    sign(ledger, "mei", MD, number=3)
    published(ledger)
    ledger.sign("markdown_2", Occasion(Signer("mei", MD), NOW + 3), "reject", "wrong season")


TAMPERED = [
    ("UPDATE proposals SET body = replace(body, '9800', '9700') WHERE proposal_id = 'markdown_1'", "record differs"),
    ("UPDATE proposals SET status = 'pending' WHERE proposal_id = 'markdown_2'", "status must be 'rejected'"),
    ("UPDATE proposals SET tier = 'auto' WHERE proposal_id = 'markdown_3'", "tier must be 'finance_director'"),
    ("UPDATE proposals SET at_stake_minor = 7 WHERE proposal_id = 'markdown_3'", "at_stake_minor must be"),
    ("DELETE FROM proposals WHERE proposal_id = 'markdown_3'", "proposal markdown_3 is missing"),
    ("UPDATE signatures SET reason = 'fine' WHERE proposal_id = 'markdown_2'", "reason must be 'wrong season'"),
    ("UPDATE signatures SET verdict = 'approve' WHERE proposal_id = 'markdown_2'", "verdict must be 'reject'"),
    ("UPDATE signatures SET signed_at = 1 WHERE proposal_id = 'markdown_1'", "signed_at must be"),
    ("UPDATE signatures SET \"user\" = 'eve' WHERE proposal_id = 'markdown_1'", "never given"),
    ("DELETE FROM signatures WHERE proposal_id = 'markdown_3'", "signature of mei on markdown_3 is missing"),
    ("UPDATE decisions SET body = replace(body, '9800', '9000')", "record differs"),
    ("UPDATE decisions SET published_at = 5", "published_at must be"),
    ("UPDATE decisions SET withheld = 'floor'", "withheld must be"),
    ("DELETE FROM decisions", "is missing"),
    ("UPDATE delegations SET ends_at = ends_at + 1", "ends_at must be"),
    ("DELETE FROM delegations", "is missing"),
    ("UPDATE audit SET detail = replace(detail, '9800', '9700') WHERE action = 'decide'", "does not fit the chain"),
    ("UPDATE audit SET at = at + 1 WHERE number = 2", "audit row 2"),
    ("DELETE FROM audit WHERE number = 3", "audit row 4"),
    ("UPDATE audit SET action = 'applaud' WHERE action = 'reject'", "does not fit the chain"),
]


@pytest.fixture
def tamper(ledger: Ledger) -> Callable[[str], None]:
    def change(statement: str) -> None:
        with ledger.writing() as connection:
            assert connection.execute(text(statement)).rowcount >= 1

    return change


@pytest.fixture(scope="module")
def busy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with something of everything, made once."""
    path: Path = tmp_path_factory.mktemp("busy") / "ledger.sqlite"
    ledger = Ledger.open(f"sqlite:///{path}")
    busy(ledger)
    assert looked_at(ledger).findings == ()
    ledger.close()
    return path


@pytest.mark.parametrize(("statement", "finding"), TAMPERED)
def test_any_tampered_row_is_found(busy_file: Path, tmp_path: Path, statement: str, finding: str) -> None:
    shutil.copy(busy_file, tmp_path / "ledger.sqlite")
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}", migrate_schema=False)
    with ledger.writing() as connection:
        assert connection.execute(text(statement)).rowcount >= 1
    found = looked_at(ledger).findings
    ledger.close()
    assert any(finding in one for one in found), found


def test_an_added_row_and_a_cut_off_end_are_found(ledger: Ledger, tamper: Callable[[str], None]) -> None:
    busy(ledger)
    whole = looked_at(ledger)
    assert (whole.proposals, whole.signatures, whole.decisions, whole.delegations) == (3, 3, 1, 1)
    assert looked_at(ledger, whole.head).findings == ()
    tamper(
        'INSERT INTO signatures (proposal_id, "user", role, verdict, reason, signed_at)'
        " VALUES ('markdown_3', 'li', 'finance_director', 'approve', '', 5)"
    )
    assert looked_at(ledger).findings == ("signature of li on markdown_3 was never given: no act says so",)
    tamper("DELETE FROM signatures WHERE \"user\" = 'li'")

    # the newest act with all that it did, gone without a trace: only one who noted the end can tell
    tamper(f"DELETE FROM audit WHERE number = {whole.acts}")
    tamper("DELETE FROM signatures WHERE proposal_id = 'markdown_2'")
    tamper("UPDATE proposals SET status = 'pending' WHERE proposal_id = 'markdown_2'")
    assert looked_at(ledger).findings == ()
    (finding,) = looked_at(ledger, whole.head).findings
    assert "the audit chain ends at" in finding


def test_what_a_ledger_of_an_earlier_version_holds_is_in_the_chain_from_then_on(
    ledger: Ledger, url: str, tamper: Callable[[str], None]
) -> None:
    ledger.close()  # it made the newest schema
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    made = proposal()
    told = Decision(
        decision_id="d1",
        sku="sku1",
        price_minor=9_800,
        previous_minor=10_000,
        currency="CNY",
        decided_at=NOW,
        proposal_id=made.proposal_id,
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        row = {name: value for name, value in row_of(made).items() if name != "escalated_to"} | {"status": "published"}
        names = ", ".join(row)
        connection.execute(text(f"INSERT INTO proposals ({names}) VALUES ({', '.join(f':{n}' for n in row)})"), row)
        connection.execute(
            text(
                "INSERT INTO decisions (decision_id, proposal_id, sku, decided_at, published_at, body)"
                " VALUES ('d1', :proposal, 'sku1', :now, :now, :body)"
            ),
            {"proposal": made.proposal_id, "now": NOW, "body": encode(told).decode()},
        )
        command.upgrade(config, "head")
    engine.dispose()
    assert looked_at(ledger).findings == ()
    tamper("UPDATE proposals SET status = 'pending'")
    tamper("UPDATE decisions SET body = replace(body, '9800', '9000')")
    assert len(looked_at(ledger).findings) == 2
