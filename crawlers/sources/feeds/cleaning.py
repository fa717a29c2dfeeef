"""XML as shops write it to XML as it must be: bare ampersands, signs that are none, entities of HTML, wrong bytes.

No entity but the five of XML is left, so nothing a document declares is ever put in.
"""

from __future__ import annotations

import codecs
import re
from html import escape
from html.entities import html5

from crawlers.sources.feeds.opening import Bounded

PIECE = 32_768
_HELD = 48  # the longest reference or mark that may be cut in two
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OPEN, _CLOSE = "<![CDATA[", "]]>"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_BARE = re.compile(r"<(?![A-Za-z_:/!?\u0080-\U0010ffff])")
_AMPERSAND = re.compile(r"&(?:(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)?")
_FIVE = frozenset({"amp", "lt", "gt", "quot", "apos"})


class Cleaned:
    """A document piece by piece, in UTF-8."""

    def __init__(self, file: Bounded) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(_encoding(file.head()))("replace")
        self._held, self._inside, self._ended = "", False, False

    def read(self) -> bytes:
        """The next piece; empty at the end."""
        out = ""
        while not out and not self._ended:
            data = self._file.read(PIECE) or b""
            self._ended = not data
            out = self._cleaned(self._held + self._decoder.decode(data, self._ended))
        return out.encode("utf-8", "replace")

    def _cleaned(self, text: str) -> str:
        """What of the text can be passed on; the rest is held."""
        out = []
        while True:
            mark = _CLOSE if self._inside else _OPEN
            at = text.find(mark)
            if at < 0:
                break
            out += [self._clean(text[:at]), mark]
            text, self._inside = text[at + len(mark) :], not self._inside
        cut = len(text) if self._ended else _cut(text)
        self._held = text[cut:]
        return "".join([*out, self._clean(text[:cut])])

    def _clean(self, text: str) -> str:
        text = _CONTROL.sub("", text)
        return text if self._inside else _AMPERSAND.sub(_reference, _BARE.sub("&lt;", text))


def _cut(text: str) -> int:
    """Where the text may be cut without cutting a mark or reference."""
    least = max(0, len(text) - _HELD)
    places = [place for sign in "&<]" if (place := text.find(sign, least)) >= 0]
    return min(places, default=len(text))


def _reference(found: re.Match[str]) -> str:
    name = found.group(1)
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        number = int(f"0{name[1:]}" if name[1] in "xX" else name[1:].lstrip("0") or "0", 0)
        sign = chr(number) if number <= 0x10FFFF else ""
        return "" if not sign or _CONTROL.match(sign) else f"&#{number};"
    if name in _FIVE:
        return found.group()
    known = html5.get(f"{name};")
    return f"&amp;{name};" if known is None else escape(known)


def _encoding(head: bytes) -> str:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    declared = _DECLARED.match(head.lstrip())
    try:
        return codecs.lookup(declared.group(1).decode("ascii") if declared else "utf-8").name
    except LookupError:
        return "utf-8"
