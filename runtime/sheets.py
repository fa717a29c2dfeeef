"""Tables as people keep them: CSV of any delimiter and stated encoding, and the first sheet of an Excel workbook.

UTF-8 and whatever begins with a byte order mark are known without being told; other encodings are
never guessed at, since short names read as well in the wrong one. The delimiter is the one of the
header's comma, semicolon, tab and bar that stands there most often.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from contracts.errors import BadInputError

DELIMITERS = ",;\t|"
HEADER = 100_000  # characters
MAX_ROWS = 5_000_000  # of a workbook: it is held in memory
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Written(NamedTuple):
    """How a text file is written."""

    encoding: str
    delimiter: str

    @property
    def decimal_comma(self) -> bool:
        """Whether amounts may be written as "1.234,50": only where commas do not divide the values."""
        return self.delimiter != ","


def written(path: Path, encoding: str = "") -> Written:
    """The encoding, as stated or by its byte order mark, and the delimiter of a CSV file; OSError, UnicodeError."""
    with path.open("rb") as file:
        start = file.read(4)
    encoding = encoding or marked(start) or "utf-8"
    with path.open(encoding=encoding, newline="") as text:
        header = text.readline(HEADER)
    return Written(encoding, max(DELIMITERS, key=header.count))


def marked(start: bytes) -> str:
    """The encoding that a text's first bytes say by a byte order mark; "" where there is none."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), "")


def not_decoded(encoding: str) -> str:
    """What to tell people whose file is not in the encoding it was read with."""
    if encoding:
        return f"is not {encoding}; name another --encoding"
    known = "gb18030 for Chinese Excel, cp1252 for Western European"
    return f"is not UTF-8; save it so, or, where the command takes it, name its --encoding: {known}"


Values = dict[str | None, str | list[str]]


class Sheet:
    """A CSV file or an Excel sheet with a header.

    Args:
        path: a file; `.xlsx` is a workbook, everything else text.
        encoding: of the text, as Python names it; "": UTF-8, or what its byte order mark says.
        required: columns it must have, in lower case.

    Attributes:
        columns: the header in lower case, known once reading has begun.
        decimal_comma: whether amounts are written as "1.234,50", known with the columns: where commas
            do not divide the values.
    """

    def __init__(self, path: Path, encoding: str = "", required: Sequence[str] = ()) -> None:
        self.path = path
        self._encoding, self._required = encoding, required
        self.columns: list[str] = []
        self.decimal_comma = False

    def rows(self) -> Iterator[tuple[int, Values]]:
        """Each row with its line; a key None holds values beyond the columns. BadInputError for the whole file."""
        try:
            if self.path.suffix.lower() in (".xlsx", ".xls"):
                yield from self._parsed(io.StringIO(_workbook(self.path)), ",")
                return
            how = written(self.path, self._encoding)
            self.decimal_comma = how.decimal_comma
            with self.path.open(encoding=how.encoding, newline="") as text:
                yield from self._parsed(text, how.delimiter)
        except UnicodeDecodeError as error:
            raise BadInputError(f"{self.path} {not_decoded(self._encoding)}") from error
        except (OSError, csv.Error, LookupError, UnicodeError) as error:
            raise BadInputError(f"{self.path} cannot be read: {str(error).splitlines()[0]}") from error

    def number(self, text: str) -> str:
        """An amount with a decimal point, where the file writes a decimal comma."""
        if not self.decimal_comma or "," not in text:
            return text
        return text.replace(".", "").replace(",", ".") if text.count(",") == 1 else text

    def _parsed(self, text: TextIO, delimiter: str) -> Iterator[tuple[int, Values]]:
        reader = csv.DictReader(text, delimiter=delimiter, restval="")
        self.columns = [name.strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = self.columns
        missing = [name for name in self._required if name not in self.columns]
        if missing:
            has = ", ".join(self.columns)[:200] or "no header"
            raise BadInputError(f"{self.path} lacks the column {', '.join(missing)}; it has {has}")
        for values in reader:
            yield reader.line_num, values


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its name or its first bytes."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def parquet_rows(path: Path) -> int | None:
    """Number of rows by a Parquet file's own account; None for other files, and where reading it will say why."""
    if not is_parquet(path):
        return None
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 slow to import, and not needed for CSV

    try:
        return int(parquet.read_metadata(path).num_rows)
    except (ArrowException, OSError):
        return None


def _workbook(path: Path) -> str:
    """The first sheet of a workbook as CSV, so that both are read by the same rules; BadInputError."""
    if path.suffix.lower() == ".xls":
        raise BadInputError(f"{path} is an old Excel workbook; save it as .xlsx or CSV")
    import openpyxl  # noqa: PLC0415 slow to import, and rarely needed

    out = io.StringIO()
    writer = csv.writer(out)
    try:
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True)):
                if number > MAX_ROWS:
                    raise BadInputError(f"{path} has more than {MAX_ROWS} rows; divide it")
                writer.writerow(["" if cell is None else _cell(cell) for cell in cells])
            book.close()
    except (OSError, KeyError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path} cannot be read: {error}; save it as .xlsx or CSV") from error
    return out.getvalue()


def _cell(value: object) -> str:
    """Excel knows no integers: 4711.0 is the article 4711."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
