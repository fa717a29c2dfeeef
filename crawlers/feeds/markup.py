"""Products of an XML feed: items of RSS, entries of Atom, or the elements that the source names."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from lxml import etree

from contracts.errors import BadRowError, UnreadablePageError
from crawlers.feeds.opening import Bounded

MOST_FIELDS = 200
MOST_TEXT = 5_000
_ITEMS = ("item", "entry")
_TOLERATED = frozenset({"ERR_UNDECLARED_ENTITY", "WAR_UNDECLARED_ENTITY", "NS_ERR_UNDEFINED_NAMESPACE"})


def elements(file: Bounded, name: str = "") -> Iterator[dict[str, str] | BadRowError]:
    """Texts of each element's children by their local name in lower case; attributes as "@name".

    No entity is looked up outside the file and none of its own is put in. Where the file breaks, the
    last row is a BadRowError that says where.
    """
    walk = parsed(file, tuple(f"{{*}}{one}" for one in ((name,) if name else _ITEMS)))
    for node in walk:
        yield _fields(node)
        forget(node)
    if walk.broken:
        yield BadRowError(f"the feed ends at {walk.broken}; what follows was not read", walk.line)


class parsed(Iterator[Any]):  # noqa: N801 used as a function
    """Elements of these names as they end. `broken`: where and how the document broke, "" where it did not."""

    def __init__(self, file: Bounded, names: tuple[str, ...]) -> None:
        self._events = etree.iterparse(
            file,
            events=("end",),
            tag=names,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=True,
            remove_comments=True,
            remove_pis=True,
        )
        self.broken, self.line, self._any = "", 0, False

    def __next__(self) -> Any:
        try:
            _, node = next(self._events)
        except StopIteration:
            self._end()
            raise
        except etree.XMLSyntaxError as error:
            self.broken, self.line = f"line {error.lineno}: {error.msg}"[:300], error.lineno or 0
            self._must_be_xml()
            raise StopIteration from error
        self._any = True
        return node

    def _end(self) -> None:
        errors = [e for e in self._events.error_log if e.level_name == "FATAL" and e.type_name not in _TOLERATED]
        if errors:
            self.broken, self.line = f"line {errors[0].line}: {errors[0].message}"[:300], errors[0].line
        self._must_be_xml()

    def _must_be_xml(self) -> None:
        if self.broken and not self._any:
            raise UnreadablePageError(f"XML was expected; {self.broken}")


def forget(node: Any) -> None:
    """Free an element that was read and everything before it, so that memory does not grow with the file."""
    node.clear()
    while node is not None:
        parent = node.getparent()
        while parent is not None and node.getprevious() is not None:
            del parent[0]
        node = parent


def text_of(node: Any) -> str:
    """An element's own text. Of entities only those of HTML are known; others are left out."""
    text = node.text or ""
    for child in node:
        if child.tag is etree.Entity:
            known = html.unescape(child.text)
            text += known if known != child.text else ""
        text += child.tail or ""
        if len(text) > MOST_TEXT:
            break
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
