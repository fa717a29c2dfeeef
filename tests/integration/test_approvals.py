"""Approval in the ledger, on SQLite and on PostgreSQL: who signs, what follows, and that nothing is changed unseen."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from contracts.approvals import Signer
from contracts.codec import decode, encode
from contracts.errors import BadInputError, NotAllowedError, NotFoundError, UnavailableError
from contracts.facts import Match
from contracts.observations import PricePoint
from contracts.policy import DEFAULT, Approval, Policy
from contracts.proposals import Decision, Signals
from contracts.times import DAY_MS, HOUR_MS
from ledger import bulk, delegations, matching, pages, signing
from ledger import undo as undoing
from ledger.database import MIGRATIONS, connect
from ledger.occasion import Occasion
from ledger.proposals import row_of
from ledger.store import Ledger
from ledger.verification import Anchor, Verified, verify
from pricing.agent import PricingAgent
from pricing.worker import PricingWorker
from runtime.settings import Settings
from runtime.webhook import SignedHook
from tests.integration.receiver import receiver
from tests.integration.test_ledger import NOW, item, proposal

MD, FD, GM = "marketing_director", "finance_director", "general_manager"
PASSWORD = "correct horse battery"


def sign(ledger: Ledger, user: str, role: str, at: int = NOW + 1, number: int = 1, policy: Policy = DEFAULT) -> str:
    return ledger.sign(f"markdown_{number}", Occasion(Signer(user, role), at, policy), "approve")


def release(ledger: Ledger, at: int = NOW + 2) -> list[Decision]:
    return ledger.release_decisions(10, at, DEFAULT)


def published(ledger: Ledger, at: int = NOW + 2) -> list[Decision]:
    found = release(ledger, at)
    ledger.decisions_published([one.decision_id for one in found], at)
    return found


def undo(ledger: Ledger, decision: Decision, role: str = MD, at: int = NOW + 10, reason: str = "wrong") -> Any:
    with ledger.writing() as connection:
        return undoing.undo(connection, decision.decision_id, Occasion(Signer("zhao", role), at), reason)


def looked_at(ledger: Ledger, known: Anchor | None = None) -> Verified:
    with ledger.snapshot() as connection:
        return verify(connection, known)


def status(ledger: Ledger, number: int = 1) -> str:
    found = ledger.proposal_with_status(f"markdown_{number}")
    assert found is not None
    return found[1]


def test_a_countersignature_comes_after_the_first_and_from_somebody_else(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal(tier=FD)])
    with pytest.raises(NotAllowedError, match="waits for the marketing_director first"):
        sign(ledger, "li", FD)
    assert sign(ledger, "mei", MD) == "pending"
    assert sign(ledger, "li", FD) == "approved"
    assert published(ledger)[0].approved_by == ("mei", "li")
    assert looked_at(ledger).findings == ()


def test_a_page_of_proposals_says_whose_turn_it_is(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal(1, tier=FD), proposal(2, tier=FD), proposal(3)])
    sign(ledger, "mei", MD, number=1)
    sign(ledger, "mei", MD, number=3)

    def mine(user: str, role: str) -> dict[str, bool]:
        found, occasion = ledger.proposals(), Occasion(Signer(user, role), NOW + 2)
        with ledger.reading() as connection:
            told = signing.turns(connection, found, occasion)
            for name, turn in told.items():
                seen = signing.foresee(connection, name, occasion)
                assert (turn.standing, turn.signed, turn.mine) == (
                    seen.standing,
                    seen.signed,
                    seen.authority is not None,
                )
        return {name: turn.mine for name, turn in told.items()}

    assert mine("li", FD) == {"markdown_1": True, "markdown_2": False}
    assert mine("mei", MD) == {"markdown_1": False, "markdown_2": True}
    assert mine("mei", FD) == {"markdown_1": False, "markdown_2": False}


def test_unanswered_it_escalates_once_a_step_and_those_above_may_answer(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    assert msgspec.structs.astuple(ledger.keep_approvals(NOW + 23 * HOUR_MS, DEFAULT)) == (0, 0, 0)
    for _ in range(2):
        ledger.keep_approvals(NOW + 25 * HOUR_MS, DEFAULT)
    assert next((act.action, act.detail) for act in ledger.audit_rows()) == ("escalate", '{"to":"finance_director"}')
    assert sum(act.action == "escalate" for act in ledger.audit_rows()) == 1
    (notice,) = ledger.claim_notices("one", NOW + 25 * HOUR_MS, 1_000)
    assert msgspec.json.decode(notice.body)["kind"] == "proposal_escalated"
    assert sign(ledger, "li", FD, NOW + 26 * HOUR_MS) == "approved"
    (signed,) = ledger.signatures("markdown_1")
    assert (signed.role, signed.own_role) == (MD, FD)
    assert looked_at(ledger).findings == ()


def test_stale_evidence_and_what_was_overtaken_expire(ledger: Ledger) -> None:
    ledger.record_proposals([proposal(1), proposal(2, decided_at=NOW + HOUR_MS), proposal(3, sku="sku2")])
    assert ledger.keep_approvals(NOW + 2 * HOUR_MS, DEFAULT).expired == 1
    assert [status(ledger, number) for number in (1, 2, 3)] == ["expired", "pending", "pending"]
    assert ledger.keep_approvals(NOW + 72 * HOUR_MS + 1, DEFAULT).expired == 1
    assert sign(ledger, "mei", MD, NOW + 80 * HOUR_MS, number=2) == "expired"
    assert looked_at(ledger).findings == ()


def test_a_cut_that_is_gone_is_no_evidence_any_more(ledger: Ledger) -> None:
    ledger.record_items([item(), item(sku="sku2")])
    ledger.record_matches([Match("shop", "p1", "sku1", NOW), Match("shop", "p2", "sku2", NOW)])
    ledger.record_proposals([proposal(1), proposal(2, sku="sku2")])
    ledger.record_price_points(
        [PricePoint("shop", "p1", NOW + 1, 9_400, "CNY"), PricePoint("shop", "p2", NOW, 10_000, "CNY")]
    )
    assert sign(ledger, "mei", MD, NOW + 2) == "approved"  # still more than 5 % below
    assert len(published(ledger, NOW + 2)) == 1
    ledger.record_price_points([PricePoint("shop", "p2", NOW + 3, 9_500, "CNY")])  # exactly 5 %: no cut any more
    assert sign(ledger, "mei", MD, NOW + 4, number=2) == "blocked"
    ledger.record_proposals([proposal(3, sku="sku2", decided_at=NOW + 1)])
    assert ledger.keep_approvals(NOW + 5, DEFAULT).expired == 1
    assert looked_at(ledger).findings == ()


def judge(ledger: Ledger, verdict: str, product: str = "p1", at: int = NOW + 3) -> None:
    with ledger.writing() as connection:
        matching.judge(connection, "shop", product, verdict, "ann", at)


def resting_on(product: str) -> dict[str, Any]:
    """Of a proposal that answers the cut of this product of the shop."""
    return {"signals": Signals("shop", 9_000, 10_000, NOW, competitor_product=product)}


@pytest.mark.parametrize("product", ["p1", ""])
def test_a_match_rejected_after_the_signature_stops_the_decision(ledger: Ledger, product: str) -> None:
    ledger.record_items([item()])
    ledger.record_matches([Match("shop", "p1", "sku1", NOW, 0.95)])
    ledger.record_proposals([proposal(**resting_on(product))])
    assert sign(ledger, "mei", MD) == "approved"
    judge(ledger, "rejected")
    assert release(ledger, NOW + 4) == []
    assert status(ledger) == "blocked"
    with ledger.reading() as connection:
        assert pages.stopped_by(connection, "markdown_1") == "match_rejected"
        assert pages.stopped_by(connection, "markdown_2") == ""
    found = [(act.actor, act.action, act.detail) for act in ledger.audit_rows(2)]
    assert found == [
        ("agent", "withhold", '{"reason":"match_rejected"}'),
        ("policy", "hold", '{"reason":"match_rejected"}'),
    ]
    assert looked_at(ledger).findings == ()


def test_a_match_rejected_while_the_decision_may_be_out_has_it_undone(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_matches([Match("shop", "p1", "sku1", NOW, 0.95)])
    ledger.record_proposals([proposal(**resting_on("p1"))])
    sign(ledger, "mei", MD)
    (first,) = release(ledger)  # and then the worker dies before it hears from Kafka
    judge(ledger, "rejected")
    (back,) = published(ledger, NOW + 4)
    assert (back.price_minor, back.approved_by, back.compensates) == (10_000, ("policy",), first.decision_id)
    assert status(ledger) == "undone"
    assert looked_at(ledger).findings == ()


def test_what_waits_on_a_rejected_match_is_stale_and_nobody_can_sign_it(ledger: Ledger) -> None:
    numbers = range(1, 5)
    ledger.record_items([item(sku=f"sku{number}") for number in numbers])
    ledger.record_matches([Match("shop", f"p{number}", f"sku{number}", NOW, 0.95) for number in numbers])
    ledger.record_matches([Match("shop", "p5", "sku4", NOW, 0.95)])
    ledger.record_proposals([proposal(number, sku=f"sku{number}", **resting_on(f"p{number}")) for number in (1, 2, 3)])
    ledger.record_proposals([proposal(4, sku="sku4", **resting_on(""))])
    judge(ledger, "approved", "p2")
    for product in ("p1", "p3", "p4"):
        judge(ledger, "rejected", product)
    assert sign(ledger, "mei", MD, NOW + 4, number=3) == "blocked"
    assert ledger.keep_approvals(NOW + 5, DEFAULT).expired == 1
    assert [status(ledger, number) for number in numbers] == ["expired", "pending", "blocked", "pending"]
    (notice,) = ledger.claim_notices("one", NOW + 6, 1_000)
    assert msgspec.json.decode(notice.body)["reason"] == "its match was rejected"
    with ledger.writing() as connection:  # the shop's product is found to be another one of ours
        matching.record_found(connection, [Match("shop", "p1", "sku9", NOW + 7)], NOW + 7)
    ledger.record_proposals([proposal(5, decided_at=NOW + 1, **resting_on("p1"))])
    judge(ledger, "rejected", "p5", NOW + 8)
    assert ledger.keep_approvals(NOW + 9, DEFAULT).expired == 2
    assert looked_at(ledger).findings == ()


def test_the_policy_approves_the_small_and_safe_by_itself_up_to_its_daily_number(ledger: Ledger) -> None:
    policy = Policy(approval=Approval(auto_below_minor=1_000, auto_max_per_day=1))
    small = {"tier": "auto", "proposed_minor": 9_900, "at_stake_minor": 10}
    ledger.record_items([item(), item(sku="sku2")])
    ledger.record_proposals([proposal(1, **small), proposal(2, sku="sku2", **small)])
    assert ledger.keep_approvals(NOW + 1, DEFAULT).approved == 0  # the default is that people decide
    assert ledger.keep_approvals(NOW + 1, policy).approved == 1
    assert ledger.keep_approvals(NOW + 2, policy).approved == 0
    assert published(ledger)[0].approved_by == ("policy",)
    assert sign(ledger, "mei", MD, number=2, policy=policy) == "approved"
    assert looked_at(ledger).findings == ()


def test_a_delegate_signs_while_the_giver_has_the_role(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal(1), proposal(2)])
    ledger.add_user("mei", MD, PASSWORD, NOW)
    ledger.add_user("wu", "pricing", PASSWORD, NOW)

    def hand_over(by: str, to: str, days: int = 7, reason: str = "on leave") -> str:
        with ledger.writing() as connection:
            wish = delegations.Handover(by, to, NOW, NOW + days * DAY_MS, reason)
            return delegations.make(connection, wish, NOW, DEFAULT.approval).delegation_id

    for by, to, days, reason in (
        ("mei", "nobody", 7, "x"),
        ("mei", "mei", 7, "x"),
        ("mei", "wu", 61, "x"),
        ("mei", "wu", 7, " "),
    ):
        with pytest.raises(BadInputError):
            hand_over(by, to, days, reason)
    with pytest.raises(BadInputError, match="only a role that signs"):
        hand_over("wu", "mei")
    with pytest.raises(NotAllowedError):
        sign(ledger, "wu", "pricing")
    handed = hand_over("mei", "wu")
    assert sign(ledger, "wu", "pricing") == "approved"
    (signed,) = ledger.signatures("markdown_1")
    assert (signed.role, signed.own_role, signed.on_behalf_of) == (MD, "pricing", "mei")

    with ledger.writing() as connection, pytest.raises(NotAllowedError):
        delegations.revoke(connection, handed, "li", NOW + 2)
    with ledger.writing() as connection:
        delegations.revoke(connection, handed, "mei", NOW + 2)
    with pytest.raises(NotAllowedError):
        sign(ledger, "wu", "pricing", NOW + 3, number=2)
    with ledger.writing() as connection, pytest.raises(NotFoundError):
        delegations.revoke(connection, handed, "mei", NOW + 3)
    assert looked_at(ledger).findings == ()


def test_many_are_approved_exactly_as_the_preview_showed_or_not_at_all(ledger: Ledger) -> None:
    ledger.record_items([item(), item(sku="sku2"), item(sku="sku3", cost_minor=9_790)])
    more = {"at_stake_minor": 700, "expected_profit_change_minor": 30}
    ledger.record_proposals(
        [proposal(1, **more), proposal(2, sku="sku2", tier=FD, **more), proposal(3, sku="sku3", **more)]
    )
    ids = ["markdown_1", "markdown_2", "markdown_3", "markdown_9", "markdown_1"]

    def show() -> bulk.Preview:
        with ledger.reading() as connection:
            return bulk.preview(connection, ids, Occasion(Signer("mei", MD), NOW + 1))

    def approve(seal: str) -> dict[str, str]:
        with ledger.writing() as connection:
            return dict(bulk.approve(connection, ids, seal, Occasion(Signer("mei", MD), NOW + 1), ""))

    shown = show()
    assert [(row.outcome, row.note) for row in shown.rows[:3]] == [
        ("approved", ""),
        ("pending", FD),
        ("blocked", "floor"),
    ]
    assert shown.rows[3].outcome == "refused"
    assert shown.totals == {"CNY": bulk.Total(2, 1_400, 60)}
    assert ledger.proposal_counts() == {"pending": 3}
    sign(ledger, "zhao", MD, number=2)
    with pytest.raises(NotAllowedError, match="no longer as they were shown"):
        approve(shown.seal)
    assert status(ledger, 1) == "pending"
    assert approve(show().seal) == {"markdown_1": "approved"}
    with ledger.reading() as connection, pytest.raises(BadInputError, match="1 to 200"):
        bulk.preview(connection, [], Occasion(Signer("mei", MD), NOW))
    assert looked_at(ledger).findings == ()


def test_fresh_cost_stops_a_decision_that_was_approved_but_is_not_out_yet(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    assert sign(ledger, "mei", MD) == "approved"
    ledger.record_items([item(cost_minor=9_790, as_of=NOW + 1)])
    assert release(ledger) == []
    assert status(ledger) == "blocked"
    assert ledger.unpublished_decisions(10) == []
    assert looked_at(ledger).findings == ()


def test_what_may_be_out_already_and_no_longer_passes_is_undone_by_another_decision(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = release(ledger)  # and then the worker dies before it hears from Kafka
    assert release(ledger, NOW + 3) == [first]
    ledger.record_items([item(cost_minor=9_790, as_of=NOW + 4)])
    (back,) = release(ledger, NOW + 5)
    assert (back.price_minor, back.previous_minor, back.compensates) == (10_000, 9_800, first.decision_id)
    assert release(ledger, NOW + 6) == [back]
    ledger.decisions_published([back.decision_id], NOW + 7)
    assert release(ledger, NOW + 8) == []
    assert status(ledger) == "undone"
    assert looked_at(ledger).findings == ()


def test_undo_is_another_decision_and_only_of_the_newest(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = published(ledger)
    ledger.record_items([item(price_minor=9_800, as_of=NOW + 3)])
    for role, reason, error in (("pricing", "x", NotAllowedError), (MD, " ", BadInputError)):
        with pytest.raises(error):
            undo(ledger, first, role, reason=reason)
    back = undo(ledger, first)
    assert (back.price_minor, back.approved_by, back.compensates) == (10_000, ("zhao",), first.decision_id)
    for again in (first, back):
        with pytest.raises(NotAllowedError):
            undo(ledger, again)
    assert published(ledger, NOW + 11) == [back]
    assert status(ledger) == "undone"
    with pytest.raises(NotFoundError):
        undo(ledger, msgspec.structs.replace(first, decision_id="none"))
    assert looked_at(ledger).findings == ()


def test_an_undo_before_anything_went_out_tells_nobody(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = ledger.unpublished_decisions(1)
    assert undo(ledger, first) is None
    assert release(ledger) == []
    assert status(ledger) == "undone"
    assert ledger.claim_notices("one", NOW + 20, 1_000) == []
    assert looked_at(ledger).findings == ()


def test_a_notice_is_signed_tried_again_under_one_id_and_told_once(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (decision,) = published(ledger)
    ledger.decisions_published([decision.decision_id], NOW + 9)  # said twice, owed once

    with receiver() as shop:
        hook = SignedHook(f"{shop.url}/hook", "secret", "decision")
        (notice,) = ledger.claim_notices("one", NOW + 10, 1_000)
        assert ledger.claim_notices("two", NOW + 10, 1_000) == []  # one holds it
        shop.status = 503
        with pytest.raises(Exception, match="status 503") as refused:
            hook.send(notice.body, notice.notice_id)
        ledger.notice_refused(notice, str(refused.value), NOW + 11)
        assert ledger.claim_notices("two", NOW + 11, 1_000) == []  # not at once
        (again,) = ledger.claim_notices("two", NOW + HOUR_MS, 1_000)
        assert (again.notice_id, again.attempts, again.body) == (notice.notice_id, 1, notice.body)
        shop.status = 200
        hook.send(again.body, again.notice_id)
        ledger.notice_accepted(again.notice_id, NOW + HOUR_MS)
    assert ledger.claim_notices("one", NOW + 2 * HOUR_MS, 1_000) == []
    assert {one.headers["idempotency-key"] for one in shop.got} == {notice.notice_id}
    body = shop.got[-1].body
    digest = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert shop.got[-1].headers["x-priceradar-signature"] == f"sha256={digest}"
    assert shop.got[-1].json["decision"]["price_minor"] == 9_800


def worker_on(ledger: Ledger) -> PricingWorker:
    """A worker without its Kafka."""
    return PricingWorker(None, Settings(kafka="nowhere:1"), PricingAgent(DEFAULT), ledger)  # type: ignore[arg-type]


async def test_two_workers_tell_everybody_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 25
    ledger.record_items([item(sku=f"sku{number}") for number in range(count)])
    ledger.record_proposals([proposal(number, sku=f"sku{number}") for number in range(count)])
    for number in range(count):
        sign(ledger, "mei", MD, number=number)
    published(ledger)
    rest = published(ledger)
    while rest:
        rest = published(ledger)
    monkeypatch.setattr("pricing.worker._now_ms", lambda: NOW + 10)
    with receiver() as shop:
        hook = SignedHook(f"{shop.url}/hook", "secret", "decision")
        for _ in range(3):
            await asyncio.gather(*(worker_on(ledger).tell(hook) for _ in range(2)))
    ids = [one.headers["idempotency-key"] for one in shop.got]
    assert len(ids) == len(set(ids)) == count


async def test_a_worker_sends_again_what_kafka_may_not_have_and_then_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    sent: list[Decision] = []

    async def send(_app: Any, topic: str, key: bytes, value: bytes, _headers: Any) -> None:
        assert (topic, key) == ("pricing.decisions.v1", b"sku1")
        sent.append(decode(value, Decision))
        if len(sent) == 1:
            raise UnavailableError("Kafka is gone")

    monkeypatch.setattr("pricing.worker.send", send)
    monkeypatch.setattr("pricing.worker._now_ms", lambda: NOW + 10)
    with pytest.raises(UnavailableError):
        await worker_on(ledger).publish_decisions()
    assert status(ledger) == "approved"
    await worker_on(ledger).publish_decisions()
    await worker_on(ledger).publish_decisions()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert status(ledger) == "published"
    await worker_on(ledger).keep_approvals()
    assert looked_at(ledger).findings == ()


def test_a_holder_that_dies_gives_its_notice_back_when_the_lease_ends(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    published(ledger)
    assert len(ledger.claim_notices("one", NOW + 10, 1_000)) == 1
    assert ledger.claim_notices("two", NOW + 1_009, 1_000) == []
    assert len(ledger.claim_notices("two", NOW + 1_010, 1_000)) == 1


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


def test_two_people_who_sign_at_once_make_one_decision(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])

    def attempt(number: int) -> str:
        try:
            return sign(ledger, f"person{number}", MD)
        except NotAllowedError:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(attempt, range(4)))
    assert results == ["approved", "refused", "refused", "refused"]
    assert len(ledger.signatures("markdown_1")) == 1
    assert looked_at(ledger).findings == ()


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
