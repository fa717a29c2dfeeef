"""Visits of watched pages: what to ask a server for, what its answer says, what of it is remembered and kept."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.codec import encode
from contracts.errors import BadPageError
from contracts.ids import content_hash
from contracts.money import UNSTATED
from contracts.observations import Observation
from crawlers.extract.blocked import BLOCK_STATUSES
from crawlers.extract.overrides import NONE, Shop, Shops
from crawlers.metrics import UNCHANGED
from crawlers.pages.observe import Answer, observe
from crawlers.pages.watchlist import Row
from crawlers.storage.conditional import WHOLE_EVERY_MS, conditions, header_value
from crawlers.storage.pages import KEPT_MS, UNKNOWN, Identity, Page, PageStore, merged
from crawlers.storage.snapshots import Snapshots

NOT_MODIFIED = 304
TWICE = 2  # a price that is doubted is believed when it comes again: both pages are its evidence
RULES = 1  # rises when pages are read otherwise: what was read before is then no answer any more


class Visits:
    """Reads answers with what is stored of earlier ones.

    `currency` where a page states none; `shops`: page objects.
    """

    def __init__(
        self, store: PageStore, snapshots: Snapshots, shops: Shops = NONE, currency: str = UNSTATED, rules: int = RULES
    ) -> None:
        self._store, self._snapshots, self._shops, self._currency = store, snapshots, shops, currency
        self._reading = content_hash(encode((shops, currency, rules)))[:16]

    def shop(self, row: Row) -> Shop | None:
        """The page object of a row's page; None where there is none."""
        return self._shops.of(row.url)

    def headers(self, row: Row, now_ms: int) -> dict[str, str]:
        """Headers that ask for a page only if it has changed; none where it must come whole."""
        page = self._store.page(row.competitor, row.url)
        if page is None or page.reading != self._reading or now_ms - page.whole_at > WHOLE_EVERY_MS:
            return {}
        return conditions(page)

    def read(self, row: Row, answer: Answer, wanted: bool = False) -> Observation:
        """What the answer says of the row's product; BadPageError. The page is kept where it says something new.

        `wanted`: somebody asked for this visit, so its page is kept in any case.
        """
        page = self._store.page(row.competitor, row.url) or Page()
        if answer.status == NOT_MODIFIED:
            return self._confirmed(row, answer, page)
        try:
            if answer.status >= 400 and answer.status not in BLOCK_STATUSES:
                raise BadPageError(f"a product page was expected at {row.url}; was HTTP status {answer.status}")
            seen = observe(row, answer, self._currency, self._shops, _known(page, answer))
        except BadPageError as error:
            self._failed(row, answer, page, error)
            raise
        same = page.same + 1 if _facts(page.seen) == _facts(seen.observation) and not page.failure else 1
        if wanted or same <= TWICE:
            self._snapshots.keep(answer.body)
        identity = merged(seen.identity, page.identity)
        read = Page(seen.observation, same=same, identity=identity, reading=self._reading)
        self._learn(row, _whole(answer, read), answer.observed_at)
        return seen.observation

    def identity(self, row: Row) -> Identity:
        """What a page was of when it was last read."""
        page = self._store.page(row.competitor, row.url)
        return UNKNOWN if page is None else page.identity

    def prune(self, now_ms: int) -> None:
        """Remove what is too old or too much."""
        self._store.prune(now_ms)
        self._snapshots.prune(now_ms)

    def _confirmed(self, row: Row, answer: Answer, page: Page) -> Observation:
        """The last observation, seen again now."""
        if page.seen is None or page.reading != self._reading or page.url != answer.url:
            self._learn(row, replace(page, etag="", last_modified=""), answer.observed_at)
            raise BadPageError(f"a whole page was expected at {row.url}; was HTTP status 304")
        UNCHANGED.labels(row.competitor).inc()
        seen = replace(
            page.seen,
            product_id=row.product,
            observed_at=answer.observed_at,
            sku=row.sku,
            match_confidence=row.match_confidence,
            category=row.category,
        )
        self._learn(row, replace(page, seen=seen, same=page.same + 1, failure=""), answer.observed_at)
        return seen

    def _failed(self, row: Row, answer: Answer, page: Page, error: BadPageError) -> None:
        if answer.body and page.failure != error.code:
            self._snapshots.keep(answer.body)
        known = Page(page.seen, page.whole_at, failure=error.code, identity=page.identity)
        self._learn(row, known, answer.observed_at)

    def _learn(self, row: Row, page: Page, now_ms: int) -> None:
        self._store.learn(row.competitor, row.url, page, now_ms)


def _known(page: Page, answer: Answer) -> Identity:
    """What the page was of, unless that was long ago: shops give old addresses to new products."""
    return page.identity if answer.observed_at - page.whole_at <= KEPT_MS else UNKNOWN


def _whole(answer: Answer, page: Page) -> Page:
    """The page with what its server says about the answer."""
    return replace(
        page,
        whole_at=answer.observed_at,
        url=answer.url,
        etag=header_value(answer.etag),
        last_modified=header_value(answer.last_modified),
    )


def _facts(seen: Observation | None) -> Observation | None:
    """An observation without what differs although the offer is the same."""
    if seen is None:
        return None
    return replace(seen, observed_at=0, evidence="", name="", sku="", match_confidence=1.0, category="")
