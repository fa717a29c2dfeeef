"""Real markets as matrices: what was sold, at which price, and what rivals asked at the time.

Rows are products (in orange juice: a brand in a store), columns are days or weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.times import DAY_MS, HOUR_MS

Matrix = npt.NDArray[np.float64]
SAME_TIER = 0.25  # a rival's usual price is so close to ours
MOST_RIVALS = 4
EVERY = 3  # of the stores that sell orange juice: a minute of computing instead of three
PRODUCTS = 150  # of Complete Journey, the best sold
MINIMUM_WEEKS = 45
EPOCH = date(1989, 9, 14)  # of the orange juice weeks; only the order matters


@dataclass
class Market:
    """One data set.

    Args:
        price: n x T shelf price in minor units, nan where it is not known.
        units: n x T sold, nan where nothing is known.
        paid: n x T average paid a unit, which differs from the price where orders have discounts.
        cost: n x T, measured (orange juice) or assumed.
        promoted: n x T, whether we ran a promotion of our own.
        rival: n x T lowest price of a rival.
        observations: what a crawl would have seen: observed_at, competitor, product_id, price_minor.
        matches: competitor and product to the row they are rivals of.
        groups: rows that share an elasticity; `controls` are further causes, each n x T.
        cost_known: measured, not assumed.
    """

    name: str
    currency: str
    period_ms: int
    start_ms: int
    price: Matrix
    units: Matrix
    paid: Matrix
    cost: Matrix
    promoted: npt.NDArray[np.bool_]
    rival: Matrix
    observations: pl.DataFrame
    matches: list[tuple[str, str, int]]
    groups: list[str]
    controls: dict[str, Matrix] = field(default_factory=dict)
    cost_known: bool = False

    @property
    def periods(self) -> int:
        """How many days or weeks there are."""
        return int(self.price.shape[1])

    def at(self, period: int) -> int:
        """When a period begins, epoch ms."""
        return self.start_ms + period * self.period_ms


def b2w(data: Path, margin: float) -> Market:
    """Nine products of a Brazilian shop by day, six competitors scraped twice a day; costs are assumed."""
    orders = pl.read_csv(data / "b2w" / "sales.csv", try_parse_dates=True)
    days = orders.group_by("PROD_ID", "DATE_ORDER").agg(
        units=pl.col("QTY_ORDER").sum(),
        paid=pl.col("REVENUE").sum() / pl.col("QTY_ORDER").sum() * 100,
        price=(pl.col("REVENUE") / pl.col("QTY_ORDER")).median() * 100,
    )
    names, first = sorted(days["PROD_ID"].unique()), days["DATE_ORDER"].min()
    places = days.select(
        row=pl.col("PROD_ID").replace_strict(names, list(range(len(names))), return_dtype=pl.Int64),
        column=(pl.col("DATE_ORDER") - first).dt.total_days(),
    )
    shape = (len(names), int(places["column"].max()) + 1)  # type: ignore[arg-type]
    units, paid, price = (_placed(shape, places, days[name]) for name in ("units", "paid", "price"))
    price, paid = _carried(price).round(), _carried(paid)
    units = np.where(np.isnan(units) & ~np.isnan(price), 0.0, units)  # a day without an order, since it is on sale
    seen = pl.read_csv(data / "b2w" / "comp_prices.csv", try_parse_dates=True).filter(pl.col("PAY_TYPE") == 1)
    seen = seen.unique(maintain_order=True).select(
        observed_at=pl.col("DATE_EXTRACTION").dt.epoch("ms"),
        competitor="COMPETITOR",
        product_id="PROD_ID",
        price_minor=(pl.col("COMPETITOR_PRICE") * 100).round().cast(pl.Int64),
    )
    pairs = sorted(seen.select("competitor", "product_id").unique().iter_rows())
    start = int(datetime.combine(first, datetime.min.time(), UTC).timestamp() * 1000)  # type: ignore[arg-type]
    weekday = np.tile(np.arange(shape[1]) % 7, (shape[0], 1))
    controls = {f"weekday {day}": (weekday == day).astype(float) for day in range(1, 7)}
    return Market(
        name="b2w",
        currency="BRL",
        period_ms=DAY_MS,
        start_ms=start,
        price=price,
        units=units,
        paid=paid,
        cost=np.repeat(np.nanmedian(price, axis=1)[:, None] * (1 - margin), shape[1], axis=1),
        promoted=np.zeros(shape, bool),
        rival=_lowest_by_day(seen, names, start, shape),
        observations=seen.sort("observed_at"),
        matches=[(shop, product, names.index(product)) for shop, product in pairs],
        groups=names,
        controls=controls | {"trend": np.tile(np.linspace(-1, 1, shape[1]), (shape[0], 1))},
    )


def _lowest_by_day(seen: pl.DataFrame, names: list[str], start: int, shape: tuple[int, int]) -> Matrix:
    shops = sorted(seen["competitor"].unique())
    cube = np.full((len(shops), *shape), np.nan)
    for at, shop, product, price in seen.iter_rows():
        place = shops.index(shop), names.index(product), (at - start) // DAY_MS
        cube[place] = np.nanmin([cube[place], price])
    return _lowest([_carried(one, 2) for one in cube])


def orange_juice(data: Path, _margin: float) -> Market:
    """Eleven brands in every third store by week; costs follow from the recorded profit.

    Rivals are brands of the same tier in the same store.
    """
    table = pl.read_parquet(data / "dominicks_oj" / "orange_juice.parquet")
    stores, brands = sorted(table["store"].unique())[::EVERY], 11
    table = table.filter(pl.col("store").is_in(stores))
    first = int(table["week"].min())  # type: ignore[arg-type]
    places = table.select(
        row=pl.col("store").replace_strict(stores, list(range(len(stores))), return_dtype=pl.Int64) * brands
        + pl.col("brand")
        - 1,
        column=pl.col("week") - first,
    )
    shape = (len(stores) * brands, int(places["column"].max()) + 1)  # type: ignore[arg-type]
    own = table.select(pl.concat_list([f"price{n}" for n in range(1, brands + 1)]).list.get(pl.col("brand") - 1))
    ounce = own.to_series() * 64 * 100  # cents for 64 ounces
    price = _placed(shape, places, ounce).round()
    units = _placed(shape, places, table["logmove"].exp())
    cost = price * (1 - _placed(shape, places, table["profit"]) / 100)
    cost = np.where(cost > 0, cost, np.nan)
    deal, feature = (_placed(shape, places, table[name]) for name in ("deal", "feat"))
    groups = [f"brand {row % brands + 1}" for row in range(shape[0])]
    stores_of = np.arange(shape[0]) // brands
    start = int(datetime.combine(EPOCH, datetime.min.time(), UTC).timestamp() * 1000) + first * 7 * DAY_MS
    rivals = _rivals(price, units, stores_of.tolist())
    return Market(
        name="orange juice",
        currency="USD",
        period_ms=7 * DAY_MS,
        start_ms=start,
        price=price,
        units=units,
        paid=price,
        cost=_carried(cost),
        promoted=(np.nan_to_num(deal) > 0) | (np.nan_to_num(feature) > 0),
        groups=groups,
        controls={"deal": np.nan_to_num(deal), "feature": np.nan_to_num(feature)},
        cost_known=True,
        **_as_seen(price, rivals, start),
    )


def complete_journey(data: Path, margin: float) -> Market:
    """The best sold products of a grocer by week; costs are assumed. Rivals are like products of the same type."""
    sold = pl.read_parquet(data / "complete_journey" / "transactions.parquet").filter(
        pl.col("quantity").is_between(1, 100)
    )
    weeks = sold.group_by("product_id", "week").agg(
        units=pl.col("quantity").sum(),
        price=((pl.col("sales_value") + pl.col("coupon_match_disc").abs()) / pl.col("quantity")).median() * 100,
        promoted=(pl.col("retail_disc").abs() > 0).mean(),
    )
    totals = weeks.group_by("product_id").agg(weeks=pl.len(), units=pl.col("units").sum())
    best = totals.filter(pl.col("weeks") >= MINIMUM_WEEKS).sort("units", "product_id", descending=True).head(PRODUCTS)
    names = best["product_id"].to_list()
    chosen = weeks.filter(pl.col("product_id").is_in(names) & (pl.col("week") <= 52))
    places = chosen.select(
        row=pl.col("product_id").replace_strict(names, list(range(len(names))), return_dtype=pl.Int64),
        column=pl.col("week") - 1,
    )
    shape = (len(names), 52)
    units, price, promoted = (_placed(shape, places, chosen[name]) for name in ("units", "price", "promoted"))
    kinds = pl.read_parquet(data / "complete_journey" / "products.parquet").select(
        "product_id", "product_category", "product_type"
    )
    said = {row[0]: row[1:] for row in kinds.filter(pl.col("product_id").is_in(names)).iter_rows()}
    price = _carried(price.round())
    start = int(datetime(2017, 1, 1, tzinfo=UTC).timestamp() * 1000)
    rivals = _rivals(price, units, [str(said[name][1]) for name in names])
    return Market(
        name="complete journey",
        currency="USD",
        period_ms=7 * DAY_MS,
        start_ms=start,
        price=price,
        units=units,
        paid=price,
        cost=np.repeat(np.nanmedian(price, axis=1)[:, None] * (1 - margin), shape[1], axis=1),
        promoted=np.nan_to_num(promoted) > 0.5,
        groups=["all"] * len(names),
        controls={"promotion": np.nan_to_num(promoted)},
        **_as_seen(price, rivals, start),
    )


def _placed(shape: tuple[int, int], places: pl.DataFrame, values: pl.Series) -> Matrix:
    result = np.full(shape, np.nan)
    result[places["row"].to_numpy(), places["column"].to_numpy()] = values.to_numpy()
    return result


def _carried(values: Matrix, most: int = 10**6) -> Matrix:
    """Gaps take the value before them, for so many periods at most."""
    result = values.copy()
    age = np.zeros(values.shape[0])
    for period in range(1, values.shape[1]):
        gap = np.isnan(result[:, period])
        age = np.where(gap, age + 1, 0)
        fill = gap & (age <= most)
        result[fill, period] = result[fill, period - 1]
    return result


def _lowest(stack: list[Matrix]) -> Matrix:
    known = np.where(np.isnan(np.stack(stack)), np.inf, np.stack(stack)).min(axis=0)
    return np.where(np.isinf(known), np.nan, known)


def _rivals(price: Matrix, units: Matrix, places: list[Any]) -> list[list[int]]:
    """Rows of the same place (store, or product type) whose usual price is near, the best sold first."""
    usual, sold = np.nanmedian(price, axis=1), np.nansum(units, axis=1)
    near = []
    for row, place in enumerate(places):
        others = [
            other
            for other in range(len(places))
            if other != row and places[other] == place and abs(usual[other] / usual[row] - 1) <= SAME_TIER
        ]
        near.append(sorted(others, key=lambda other: -sold[other])[:MOST_RIVALS])
    return near


def _as_seen(price: Matrix, rivals: list[list[int]], start: int) -> dict[str, Any]:
    """What a crawl of the rivals would have seen: each week, spread over its first two days."""
    rows: list[tuple[int, str, str, int]] = []
    matches: list[tuple[str, str, int]] = []
    lowest = np.full(price.shape, np.nan)
    for row, others in enumerate(rivals):
        if others:
            lowest[row] = _lowest([price[other] for other in others])
        offset = row * 47 % 2_880 * 60_000 + HOUR_MS
        for other in others:
            matches.append((f"rival {other}", f"row {row}", row))
            rows += [
                (start + period * 7 * DAY_MS + offset, f"rival {other}", f"row {row}", int(value))
                for period, value in enumerate(price[other])
                if not np.isnan(value)
            ]
    names = ("observed_at", "competitor", "product_id", "price_minor")
    seen = pl.DataFrame(rows, schema=names, orient="row").sort("observed_at", "competitor", "product_id")
    return {"rival": lowest, "observations": seen, "matches": matches}
