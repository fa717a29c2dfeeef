"""The eventful rows of a frame: as objects, and as columns of events.parquet without an object for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backtest.frame import NO_PRICE, Frame
from backtest.output import EVENTS_SCHEMA, batch_of, event_cells
from contracts.events import MarketEvent
from contracts.ids import SEPARATOR, make_ids
from streams.engine import Engine
from streams.kernel import BACK, DELISTED, DRIFT, INFERRED, LISTED, OUT, PROMOTION_OFF, PROMOTION_ON, STEP

Ints = npt.NDArray[np.int64]
Names = Mapping[str, Sequence[str]]  # of a column, one a hit

NONE = -1
PLAIN = np.array([STEP, DRIFT, OUT, BACK, LISTED, INFERRED])  # the others are few: their objects are made
KINDS = ("PriceMoved", "OutOfStock", "BackInStock", "ProductListed", "PromotionStarted", "PromotionEnded")
ID_KINDS = ("move", "out", "back", "listed", "promotion_started", "promotion_ended")
MOVED, _GONE, _BACK, NEW, STARTED, ENDED = range(len(KINDS))
KIND_OF = np.zeros(DELISTED + 1, np.int64)
KIND_OF[[STEP, DRIFT, OUT, BACK, LISTED, INFERRED]] = [MOVED, MOVED, _GONE, _BACK, NEW, STARTED]


class Events(NamedTuple):
    """Plain events as integers, one entry an event: which hit it is of, index into KINDS, and its numbers.

    Numbers are NO_PRICE where the kind has none.
    """

    hit: Ints
    kind: Ints
    at: Ints
    previous: Ints
    anchor: Ints
    price: Ints


class Eventful:
    """What happened in a frame.

    Args:
        hits: as `Engine.hits_of` gives them.
        names: of the rows of those hits, as far as they were looked up already.
    """

    def __init__(self, engine: Engine, frame: Frame, hits: Ints, names: Names) -> None:
        self._engine, self._frame, self._hits, self._names = engine, frame, hits, names

    def events(self) -> list[MarketEvent]:
        """All events, in order."""
        seen = self._hits[:, 1] != DELISTED
        rows = self._hits[seen, 0]
        names = self._names if seen.all() else self._names_at(np.flatnonzero(seen).tolist())
        return self._engine.events_of(self._hits, lambda _rows: self._frame.observations(rows, names))

    def table(self) -> pa.RecordBatch:
        """The same as rows of events.parquet."""
        plain = np.isin(self._hits[:, 1], PLAIN)
        if plain.all():
            return self._plain(np.arange(len(self._hits)))[1]
        others = np.flatnonzero(~plain)
        hit, table = self._plain(np.flatnonzero(plain))
        more = Eventful(self._engine, self._frame, self._hits[others], self._names_at(others.tolist())).events()
        order = np.argsort(np.concatenate([hit, np.repeat(others, _many(self._hits[others]))]), kind="stable")
        return pa.concat_batches([table, batch_of(more, EVENTS_SCHEMA, event_cells)]).take(pa.array(order))

    def _names_at(self, hits: Sequence[int]) -> Names:
        return {column: [names[hit] for hit in hits] for column, names in self._names.items()}

    def _plain(self, numbers: Ints) -> tuple[Ints, pa.RecordBatch]:
        """Which hit each row of a table is of, and the table, of some hits that are all plain."""
        frame, events = self._frame, _events(self._frame, self._hits, numbers)
        rows = self._hits[events.hit, 0]
        named = self._names_at(events.hit.tolist())
        product, source, sku = (frame.texts(name, rows) for name in ("product_id", "source", "sku"))
        kind = events.kind
        columns = {
            "event_id": make_ids([ID_KINDS[code] for code in kind.tolist()], _texts(events, named, product, source)),
            "kind": _words(KINDS, kind),
            "basis": _words(("step", "drift"), np.where(kind == MOVED, self._hits[events.hit, 1] - STEP, NONE)),
            "competitor": named["competitor"],
            "product_id": product,
            "seller": named["seller"],
            "price_type": named["price_type"],
            "sku": sku,
            "observed_at": pa.array(events.at).cast(EVENTS_SCHEMA.field("observed_at").type),
            "previous_minor": _amounts(events.previous),
            "anchor_minor": _amounts(events.anchor),
            "price_minor": _amounts(events.price),
            "currency": pc.if_else(pa.array(events.price != NO_PRICE), pa.array(named["currency"], pa.string()), None),
            "promotion": _words(("inferred",), np.where(kind >= STARTED, 0, NONE)),
            "reason": pa.nulls(len(kind), pa.string()),
        }
        arrays = [_array(columns[field.name], field.type) for field in EVENTS_SCHEMA]
        return events.hit, pa.RecordBatch.from_arrays(arrays, schema=EVENTS_SCHEMA)


def _events(frame: Frame, hits: Ints, numbers: Ints) -> Events:
    """Plain hits as events: an inferred promotion is two, its start and its end."""
    hit = np.repeat(numbers, 1 + (hits[numbers, 1] == INFERRED))
    _row, what, a, b, c, d, e = hits[hit].T
    row = hits[hit, 0]
    kind = KIND_OF[what]
    ended = np.concatenate([[False], hit[1:] == hit[:-1]]) if len(hit) else np.zeros(0, bool)
    kind[ended] = ENDED
    moved, started = kind == MOVED, kind == STARTED
    at = np.where(moved | ended, d, np.where(started, c, frame.observed_at[row]))
    price = np.where(moved, c, np.where(started, a, np.where(ended, e, NO_PRICE)))
    price = np.where(kind == NEW, frame.price[row], price)
    return Events(hit, kind, at, np.where(moved, a, NO_PRICE), np.where(moved, b, NO_PRICE), price)


def _many(hits: Ints) -> Ints:
    """How many events each of some hits is that are not plain: promotions make one of each kind."""
    kinds = np.where(np.isin(hits[:, 1], (PROMOTION_ON, PROMOTION_OFF)), hits[:, 2], 1)
    return np.array([mask.bit_count() for mask in kinds.tolist()], np.int64)


def _texts(events: Events, named: Names, products: list[str], sources: list[str]) -> list[str]:
    """What the ids are hashes of, as `streams.noticed` has it."""
    parts = [
        f"{SEPARATOR}{price}" if kind == MOVED else f"{SEPARATOR}inferred" if kind >= STARTED else ""
        for kind, price in zip(events.kind.tolist(), events.price.tolist(), strict=True)
    ]
    of = zip(
        sources, named["competitor"], products, named["seller"], named["price_type"], events.at.tolist(), parts,
        strict=True,
    )  # fmt: skip
    return [f"{a}\x1f{b}\x1f{c}\x1f{d}\x1f{e}\x1f{at}{part}" for a, b, c, d, e, at, part in of]


def _words(words: Sequence[str], codes: Ints) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(codes, mask=codes == NONE))


def _amounts(amounts: Ints) -> pa.Array:
    return pa.array(amounts, mask=amounts == NO_PRICE)


def _array(values: pa.Array | Sequence[object], kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)
