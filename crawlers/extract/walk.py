"""One walk over the parsed page: runs of visible text with their roles, microdata and RDFa items.

The walk keeps its own stack, so a page of 100,000 nested tags costs memory, not recursion,
and it ends after MAX_NODES nodes whatever the page holds.
"""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawlers.extract.flags import AWAY, Flag, of_names

MAX_NODES = 150_000
MOST_MARKS = 12
MOST_REFERENCES = 20
MAX_RUN = 600  # characters of one run of text that are kept

_SKIP = frozenset(
    {"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select", "math", "textarea"}
)
_BLOCKS = frozenset(
    [
        "div",
        "p",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "td",
        "th",
        "tr",
        "table",
        "tbody",
        "thead",
        "section",
        "article",
        "aside",
        "main",
        "header",
        "footer",
        "nav",
        "form",
        "fieldset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "br",
        "hr",
        "button",
        "label",
        "figure",
        "body",
        "a",
        "option",
        "blockquote",
        "address",
        "details",
        "summary",
    ]
)
_APART = frozenset({"nav", "footer"})  # hold nothing of the product, unless its title is in there by mistake
_REGIONS = {
    "aside": Flag.OTHER,
    "nav": Flag.OTHER,
    "footer": Flag.OTHER,
    "h1": Flag.TITLE,
    "sup": Flag.CENTS,
    **dict.fromkeys(("del", "s", "strike"), Flag.OLD),
}
_ITEM_MARKS = frozenset({"itemprop", "itemscope", "property", "typeof"})
_LOOSE = frozenset({"price", "priceCurrency"})
_NAMES = frozenset(
    {"class", "id", "data-testid", "data-test", "data-qa", "data-role", "itemprop", "data-automation-id"}
)
_STYLE_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_STYLE_STRUCK = re.compile(r"line-through", re.IGNORECASE)


Marks = tuple[tuple[int, int], ...]


class Run:
    """A stretch of visible text within one block and one set of roles."""

    __slots__ = ("flags", "marks", "order", "tag", "text")

    def __init__(self, flags: int, marks: Marks, order: int, tag: str) -> None:
        self.text = ""
        self.flags = flags
        self.order = order
        self.tag = tag
        self.marks = marks

    def add(self, piece: str, cents: bool) -> None:
        """Append a text node's content, marks of decimals kept together."""
        if len(self.text) > MAX_RUN:
            return
        piece = " ".join(piece[:MAX_RUN].split())
        if not self.text:
            self.text = piece
        elif cents and self.text[-1].isdigit() and piece[:2].isdigit():
            self.text += "." + piece
        elif (self.text[-1].isdigit() and piece[0] in ".,") or (self.text[-1] in ".," and piece[0].isdigit()):
            self.text += piece
        else:
            self.text += " " + piece


class Item(dict[str, Any]):
    """A microdata or RDFa item in the shape of JSON-LD: "@type" and properties."""


class Walked:
    """What one walk found: runs in reading order, items of both notations, buttons' texts."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.microdata: list[Item] = []
        self.rdfa: list[Item] = []
        self.title_at: int | None = None
        self.title = ""

    def settle(self, head_title: str) -> None:
        """Find the product's title and give every run the roles that do not hold for the title as well."""
        title = _title_run(self.runs, head_title)
        if title is not None:
            self.title_at, self.title = title.order, title.text
        common = set(title.marks) if title is not None else set()
        for run in self.runs:
            for mark in run.marks:
                if mark not in common:
                    run.flags |= mark[1]


class _Frame:
    """What everything inside an element inherits."""

    __slots__ = ("block", "flags", "marks", "micro", "open", "price_root", "rdfa", "tag")

    flags: int
    block: int
    price_root: int
    micro: Item | None
    rdfa: Item | None
    open: tuple[tuple[Item, str], ...]
    tag: str
    marks: Marks

    def __init__(self, parent: _Frame | None = None) -> None:
        if parent is not None:
            self.flags, self.block, self.price_root = parent.flags, parent.block, parent.price_root
            self.micro, self.rdfa, self.open = parent.micro, parent.rdfa, parent.open
            self.tag, self.marks = parent.tag, parent.marks
            return
        self.flags, self.block, self.price_root = Flag.NONE, 0, 0
        self.micro, self.rdfa, self.open = None, None, ()
        self.tag, self.marks = "body", ()


