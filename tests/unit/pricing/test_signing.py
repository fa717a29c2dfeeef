"""Who may sign, as pure rules: tiers, order, four eyes, delegation, escalation, expiry."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.approvals import Authority, Delegation, Signature, Signer
from contracts.errors import BadInputError, BadPolicyError, NotAllowedError
from contracts.facts import CatalogItem, Match
from contracts.observations import PricePoint
from contracts.policy import DEFAULT, Approval, parse_policy
from contracts.proposals import Decision, Proposal, Signals
from contracts.times import DAY_MS, HOUR_MS
from pricing.approval import approves_itself, needed, signers, tier_for
from pricing.recheck import Seen, baseless, recheck_decision, recheck_undo
from pricing.signing import authority, check_delegation, standing
from tests import samples
from tests.samples import NOW

MD, FD, GM = "marketing_director", "finance_director", "general_manager"
ROLES = ("pricing", MD, FD, GM)


def proposal(at_stake: int = 0, approval: Approval = DEFAULT.approval, **fields: object) -> Proposal:
    known: dict[str, Any] = {"proposal_id": "p1", "at_stake_minor": at_stake, "tier": tier_for(at_stake, approval)}
    return samples.proposal(**{**known, **fields})


def signed(user: str, role: str, at: int = NOW + 1, behalf: str = "") -> Signature:
    return Signature(user=user, role=role, verdict="approve", signed_at=at, on_behalf_of=behalf)


def sign(
    made: Proposal,
    done: list[Signature],
    user: str,
    role: str,
    now: int = NOW + 2,
    handed: tuple[Delegation, ...] = (),
    approval: Approval = DEFAULT.approval,
) -> Authority:
    return authority(made, "pending", standing(made, done, approval, now), done, Signer(user, role), handed, now)


def handed(to: str, role: str, by: str = "boss", begins: int = NOW, ends: int = NOW + DAY_MS) -> Delegation:
    return Delegation(delegation_id="d1", by=by, to=to, role=role, begins_at=begins, ends_at=ends)


@pytest.mark.parametrize(
    ("amount", "roles"),
    [
        (0, (MD,)),
        (10_000_000, (MD,)),
        (10_000_001, (MD, FD)),
        (50_000_000, (MD, FD)),
        (50_000_001, (MD, FD, GM)),
    ],
)
def test_the_amount_says_who_signs_and_everybody_below_signs_first(amount: int, roles: tuple[str, ...]) -> None:
    assert signers(tier_for(amount, DEFAULT.approval)) == roles
    assert needed(proposal(amount), DEFAULT.approval) == roles


def test_limits_and_roles_are_those_of_the_policy() -> None:
    text = """
    [approval]
    tiers = [{role = "pricing", up_to_minor = 500}, {role = "general_manager"}]
    """
    approval = parse_policy(text, "mine").approval
    assert [tier_for(amount, approval) for amount in (0, 500, 501)] == ["pricing", "pricing", GM]
    assert signers(GM, approval) == ("pricing", GM)
    # a tier of an older policy that is no longer there is signed by everybody
    assert signers(FD, approval) == ("pricing", GM)


def test_a_policy_that_became_stricter_counts_for_what_waits() -> None:
    strict = Approval(marketing_director_up_to_minor=1, finance_director_up_to_minor=2)
    assert needed(proposal(5), DEFAULT.approval) == (MD,)
    assert needed(proposal(5), strict) == (MD, FD, GM)
    assert needed(proposal(5, strict), DEFAULT.approval) == (MD, FD, GM)


@pytest.mark.parametrize(
    "tiers",
    [
        '[{role = "pricing", up_to_minor = 5}]',
        '[{role = "pricing"}, {role = "general_manager"}]',
        '[{role = "pricing", up_to_minor = 5}, {role = "general_manager", up_to_minor = 5}]',
        '[{role = "pricing", up_to_minor = 9}, {role = "finance_director", up_to_minor = 5}, {role="general_manager"}]',
        '[{role = "pricing", up_to_minor = 5}, {role = "pricing"}]',
        '[{role = "king"}]',
    ],
)
def test_tiers_that_make_no_ladder_are_refused(tiers: str) -> None:
    with pytest.raises(BadPolicyError):
        parse_policy(f"[approval]\ntiers = {tiers}", "mine")


def test_roles_sign_in_their_order_and_nobody_twice() -> None:
    large = proposal(20_000_000)
    with pytest.raises(NotAllowedError, match="waits for the marketing_director first, was finance_director"):
        sign(large, [], "li", FD)
    assert sign(large, [], "mei", MD) == Authority(MD)
    with pytest.raises(NotAllowedError, match="mei has signed proposal p1 already"):
        sign(large, [signed("mei", MD)], "mei", FD)
    assert sign(large, [signed("mei", MD)], "li", FD) == Authority(FD)
    with pytest.raises(NotAllowedError, match="a proposer never approves"):
        sign(large, [], "agent", MD)
    with pytest.raises(NotAllowedError, match="is signed by marketing_director, finance_director, was viewer"):
        sign(large, [], "eve", "viewer")


def test_a_delegate_signs_in_the_place_of_who_handed_the_role_over_while_it_lasts() -> None:
    small = proposal()
    assert sign(small, [], "wu", "pricing", handed=(handed("wu", MD),)) == Authority(MD, "boss")
    for late in (handed("wu", MD, ends=NOW + 2), handed("wu", MD, begins=NOW + 3), handed("eve", MD)):
        with pytest.raises(NotAllowedError):
            sign(small, [], "wu", "pricing", handed=(late,))
    revoked = msgspec.structs.replace(handed("wu", MD), revoked_at=NOW + 1)
    with pytest.raises(NotAllowedError):
        sign(small, [], "wu", "pricing", handed=(revoked,))


def test_four_eyes_hold_through_delegation() -> None:
    large = proposal(20_000_000)
    by_delegate = [signed("wu", MD, behalf="mei")]
    with pytest.raises(NotAllowedError, match="wu has signed"):
        sign(large, by_delegate, "wu", FD)
    with pytest.raises(NotAllowedError, match="mei has signed"):  # in whose place it was signed
        sign(large, by_delegate, "mei", FD)
    with pytest.raises(NotAllowedError, match="mei has signed"):  # nor does mei's delegate make two of one
        sign(large, [signed("mei", MD)], "wu", "pricing", handed=(handed("wu", FD, by="mei"),))


def test_without_an_answer_it_escalates_step_by_step_and_then_expires() -> None:
    small = proposal()
    for hours, answers in ((23, (MD,)), (24, (MD, FD)), (48, (MD, FD, GM)), (72, (MD, FD, GM)), (73, (MD,))):
        where = standing(small, [], DEFAULT.approval, NOW + hours * HOUR_MS)
        assert where.may_answer == answers, hours
    assert standing(small, [], DEFAULT.approval, NOW).escalates_at == NOW + 24 * HOUR_MS
    assert sign(small, [], "li", FD, NOW + 24 * HOUR_MS) == Authority(MD)
    with pytest.raises(NotAllowedError):
        sign(small, [], "li", FD, NOW + 24 * HOUR_MS - 1)
    large = proposal(20_000_000)  # each answer starts the time anew
    where = standing(large, [signed("mei", MD, NOW + 23 * HOUR_MS)], DEFAULT.approval, NOW + 25 * HOUR_MS)
    assert (where.asked, where.may_answer) == (FD, (FD,))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"to": "boss"}, "somebody else"),
        ({"role": "viewer"}, "only a role that signs"),
        ({"ends_at": NOW}, "must end after"),
        ({"ends_at": NOW + 61 * DAY_MS}, "at most 60 days"),
        ({"begins_at": NOW + 9 * DAY_MS, "ends_at": NOW + 8 * DAY_MS}, "must end after"),
    ],
)
def test_what_cannot_be_handed_over(change: dict[str, object], error: str) -> None:
    check_delegation(handed("wu", MD), DEFAULT.approval, NOW)
    with pytest.raises(BadInputError, match=error):
        check_delegation(msgspec.structs.replace(handed("wu", MD), **change), DEFAULT.approval, NOW)


def test_the_policy_approves_only_what_is_small_and_safe() -> None:
    auto = Approval(auto_below_minor=1_000)
    small = proposal(999, auto, proposed_minor=9_900)
    assert small.tier == "auto"
    assert approves_itself(small, auto, 0)
    assert not approves_itself(small, auto, auto.auto_max_per_day)
    assert not approves_itself(proposal(999, auto, proposed_minor=9_899), auto, 0)  # more than 1 %
    assert not approves_itself(small, DEFAULT.approval, 0)  # the policy in force no longer does so
    assert not approves_itself(proposal(1_000, auto, proposed_minor=9_900), auto, 0)
    assert needed(small, auto) == (MD,)  # where it does not, the first role signs


people = st.sampled_from(["ann", "bo", "cy", "di", "agent"])
acts = st.lists(
    st.tuples(people, st.sampled_from([*ROLES, "viewer", "admin"]), st.integers(0, 30), st.booleans()), max_size=14
)


@given(acts, st.integers(0, 60_000_000))
def test_whatever_people_try_each_role_is_signed_once_by_different_people(
    tried: list[tuple[str, str, int, bool]], amount: int
) -> None:
    made = proposal(amount)
    done: list[Signature] = []
    now = NOW
    for user, role, hours, delegated in tried:
        now += hours * HOUR_MS
        given_to = (handed(user, FD, by="boss", ends=NOW + 900 * HOUR_MS),) if delegated else ()
        where = standing(made, done, DEFAULT.approval, now)
        if now > where.expires_at:
            break
        try:
            counts = authority(made, "pending", where, done, Signer(user, role), given_to, now)
        except NotAllowedError:
            continue
        assert role in where.may_answer or (delegated and FD in where.may_answer)
        done.append(signed(user, counts.role, now, counts.on_behalf_of))
    assert [one.role for one in done] == list(needed(made, DEFAULT.approval))[: len(done)]
    names = [name for one in done for name in (one.user, one.on_behalf_of) if name]
    assert len(set(names)) == len(names)
    assert "agent" not in names


def item(**fields: object) -> CatalogItem:
    known = {"sku": "sku1", "price_minor": 10_000, "currency": "CNY", "as_of": NOW, "cost_minor": 5_000}
    return CatalogItem(**{**known, **fields})  # type: ignore[arg-type]


def decision(**fields: object) -> Decision:
    known = {
        "decision_id": "d1",
        "sku": "sku1",
        "price_minor": 9_800,
        "previous_minor": 10_000,
        "currency": "CNY",
        "decided_at": NOW,
        "proposal_id": "p1",
    }
    return Decision(**{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fresh", "objection"),
    [
        ({}, None),
        ({"price_minor": 9_800}, None),  # in force already: it is being sent again
        ({"cost_minor": 9_700}, "floor"),
        ({"price_minor": 9_800, "cost_minor": 9_700}, "floor"),
        ({"cost_minor": None}, "missing_cost"),
        ({"price_minor": 9_900}, "price_changed"),
        ({"on_promotion": True}, "own_promotion"),
        ({"currency": "EUR"}, "currency_mismatch"),
    ],
)
def test_before_it_goes_out_a_decision_is_looked_at_with_fresh_facts(
    fresh: dict[str, object], objection: str | None
) -> None:
    assert recheck_decision(decision(), proposal(), item(**fresh), DEFAULT, NOW + 1) == objection
    assert recheck_decision(decision(price_minor=9_000), proposal(), item(), DEFAULT, NOW + 1) == "tampered"
    assert recheck_decision(decision(), proposal(), None, DEFAULT, NOW + 1) == "unknown_item"
    assert recheck_decision(decision(), proposal(), item(), DEFAULT, NOW + 73 * HOUR_MS) == "expired"


@pytest.mark.parametrize(
    ("point", "gone"),
    [
        (("shop", "p1", NOW + 1, 9_499, "CNY"), False),
        (("shop", "p1", NOW + 1, 9_500, "CNY"), True),
        (("shop", "p1", NOW, 10_000, "CNY"), False),  # seen before
        (("other", "p1", NOW + 1, 10_000, "CNY"), False),
        (("shop", "p1", NOW + 1, 10_000, "EUR"), False),
        (("shop", "p1", NOW + 1, 9_000, "CNY", "OutOfStock"), True),
        (("shop", "p1", NOW + 1, None, "CNY"), True),
    ],
)
def test_a_cut_stands_until_the_competitor_is_seen_to_have_gone_back(point: tuple[Any, ...], gone: bool) -> None:
    seen = Seen([PricePoint(*point)])
    objection = "trigger_gone" if gone else None
    assert baseless(proposal(), DEFAULT, seen) == objection
    assert recheck_decision(decision(), proposal(), item(), DEFAULT, NOW + 2, seen) == objection
    assert baseless(proposal(kind="restore"), DEFAULT, seen) is None


def resting_on(product: str) -> Proposal:
    """A proposal that answers the cut of this product; "" for one of before it was named."""
    return proposal(signals=Signals("shop", 9_000, 10_000, NOW, competitor_product=product))


def test_another_product_of_the_same_shop_says_nothing_of_a_cut() -> None:
    back, low = PricePoint("shop", "p1", NOW + 1, 10_000, "CNY"), PricePoint("shop", "p2", NOW + 1, 5_000, "CNY")
    assert baseless(resting_on("p1"), DEFAULT, Seen([back, low])) == "trigger_gone"
    assert baseless(resting_on("p2"), DEFAULT, Seen([back, low])) is None


NO, YES, OTHER = ("p1", "sku1", "rejected"), ("p2", "sku1", "auto"), ("p1", "sku2", "approved")


@pytest.mark.parametrize(
    ("product", "matches", "rejected"),
    [
        ("p1", [NO], True),
        ("p1", [NO, YES], True),
        ("p2", [NO, YES], False),
        ("p1", [OTHER], True),  # it equals another product of ours by now
        ("p1", [("p1", "sku1", "review")], False),  # doubtful is not wrong
        ("p1", [], False),
        ("", [NO], True),
        ("", [NO, YES], False),
        ("", [OTHER], False),
        ("", [], False),
    ],
)
def test_a_rejected_match_takes_away_what_a_markdown_rests_on(
    product: str, matches: list[tuple[str, str, Any]], rejected: bool
) -> None:
    told = [Match("shop", of, sku, NOW, status=status) for of, sku, status in matches]
    seen = Seen(matches=[*told, Match("other", "p1", "sku1", NOW, status="rejected")])
    made = resting_on(product)
    objection = "match_rejected" if rejected else None
    assert baseless(made, DEFAULT, seen) == objection
    assert recheck_decision(decision(), made, item(), DEFAULT, NOW + 2, seen) == objection
    back = msgspec.structs.replace(made, kind="restore")
    assert baseless(back, DEFAULT, seen) is None  # the price comes back up


def test_back_up_needs_no_floor_and_back_down_is_judged_like_a_markdown() -> None:
    back = decision(price_minor=10_000, previous_minor=9_800, compensates="d1")
    stopped = msgspec.structs.replace(DEFAULT, pricing=msgspec.structs.replace(DEFAULT.pricing, kill_switch=True))
    costly = item(price_minor=9_800, cost_minor=20_000)
    assert recheck_undo(back, proposal(), costly, stopped, NOW + 900 * HOUR_MS) is None
    assert recheck_undo(back, proposal(), item(price_minor=9_000), DEFAULT, NOW) == "price_changed"
    restored = proposal(kind="restore", current_minor=9_800, proposed_minor=10_000, window_start_minor=9_800)
    down = decision(price_minor=9_800, previous_minor=10_000, compensates="d1")
    assert recheck_undo(down, restored, item(), DEFAULT, NOW) is None
    assert recheck_undo(down, restored, item(cost_minor=9_700), DEFAULT, NOW) == "floor"
    assert recheck_undo(down, restored, item(), stopped, NOW) == "kill_switch"
    assert recheck_undo(down, restored, item(), DEFAULT, NOW + 73 * HOUR_MS) == "expired"
    too_far = msgspec.structs.replace(restored, window_start_minor=10_200)
    assert recheck_undo(down, too_far, item(), DEFAULT, NOW) == "cap"
