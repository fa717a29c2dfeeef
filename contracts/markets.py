"""What a market knows of the calendar, and what its law asks of a reduction that is announced."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.money import is_currency
from contracts.times import DAY_MS, day_of_year

NewLow = Literal["show", "hold"]
DayOfYear = Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Day = Annotated[str, Meta(pattern=r"^((\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$")]
LEAP_YEAR = "2000-"
EU = "EU"
CN = "CN"


class Season(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days of every year in which `factor_bp` of the usual is sold (20_000 is twice as much).

    `begins` and `ends` are month and day, "11-01", both included, in UTC; a season may go over
    the end of a year.
    """

    name: str
    begins: DayOfYear
    ends: DayOfYear
    factor_bp: Annotated[int, Meta(ge=1_000, le=100_000)]

    def holds(self, moment: int) -> bool:
        """Whether a moment (epoch ms, UTC) lies in it."""
        day = day_of_year(moment)
        if self.begins <= self.ends:
            return self.begins <= day <= self.ends
        return day >= self.begins or day <= self.ends


class Holiday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days on which people buy otherwise; by how much is learned from sales, for all holidays alike.

    From `begins` to `ends`, both included (`ends` empty: that one day), of one year, "2027-02-05",
    or of every year, "12-24". They are calendar days of the market. It holds for items priced in
    one of `currencies`, for all where none is named.
    """

    name: str
    begins: Day
    ends: Day = ""
    currencies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        last, yearly = self.ends or self.begins, len(self.begins) == len("12-24")
        if len(last) != len(self.begins):
            raise ValueError(f"holiday {self.name[:40]!r}: begins and ends both name a year, or neither does")
        try:
            for day in (self.begins, last):
                date.fromisoformat(f"{LEAP_YEAR}{day}" if yearly else day)
        except ValueError as error:
            raise ValueError(
                f"holiday {self.name[:40]!r}: there is no such day, was {self.begins} to {last}"
            ) from error
        if not yearly and last < self.begins:
            raise ValueError(f"holiday {self.name[:40]!r} ends before it begins, was {self.begins} to {last}")
        unknown = [currency for currency in self.currencies if not is_currency(currency)]
        if unknown:
            raise ValueError(f"holiday {self.name[:40]!r}: a currency is an ISO 4217 code, was {unknown[0][:20]!r}")

    def holds(self, day: date) -> bool:
        """Whether a calendar day is one of them; those of every year may go over its end."""
        first, last = self.begins, self.ends or self.begins
        told = day.isoformat()[-len(first) :]
        return first <= told <= last if first <= last else told >= first or told <= last


class MarketRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be kept in a market when a reduction is announced.

    The reference of an announced reduction is the lowest price of so many days before the
    reduction began: 30 in the EU (Directive 98/6/EC, article 6a), 7 in China (Interim Provisions
    on Regulating Promotion). A markdown that is not announced may go below it, but from then on
    that is the reference.

    Args:
        name: EU and CN bring their days and currencies along; what is set goes before.
        currencies: items priced in these are sold here.
        days: how far back the lowest price is looked for.
        announced: our markdowns are announced as reductions here: one that is not below the
            reference is none, and is not proposed.
        new_low: what a price below the reference is: "show" says what it costs, "hold" does not
            go below it.
    """

    name: str
    currencies: tuple[str, ...] = ()
    days: Annotated[int, Meta(ge=0, le=40)] = 0
    announced: bool = False
    new_low: NewLow = "show"

    def __post_init__(self) -> None:
        # A frozen struct is completed here and nowhere else.
        days, currencies = KNOWN.get(self.name, (0, ()))
        msgspec.structs.force_setattr(self, "days", self.days or days)
        msgspec.structs.force_setattr(self, "currencies", self.currencies or currencies)
        if not self.days or not self.currencies:
            raise ValueError(f"market {self.name[:40]!r} needs days and currencies; only EU and CN bring theirs along")
        unknown = [currency for currency in self.currencies if not is_currency(currency)]
        if unknown:
            raise ValueError(f"market {self.name[:40]!r}: a currency is an ISO 4217 code, was {unknown[0][:20]!r}")
        if self.announced and self.new_low == "hold":
            raise ValueError(
                f"market {self.name[:40]!r}: an announced reduction is below the reference: it cannot hold"
            )


KNOWN: dict[str, tuple[int, tuple[str, ...]]] = {
    EU: (30, ("EUR", "BGN", "CZK", "DKK", "HUF", "PLN", "RON", "SEK")),
    CN: (7, ("CNY",)),
}
SHIPPED_MARKETS = (MarketRule(EU), MarketRule(CN))


def season_factor(seasons: tuple[Season, ...], at: int, days: int) -> float:
    """How much more is sold a day in the `days` from `at` on (epoch ms, UTC) than on a usual one.

    Where seasons overlap the first of them counts.
    """
    if not seasons:
        return 1.0
    total = sum(_factor_bp(seasons, at + day * DAY_MS) for day in range(days))
    return round(total / days / 10_000, 6)


def _factor_bp(seasons: tuple[Season, ...], moment: int) -> int:
    return next((season.factor_bp for season in seasons if season.holds(moment)), 10_000)
