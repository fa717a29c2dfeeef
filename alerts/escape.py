"""Words from a shop's page made harmless for where they are shown. Everything such a page says is hostile."""

from __future__ import annotations

import html
import unicodedata

# Chat services differ in how (and whether) Markdown is escaped, so marks become their full-width twins,
# which read the same and mean nothing anywhere.
_MARKS = {ord(mark): ord(mark) + 0xFEE0 for mark in "*_~`[]<>#|\\@!&"}
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, marks of direction, halves of letters
_FORMULA = "=+-@\t\r＝＋－＠"
LONGEST = 500


def clean(text: str) -> str:
    """One line without controls or marks that turn the direction of writing."""
    shown = text[: 4 * LONGEST]
    if not shown.isprintable():  # so are all letters but those of the categories here, and other spaces than our own
        shown = "".join(letter if unicodedata.category(letter) not in _NOT_SHOWN else " " for letter in shown)
    return " ".join(shown.split())[:LONGEST]


def for_html(text: str) -> str:
    """For an element's text or a quoted attribute."""
    return html.escape(clean(text), quote=True)


def for_chat(text: str) -> str:
    """For the Markdown of Feishu, DingTalk, WeCom and Slack: no formatting, mention or link comes of it."""
    return clean(text).translate(_MARKS).replace("://", "：//")


def for_csv(text: str) -> str:
    """For a cell of a CSV file that a spreadsheet opens: never a formula."""
    plain = clean(text)
    return f"'{plain}" if plain.startswith(tuple(_FORMULA)) else plain


def link(url: str) -> str:
    """The URL where it is one of the web without anything that ends an attribute or a link, else nothing."""
    plain = url.strip()
    harmless = all(33 <= ord(letter) < 127 and letter not in "\"'<>()[]\\`|^{}" for letter in plain)
    return plain if harmless and plain.startswith(("https://", "http://")) and len(plain) <= 2_000 else ""
