"""Slopes of many products, each shrunk towards its category and that towards all: empirical Bayes.

How much products of a category differ, and categories among each other, is estimated from
the slopes themselves by the method of moments (DerSimonian and Laird 1986): where they
differ no more than their errors explain, all take the common value; where they differ
much, each keeps its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

LEAST_SPREAD = 0.1  # products are never all taken for the same


def pooled(
    slopes: Vector, variances: Vector, categories: Sequence[str], prior: float, prior_sd: float
) -> tuple[Vector, Vector]:
    """Posterior means and standard deviations of n slopes; nan among the slopes gets what its category says.

    Args:
        slopes: n as measured, nan where nothing could be.
        variances: n, of the errors of measurement.
        categories: n.
        prior, prior_sd: what is believed of the mean of all before any data.
    """
    known = np.isfinite(slopes) & np.isfinite(variances)
    value, error = np.where(known, slopes, 0.0), np.where(known, np.maximum(variances, 1e-9), np.inf)
    names, codes = np.unique(np.asarray(categories), return_inverse=True)
    rows = [known & (codes == code) for code in range(len(names))]
    within = _spread([(value[row], error[row]) for row in rows])
    means, mean_errors = np.full(len(names), np.nan), np.full(len(names), np.inf)
    for code, row in enumerate(rows):
        if row.any():
            means[code], mean_errors[code] = _mean(value[row], error[row] + within)
    some = np.isfinite(means)
    between = _spread([(means[some], mean_errors[some])])
    centre, centre_error = _update(
        *_mean(means[some], mean_errors[some] + between), np.asarray(prior), np.asarray(prior_sd**2)
    )
    category, category_error = _update(means, mean_errors, centre, between + centre_error)
    result, result_error = _update(value, error, category[codes], (within + category_error)[codes])
    return result, np.sqrt(result_error)


def _mean(values: Vector, variances: Vector) -> tuple[Vector, Vector]:
    """Weighed by precision; with its variance, infinite for none."""
    weight = 1.0 / variances
    total = weight.sum()
    mean = (weight * values).sum() / total if total > 0 else 0.0
    return np.asarray(mean), np.asarray(1.0 / total if total > 0 else np.inf)


def _update(measured: Vector, variance: Vector, expected: Vector, spread: Vector) -> tuple[Vector, Vector]:
    """What is measured combined with what was expected; an infinite variance of what is measured says nothing."""
    precision, prior_precision = 1.0 / variance, 1.0 / spread
    total = precision + prior_precision
    found = np.where(precision > 0, measured, 0.0)
    return (precision * found + prior_precision * expected) / total, 1.0 / total


def _spread(groups: list[tuple[Vector, Vector]]) -> float:
    """Variance of true values within groups, beyond their errors of measurement."""
    surplus = freedom = scale = 0.0
    for values, variances in groups:
        if len(values) < 2:
            continue
        weight = 1.0 / variances
        mean = (weight * values).sum() / weight.sum()
        surplus += float((weight * (values - mean) ** 2).sum())
        freedom += len(values) - 1
        scale += float(weight.sum() - (weight**2).sum() / weight.sum())
    return max((surplus - freedom) / scale if scale > 0 else 0.0, LEAST_SPREAD**2)
