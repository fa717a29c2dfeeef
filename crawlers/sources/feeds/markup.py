"""Products of an XML feed: items of RSS, entries of Atom, or the elements that the source names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from contracts.errors import BadRowError, UnreadablePageError
from crawlers.sources.feeds.cleaning import Cleaned
from crawlers.sources.feeds.opening import Bounded

MOST_FIELDS = 200
MOST_TEXT = 5_000
_ITEMS = ("item", "entry")


def elements(file: Bounded, name: str = "") -> Iterator[dict[str, str] | BadRowError]:
    """Texts of each element's children by their local name in lower case; attributes as "@name".

    Nothing is looked up outside the file. Where the file breaks, the last row is a BadRowError that says where.
    """
    walk = parsed(file, tuple(f"{{*}}{one}" for one in ((name,) if name else _ITEMS)))
    for node in walk:
        yield _fields(node)
        forget(node)
    if walk.broken:
        yield BadRowError(f"the feed ends at {walk.broken}; what follows was not read", walk.line)


class parsed(Iterator[Any]):  # noqa: N801 used as a function
    """Elements of these names as they end. `broken`: where and how the document broke, "" where it did not.

    The parser does not guess: what stands after a broken element may be half a price.
    """

    def __init__(self, file: Bounded, names: tuple[str, ...]) -> None:
        self._text = Cleaned(file)
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=names,
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        self._nodes = iter(self._parser.read_events())
        self.broken, self.line, self._any, self._ended = "", 0, False, False

    def __next__(self) -> Any:
        while True:
            found = next(self._nodes, None)
            if found is not None:
                self._any = True
                return found[1]
            if self._ended:
                break
            self._feed()
        if self.broken and not self._any:
            raise UnreadablePageError(f"XML was expected; {self.broken}")
        raise StopIteration

    def _feed(self) -> None:
        data = self._text.read()
        try:
            if data:
                self._parser.feed(data)
            else:
                self._ended = True
                self._parser.close()
        except etree.XMLSyntaxError as error:
            self.line, self._ended = error.lineno or 0, True
            self.broken = f"line {self.line}: {error.msg}"[:300]
        self._nodes = iter(self._parser.read_events())


def forget(node: Any) -> None:
    """Free an element that was read and everything before it, so that memory does not grow with the file."""
    node.clear()
    while node is not None:
        parent = node.getparent()
        while parent is not None and node.getprevious() is not None:
            del parent[0]
        node = parent


def text_of(node: Any) -> str:
    """An element's own text, without that of the elements in it."""
    text = (node.text or "") + "".join(child.tail or "" for child in node[:MOST_FIELDS])
    return " ".join(text[:MOST_TEXT].split())


def _fields(node: Any) -> dict[str, str]:
    found = {f"@{_local(name)}": value[:MOST_TEXT] for name, value in node.attrib.items()}
    for child in node[:MOST_FIELDS]:
        if not isinstance(child.tag, str):
            continue
        name = _local(child.tag)
        value = text_of(child) or child.get("href") or ""
        if value and name not in found:
            found[name] = value[:MOST_TEXT]
        for inner in child[:20]:
            if isinstance(inner.tag, str) and (value := text_of(inner)):
                found.setdefault(f"{name}.{_local(inner.tag)}", value)
    return found


def _local(name: str) -> str:
    return str(etree.QName(name).localname).lower()
