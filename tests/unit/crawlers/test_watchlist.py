"""Rows of a watchlist: what is wrong is said with its line, the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from crawlers.pages.watchlist import Watchlist, read

HEADER = "competitor,url,sku\n"


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[str], Watchlist]:
    def parsed(text: str) -> Watchlist:
        path = tmp_path / "watchlist.csv"
        path.write_text(text, "utf-8")
        return read(path)

    return parsed


def test_rows_are_read_with_optional_columns(parse: Callable[[str], Watchlist]) -> None:
    text = "sku,competitor,url,product_id,match_confidence\nS1,shop,https://shop.example/p/1?v=2,77,0.8\n"
    (row,) = parse(text).rows
    assert (row.sku, row.competitor, row.product, row.match_confidence) == ("S1", "shop", "77", 0.8)


def test_without_an_id_the_path_names_the_product(parse: Callable[[str], Watchlist]) -> None:
    (row,) = parse(HEADER + "shop,https://shop.example/p/1?v=2,S1\n").rows
    assert row.product == "p/1?v=2"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",https://shop.example/1,S", "competitor"),
        ("shop,ftp://shop.example/1,S", "http"),
        ("shop,,S", "http"),
        ("shop,http://[broken,S", "http"),
        ("shop,https://shop.example/1,S,too,many", "more values"),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(parse: Callable[[str], Watchlist], line: str, says: str) -> None:
    found = parse(f"{HEADER}shop,https://shop.example/0,S\n{line}\nshop,https://shop.example/2,S\n")
    assert [row.line for row in found.rows] == [2, 4]
    (error,) = found.errors
    assert error.line == 3
    assert "line 3" in str(error)
    assert says in str(error)


def test_the_same_page_twice_is_an_error_of_the_second_row(parse: Callable[[str], Watchlist]) -> None:
    found = parse(HEADER + "shop,https://shop.example/1,S\nshop,https://shop.example/1,T\n")
    assert len(found.rows) == 1
    assert "on line 2" in str(found.errors[0])


def test_a_missing_column_or_file_is_bad_input(parse: Callable[[str], Watchlist], tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="lacks the column url"):
        parse("competitor,sku\n")
    with pytest.raises(BadInputError, match="cannot be read"):
        read(tmp_path / "none.csv")
