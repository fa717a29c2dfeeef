"""Units a day of one SKU for the days ahead: weekday, price, promotion and holidays over a level that moves.

log units = level of the time + weekday + elasticity x log price + promotion + holiday.

Days on which nothing could be sold say nothing about demand and are left out: those known to
be out of stock, and runs without sales that chance does not explain (a stock that the
books still show). What is forecast is demand, not sales: days out of stock ahead are not
foreseen. The level is a recent median, for one odd day should not move it, scaled so that
the sum of what was expected is the sum of what was sold: cover needs the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SMOOTH_DAYS = 14.0  # what is slower than this is the level, not an effect of price or weekday
LEVEL_HALF_LIFE = 28
EFFECT_HALF_LIFE = 180
EFFECT_SD = 0.5  # of a weekday, a promotion or a holiday before data, as a logarithm
PRICE_SD = 0.8
INDEPENDENT = 3.0  # days for each that says something new: neighbours err alike
ROUNDS = 6
NEAREST = 0.3
HARDLY = 0.05  # of the usual units a day
RUN_DAYS, RUN_UNITS = 3, 20.0  # so many days, with so many units missed, are an outage and not chance
LONGEST_RUN = 28  # days; who sells nothing for longer, with stock, has no demand
FEWEST_DAYS, FEWEST_UNITS = 21, 3.0
ORIGINS, APART = 8, 28  # moments of the past at which the level is asked for, days between them at least
SPREAD_SD, SPREAD_WEIGHT = 0.35, 2.0  # of a forecast of the sum before the SKU's own past says; in origins
LOWER, UPPER, Z80 = 0.1, 0.9, 1.2816


@dataclass(frozen=True)
class Days:
    """Consecutive calendar days of one SKU: T that were and H to come.

    Args:
        first: proleptic ordinal of the first day (date.toordinal).
        units: T, nan where nothing was reported.
        price: T + H in any one unit, nan where unknown (then the last known one).
        promoted: T + H, our own promotion.
        holiday: T + H.
        out: T, known to have been out of stock for some of the day.
    """

    first: int
    units: Vector
    price: Vector
    promoted: Flags = field(default_factory=lambda: np.zeros(0, bool))
    holiday: Flags = field(default_factory=lambda: np.zeros(0, bool))
    out: Flags = field(default_factory=lambda: np.zeros(0, bool))


@dataclass(frozen=True)
class DailyForecast:
    """Mean units of each day ahead with an 80 % interval, and of their sum; the elasticity found, and how surely.

    The elasticity is that of the days and of what was believed before them, with its standard deviation.
    """

    units: Vector
    lower: Vector
    upper: Vector
    total: tuple[float, float, float]
    elasticity: float
    elasticity_sd: float


def daily(days: Days, elasticity: float) -> DailyForecast | None:
    """Forecast the H days that have a price but no units yet; None where days are too few or sales too slow.

    `elasticity` is what is believed before the SKU's own prices say.
    """
    count, horizon = len(days.units), len(days.price) - len(days.units)
    sellable = ~np.isnan(days.units) & ~outages(days.units, _padded(days.out, count))
    if horizon < 1 or sellable.sum() < FEWEST_DAYS or np.median(days.units[sellable]) < FEWEST_UNITS:
        return None
    x, usual = _effects(days, elasticity)
    y = np.log(np.where(sellable, np.maximum(days.units, 0.5), 1.0))
    slopes, elasticity_sd = _fit(x[:count], y, sellable, usual)
    rest = np.where(sellable, y - x[:count] @ slopes, 0.0)
    units = _level(days.units, rest, x @ slopes, sellable, count) * np.exp(x[count:] @ slopes)
    off, sums = _asked_before(days.units, rest, x @ slopes, sellable, horizon)
    low, high = np.quantile(off, [LOWER, UPPER]) if off.size else (0.5, 1.5)
    sd = np.sqrt((SPREAD_WEIGHT * SPREAD_SD**2 + (np.log(sums) ** 2).sum()) / (SPREAD_WEIGHT + len(sums)))
    total = float(units.sum())
    bounds = (total * float(np.exp(-Z80 * sd)), total * float(np.exp(Z80 * sd)))
    return DailyForecast(
        units, units * min(low, 1.0), units * max(high, 1.0), (total, *bounds), float(slopes[-1]), elasticity_sd
    )


def outages(units: Vector, known: Flags) -> Flags:
    """Days that could not sell: known ones, and runs of hardly any sales that are longer than chance makes them."""
    result = known.copy()
    open_days = units[~np.isnan(units) & ~known & (units > 0)]
    if open_days.size == 0:
        return result
    usual = float(np.median(open_days))
    edges = np.diff(np.r_[0, (np.nan_to_num(units, nan=np.inf) <= HARDLY * usual).astype(int), 0])
    for start, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        if RUN_DAYS <= end - start <= LONGEST_RUN and (end - start) * usual >= RUN_UNITS:
            result[start:end] = True
    return result


def _effects(days: Days, elasticity: float) -> tuple[Vector, Vector]:
    """Columns for weekdays, promotion, holiday and log price, (T + H) x 10; what each is before data."""
    length = len(days.price)
    weekday = np.eye(7)[(days.first - 1 + np.arange(length)) % 7]
    price = _filled(days.price)
    columns = [weekday, _padded(days.promoted, length)[:, None], _padded(days.holiday, length)[:, None]]
    x = np.column_stack([*columns, np.log(price) if price.min() > 0 else np.zeros(length)]).astype(np.float64)
    return x, np.r_[np.zeros(9), elasticity]


def _fit(x: Vector, y: Vector, sellable: Flags, usual: Vector) -> tuple[Vector, float]:
    """Effects against a smooth level, by least absolute errors, drawn towards `usual`; how sure the last one is."""
    count = len(y)
    day = np.arange(count)
    near = np.exp(-np.abs(day[:, None] - day) / SMOOTH_DAYS)
    recent = 0.5 ** ((count - day) / EFFECT_HALF_LIFE)
    weight = sellable.astype(np.float64)
    # A trend, which the smooth level misses at the ends, is kept out of the effects and then dropped.
    x, usual = np.column_stack([(day - count) / SMOOTH_DAYS, x]), np.r_[0.0, usual]
    precision = 1.0 / np.r_[EFFECT_SD, np.full(9, EFFECT_SD), PRICE_SD] ** 2
    gram, slopes = np.diag(precision), usual
    for _ in range(ROUNDS):
        smoother = near * weight / np.maximum(near @ weight, 1e-9)[:, None]
        inputs, target = x - smoother @ x, y - smoother @ y
        off = target - inputs @ slopes
        weighing = weight * recent
        noise = max(float((weighing * off**2).sum() / weighing.sum()), 1e-3)
        weighted = inputs * (weighing / (noise * INDEPENDENT))[:, None]
        gram = weighted.T @ inputs + np.diag(precision)
        slopes = np.linalg.solve(gram, weighted.T @ target + precision * usual)
        off = target - inputs @ slopes
        weight = sellable * NEAREST / np.maximum(np.abs(off), NEAREST)
    return slopes[1:], float(np.sqrt(np.linalg.inv(gram)[-1, -1]))


def _level(units: Vector, rest: Vector, effects: Vector, sellable: Flags, at: int) -> float:
    """Units a day without effects, as known after `at` days; nan where no day says."""
    weight = np.where(sellable[:at], 0.5 ** ((at - np.arange(at)) / LEVEL_HALF_LIFE), 0.0)
    if not weight.any():
        return float("nan")
    order = np.argsort(rest[:at])
    heavy = weight[order].cumsum()
    middle = float(np.exp(rest[order][np.searchsorted(heavy, heavy[-1] / 2)]))
    expected = float((weight * middle * np.exp(effects[:at])).sum())
    return middle * float((weight * np.nan_to_num(units[:at])).sum()) / max(expected, 1e-9)


def _asked_before(units: Vector, rest: Vector, effects: Vector, sellable: Flags, horizon: int) -> tuple[Vector, Vector]:
    """Actual over forecast of single days, and of sums over a horizon, had the level been asked for earlier."""
    count = len(units)
    horizon = min(horizon, count // 3)
    step = max(APART, horizon // 2)
    off, sums = [np.zeros(0)], []
    for back in range(ORIGINS):
        at = count - horizon - back * step
        ahead = np.flatnonzero(sellable[at : at + horizon]) + at if at >= FEWEST_DAYS else np.zeros(0, int)
        if len(ahead) < max(1, horizon // 2):
            continue
        made = _level(units, rest, effects, sellable, at) * np.exp(effects[ahead])
        if np.isfinite(made).all() and made.min() > 0:  # what never sold until then foretells nothing
            off.append(units[ahead] / made)
            sums.append(max(float(units[ahead].sum() / made.sum()), 0.05))
    return np.concatenate(off), np.array(sums)


def _filled(price: Vector) -> Vector:
    """Gaps take the last known price, those before the first take it; 1 where none is known."""
    known = np.where(price > 0, price, np.nan)
    if np.isnan(known).all():
        return np.ones(len(price))
    last = np.maximum.accumulate(np.where(np.isnan(known), -1, np.arange(len(price))))
    first = int(np.flatnonzero(~np.isnan(known))[0])
    return known[np.where(last < 0, first, last)]


def _padded(flags: Flags, length: int) -> Flags:
    result = np.zeros(length, dtype=bool)
    result[: min(length, len(flags))] = flags[:length]
    return result
