"""Hostile pages end soon, in bounded memory, with an answer or a typed error."""

from __future__ import annotations

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadPageError
from crawlers.extract import extract

URL = "https://shop.example/p/1"
SECONDS = 5.0
GOOD = b"<h1>Chair</h1><p class=price>$9.99</p><button>Add to cart</button>"

HOSTILE = {
    "ten megabytes": GOOD + b"<p>some words</p>" * 650_000,
    "nested": GOOD + b"<div>" * 100_000,
    "nested and closed": GOOD + b"<div>" * 100_000 + b"</div>" * 100_000,
    "nested formatting": GOOD + b"<b><i>" * 50_000,
    "gzip bomb": gzip.compress(GOOD + b" " * 200_000_000, 1),
    "nested items": GOOD + b"<div itemscope itemprop=name>" * 20_000,
    "nested properties": GOOD + b"<div itemscope>" + b"<span itemprop=name>x" * 20_000,
    "wrong charset": b"<meta charset=utf-8>" + GOOD + "Größe".encode("latin-1"),
    "unknown charset": b"<meta charset=klingon>" + GOOD,
    "broken linked data": b'<script type="application/ld+json">{"@type": "Product", "offers": [</script>' + GOOD,
    "deep linked data": b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>" + GOOD,
    "entities": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>&a;</p>' + GOOD,
    "digits": GOOD + b"<p class=price>" + b"1" * 1_000_000 + b"</p>",
    "digits and dots": GOOD + b"<p class=price>$" + b"1.1," * 200_000 + b"</p>",
    "amounts": GOOD + b"<p class=price>$8.00 $7.00 -12%</p>" * 30_000,
    "labels": GOOD + b"<p>was before free shipping over save 10 % off</p>" * 20_000,
    "references": GOOD + b"<div itemscope itemref='a b c' id=a itemprop=b>" * 2_000,
    "spaces": GOOD + b"<p class=price>$" + b" " * 1_000_000 + b"</p>",
    "long classes": GOOD + b"<p class='" + b"price-" * 100_000 + b"'>$1</p>",
    "many scripts": b'<script type="application/ld+json">{"@type":"Product"}</script>' * 20_000 + GOOD,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_bounded(body: bytes) -> None:
    began = time.process_time()
    found = extract(body, URL)
    assert time.process_time() - began < SECONDS
    assert found.price_minor == 999


@given(st.binary(max_size=400), st.text(max_size=400))
def test_whatever_comes_is_an_answer_or_a_typed_error(raw: bytes, text: str) -> None:
    for body in (raw, f"<h1>x</h1><p class=price>{text}</p>".encode()):
        try:
            extract(body, URL)
        except BadPageError:
            continue
