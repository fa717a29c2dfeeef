"""Rivals that mean harm, through the whole core: detector, agent, signature at once, last look.

Settled means, whatever the rival does: the price never lies more than `standing_cap_bp` below the
list price; at most two changes a day (a markdown and the restore that ends it); at most
`max_changes_in_28_days` and one restore in any 28 days; and it stands still when the rival does.
"""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from contracts.policy import DEFAULT, Detection, Policy, Pricing
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.unit.pricing.market import LIST, START, Shop, Strategy, play, play_each_other

DAYS = 60
NO_COOLDOWN = Policy(pricing=Pricing(cooldown_hours=0))
NO_QUARANTINE = Policy(detection=Detection(quarantine=False))


def undercutter(hour: int, ours: int, theirs: int) -> int:
    """Always 7 % below us and a little more, every six hours, down to its own cost."""
    if hour < 24 or hour % 6:
        return LIST if hour < 24 else theirs
    return max(6_000, ours * 93 // 100 - 2 * hour)


def cycler(hours: int) -> Strategy:
    """10 % off and back again, for ever."""
    return lambda hour, ours, theirs: LIST * 9 // 10 if hour // hours % 2 else LIST


def stairs(hour: int, ours: int, theirs: int) -> int:
    """6 % lower every eight days: each time just after the cap window."""
    return int(LIST * 0.94 ** (hour // (24 * 8)))


def glitcher(hour: int, ours: int, theirs: int) -> int:
    """A page that says a hundred times the price, or nothing, now and then."""
    return 0 if hour % 17 == 5 else LIST * 100 if hour % 23 == 7 else LIST


def settled(shop: Shop) -> None:
    pricing = shop.policy.pricing
    assert shop.deepest_bp <= pricing.standing_cap_bp
    assert shop.most_changes(28 * DAY_MS) <= pricing.max_changes_in_28_days + 1
    if pricing.cooldown_hours:
        assert shop.most_changes(DAY_MS) <= 2


@pytest.mark.parametrize(
    "policy", [DEFAULT, NO_COOLDOWN, NO_QUARANTINE], ids=["default", "no cooldown", "no quarantine"]
)
@pytest.mark.parametrize("rival", [undercutter, cycler(6), cycler(36), stairs, glitcher])
def test_every_rival_is_outlived(rival: Strategy, policy: Policy) -> None:
    settled(play(Shop(policy), rival, DAYS))


def test_an_undercutter_gets_three_answers_and_no_more() -> None:
    shop = play(Shop(DEFAULT), undercutter, 55)

    assert [change.price for change in shop.changes] == [9_700, 9_409, 9_400]  # 3 %, 3 %, and the rest of 6 %
    assert shop.still_since() < 30 * 24
    assert shop.outcomes["cap"] > 0


def test_when_the_undercutter_can_go_no_lower_the_price_comes_back_for_good() -> None:
    shop = play(Shop(DEFAULT), undercutter, 120)

    assert [change.price for change in shop.changes] == [9_700, 9_409, 9_400, LIST]
    assert [made.look.split(":")[0] for made in shop.looks] == ["stood"]
    assert shop.still_since() < 75 * 24


def test_stairs_down_end_for_us_at_the_standing_cap() -> None:
    shop = play(Shop(DEFAULT), stairs, 180)

    assert shop.price == 9_400
    assert shop.still_since() < 30 * 24


def test_a_quick_cycler_meets_cooldown_then_the_price_war_pause() -> None:
    shop = play(Shop(DEFAULT), cycler(6), DAYS)

    assert shop.outcomes["cooldown"] > 0
    assert shop.outcomes["price_war"] > shop.outcomes["markdown"]
    assert shop.outcomes["restore"] >= shop.outcomes["markdown"] - 1


def test_a_slow_cycler_is_left_alone_after_a_while() -> None:
    shop = play(Shop(DEFAULT), cycler(36), DAYS)

    assert shop.outcomes["price_war"] == 0  # no cut comes within a day of a change of ours
    assert shop.outcomes["restless"] > 0


def test_glitches_never_reach_the_agent_through_the_detector() -> None:
    shop = play(Shop(DEFAULT), glitcher, DAYS)

    assert shop.outcomes == Counter()
    assert shop.price == LIST


def test_two_of_us_do_not_follow_one_another_down_and_find_back() -> None:
    """A third shop cuts twice and comes back; each of us sees the other 5.9 % lower, until both look again."""
    one, other = Shop(DEFAULT, "one"), Shop(DEFAULT, "other")
    play_each_other(one, other, 120, lambda hour: (LIST, 9_000, 8_200)[min(2, hour // 240)] if hour < 1_440 else LIST)

    for shop in (one, other):
        settled(shop)
        assert [change.price for change in shop.changes] == [9_700, 9_409, LIST]  # each for a cut of the third
        assert shop.still_since() < 40 * 24


def test_without_a_review_two_of_us_stay_where_they_are() -> None:
    policy = Policy(pricing=Pricing(review_markdown_days=0))
    one, other = Shop(policy, "one"), Shop(policy, "other")
    play_each_other(one, other, 60, lambda hour: (LIST, 9_000, 8_200)[min(2, hour // 240)] if hour < 960 else LIST)

    assert [one.price, other.price] == [9_409, 9_409]


@pytest.mark.parametrize("seed", range(3))
def test_two_of_us_find_back_whatever_a_third_did(seed: int) -> None:
    chance = random.Random(seed)
    hours = chance.choice((24, 60, 120))
    levels = [LIST, *(chance.choice((LIST, 9_400, 9_000, 8_600, 8_200, 7_500)) for _ in range(12))]
    one, other = Shop(DEFAULT, "one"), Shop(DEFAULT, "other")
    play_each_other(one, other, 40 + hours // 2, lambda hour: [*levels, LIST][min(hour // hours, 13)])

    for shop in (one, other):
        settled(shop)
        assert shop.price == LIST


def test_a_cycle_as_slow_as_our_review_stays_rare_and_within_the_cap() -> None:
    """Each time that we have gone back, the rival cuts again."""
    shop = play(Shop(DEFAULT), lambda hour, ours, theirs: 9_000 if hour % 360 < 350 and hour > 24 else LIST, 150)

    settled(shop)
    assert shop.most_changes(28 * DAY_MS) <= 4
    assert shop.deepest_bp == 300


def test_when_the_surplus_is_sold_the_price_comes_back_though_the_rival_does_not() -> None:
    shop = Shop(DEFAULT)
    play(shop, lambda hour, ours, theirs: LIST if hour < 24 else 9_000, 3)
    assert shop.price == 9_700
    shop.on_hand = 500
    shop.hour(START + 3 * DAY_MS, "rival", 9_000)

    assert shop.price == LIST
    assert [made.look.split(":")[0] for made in shop.looks] == ["cover"]


def test_a_cut_seen_with_old_stock_is_answered_once_the_figure_is_fresh() -> None:
    shop = Shop(DEFAULT, stock_age_ms=4 * HOUR_MS)
    shop.hour(START, "rival", LIST)
    shop.hour(START + HOUR_MS, "rival", 9_000)
    shop.stock_age_ms = 0
    shop.hour(START + HOUR_MS + 10 * MINUTE_MS, "rival", 9_000)

    assert shop.price == 9_700
    assert shop.outcomes == Counter({"stale_stock": 1, "markdown": 1})


def test_two_of_us_come_back_when_the_one_cut_they_answered_is_gone() -> None:
    one, other = Shop(DEFAULT, "one"), Shop(DEFAULT, "other")
    play_each_other(one, other, 40, lambda hour: 9_000 if 48 <= hour < 480 else LIST)

    for shop in (one, other):
        assert [change.price for change in shop.changes] == [9_700, LIST]


def test_stock_of_four_hours_ago_is_never_acted_on() -> None:
    shop = play(Shop(DEFAULT, stock_age_ms=4 * HOUR_MS), undercutter, 30)

    assert shop.changes == []
    assert set(shop.outcomes) == {"stale_stock"}


def test_under_the_kill_switch_nothing_moves() -> None:
    killed = Policy(pricing=msgspec.structs.replace(DEFAULT.pricing, kill_switch=True))
    shop = play(Shop(killed), cycler(36), 30)

    assert shop.changes == []
    assert set(shop.outcomes) == {"kill_switch"}


def test_during_our_own_promotion_nothing_moves() -> None:
    shop = Shop(DEFAULT)
    shop.agent.on_item(msgspec.structs.replace(shop.item, on_promotion=True, as_of=shop.item.as_of + 1))
    play(shop, undercutter, 30)

    assert shop.changes == []
    assert set(shop.outcomes) == {"own_promotion"}


def test_the_budget_of_an_hour_is_not_spent_twice() -> None:
    shop = play(Shop(Policy(pricing=Pricing(max_margin_per_hour_minor=100))), undercutter, 30)

    assert shop.changes == []
    assert set(shop.outcomes) <= {"margin_budget"}
