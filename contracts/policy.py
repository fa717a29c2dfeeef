"""The policy: every number people may set, in one frozen value with a version.

A policy file is TOML with the tables of `Policy`; what it leaves out keeps its default.
"""

from __future__ import annotations

import tomllib
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from contracts.alerts import AlertKind, Severity
from contracts.approvals import SignerRole
from contracts.errors import BadPolicyError
from contracts.ids import content_hash
from contracts.markets import SHIPPED_MARKETS, Holiday, MarketRule, Season
from contracts.observations import PriceType

BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Positive = Annotated[int, Meta(gt=0)]
NonNegative = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")]


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A move threshold for one category, one competitor, or one category at one competitor."""

    move_bp: BasisPoints
    category: str = ""
    competitor: str = ""


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a move.

    Args:
        move_bp: a move is strictly more than this many basis points (500 is 5 %).
        drift: also against the price at the last move raised, so slow creep is seen.
        quarantine: hold prices above `quarantine_factor` times, or below one such part
            of, the median of the last five accepted ones until a later fetch agrees
            within `confirmation_bp`.
        availability_confirmations: so many pages in a row must agree before a product is
            out of stock or back.
        novel_after_days: a kind of promotion unused for so long is novel.
        crawl_window_minutes: of several offers of a series within such a window, which begins
            with the first of them, the lowest in stock counts; 0 takes every observation for
            itself. A rise within the window waits for the next one, and for the end of that
            where a series has shown several offers lately; a cut never waits.
        promotion_days: a cut that returns within so many days was a promotion; 0 infers none.
        delist_after_days: a product unseen for so long, while its shop is seen, is gone; 0: never.
        mass_minimum: so many products of a shop must jump within `mass_window_hours`, and
            `mass_share_percent` of those seen, to be one mass move; 0: never.
        price_types: only these raise moves.
        thresholds: more specific thresholds; category with competitor beats
            competitor beats category.
    """

    move_bp: BasisPoints = 500
    drift: bool = True
    quarantine: bool = True
    quarantine_factor: Annotated[int, Meta(ge=2, le=100)] = 3
    confirmation_bp: BasisPoints = 100
    availability_confirmations: Annotated[int, Meta(ge=1, le=10)] = 2
    novel_after_days: Positive = 180
    crawl_window_minutes: NonNegative = 5
    promotion_days: NonNegative = 28
    delist_after_days: NonNegative = 7
    mass_minimum: NonNegative = 30
    mass_share_percent: Annotated[int, Meta(ge=1, le=100)] = 50
    mass_window_hours: Positive = 6
    price_types: tuple[PriceType, ...] = ("regular", "promotion")
    thresholds: tuple[Threshold, ...] = ()

    def move_threshold_bp(self, category: str, competitor: str) -> int:
        """Threshold in basis points for a series, the most specific rule first."""
        best, rank = self.move_bp, 0
        for rule in self.thresholds:
            if rule.category not in ("", category) or rule.competitor not in ("", competitor):
                continue
            specificity = 2 * bool(rule.competitor) + bool(rule.category)
            if specificity >= rank:
                best, rank = rule.move_bp, specificity
        return best


