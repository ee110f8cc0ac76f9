"""Write tables as CSV safe to open in a spreadsheet, JSON lines or Parquet, each all or nothing.

A file appears under its name only when it is whole: it is written beside it and then renamed.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detractor.errors import MissingExtraError, ParameterError, SchemaError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd

SUFFIX_FORMATS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
# A spreadsheet takes a cell that begins like this for a formula (OWASP, "CSV injection").
FORMULA = r"^[=+\-@\t\r]"
NUMBER = r"^[+\-]?[0-9.,]+(?:[eE][+\-]?[0-9]+)?%?$"
QUOTE = '"'
NUL, NO_CHARACTER = "\0", "\ufffd"  # readers take a file with a NUL for a binary one


def output_format(path: str) -> str:
    """Tell by its suffix in which format a file is to be written.

    Raises
    ------
    ParameterError
        The suffix is none of .csv, .jsonl, .ndjson, .parquet, .pq.

    Examples
    --------
    >>> output_format("queue.parquet")
    'parquet'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIX_FORMATS:
        raise ParameterError(
            f"cannot tell the format of {path!r} by its suffix {suffix!r}; "
            f"{suggestion(suffix, SUFFIX_FORMATS)}"
        )
    return SUFFIX_FORMATS[suffix]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, which takes the name of `path` when the block ends well.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as part:
    ...         _ = part.write_text("all of it")
    ...     [file.name for file in Path(folder).iterdir()]
    ['a.txt']
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_table(frame: pd.DataFrame, path: str, *, spreadsheet_safe: bool = True) -> None:
    """Write a table in the format of the file's suffix; ``"-"`` is CSV to standard output.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : str
        Ends in .csv, .jsonl, .ndjson, .parquet or .pq.
    spreadsheet_safe : bool
        In CSV, put ``'`` before text that a spreadsheet would run as a formula.

    Raises
    ------
    ParameterError
        The suffix says no known format.
    MissingExtraError
        Parquet needs pyarrow.

    Examples
    --------
    >>> import pandas as pd
    >>> write_table(pd.DataFrame({"id": [1], "text": ["=1+1"]}), "-")
    id,text
    1,'=1+1
    """
    if path == "-":
        data = header_bytes(frame) + csv_bytes(frame, spreadsheet_safe=spreadsheet_safe)
        sys.stdout.write(data.decode())
        return
    form = output_format(path)
    with whole_file(Path(path)) as part:
        if form == "csv":
            data = header_bytes(frame) + csv_bytes(frame, spreadsheet_safe=spreadsheet_safe)
            part.write_bytes(data)
        elif form == "jsonl":
            part.write_bytes(json_bytes(frame))
        else:
            write_parquet(frame, part)


def header_bytes(frame: pd.DataFrame) -> bytes:
    r"""Give the first line of a CSV file.

    Examples
    --------
    >>> import pandas as pd
    >>> header_bytes(pd.DataFrame(columns=["id", "a, b"]))
    b'id,"a, b"\n'
    """
    buffer = io.StringIO()
    names = [str(name).replace(NUL, NO_CHARACTER) for name in frame.columns]
    csv.writer(buffer, lineterminator="\n").writerow(names)
    return buffer.getvalue().encode("utf-8", "replace")


def csv_bytes(frame: pd.DataFrame, *, spreadsheet_safe: bool = True) -> bytes:
    r"""Write rows as CSV in UTF-8, without the header; a missing value is an empty cell.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"text": ["No, \"no\" again", "-5"], "anger": [0.5, None]})
    >>> csv_bytes(frame)
    b'"No, ""no"" again",0.5\n-5,\n'
    """
    if not len(frame):
        return b""
    columns = [_cells(frame.iloc[:, i]) for i in range(frame.shape[1])]
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return _plain_csv(columns, spreadsheet_safe=spreadsheet_safe)
    return _arrow_csv(columns, spreadsheet_safe=spreadsheet_safe)


