"""Bytes of a page to text, bounded: compressed bombs, wrong charsets, endless pages."""

from __future__ import annotations

import codecs
import re
import zlib

from contracts.errors import UnreadablePageError

MAX_BYTES = 8 * 1024 * 1024  # of the unpacked page; what follows is not looked at

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252"}


def to_text(body: bytes, content_type: str = "") -> str:
    """The page's text, gunzipped where it is packed, at most MAX_BYTES; UnreadablePageError."""
    data = _unpacked(body)[:MAX_BYTES]
    if not data.strip():
        raise UnreadablePageError("a page must not be empty; was nothing but white space")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    if b"\0" in data[:1024]:
        raise UnreadablePageError("a page must be text; was binary data")
    return _decoded(data, _declared(data, content_type))


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error as error:
        raise UnreadablePageError(f"a packed page must be whole gzip; {error}") from error


def _declared(data: bytes, content_type: str) -> str:
    header = _HEADER.search(content_type)
    meta = _META.search(data[:4096])
    name = header.group(1) if header else meta.group(1).decode("ascii", "replace") if meta else "utf-8"
    name = _ALIASES.get(name.lower(), name)
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def _decoded(data: bytes, declared: str) -> str:
    try:
        return data.decode("utf-8")  # nothing but UTF-8 decodes as UTF-8 by chance
    except UnicodeDecodeError as error:
        if declared == "utf-8" and (len(data) >= MAX_BYTES or error.start > len(data) // 2):
            return data.decode("utf-8", "replace")
    if declared != "utf-8":
        return data.decode(declared, "replace")
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


_HALVES = re.compile(
    r"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def whole(script: str) -> str:
    """A script's text without halves of surrogate pairs in its strings: no encoder takes them."""
    return _HALVES.sub("\\\\ufffd", script) if "\\ud" in script or "\\uD" in script else script


MAX_DEPTH = 3_000
_MANY_TAGS = 20_000
_TAG = re.compile(
    r"<(/?)(div|span|b|i|a|em|strong|font|section|table|ul|ol|form|article|dl|blockquote|center|u|small|big|code)\b",
    re.IGNORECASE,
)


def without_abyss(text: str) -> str:
    """The text up to where tags nest deeper than MAX_DEPTH: parsers take quadratic time there."""
    if text.count("<") < _MANY_TAGS:
        return text
    depth = 0
    for tag in _TAG.finditer(text):
        depth += -1 if tag.group(1) else 1
        if depth > MAX_DEPTH:
            return text[: tag.start()]
        depth = max(depth, 0)
    return text
