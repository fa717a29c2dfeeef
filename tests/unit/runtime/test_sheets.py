"""Tables as people keep them: whatever Excel writes is read, or named with what to do."""

from __future__ import annotations

import codecs
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from backtest.importing import ObservationImport
from contracts.errors import BadInputError, BadRecordingError
from contracts.facts import CatalogItem
from runtime.fact_rows import FactFile
from runtime.sheets import Sheet

ROWS = "SKU,Name,Price\nA1,小部件,19.90\n"


def read(path: Path, encoding: str = "") -> list[tuple[int, dict[str | None, str | list[str]]]]:
    return list(Sheet(path, encoding).rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "mark", "stated"),
    [
        ("utf-8", b"", ""),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("utf-16", b"", ""),
        ("gb18030", b"", "gb18030"),
    ],
)
def test_a_table_reads_alike_however_it_is_written(
    tmp_path: Path, delimiter: str, encoding: str, mark: bytes, stated: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(mark + ROWS.replace(",", delimiter).encode(encoding))

    assert read(path, stated) == [(2, {"sku": "A1", "name": "小部件", "price": "19.90"})]


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    path = tmp_path / "in.XLSX"
    book = openpyxl.Workbook()
    for row in (["SKU", "Name", "Price"], [4711.0, "小部件; groß, neu", 19.5], ["B", None, 7]):
        book.worksheets[0].append(row)
    book.save(path)

    assert [values for _, values in read(path)] == [
        {"sku": "4711", "name": "小部件; groß, neu", "price": "19.5"},
        {"sku": "B", "name": "", "price": "7"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "encoding", "says"),
    [
        ("in.csv", "sku\n小部件\n".encode("gb18030"), "", "--encoding: gb18030 for Chinese Excel"),
        ("in.csv", "sku\n小\n".encode("gb18030"), "ascii", "is not ascii"),
        ("in.csv", b"sku\n", "klingon", "unknown encoding"),
        ("in.csv", b'sku\n"' + b"x" * 200_000 + b'"\n', "", "field larger"),
        ("in.xls", b"\xd0\xcf\x11\xe0", "", "save it as .xlsx or CSV"),
        ("in.xlsx", b"not a zip", "", "save it as .xlsx or CSV"),
        ("none.csv", None, "", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, encoding: str, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadInputError, match=says):
        read(path, encoding)


def test_amounts_may_have_a_decimal_comma_where_semicolons_divide_the_values(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text("sku;price;cost;currency\nA;1.234,50;1000;EUR\nB;7.5;7;EUR\nC;1,2,3;7;EUR\n", "utf-8")
    refused: list[Exception] = []

    items = list(FactFile(path, "catalog", "EUR", 0, refused.append).facts())

    assert [(one.sku, one.price_minor) for one in items if isinstance(one, CatalogItem)] == [("A", 123_450), ("B", 750)]
    assert len(refused) == 1
    assert "line 4" in str(refused[0])


def test_observations_are_read_like_other_tables(tmp_path: Path) -> None:
    text = "observed_at;competitor;product_id;price\n2026-01-01;店;p;1.234,50\n2026-01-02;店;p;9.5\n"
    path = tmp_path / "prices.csv"
    path.write_bytes(text.encode("gb18030"))

    (frame,) = list(ObservationImport(path, "EUR", {}, pytest.fail, encoding="gb18030").frames())

    found = [(one.competitor, one.price_minor) for one in frame.observations(np.arange(frame.rows))]
    assert found == [("店", int(Decimal(123450))), ("店", 950)]
    with pytest.raises(BadRecordingError, match="--encoding"):
        list(ObservationImport(path, "EUR", {}, pytest.fail).frames())
