"""Read tables of feedback from files: CSV, JSON lines, Parquet, chunk by chunk.

CSV cells stay the strings they are, so that "007" and "1.10" leave as they came. A row that cannot
be read is set aside with its number and the reason; nothing is dropped in silence.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from detractor.chunks import Chunk, Reading, Reject, batches
from detractor.delimited import read_csv
from detractor.errors import InputFileError, MissingExtraError, reason
from detractor.streams import (
    Opened,
    Recoded,
    detect_encoding,
    detect_format,
    open_bytes,
    wrap_bytes,
)

if TYPE_CHECKING:
    import pandas as pd


def read_chunks(path: str, reading: Reading | None = None) -> Iterator[Chunk]:
    r"""Read one file, or standard input as ``"-"``, chunk by chunk in bounded memory.

    Chunks of the same file under the same settings are always the same.

    Parameters
    ----------
    path : str
        A file, compressed (gzip, bzip2, xz, Zstandard) or not.
    reading : Reading, optional
        How to read it.

    Yields
    ------
    Chunk
        At least one, with the columns, though the file has no rows.

    Raises
    ------
    InputFileError
        The file is missing, empty, binary, damaged, or in another encoding.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text("id,text\n007,Still broken\n8,too,many\n9,Fine\n")
    ...     chunk = next(read_chunks(str(file)))
    >>> chunk.frame.to_dict("records")
    [{'id': '007', 'text': 'Still broken'}, {'id': '9', 'text': 'Fine'}]
    >>> chunk.rejects[0].row, chunk.rejects[0].reason
    (3, '3 cells where the header has 2')
    """
    with _clear_errors(path):
        yield from _read(open_bytes(path), reading or Reading())


def read_bytes(path: str, data: bytes, reading: Reading | None = None) -> Chunk:
    r"""Read bytes that are a table, as one chunk; `path` names them in messages.

    Raises
    ------
    InputFileError
        As `read_chunks`.

    Examples
    --------
    >>> read_bytes("a.csv", b"id,text\n1,Still broken\n").frame["text"].tolist()
    ['Still broken']
    """
    with _clear_errors(path):
        return join_chunks(list(_read(wrap_bytes(path, data), reading or Reading())))


def join_chunks(chunks: list[Chunk]) -> Chunk:
    """Make one chunk of several, at least one.

    Examples
    --------
    >>> import pandas as pd
    >>> one = Chunk(pd.DataFrame({"id": [1]}))
    >>> len(join_chunks([one, one]).frame)
    2
    """
    import pandas as pd

    filled = [chunk.frame for chunk in chunks if len(chunk.frame)] or [chunks[0].frame]
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    return Chunk(pd.concat(filled, ignore_index=True), rejects, chunks[-1].end)


def _read(opened: Opened, reading: Reading) -> Iterator[Chunk]:
    with opened.stream:
        form = detect_format(opened.path, opened.head)
        yield from READERS[reading.format or form](opened, reading)


@contextlib.contextmanager
def _clear_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, UnicodeError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, InputFileError):
            raise
        raise InputFileError(f"cannot read {path!r}: {reason(error)}") from error


def read_table(path: str, reading: Reading | None = None) -> pd.DataFrame:
    r"""Read a whole file at once, and refuse it if a row cannot be read.

    Raises
    ------
    InputFileError
        As `read_chunks`, or a row cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text("id,text\n1,Still broken\n")
    ...     read_table(str(file)).shape
    (1, 2)
    """
    whole = join_chunks(list(read_chunks(path, reading)))
    for reject in whole.rejects:
        raise InputFileError(f"{path!r}, row {reject.row}: {reject.reason}")
    return whole.frame


def _read_json_lines(opened: Opened, reading: Reading) -> Iterator[Chunk]:
    """Read one object a line; values keep their JSON types."""
    encoding = reading.encoding or detect_encoding(opened.path, opened.head)
    plain = encoding == "utf-8-sig"
    source = opened.stream if plain else io.BufferedReader(Recoded(opened.stream, encoding))
    lines = enumerate(source, start=1)
    for batch in batches(lines, reading.chunk_rows):
        records, rejects = [], []
        for number, line in batch:
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
                rejects.append(_reject_line(opened.path, number, f"{reason}: {error}", line))
                continue
            if isinstance(record, dict):
                records.append(record)
            else:
                rejects.append(_reject_line(opened.path, number, "not a JSON object", line))
        yield Chunk(_records_frame(records), rejects)


def _reject_line(path: str, number: int, reason: str, line: bytes) -> Reject:
    return Reject(path, number, reason, line.decode("utf-8", "replace").rstrip("\r\n"))


def _records_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    names = dict.fromkeys(name for record in records for name in record)
    columns = {n: pd.Series([r.get(n) for r in records], dtype=object) for n in names}
    return pd.DataFrame(columns, index=range(len(records)))


def _read_parquet(opened: Opened, reading: Reading) -> Iterator[Chunk]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="parquet") from error
    try:
        source = opened.path if opened.path != "-" else pa.py_buffer(opened.stream.read())
        with parquet.ParquetFile(source) as file:
            empty = [] if file.metadata.num_rows else [file.schema_arrow.empty_table()]
            for batch in itertools.chain(empty, file.iter_batches(reading.chunk_rows)):
                yield Chunk(batch.to_pandas().reset_index(drop=True))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputFileError(f"cannot read {opened.path!r}: {error}") from error


READERS: dict[str, Callable[[Opened, Reading], Iterator[Chunk]]] = {
    "csv": read_csv,
    "jsonl": _read_json_lines,
    "parquet": _read_parquet,
}