class CategoryElasticity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Elasticity believed of a product of this category before its own sales speak, with its 80 % interval.

    `priceradar forecast --elasticities` writes what the sales of a category say.
    """

    category: str
    mean: Annotated[float, Meta(lt=0.0, ge=-20.0)]
    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not self.lower < self.mean < self.upper:
            raise ValueError(
                f"the elasticity of {self.category[:40]!r} lies inside its interval,"
                f" was {self.lower} < {self.mean} < {self.upper}"
            )


class Pricing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be proposed. Amounts in minor units of the item's currency.

    Args:
        cap_bp: the markdown cap within the cap window (300 is 3 %).
        cap_window_days: the cap counts from the price at the start of this window.
        standing_cap_bp: markdowns that follow one another, window after window, never add up to
            more than this, counted from the price before the first of them.
        target_cover_days: stock is sufficient above this many days of cover.
        minimum_margin_bp: of cost plus fees, on top of them: the margin floor.
        rounding_minor: prices are multiples of this, rounded up.
        surplus_value_bp: what a unit beyond the target cover is still worth, of its cost.
        dearer_bp: a competitor who is still so far above our price after its cut is no threat.
        maximum_loss_bp: what may be lost at the lower end of the gain's 80 % interval, of the
            gain expected; 0 asks that nothing be lost even there.
        max_changes_in_28_days: a product whose price was changed so often is left alone, whatever
            a competitor does; a restore is still made.
        review_markdown_days: a markdown that no cut has asked for during so many days is proposed
            to end, and so is one whose cover has fallen to the target; 0: only when the trigger
            is gone.
        seasons: what people know of the calendar: how much more is sold in some days of a year.
        markets: the rules of announced reductions, by the currency of an item.
        elasticities: by category, in place of `default_elasticity`.
        holidays: days that the daily forecast keeps apart from usual ones, past and ahead.
    """

    cap_bp: Annotated[int, Meta(ge=0, le=300)] = 300
    cap_window_days: Positive = 7
    target_cover_days: Positive = 21
    minimum_margin_bp: BasisPoints = 500
    rounding_minor: Positive = 1
    stock_max_age_minutes: Positive = 15
    competitor_max_age_minutes: Positive = 60
    minimum_match_confidence: Share = 0.9
    cooldown_hours: NonNegative = 24
    price_war_reactions: Positive = 3
    max_skus_per_hour: Positive = 500
    max_margin_per_hour_minor: Positive = 50_000_000
    default_elasticity: Annotated[float, Meta(lt=0.0, ge=-20.0)] = -2.0
    horizon_days: Positive = 7
    surplus_value_bp: BasisPoints = 5_000
    kill_switch: bool = False
    standing_cap_bp: BasisPoints = 600
    dearer_bp: BasisPoints = 1_000
    maximum_loss_bp: Annotated[int, Meta(ge=0, le=1_000_000)] = 30_000
    max_changes_in_28_days: Positive = 8
    seasons: tuple[Season, ...] = ()
    markets: tuple[MarketRule, ...] = SHIPPED_MARKETS
    elasticities: tuple[CategoryElasticity, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    review_markdown_days: Annotated[int, Meta(ge=0, le=28)] = 14  # proposals are kept for 30 days

    def __post_init__(self) -> None:
        named: set[str] = set()
        for rule in self.markets:
            twice = sorted(named & set(rule.currencies))
            if twice:
                raise ValueError(f"a currency belongs to one market, was {twice[0]} again in {rule.name!r}")
            named |= set(rule.currencies)

    def elasticity_of(self, category: str) -> CategoryElasticity | None:
        """What is believed of a category; None where only the default is."""
        return next((one for one in self.elasticities if one.category == category), None)

    def holidays_in(self, currency: str) -> tuple[Holiday, ...]:
        """Holidays that hold for an item priced in a currency."""
        return tuple(one for one in self.holidays if not one.currencies or currency in one.currencies)

    def market(self, currency: str) -> MarketRule | None:
        """The market an item is sold in, by its currency; None where no rule is set for it."""
        return next((rule for rule in self.markets if currency in rule.currencies), None)


# Fields that came after the first versions were named, by section.
LATER = {
    "pricing": (
        "standing_cap_bp",
        "dearer_bp",
        "maximum_loss_bp",
        "max_changes_in_28_days",
        "seasons",
        "markets",
        "elasticities",
        "holidays",
        "review_markdown_days",
    ),
    "alerting": ("flap_days",),
}


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of approval: `role` has the last word on amounts up to and with `up_to_minor`.

    Whoever stands before it in the list signs first. None, in the last one: there is no limit.
    """

    role: SignerRole
    up_to_minor: Positive | None = None


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who must sign, by amount at stake in minor units (10_000_000 is CNY 100,000).

    Args:
        auto_below_minor: the policy itself approves what is below it, and no more than
            `auto_max_change_bp` of the price and `auto_max_per_day` times in 24 hours.
        tiers: other steps than the three that the two limits make: marketing director,
            finance director, general manager.
        escalate_after_hours: without an answer for so long the next role above may sign, too.
        expire_after_hours: older evidence is stale: the proposal can no longer be signed.
        delegation_max_days: nobody hands their role over for longer.
    """

    auto_below_minor: NonNegative = 0
    marketing_director_up_to_minor: Positive = 10_000_000
    finance_director_up_to_minor: Positive = 50_000_000
    escalate_after_hours: Positive = 24
    expire_after_hours: Positive = 72
    auto_max_change_bp: BasisPoints = 100
    auto_max_per_day: NonNegative = 200
    tiers: tuple[Tier, ...] = ()
    delegation_max_days: Positive = 60

    def __post_init__(self) -> None:
        limits = [step.up_to_minor for step in self.ladder]
        known = [limit for limit in limits[:-1] if limit is not None]
        if limits[-1] is not None or len(known) < len(limits) - 1:
            raise ValueError("the last tier has no up_to_minor and every one before it has one")
        if any(after <= before for before, after in pairwise(known)):
            raise ValueError(f"the limits of the tiers must rise, was {known}")
        if len({step.role for step in self.ladder}) < len(limits):
            raise ValueError("each role has one tier, was " + ", ".join(step.role for step in self.ladder))

    @property
    def ladder(self) -> tuple[Tier, ...]:
        """The steps, the lowest first."""
        return self.tiers or (
            Tier("marketing_director", self.marketing_director_up_to_minor),
            Tier("finance_director", self.finance_director_up_to_minor),
            Tier("general_manager"),
        )


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told what, and where. Empty lists take everything.

    Args:
        name: who this is for: "pricing team".
        channels: names of channels of the settings; none: all there are.
        severity: from this one on.
        escalation: this route gets nothing but red alerts that nobody acknowledged in time.
        quiet_from: local time from which messages wait; as the policy says where both are empty.
    """

    name: str = ""
    channels: tuple[str, ...] = ()
    severity: Severity = "yellow"
    kinds: tuple[AlertKind, ...] = ()
    categories: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    escalation: bool = False
    quiet_from: TimeOfDay = ""
    quiet_until: TimeOfDay = ""


class Alerting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How loud an alert is and who is told. Changes in basis points, times local: "22:00".

    Args:
        campaign_hours: alerts of a shop so long before and after its mass move are part of it.
        flap_days: out of stock again so soon after it came back, a product is the same alert; 0: a new one each time.
        ample_cover_days: above it our stock is so large that a cut there hurts.
        thin_margin_bp: below it our margin leaves no room to answer.
        exposed_daily_minor: sales a day from which a product is one of the large ones.
        clearly_dearer_bp: a competitor who is still so far above our price is no threat.
        red_breaks_quiet: a red alert does not wait for the end of the quiet hours.
        merge_from: so many messages due at once on one channel become one message.
        routes: who is told what; none: everything from yellow on goes to every channel.
    """

    yellow_bp: BasisPoints = 800
    red_bp: BasisPoints = 1500
    update_bp: BasisPoints = 200
    rearm_bp: BasisPoints = 200
    campaign_hours: Positive = 6
    flap_days: NonNegative = 7
    ample_cover_days: Positive = 45
    thin_margin_bp: BasisPoints = 1000
    exposed_daily_minor: Positive = 1_000_000
    clearly_dearer_bp: BasisPoints = 500
    escalate_after_minutes: Positive = 30
    quiet_from: TimeOfDay = ""
    quiet_until: TimeOfDay = ""
    red_breaks_quiet: bool = True
    merge_from: Annotated[int, Meta(ge=2)] = 5
    timezone: str = "UTC"
    routes: tuple[Route, ...] = ()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"timezone must be one of the IANA list, was {self.timezone[:40]!r}") from error


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything people may set. Equal policies have equal versions."""

    name: str = "default"
    detection: Detection = Detection()
    pricing: Pricing = Pricing()
    approval: Approval = Approval()
    alerting: Alerting = Alerting()

    @property
    def version(self) -> str:
        """Name and the first 12 hex digits of the hash of all values: default@3f2a...

        A field of `LATER` counts only where it is set: versions written before it keep their names.
        """
        told = msgspec.to_builtins(self)
        for section, fields in LATER.items():
            for field in fields:
                if getattr(getattr(self, section), field) == getattr(getattr(DEFAULT, section), field):
                    del told[section][field]
        return f"{self.name}@{content_hash(msgspec.json.encode(told))[:12]}"


DEFAULT = Policy()
STEPS = Policy(
    name="steps",
    detection=Detection(
        drift=False,
        quarantine=False,
        availability_confirmations=1,
        crawl_window_minutes=0,
        promotion_days=0,
        delist_after_days=0,
        mass_minimum=0,
        price_types=("regular", "promotion", "member", "coupon", "instalment", "used"),
    ),
)
SHIPPED = {policy.name: policy for policy in (DEFAULT, STEPS)}


def parse_policy(text: str, name: str) -> Policy:
    """A policy from TOML, called `name` where it does not name itself; BadPolicyError says which key is wrong."""
    try:
        return msgspec.convert({"name": name, **tomllib.loads(text)}, Policy)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPolicyError(f"policy {name!r}: {error}") from error
