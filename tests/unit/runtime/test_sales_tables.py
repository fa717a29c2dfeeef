"""Tables of sales as people keep them: weeks, days, words, flags and what is wrong with them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from contracts.errors import BadInputError
from runtime.sales_tables import read_events, read_sales

ROWS = [
    ("SKU", "Date", "Units", "Price", "Promotion", "Category", "Shop"),
    ("01", "2026-03-02", "3", "1.50", "yes", "tea", "7"),
    ("01", "2026-03-03", "", "2", "no", "tea", "7"),
    ("02", "2026-03-02", "4", "", "no", "tea", "7"),
    ("03", "2026-03-02", "5.5", "9", "no", "milk", "8"),
    ("04", "2026-03-02", "0", "9", "no", "milk", "8"),
]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def as_csv(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    comma = delimiter != ","
    rows = [
        [cell.replace(".", ",") if comma and number == 3 else cell for number, cell in enumerate(row)] for row in ROWS
    ]
    return write(path, "\n".join(delimiter.join(row) for row in rows) + "\n", encoding)


def as_workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.worksheets[0].append([date.fromisoformat(cell) if cell.startswith("2026") else cell for cell in row])
    book.save(path)
    return path


def as_parquet(path: Path) -> Path:
    columns: dict[str, list[object]] = {name: list(column) for name, *column in zip(*ROWS, strict=True)}
    for name in ("Units", "Price"):
        columns[name] = [float(str(cell)) if cell else None for cell in columns[name]]
    columns["Date"] = [date.fromisoformat(str(cell)) for cell in columns["Date"]]
    columns["Promotion"] = [cell == "yes" for cell in columns["Promotion"]]
    columns["Shop"] = [int(str(cell)) for cell in columns["Shop"]]
    parquet.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("form", ["comma", "semicolon", "tab", "utf-16", "workbook", "parquet"])
def test_a_table_reads_alike_in_every_form(tmp_path: Path, form: str) -> None:
    forms = {
        "comma": lambda: as_csv(tmp_path / "s.csv"),
        "semicolon": lambda: as_csv(tmp_path / "s.csv", ";"),
        "tab": lambda: as_csv(tmp_path / "s.txt", "\t"),
        "utf-16": lambda: as_csv(tmp_path / "s.csv", "\t", "utf-16"),
        "workbook": lambda: as_workbook(tmp_path / "s.xlsx"),
        "parquet": lambda: as_parquet(tmp_path / "s.parquet"),
    }
    rows = read_sales(forms[form]())

    assert rows.step == "day"
    assert rows.names == ("01", "02", "03", "04")
    assert rows.series.tolist() == [0, 0, 1, 2, 3]
    assert [date.fromordinal(day).isoformat() for day in rows.start.tolist()[:2]] == ["2026-03-02", "2026-03-03"]
    assert np.array_equal(rows.units, [3, np.nan, 4, 5.5, 0], equal_nan=True)
    assert np.array_equal(rows.numbers["price"], [1.5, 2, np.nan, 9, 9], equal_nan=True)
    assert rows.numbers["promotion"].tolist() == [1, 0, 0, 0, 0]
    assert rows.texts == {"category": ("tea", "tea", "tea", "milk", "milk"), "shop": ("7", "7", "7", "8", "8")}


@pytest.mark.parametrize(
    ("header", "days", "step"),
    [
        ("series,week,units", ("2026-03-02", "2026-03-09"), "week"),
        ("series,date,units", ("2026-03-02", "2026-03-16"), "week"),
        ("series,day,units", ("2026-03-02", "2026-03-03"), "day"),
        ("series,date,units", ("2026-03-02", "2026-03-02"), "day"),
        ("series,week,units", ("2026-W10", "2026-W11"), "week"),
    ],
)
def test_whether_rows_are_weeks_or_days_is_seen(tmp_path: Path, header: str, days: tuple[str, str], step: str) -> None:
    rows = read_sales(write(tmp_path / "s.csv", f"{header}\na,{days[0]},1\nb,{days[1]},2\n"))

    assert rows.step == step
    assert rows.start[0] == date(2026, 3, 2).toordinal()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("series,week\na,2026-03-02\n", r"lacks the column units; it has series, week"),
        ("name,week,units\na,2026-03-02,1\n", r"lacks the column series or sku"),
        ("series,week,units\n", "no rows"),
        ("", "lacks the column series or sku; it has no header"),
        ("series,week,units\na,2026-03-02,1\n,2026-03-02,1\n", "row 3: series must not be empty"),
        ("series,week,units\na,02.03.2026,1\n", "row 2: a day must look like 2026-11-23, was '02.03.2026'"),
        ("series,week,units\na,2026-03-02,inf\n", "row 2: column units must hold numbers, was 'inf'"),
        ("series,week,units,price\na,2026-03-02,1,9\na,2026-03-09,1,9 EUR\n", "row 3: column price must hold numbers"),
        ("series,week,units\na,2026-03-02,1,5\n", "row 2: more values than columns"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        read_sales(write(tmp_path / "s.csv", text))


def test_a_file_that_is_not_there_or_not_parquet_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist; give a CSV, Excel or Parquet file"):
        read_sales(tmp_path / "none.csv")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_sales(write(tmp_path / "s.parquet", "PAR1 it is not"))
    with pytest.raises(BadInputError, match=r"calendar .* does not exist"):
        read_events(tmp_path / "none.csv")


def test_a_nested_column_is_refused_by_name(tmp_path: Path) -> None:
    table = pa.table({"series": ["a"], "week": ["2026-03-02"], "units": [1.0], "prices": [[1, 2]]})
    parquet.write_table(table, tmp_path / "s.parquet")

    with pytest.raises(BadInputError, match="column prices must hold numbers or texts, was list"):
        read_sales(tmp_path / "s.parquet")


def test_progress_is_told_row_by_row(tmp_path: Path) -> None:
    text = "series,week,units\n" + "a,2026-03-02,1\n" * 10_001
    told: list[int] = []
    read_sales(write(tmp_path / "s.csv", text), told=told.append)

    assert told == [10_000, 1]


def test_a_calendar_names_its_days(tmp_path: Path) -> None:
    text = "Date;Holiday\n2026-12-24;Christmas Eve\n2026-12-31;\n2027-12-24;Christmas Eve\n"

    assert read_events(write(tmp_path / "c.csv", text)) == {
        "Christmas Eve": [date(2026, 12, 24), date(2027, 12, 24)],
        "event": [date(2026, 12, 31)],
    }
