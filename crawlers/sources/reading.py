"""From rows of a source to observations, dead letters, and the list of what was discovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape

from msgspec.structs import replace

from contracts.codec import encode
from contracts.errors import BadRowError, UnreadablePageError
from contracts.money import UNSTATED
from contracts.observations import Observation
from crawlers.items import FailedRow
from crawlers.matching.products import Offered
from crawlers.sources.discovered import Discovered
from crawlers.sources.feeds import Listed, Raw, listed_of
from crawlers.sources.known import KnownProducts
from crawlers.sources.source import Source
from crawlers.storage.pages import PageStore
from crawlers.storage.snapshots import Snapshots, evidence_of

HOPELESS = 1_000  # rows without one that can be used: the mapping is wrong, not the rows
NOTED_AT_ONCE = 500


class Evidence:
    """Keeps rows that say something else than before, as a page the console can show."""

    def __init__(self, store: PageStore, snapshots: Snapshots) -> None:
        self._store, self._snapshots = store, snapshots

    def of(self, seen: Observation, raw: Raw | BadRowError) -> Observation:
        """The observation with the name of its row; the row is kept where its offer has changed."""
        page = _page(raw)
        if self._store.differs(seen.competitor, seen.product_id, _facts(seen)):
            self._snapshots.keep(page)
        return replace(seen, evidence=evidence_of(page))


def _facts(seen: Observation) -> int:
    same = replace(seen, observed_at=0, name="", url="", sku="", match_confidence=1.0, category="")
    return int.from_bytes(sha256(encode(same)).digest()[:8], "big", signed=True)


def _page(raw: Raw | BadRowError) -> bytes:
    rows = [] if isinstance(raw, BadRowError) else raw.items()
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<!doctype html><meta charset="utf-8"><table>{cells}</table>'.encode(errors="replace")


class RowReader:
    """Reads rows; counts them in `outcomes` as "rows" and "bad_rows".

    `currency` where neither row nor source state one.
    """

    def __init__(
        self,
        known: KnownProducts,
        discovered: Discovered,
        evidence: Evidence,
        outcomes: Counter[str],
        currency: str = UNSTATED,
    ) -> None:
        self._products, self._discovered, self._currency = known, discovered, currency
        self._evidence, self._outcomes = evidence, outcomes

    def rows(
        self, numbered: Iterable[tuple[int, Raw | BadRowError]], source: Source, observed_at: int
    ) -> Iterator[Observation | FailedRow]:
        """An observation or a dead letter of every row; UnreadablePageError where none of the first can be used."""
        good, new, pages = 0, list[Offered](), dict[str, str]()
        for number, raw in numbered:
            try:
                listed = _listed(raw, number, source, observed_at, self._currency)
            except BadRowError as error:
                if not good and number >= HOPELESS:
                    raise UnreadablePageError(f"none of {number} rows can be used; the last: {error}") from error
                self._outcomes["bad_rows"] += 1
                yield FailedRow(source.competitor, encode({} if isinstance(raw, BadRowError) else raw), error)
                continue
            good += 1
            self._outcomes["rows"] += 1
            known = self._known(listed.observation, pages)
            if known is None:
                new.append(Offered(source.competitor, listed.product, listed.observation.url))
            if len(new) >= NOTED_AT_ONCE:
                self._note(new, observed_at)
            yield self._evidence.of(listed.observation if known is None else known, raw)
        self._note(new, observed_at)

    def _known(self, seen: Observation, pages: dict[str, str]) -> Observation | None:
        """As the product that is watched; of variants that share its page only the first."""
        known = self._products.known(seen)
        if known is not None and known.product_id != seen.product_id:
            return known if pages.setdefault(seen.url, seen.product_id) == seen.product_id else None
        return known

    def _note(self, new: list[Offered], observed_at: int) -> None:
        if new:
            self._discovered.note(new, observed_at)
            new.clear()


def _listed(raw: Raw | BadRowError, number: int, source: Source, observed_at: int, currency: str) -> Listed:
    if isinstance(raw, BadRowError):
        raise raw
    return listed_of(raw, number, source, observed_at, currency)
