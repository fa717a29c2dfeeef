"""The price history of series: a point for each change, which is what a chart draws."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.money import LARGEST_MINOR, is_currency
from contracts.observations import Observation, PricePoint


class History:
    """What each series showed last.

    It forgets with its process: then the first price of a series is a point once more, which
    the ledger takes as the same chart.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str, str], tuple[int | None, str, str]] = {}

    def points(self, rows: Iterable[Observation]) -> list[PricePoint]:
        """A point for each row whose price, currency or availability differs from the one before it."""
        return [point_of(row) for row in rows if self._differs(row)]

    def _differs(self, row: Observation) -> bool:
        if row.availability == "Unknown" and row.price_minor is None:
            return False
        if row.price_minor is not None and not (0 < row.price_minor <= LARGEST_MINOR and is_currency(row.currency)):
            return False
        series = (row.competitor, row.product_id, row.seller, row.price_type)
        now = (row.price_minor, row.currency, row.availability)
        if self._last.get(series) == now:
            return False
        self._last[series] = now
        return True


def point_of(row: Observation) -> PricePoint:
    """The point of a row."""
    return PricePoint(
        competitor=row.competitor,
        product_id=row.product_id,
        observed_at=row.observed_at,
        price_minor=row.price_minor,
        currency=row.currency,
        availability=row.availability,
        price_type=row.price_type,
        seller=row.seller,
        sku=row.sku,
        name=row.name,
    )
