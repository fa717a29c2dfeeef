"""Approval in the ledger, on SQLite and on PostgreSQL: who signs, what expires and escalates, many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from contracts.approvals import Signer
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.facts import Match
from contracts.observations import PricePoint
from contracts.policy import DEFAULT, Approval, Policy
from contracts.proposals import Signals
from contracts.times import DAY_MS, HOUR_MS
from ledger import bulk, delegations, matching, pages, signing
from ledger.occasion import Occasion
from ledger.store import Ledger
from tests.integration.approving import FD, MD, PASSWORD, looked_at, published, release, sign, status
from tests.samples import NOW, item, proposal


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
