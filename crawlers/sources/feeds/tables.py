"""Products of a CSV or TSV feed, a row a line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from contracts.errors import BadRowError, UnreadablePageError
from crawlers.sources.feeds.opening import Bounded
from runtime.sheets import marked

_DELIMITERS = ("\t", ";", "|", ",")


def records(file: Bounded, delimiter: str = "", encoding: str = "") -> Iterator[dict[str, str] | BadRowError]:
    """Values of each line by its column's name in lower case, blanks as "_"; UnreadablePageError without a header.

    Where nothing is said, the header tells the delimiter and the first bytes the encoding.
    """
    head = file.head()
    # In io.BufferedReader: the text layer above reads no more than it needs for a row or so.
    text = io.TextIOWrapper(io.BufferedReader(file, 16_384), encoding or _encoding(head), "replace", newline="")
    try:
        yield from _rows(text, delimiter)
    finally:
        text.close()


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[dict[str, str] | BadRowError]:
    first = text.readline()
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    header = [normal(name) for name in next(csv.reader([first], delimiter=delimiter), [])]
    if len(header) < 2:
        raise UnreadablePageError(f"a table must begin with the names of its columns; began with {first[:60]!r}")
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRowError(f"line {reader.line_num + 1}: {error}", reader.line_num + 1)
            continue
        if len(values) == len(header):
            yield dict(zip(header, map(str.strip, values), strict=True))
        elif any(values):
            what = f"line {reader.line_num + 1}: {len(header)} values were expected, was {len(values)}"
            yield BadRowError(what, reader.line_num + 1)


def normal(name: str) -> str:
    """A column's name as it is looked up: "Sale Price" and "g:sale_price" are sale_price."""
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def _encoding(head: bytes) -> str:
    if name := marked(head):
        return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last sign may be cut in two
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
