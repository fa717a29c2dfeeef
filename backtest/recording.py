"""Recordings, read as streams of frames with bounded memory: a Parquet file, a CSV, or a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from backtest.feed import ROWS
from backtest.frame import FEW, NAMES, Frame, check_columns
from backtest.ordering import in_order, sorted_batches
from contracts.errors import BadRecordingError
from contracts.money import UNSTATED
from contracts.recording import files_of
from contracts.topics import OBSERVATIONS
from runtime.sheets import not_decoded, written

CSV_BLOCK = 8 * 1024 * 1024
TEXT_COLUMNS = (*NAMES, "observed_at", "price", "list_price", "promotion", "promotions")


class Recording:
    """A recording on disk.

    Args:
        path: a Parquet file, a CSV file, or a folder that the recorder or an import wrote.
        currency: of rows that state none.
        skip_corrupt: report files that cannot be read to `say` and go on, instead of raising.

    Attributes:
        skipped: why files were skipped.
        reordered: rows read so far that a foreign file had after later ones of their product; they
            are read in the order of their time.

    Errors: BadRecordingError, at once or while reading, naming the file.
    """

    def __init__(
        self,
        path: Path,
        currency: str = UNSTATED,
        skip_corrupt: bool = False,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.path, self.currency, self.skip_corrupt, self._say = path, currency, skip_corrupt, say
        self.skipped: list[str] = []
        self.reordered = 0
        if not path.exists():
            raise BadRecordingError(f"recording {path} does not exist; name a Parquet file, a CSV file or a folder")
        self.partitions: dict[int, list[Path]] = {0: [path]} if path.is_file() else self._folder()

    def again(self) -> Recording:
        """The same recording from its start, with nothing counted yet."""
        return Recording(self.path, self.currency, self.skip_corrupt, self._say)

    def origin(self) -> tuple[list[Path], list[object]]:
        """The files, facts among them, and how they are read: what a result's fingerprint is made of."""
        known = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else []
        observed = [path for paths in self.partitions.values() for path in paths]
        return [*observed, *known], [self.currency, self.skip_corrupt]

    def rows(self) -> int | None:
        """Number of rows by the files' own account, None where only reading tells (CSV)."""
        total = 0
        for path in (path for paths in self.partitions.values() for path in paths):
            if path.suffix == ".csv":
                return None
            try:
                total += parquet.read_metadata(path).num_rows
            except (pa.ArrowException, OSError):
                continue  # reading it will say so
        return total

    def frames(self, partition: int) -> Iterator[Frame]:
        """Frames of at most ROWS rows of one partition, in the order of the stream."""
        passed = -1
        for path in self.partitions[partition]:
            try:
                for batch in self._batches(path):
                    batch, passed = _after(batch, passed)  # noqa: PLW2901 what an earlier file held
                    for start in range(0, batch.num_rows, ROWS):
                        yield Frame(batch.slice(start, ROWS), self.currency, str(path))
            except UnicodeDecodeError:
                self._corrupt(BadRecordingError(f"{path} {not_decoded('')}"))
            except (pa.ArrowException, OSError) as error:
                self._corrupt(BadRecordingError(f"{path} cannot be read: {str(error).splitlines()[0]}"))
            except BadRecordingError as error:
                self._corrupt(error)

    def _folder(self) -> dict[int, list[Path]]:
        found = files_of(self.path, OBSERVATIONS.name)
        if found:
            return found
        plain = sorted(path for path in self.path.iterdir() if path.suffix in (".parquet", ".csv"))
        if not plain:
            raise BadRecordingError(
                f"{self.path} holds no recording: neither {OBSERVATIONS.name}/partition=P/*.parquet"
                " nor Parquet or CSV files of observations"
            )
        return {0: plain}

    def _batches(self, path: Path) -> Iterator[pa.RecordBatch]:
        batches = csv_batches(path) if path.suffix == ".csv" else parquet_batches(path)
        first = next(batches)
        check_columns(first.schema.names, str(path))
        if "offset" in first.schema.names or in_order(path):  # ours are in the order in which they were seen
            yield from batches
            return
        for batch, late in sorted_batches(batches, ROWS, str(path)):
            self.reordered += late
            yield batch

    def _corrupt(self, error: BadRecordingError) -> None:
        if not self.skip_corrupt:
            raise BadRecordingError(f"{error}; --skip-corrupt leaves such files out") from error
        self.skipped.append(str(error))
        self._say(f"skipped: {error}")


def parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of at most ROWS rows of a Parquet file, the first one empty, names that repeat as dictionaries."""
    schema = parquet.read_schema(path)
    names = schema.names
    yield pa.RecordBatch.from_pylist([], schema=schema)
    with parquet.ParquetFile(path, read_dictionary=[name for name in FEW if name in names]) as file:
        for group in range(file.num_row_groups):
            # One row group at a time: its dictionary of names stays one and the same.
            yield from file.iter_batches(batch_size=ROWS, row_groups=[group], use_threads=False)


def csv_batches(path: Path, text: Sequence[str] = TEXT_COLUMNS, encoding: str = "") -> Iterator[pa.RecordBatch]:
    """Batches of a CSV file, the first one empty; the columns of `text` are not guessed at.

    Args:
        encoding: see `runtime.sheets.Sheet`.
    """
    how = written(path, encoding)
    options = csv.ReadOptions(block_size=CSV_BLOCK, encoding=how.encoding)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(text, pa.string()), null_values=[""], strings_can_be_null=True
    )
    with csv.open_csv(path, options, csv.ParseOptions(delimiter=how.delimiter), convert) as file:
        yield pa.RecordBatch.from_pylist([], schema=file.schema)
        yield from file


def _after(batch: pa.RecordBatch, passed: int) -> tuple[pa.RecordBatch, int]:
    """The rows whose message was in no earlier file, and the last offset now passed.

    Within one file a message may go on in the next batch: its rows are told apart by their number.
    """
    if "offset" not in batch.schema.names or not batch.num_rows:
        return batch, passed
    place = batch.column("offset").to_numpy() * 1_000_000 + batch.column("row").to_numpy()
    first = int(np.searchsorted(place, passed, side="right"))
    return batch.slice(first), max(passed, int(place[-1]))