def _cells(column: pd.Series[Any]) -> np.ndarray[Any, Any] | pd.Series[Any]:
    """Leave text and numbers to the writer; spell everything else as text."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column.dtype) and not column.hasnans:
        return column.map({True: "true", False: "false"})
    if pd.api.types.is_numeric_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype):
        return column
    return pd.Series([_spell(value) for value in column.tolist()], dtype=object)


def _spell(value: object) -> str:
    import pandas as pd

    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is not UTF-8
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if value is None or value is pd.NaT or pd.isna(value):  # type: ignore[call-overload]
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain_csv(columns: list[Any], *, spreadsheet_safe: bool) -> bytes:
    special = re.compile(_special(len(columns)))

    def spell(value: object) -> str:
        if not isinstance(value, str):
            return str(value)
        text = value.replace(NUL, NO_CHARACTER)
        text = neutralise(text) if spreadsheet_safe else text
        return f'"{text.replace(QUOTE, QUOTE * 2)}"' if special.search(text) else text

    lists = [column.astype(object).where(column.notna(), "").tolist() for column in columns]
    lines = (",".join(map(spell, row)) + "\n" for row in zip(*lists, strict=True))
    return "".join(lines).encode()


def _special(columns: int) -> str:
    """Give the pattern of cells in need of quotes; alone, an empty one would be a blank line."""
    return '[",\r\n]' if columns > 1 else '^$|[",\r\n]'


def neutralise(text: str) -> str:
    """Put ``'`` before text that a spreadsheet would run as a formula; numbers stay.

    Examples
    --------
    >>> neutralise("=HYPERLINK(1)"), neutralise("-12.50"), neutralise("- late again")
    ("'=HYPERLINK(1)", '-12.50', "'- late again")
    """
    return f"'{text}" if re.match(FORMULA, text) and not re.match(NUMBER, text) else text


def _arrow_csv(columns: list[Any], *, spreadsheet_safe: bool) -> bytes:
    """Join whole columns at once: the bytes of the joined column are the file."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = []
    for column in columns:
        values = pa.array(column, from_pandas=True)
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
        values = pc.fill_null(values.cast(pa.large_string()), "")
        if is_text:
            values = pc.replace_substring(values, NUL, NO_CHARACTER)
            values = _neutral(values) if spreadsheet_safe else values
            values = _quoted(values, _special(len(columns)))
        texts.append(values)
    lines = _joined(_joined(*texts, between=","), "\n")
    _, ends, data = lines.buffers()
    length = np.frombuffer(ends, dtype=np.int64)[len(lines)]
    return data.slice(0, length).to_pybytes()  # type: ignore[no-any-return]


def _joined(*parts: Any, between: str = "") -> Any:  # noqa: ANN401  # pyarrow has no types
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    scalars = [pa.scalar(part, kind) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, pa.scalar(between, kind))


def _neutral(values: Any) -> Any:  # noqa: ANN401  # pyarrow has no types
    import pyarrow.compute as pc

    risky = pc.match_substring_regex(values, FORMULA)
    if not pc.any(risky).as_py():
        return values
    risky = pc.and_(risky, pc.invert(pc.match_substring_regex(values, NUMBER)))
    return pc.if_else(risky, _joined("'", values), values)


def _quoted(values: Any, special: str) -> Any:  # noqa: ANN401  # pyarrow has no types
    import pyarrow.compute as pc

    affected = pc.match_substring_regex(values, special)
    if not pc.any(affected).as_py():
        return values
    doubled = pc.replace_substring(values, QUOTE, QUOTE * 2)
    return pc.if_else(affected, _joined(QUOTE, doubled, QUOTE), values)


def json_bytes(frame: pd.DataFrame) -> bytes:
    r"""Write rows as JSON lines in UTF-8; a missing value is null.

    Examples
    --------
    >>> import pandas as pd
    >>> json_bytes(pd.DataFrame({"id": [1], "text": ["Café"], "anger": [None]}))
    b'{"id": 1, "text": "Caf\xc3\xa9", "anger": null}\n'
    """
    names = [str(name) for name in frame.columns]
    columns = (frame.iloc[:, i] for i in range(frame.shape[1]))
    lists = [column.astype(object).where(column.notna(), None).tolist() for column in columns]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True))
    return b"".join(map(_json_line, rows))


def _json_line(row: dict[str, object]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, default=_plain_value).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but has an escape
        return json.dumps(row, default=_plain_value).encode() + b"\n"


def _plain_value(value: Any) -> object:  # noqa: ANN401  # whatever a column holds
    return value.tolist() if hasattr(value, "tolist") else str(value)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a Parquet file.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    SchemaError
        A column mixes kinds of values that Parquet cannot hold together.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_parquet(pd.DataFrame({"id": [1]}), Path(folder) / "a.parquet")
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="parquet") from error
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"Parquet cannot hold the table: {error}; write JSON lines") from error
    parquet.write_table(table, path)


def join_parquet(parts: list[Path], path: Path) -> None:
    """Join Parquet files into one, a row group each, in bounded memory.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     a, b = Path(folder) / "a.parquet", Path(folder) / "b.parquet"
    ...     write_parquet(pd.DataFrame({"id": [1]}), a)
    ...     join_parquet([a, a], b)
    ...     len(pd.read_parquet(b))
    2
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schemas = [parquet.read_schema(part) for part in parts]
        schema = pa.unify_schemas(schemas, promote_options="permissive").remove_metadata()
        with parquet.ParquetWriter(path, schema) as writer:
            for part in parts:
                table = parquet.read_table(part)
                missing = [name for name in schema.names if name not in table.column_names]
                for name in missing:
                    table = table.append_column(name, pa.nulls(len(table)))
                writer.write_table(table.select(schema.names).cast(schema))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"Parquet cannot hold the table: {error}; write JSON lines") from error