def walk(tree: LexborHTMLParser) -> Walked:
    """Walk the body once; stops quietly after MAX_NODES nodes."""
    return _Walker().walk(tree)


class _Walker:
    def __init__(self) -> None:
        self.found = Walked()
        self.serial = 0
        self.key: tuple[int, int, Marks, int] | None = None
        self.loose = Item({"@type": "PriceSpecification"})  # properties of an offer whose frame the shop forgot
        self.wanted: list[tuple[Item, str]] = []  # items and the ids of elements elsewhere that hold more of them
        self.apart: dict[str, Item] = {}  # and what stands at those ids

    def walk(self, tree: LexborHTMLParser) -> Walked:
        root = tree.body or tree.root
        if root is None:
            return self.found
        self.apart = {name: Item() for name in _referenced(tree)}
        self._nodes(root)
        for item, name in self.wanted:
            for key, value in self.apart.get(name, Item()).items():
                _put(item, key, value)
        if isinstance(self.loose.get("price"), str) and not self.found.microdata:  # one price, so it is no list
            self.found.microdata.append(self.loose)
        self.found.settle(_head_title(tree))
        return self.found

    def _nodes(self, root: LexborNode) -> None:
        """All nodes in document order; `waiting`: where to go on after what is inside has ended."""
        waiting: list[tuple[LexborNode, _Frame]] = []
        node, frame, after = root, _Frame(), None
        for _ in range(MAX_NODES):
            tag = node.tag
            if tag == "-text":
                text = node.text_content
                if text and not text.isspace():
                    self._text(text, frame)
            elif tag is not None and tag not in _SKIP and tag[0] not in "-!_":
                inner = self._enter(node, tag, frame)
                if inner is not None and (child := node.first_child) is not None:
                    if after is not None:
                        waiting.append((after, frame))
                    node, frame, after = child, inner, child.next
                    continue
            if after is not None:
                node = after
            elif waiting:
                node, frame = waiting.pop()
            else:
                return
            after = node.next

    def _enter(self, node: LexborNode, tag: str, parent: _Frame) -> _Frame | None:
        if tag in _APART and node.css_first("h1") is None:
            return None
        attributes = node.attributes
        is_block = tag in _BLOCKS
        flags = self._flags(tag, attributes) if attributes else _REGIONS.get(tag, Flag.NONE)
        item = not _ITEM_MARKS.isdisjoint(attributes)
        if self.apart and parent.micro is None and attributes.get("id") in self.apart:
            parent = _Frame(parent)
            parent.micro = self.apart[attributes["id"] or ""]
        if not is_block and not item and not flags & ~parent.flags:
            return parent
        self.serial += 1
        frame = _Frame(parent)
        if is_block:
            frame.block, frame.tag = self.serial, tag
        if flags:
            frame.flags |= flags & ~AWAY
            if flags & AWAY:
                frame.marks = (*frame.marks[-MOST_MARKS:], (self.serial, flags & AWAY))
            if flags & Flag.PRICE and not parent.flags & Flag.PRICE:
                frame.price_root = self.serial
        if item:
            self._items(tag, attributes, frame)
        return frame

    def _items(self, tag: str, attributes: dict[str, str | None], frame: _Frame) -> None:
        if "itemprop" in attributes or "itemscope" in attributes:
            self._micro(tag, attributes, frame)
        if "property" in attributes or "typeof" in attributes:
            self._rdfa(tag, attributes, frame)

    def _flags(self, tag: str, attributes: dict[str, str | None]) -> int:
        flags = _REGIONS.get(tag, Flag.NONE)
        names = ""
        for key, value in attributes.items():
            if key in _NAMES and value:
                names = f"{names} {value}" if names else value
            elif key == "style" and value and ("none" in value or "hidden" in value or "through" in value):
                flags |= Flag.HIDDEN if _STYLE_HIDDEN.search(value[:300]) else Flag.NONE
                flags |= Flag.OLD if _STYLE_STRUCK.search(value[:300]) else Flag.NONE
            elif key == "hidden":
                flags |= Flag.HIDDEN
        return flags | of_names(names[:300]) if names else flags

    def _text(self, text: str, frame: _Frame) -> None:
        if frame.open:
            for item, name in frame.open[-3:]:
                held = item.get(name)
                if isinstance(held, str) and len(held) < MAX_RUN:
                    item[name] = f"{held} {text.strip()}".strip()
        key = (frame.block, frame.price_root, frame.marks, frame.flags & (Flag.PRICE | Flag.STOCK | Flag.BUY))
        if key != self.key or not self.found.runs:
            self.found.runs.append(Run(frame.flags, frame.marks, len(self.found.runs), frame.tag))
            self.key = key
        run = self.found.runs[-1]
        run.flags |= frame.flags
        run.add(text.strip(), bool(frame.flags & Flag.CENTS))

    def _micro(self, tag: str, attributes: dict[str, str | None], frame: _Frame) -> None:
        holder, names = frame.micro, (attributes.get("itemprop") or "").split()
        if "itemscope" in attributes:
            item = Item({"@type": _short(attributes.get("itemtype"))})
            self._hold(holder, names, item, self.found.microdata)
            self.wanted.extend((item, name) for name in (attributes.get("itemref") or "").split()[:MOST_REFERENCES])
            frame.micro = item
        elif holder is not None or not _LOOSE.isdisjoint(names):
            self._value(self.loose if holder is None else holder, names, tag, attributes, frame)

    def _rdfa(self, tag: str, attributes: dict[str, str | None], frame: _Frame) -> None:
        holder, names = frame.rdfa, [_local(name) for name in (attributes.get("property") or "").split()]
        if "typeof" in attributes:
            item = Item({"@type": _local((attributes.get("typeof") or "").split(" ")[0])})
            self._hold(holder, names, item, self.found.rdfa)
            frame.rdfa = item
        elif holder is not None:
            self._value(holder, names, tag, attributes, frame)

    @staticmethod
    def _hold(holder: Item | None, names: list[str], item: Item, top: list[Item]) -> None:
        if holder is None or not names:
            if len(top) < 500:
                top.append(item)
            return
        for name in names:
            _put(holder, name, item)

    @staticmethod
    def _value(holder: Item, names: list[str], tag: str, attributes: dict[str, str | None], frame: _Frame) -> None:
        stated = next(
            (
                v
                for k in ("content", "href" if tag in ("link", "a") else "", "value", "datetime")
                if k and (v := attributes.get(k))
            ),
            None,
        )
        for name in names:
            if stated is not None and not (tag == "a" and name not in ("url", "availability")):
                _put(holder, name, stated)
            elif name not in holder:
                holder[name] = ""
                frame.open = (*frame.open, (holder, name))


def _put(holder: Item, name: str, value: object) -> None:
    held = holder.get(name)
    if held is None or held == "":
        holder[name] = value
    elif isinstance(held, list):
        if len(held) < 200:
            held.append(value)
    else:
        holder[name] = [held, value]


def _short(kind: str | None) -> str:
    return (kind or "").split(" ")[0].rstrip("/").rpartition("/")[2]


def _local(name: str) -> str:
    return re.split(r"[/#:]", name)[-1]


def _referenced(tree: LexborHTMLParser) -> set[str]:
    nodes = tree.css("[itemref]")[:MOST_REFERENCES]
    return {name for node in nodes for name in (node.attributes.get("itemref") or "").split()[:MOST_REFERENCES]}


def _head_title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("title")
    return (node.text() or "")[:300] if node is not None else ""


def _title_run(runs: list[Run], head_title: str) -> Run | None:
    """The heading that shares most words with the document's title; the first among equals."""
    words = _words(head_title)
    best, most = None, -1.0
    for run in runs:
        if run.tag == "h1" or run.flags & Flag.TITLE:
            own = _words(run.text)
            share = len(own & words) / (len(own) or 1) + (0.5 if run.tag == "h1" else 0.0)
            if share > most:
                best, most = run, share
    return best


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
