"""Imports: every bad row is named, every good one arrives, the recording is in the order of its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from backtest.importing import ObservationImport
from backtest.recording import Recording
from backtest.runner import Run
from cli.import_ import group
from contracts.errors import BadInputError, BadRecordingError, BadRowError
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.observations import Observation
from contracts.policy import STEPS
from contracts.times import DAY_MS, from_iso
from runtime.fact_rows import Fact, FactFile

HEADER = "observed_at,competitor,product_id,price,currency,available,list_price,price_type\n"


def imported(path: Path, folder: Path, **columns: str) -> tuple[list[Observation], list[BadRowError]]:
    refused: list[BadRowError] = []
    ObservationImport(path, "EUR", columns, refused.append).write(folder)
    recording = Recording(folder)
    rows = [
        row
        for partition in recording.partitions
        for frame in recording.frames(partition)
        for row in frame.observations(np.arange(frame.rows))
    ]
    return rows, refused


def text_file(folder: Path, text: str) -> Path:
    path = folder / "in.csv"
    path.write_text(text, "utf-8")
    return path


def test_rows_become_a_recording_in_the_order_of_their_time(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        HEADER
        + "2025-03-02T00:00:00Z,shop,a,9.5,,true,12.00,\n"
        + "2025-03-01 12:00:00,shop,a,10,JPY,no,,member\n"
        + "2025-03-01T12:00:00+02:00,shop,a,10.005,EUR,,,\n",
    )

    rows, refused = imported(path, tmp_path / "out")

    assert refused == []
    assert rows == [
        Observation("shop", "a", from_iso("2025-03-01T10:00"), 1001, "EUR", "Unknown"),
        Observation("shop", "a", from_iso("2025-03-01T12:00"), 10, "JPY", "OutOfStock", "member"),
        Observation("shop", "a", from_iso("2025-03-02"), 950, "EUR", "InStock", list_price_minor=1200),
    ]


def test_each_bad_row_is_named_and_the_others_arrive(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        HEADER
        + "2025-03-01,shop,a,10,,,,\n"
        + "yesterday,shop,a,10,,,,\n"
        + "2025-03-01,,a,10,,,,\n"
        + "2025-03-01,shop,,10,,,,\n"
        + "2025-03-01,shop,b,ten,,,,\n"
        + "2025-03-01,shop,b,10,,perhaps,,\n"
        + "2025-03-01,shop,b,10,,,,cheap\n"
        + "2025-03-01,shop,c,,,,,\n"
        + "2025-03-01,shop,d,-1,,,,\n"
        + "2025-03-01,shop,e,10,EURO,,,\n",
    )

    rows, refused = imported(path, tmp_path / "out")

    assert [row.product_id for row in sorted(rows, key=lambda row: row.product_id)] == ["a", "c", "d", "e"]
    assert [error.line for error in refused] == [3, 4, 5, 6, 7, 8]
    messages = [str(error).split(": ", 1)[1] for error in refused]
    assert messages[0] == "observed_at must be an ISO 8601 time, was 'yesterday'"
    assert messages[1:3] == ["competitor must not be empty", "product_id must not be empty"]
    assert messages[3] == "price must be a decimal number such as 19.99, was 'ten'"
    assert messages[4] == "available must be true or false, was 'perhaps'"
    assert messages[5].startswith("price_type must be one of regular, promotion")
    # No price, a negative one, no currency: observations of something wrong, which the detector counts.
    run = Run(Recording(tmp_path / "out"), STEPS)
    assert list(run.events()) == []
    assert run.counts["invalid"] == 3


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = text_file(tmp_path, "WHEN,SHOP,EAN,PRICE\n2025-03-01,s,4006381333931,1.99\n")

    rows, _ = imported(path, tmp_path / "o", observed_at="WHEN", competitor="SHOP", product_id="EAN", price="PRICE")

    assert rows == [Observation("s", "4006381333931", from_iso("2025-03-01"), 199, "EUR")]


def test_parquet_of_many_rows_and_messages_is_put_in_order(tmp_path: Path) -> None:
    count = 5000
    times = [DAY_MS * (row * 7919 % count) for row in range(count)]
    table = pa.table(
        {
            "observed_at": pa.array(times, pa.timestamp("ms", tz="UTC")),
            "competitor": ["shop"] * count,
            "product_id": ["p"] * count,
            "price_cents": list(range(1, count + 1)),
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet")

    rows, refused = imported(tmp_path / "in.parquet", tmp_path / "out")

    assert refused == []
    assert [row.observed_at for row in rows] == sorted(times)
    assert sorted(row.price_minor or 0 for row in rows) == list(range(1, count + 1))


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    path = text_file(tmp_path, HEADER + "2025-03-01,shop,a,10,,,,\n")
    imported(path, tmp_path / "out")

    with pytest.raises(BadInputError, match="holds a recording already"):
        imported(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("observed_at,competitor,price\n", "lacks the column product_id"),
        (HEADER + "x,,,,,,,\n", "no usable row"),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_is_no_good_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises((BadRecordingError, BadInputError), match=reason):
        imported(text_file(tmp_path, text), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def facts(folder: Path, kind: str, text: str) -> tuple[list[Fact], list[str]]:
    refused: list[str] = []
    source = FactFile(text_file(folder, text), kind, "EUR", 1000, lambda error: refused.append(str(error)))
    return list(source.facts()), [reason.split(": ", 1)[1] for reason in refused]


def test_facts_in_the_currency_or_in_minor_units(tmp_path: Path) -> None:
    found, refused = facts(
        tmp_path,
        "catalog",
        "sku,price,price_minor,cost,currency,as_of,on_promotion,name\n"
        "a,19.99,,12,EUR,2025-03-01,true,Tea\n"
        "b,,500,,JPY,,,\n",
    )

    assert refused == []
    assert found == [
        CatalogItem("a", 1999, "EUR", from_iso("2025-03-01"), cost_minor=1200, on_promotion=True, name="Tea"),
        CatalogItem("b", 500, "JPY", 1000),
    ]


def test_the_other_kinds_of_facts(tmp_path: Path) -> None:
    assert facts(tmp_path, "stock", "sku,on_hand,as_of\na,5,1760000000000\n")[0] == [StockLevel("a", 5, 1760000000000)]
    assert facts(tmp_path, "matches", "competitor,product_id,sku,confidence\ns,p,a,0.9\n")[0] == [
        Match("s", "p", "a", 1000, confidence=0.9)
    ]
    day = from_iso("2025-03-01")
    assert facts(tmp_path, "sales", "sku,date,units\na,2025-03-01,2.5\n")[0] == [
        UnitsSold("a", day, day + DAY_MS, 2.5, currency="EUR")
    ]
    text = "sku,date,units,out_of_stock\na,2025-03-01,2,TRUE\na,2025-03-01,2,0\na,2025-03-01,2,\n"
    assert [getattr(sold, "out_of_stock") for sold in facts(tmp_path, "sales", text)[0]] == [True, False, False]  # noqa: B009


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("catalog", "sku,price\na,0\n", "price must be above zero, was 0 minor units"),
        ("catalog", "sku,price\na,1e400\n", "an amount must be"),
        ("catalog", "sku,price,currency\na,1,EURO\n", "currency must be an ISO 4217 code, was 'EURO'"),
        ("catalog", "sku,price,cost\na,1,-1\n", "cost_minor must not be negative, was -100"),
        ("catalog", "sku,price\n,1\n", "missing required field `sku`|missing `sku`|missing required"),
        ("stock", "sku,on_hand\na,many\n", "on_hand must be a number, was 'many'"),
        ("stock", "sku,on_hand\na,1,2\n", "more values than columns"),
        ("stock", "sku,on_hand,as_of\na,1,soon\n", "as_of must be an ISO 8601 time, was 'soon'"),
        ("matches", "competitor,product_id,sku,confidence\ns,p,a,2\n", "confidence must be from 0 to 1, was 2.0"),
        ("sales", "sku,date,units\na,2025-03-01,-1\n", "units must not be negative, was -1.0"),
        ("sales", "sku,date,units\na,2025-03-01,nan\n", "units must not be negative, was nan"),
    ],
)
def test_each_bad_fact_is_named(tmp_path: Path, kind: str, text: str, reason: str) -> None:
    found, refused = facts(tmp_path, kind, text)

    assert found == []
    assert len(refused) == 1
    assert any(part in refused[0] for part in reason.split("|")), refused


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, list(arguments))


def test_a_dry_run_changes_nothing_and_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = text_file(tmp_path, "sku,price,colour\na,1,red\nb,x,blue\n")

    result = run("catalog", str(path), "--dry-run")

    assert result.exit_code == 2
    assert "would import 1 rows of catalog, 1 left out" in result.output
    assert "line 3: an amount must be a decimal number, was 'x'" in result.output
    assert "columns ignored: colour" in result.output


def test_observations_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = text_file(tmp_path, "observed_at,SHOP,product_id,price\n2025-03-01,s,a,1\n")

    assert run("observations", str(path), "--column", "competitor=SHOP").exit_code == 0
    assert Recording(tmp_path / "data" / "imports" / "in").rows() == 1
