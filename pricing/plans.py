"""What a plan says about a week's sales: prices and promotions, our own and those beside them on the shelf."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel

PRICE = "price"
USUAL_WEEKS = 52
LONGEST_PAUSE = 12  # weeks since the last promotion; later ones are all alike
SAME = 0.99  # of its values: a column that only repeats the price of one series beside ours

Labels = tuple[str, ...]


def features(panel: Panel, horizon: int, labels: Labels = ()) -> npt.NDArray[np.float64]:
    """Regressors of each series and week, n x (T + horizon) x k, as far as plans reach.

    `labels` says which series are the same product in another market; with it the series of
    one market are rivals, and their prices and promotions count too.
    """
    weeks = panel.weeks + horizon
    market = rivals(panel, labels)
    known = {name: carried(values[:, :weeks], weeks, panel.weeks) for name, values in panel.known.items()}
    price = known.pop(PRICE, None)
    columns: list[Matrix] = []
    relative = np.zeros((len(panel.series), weeks))
    if price is not None and (price > 0).all():
        own = np.log(price)
        usual = np.median(own[:, max(0, panel.weeks - USUAL_WEEKS) : panel.weeks], axis=1, keepdims=True)
        relative = own - usual
        columns += [own, own - before(own, 1)]
        if market is not None:
            columns += [_beside(own, market, "min"), _beside(own, market, "mean")]
            known = {name: values for name, values in known.items() if not _repeats(values, price, market)}
    elif price is not None:
        columns.append(price)
    flags = {name: v for name, v in known.items() if is_flag(v)}
    columns += [np.log(v) if (v > 0).all() else v for name, v in known.items() if name not in flags]
    columns += _promotions(list(flags.values()), relative, market)
    return np.stack(columns, axis=2)


def _promotions(flags: list[Matrix], relative: Matrix, market: npt.NDArray[np.intp] | None) -> list[Matrix]:
    """A promotion, what it adds to a cut, the week after it, the pause before it, and those of rivals."""
    columns: list[Matrix] = []
    for number, flag in enumerate(flags):
        columns += [flag, flag * relative, flag * np.log1p(since(flag)), before(flag, 1)]
        columns += [flag * other for other in flags[number + 1 :]]
    if flags and market is not None:
        columns.append(_beside(advertised(flags), market, "sum"))
    return columns


def advertised(flags: list[Matrix]) -> Matrix:
    """Of deals and features the rarer one; a holiday, which all have in the same week, is none of them."""
    own = [flag for flag in flags if len(flag) == 1 or float(np.ptp(flag, axis=0).max()) > 1e-9]
    return min(own or flags, key=lambda flag: float(flag.mean()))


def is_flag(values: Matrix) -> bool:
    """Whether a column says yes and no, or a share between them; a price below 1 is not one."""
    return bool(values.min() == 0.0 and values.max() <= 1.0 and (values == 1.0).any()) or not values.any()


def rivals(panel: Panel, labels: Labels) -> npt.NDArray[np.intp] | None:
    """For each series the rows beside it in its market, -1 to fill; None where no group is a market.

    A market is a group in which every label occurs at most once: a shop, where the labels
    are products.
    """
    if len(set(labels)) < 2:
        return None
    for group in panel.groups.values():
        if group == labels or len(set(zip(group, labels, strict=True))) < len(labels):
            continue
        members: dict[str, list[int]] = {}
        for row, name in enumerate(group):
            members.setdefault(name, []).append(row)
        width = max(len(rows) for rows in members.values()) - 1
        if width < 1:
            continue
        result = np.full((len(labels), width), -1, dtype=np.intp)
        for row, name in enumerate(group):
            others = [other for other in members[name] if other != row]
            result[row, : len(others)] = others
        return result
    return None


def _beside(values: Matrix, market: npt.NDArray[np.intp], how: Literal["min", "mean", "sum"]) -> Matrix:
    """Minimum, mean or sum over the rivals of each series; its own value where it has none."""
    there = (market >= 0)[:, :, None]
    rivals_of = values[market]
    if how == "min":
        result = np.where(there, rivals_of, np.inf).min(axis=1)
    else:
        result = np.where(there, rivals_of, 0.0).sum(axis=1)
    if how == "mean":
        result /= np.maximum(there.sum(axis=1), 1)
    return np.where(there.any(axis=1), result, values)


def _repeats(values: Matrix, price: Matrix, market: npt.NDArray[np.intp]) -> bool:
    """Whether a column only says what the price of one series of the market is."""
    row = int(np.argmax((market >= 0).sum(axis=1)))
    beside = [row, *market[row][market[row] >= 0]]
    return bool((np.isclose(price[beside], values[row], rtol=1e-6).mean(axis=1) >= SAME).any())


def since(flag: Matrix) -> Matrix:
    """Weeks since the flag was last up, before each week; at most LONGEST_PAUSE."""
    result = np.full(flag.shape, float(LONGEST_PAUSE))
    result[:, 0] = 0.0
    for week in range(1, flag.shape[1]):
        result[:, week] = np.where(flag[:, week - 1] > 0, 0.0, np.minimum(result[:, week - 1] + 1, LONGEST_PAUSE))
    return result


def before(values: Matrix, weeks: int) -> Matrix:
    """Each week's value some weeks earlier; the first value where there is none."""
    return np.concatenate([np.repeat(values[:, :1], weeks, axis=1), values[:, :-weeks]], axis=1)


def carried(values: Matrix, weeks: int, known: int) -> Matrix:
    """Gaps take the usual value of the weeks before; a series that never says it takes the general one."""
    result = np.full((values.shape[0], weeks), np.nan)
    result[:, : values.shape[1]] = values
    past = result[:, max(0, known - USUAL_WEEKS) : known]
    seen = ~np.isnan(past)
    general = float(np.median(past[seen])) if seen.any() else 0.0
    return np.where(np.isnan(result), np.where(seen.any(axis=1), medians(past), general)[:, None], result)


def medians(values: Matrix) -> Matrix:
    """Median of each row without its gaps, nan where a row has nothing else."""
    count = (~np.isnan(values)).sum(axis=1)
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # gaps come last
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[1] - 1)
    rows = np.arange(len(values))
    return np.where(count > 0, (ordered[rows, low] + ordered[rows, high]) / 2, np.nan)
