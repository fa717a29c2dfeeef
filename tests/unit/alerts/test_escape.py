"""Whatever a shop writes into a title stays words: in HTML, in chats, in spreadsheets, in one line."""

from __future__ import annotations

import html
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.escape import clean, for_chat, for_csv, for_html, link

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](https://evil.example)",
    "<!channel> <@U123> @all",
    "*bold* _it_ `code` ~~gone~~ # head",
    "=HYPERLINK(\"https://evil.example\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2+3",
    "\t=1+1",
    "\r\nBcc: everyone@example.org",
    "abc\u202egpj.exe",
    "zero\u200bwidth\ufeff",
    "line\u2028break\x00\x1b[31m",
    "<at id=all></at>",
    "{{7*7}} ${x} %s {0}",
]  # fmt: skip
titles = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=300), st.text("<>&\"'*_[]()=+-@\r\n\t\u202e|`", max_size=60)
)


class Elements(HTMLParser):
    """Counts what a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found += 1

    def handle_endtag(self, tag: str) -> None:
        self.found += 1

    def handle_comment(self, data: str) -> None:
        self.found += 1

    def handle_decl(self, decl: str) -> None:
        self.found += 1

    def handle_data(self, data: str) -> None:
        self.text += data


@given(titles)
def test_html_shows_the_words_and_has_no_element(title: str) -> None:
    parser = Elements()
    parser.feed(f"{for_html(title)}")
    parser.close()

    assert parser.found == 0
    assert parser.text == clean(title)
    assert not set(for_html(title)) & set("<>\"'")
    assert html.unescape(for_html(title)) == clean(title)


@given(titles)
def test_a_chat_sees_no_markup_mention_or_link(title: str) -> None:
    shown = for_chat(title)

    assert not set(shown) & set("*_~`[]<>#|\\@!&\n\r")
    assert "://" not in shown
    assert unicodedata.normalize("NFKC", shown).split() == unicodedata.normalize("NFKC", clean(title)).split()


@given(titles)
def test_a_spreadsheet_sees_no_formula(title: str) -> None:
    assert for_csv(title)[:1] not in tuple("=+-@\t\r＝＋－＠")
    assert for_csv(title).removeprefix("'") == clean(title).removeprefix("'")


@given(titles)
def test_a_cleaned_text_is_one_line_that_reads_as_it_is_written(title: str) -> None:
    shown = clean(title)

    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cf", "Cs"}
    assert clean(shown) == shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.example/\" onclick=\"x",
        "https://a.example/)[x](https://b.example",
        "https://a.example/<b>",
        "//a.example",
        "https://a.example/x y",
        "https://a.example/\u202e",
        "",
        "https://" + "a" * 3_000,
    ],
)  # fmt: skip
def test_only_a_plain_web_address_is_a_link(url: str) -> None:
    assert link(url) == ""


def test_a_web_address_stays() -> None:
    assert link(" https://a.example/p/1?a=1&b=%20 ") == "https://a.example/p/1?a=1&b=%20"
