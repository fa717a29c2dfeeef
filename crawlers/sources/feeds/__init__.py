"""Files with many products, read row by row: memory does not grow with the file.

for number, raw in rows(path, source):      # raw: names in lower case to texts, or a BadRowError
    listed = listed_of(raw, number, source, observed_at)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from contracts.errors import BadRowError, UnreadablePageError
from crawlers.sources.feeds.documents import next_of, objects
from crawlers.sources.feeds.fields import Listed, Raw, listed_of
from crawlers.sources.feeds.markup import elements
from crawlers.sources.feeds.opening import Bounded, kind_of, opened
from crawlers.sources.feeds.tables import records
from crawlers.sources.source import Source

__all__ = ["Listed", "Raw", "listed_of", "next_page", "rows"]

MOST_ROWS = 5_000_000


def rows(path: Path, source: Source) -> Iterator[tuple[int, Raw | BadRowError]]:
    """Numbered rows of a file, packed or not, as text by name; UnreadablePageError where the file is no feed.

    A row that cannot be read is a BadRowError in its place; the rows after it follow.
    """
    with closing(opened(path)) as file:
        number = 0
        for number, row in enumerate(_reader(file, source), 1):
            file.mark()
            if number > MOST_ROWS:
                raise UnreadablePageError(f"a feed may have {MOST_ROWS} rows; {source.url} has more")
            yield number, row


def next_page(path: Path, source: Source) -> str:
    """What a JSON document names as its next page at the path `source.next`; "" where nothing."""
    with closing(opened(path)) as file:
        return next_of(file, source.next)


def _reader(file: Bounded, source: Source) -> Iterator[Raw | BadRowError]:
    kind = source.format or kind_of(file)
    if kind == "xml":
        return elements(file, source.items)
    if kind in ("json", "jsonl"):
        return objects(file, source.items, lines=kind == "jsonl")
    return records(file, "\t" if source.format == "tsv" else "", source.encoding)
