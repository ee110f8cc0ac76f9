"""What reading a table yields: chunks of rows, and the rows that were set aside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from detractor.errors import ParameterError, suggestion
from detractor.streams import check_encoding

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
FORMATS = ("csv", "jsonl", "parquet")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How files are read; what is None is found out from the file.

    Parameters
    ----------
    format : {"csv", "jsonl", "parquet"}, optional
        Overrides what content and name say.
    delimiter : str, optional
        One character between CSV cells.
    encoding : str, optional
        Of CSV and JSON lines; UTF-8, with or without a byte-order mark, unless given.
    chunk_bytes : int
        CSV is read in blocks of this size; the longest row has to fit into one.
    chunk_rows : int
        Rows a chunk for JSON lines, Parquet, and CSV without pyarrow.

    Raises
    ------
    ParameterError
        A value outside its range.

    Examples
    --------
    >>> Reading(delimiter=";").delimiter
    ';'
    """

    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    chunk_bytes: int = 4 << 20
    chunk_rows: int = 20_000

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise ParameterError(f"no format {self.format!r}; {suggestion(self.format, FORMATS)}")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ParameterError(f"a delimiter is one character, not {self.delimiter!r}")
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.chunk_bytes < 1 << 10 or self.chunk_rows < 1:
            raise ParameterError("a chunk holds at least 1,024 bytes and one row")


class Reject(NamedTuple):
    """A row set aside; `row` counts as a spreadsheet does: the header is row 1."""

    file: str
    row: int
    reason: str
    content: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file, and those set aside among them."""

    frame: pd.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    end: int = 0
    """The number of the last row read so far."""


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of `size`; one empty list where there is nothing.

    Examples
    --------
    >>> list(batches(iter("abc"), 2)), list(batches(iter(""), 2))
    ([['a', 'b'], ['c']], [[]])
    """
    full = iter(lambda: list(itertools.islice(items, size)), [])
    return itertools.chain([next(full, [])], full)
