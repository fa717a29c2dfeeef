"""Objects inside scripts: JSON, and the object literals of JavaScript that hold nothing but data; never executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_LITERAL = 400_000  # characters of one literal that is not JSON
MAX_TOKENS = 60_000
MAX_STARTS = 300
_STARTS = re.compile(r"(?:=|\.push\()\s{0,4}(?=[\[{]|JSON\.parse\()")
_NAME = re.compile(r"[\w$.]{2,60}(?=['\"\]]{0,3}\s{0,4}$)")
_PARSE = re.compile(r"JSON\.parse\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_TOKEN = re.compile(
    r"(?:\s++|//[^\n]*+\n|/\*.{0,2000}?\*/)*+"
    r"(?:([{}\[\],:])|(\"(?:[^\"\\\n]|\\.)*\"|-?\d[\d.]*(?:[eE][-+]?\d+)?)|('(?:[^'\\\n]|\\.)*')|([A-Za-z_$][\w$]*))?",
    re.DOTALL,
)
_MARK, _PLAIN_JSON, _SINGLE_QUOTED = 1, 2, 3  # its groups; the fourth is a word
_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})")
_QUOTES = re.compile(r"\\.|\"", re.DOTALL)
_DECODER = json.JSONDecoder(parse_float=str, strict=False)
_NULLS = {"undefined", "NaN", "Infinity", "void"}


def assigned(script: str) -> Iterator[tuple[str, Any]]:
    """(name, value) of the objects a script assigns or pushes, in order; what holds more than data is left out."""
    at = 0
    for _ in range(MAX_STARTS):
        start = _STARTS.search(script, at)
        if start is None:
            return
        named = _NAME.search(script, max(0, start.start() - 64), start.start())
        value, at = _value(script, start.end())
        if isinstance(value, (dict, list)) and value:
            yield named.group() if named else "script", value


def _value(script: str, start: int) -> tuple[Any, int]:
    if quoted := _PARSE.match(script, start):
        return loads(_plain(_unquoted(quoted.group(1)))), quoted.end()
    try:
        value, end = _DECODER.raw_decode(script, start)
    except (ValueError, RecursionError):
        text, end = as_json(script, start)
        value = loads(text) if text else None
    return value, max(end, start + 1)


def loads(text: str) -> Any:
    """A JSON value with fractions as text; None where it is none."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def as_json(script: str, start: int) -> tuple[str, int]:
    """The literal at `start` as JSON text, and where it ends; "" where it holds more than data."""
    out: list[str] = []
    depth, at, stop = 0, start, start + MAX_LITERAL
    for _ in range(MAX_TOKENS):
        token = _TOKEN.match(script, at, stop)
        at = token.end() if token else at
        if token is None or token.lastindex is None:
            return "", at
        text = token[token.lastindex]
        if token.lastindex == _MARK:
            if text in "{[":
                depth += 1
            elif text in "}]":
                depth -= 1
                if out and out[-1] == ",":
                    out.pop()
        elif token.lastindex != _PLAIN_JSON:
            text = _unquoted(text) if token.lastindex == _SINGLE_QUOTED else _word(text)
        out.append(text)
        if depth == 0:
            return "".join(out), at
    return "", at


def _word(text: str) -> str:
    return text if text in ("true", "false", "null") else "null" if text in _NULLS else json.dumps(text)


def _unquoted(text: str) -> str:
    """A quoted JavaScript string as a JSON string."""
    if text[0] == '"':
        return _HEX.sub(r"\\u00\1", text)
    return '"' + _QUOTES.sub(_requoted, _HEX.sub(r"\\u00\1", text[1:-1])) + '"'


def _requoted(found: re.Match[str]) -> str:
    text = found.group()
    return '\\"' if text == '"' else "'" if text == "\\'" else text


def _plain(text: str) -> str:
    value = loads(text)
    return value if isinstance(value, str) else ""
