"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from detractor.chunks import Reading, Reject
from detractor.errors import ParameterError, suggestion

if TYPE_CHECKING:
    from detractor.schema import Columns

SET_ASIDE = 1
"""Exit code: done, but some rows could not be read."""

Files = Annotated[
    list[str],
    typer.Argument(help="CSV, JSON lines or Parquet, also compressed; patterns; - is stdin."),
]
Text = Annotated[str, typer.Option("--text", help="Column with the feedback.")]
Model = Annotated[
    Optional[str],  # noqa: UP045  # typer reads it at run time
    typer.Option("--model", help="Model file; else the one detractor carries."),
]
Out = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--out", "-o", help="File to write (.csv, .jsonl, .parquet); - is stdout."),
]
Format = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--format", help="csv, jsonl or parquet, where content and name mislead."),
]
Delimiter = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--delimiter", help="Between CSV cells; found out if not given. 'tab' is a tab."),
]
Encoding = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--encoding", help="UTF-8 if not given; Windows programs often write cp1252."),
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="Leave CSV cells that a spreadsheet would run as a formula."),
]
ColumnNames = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--column", help="Another part's column, as PART=NAME: rating=stars. Repeatable."),
]


def reading(form: str | None, delimiter: str | None, encoding: str | None) -> Reading:
    """Build reading settings from the options of a command."""
    tab = delimiter in ("tab", "\\t")
    return Reading(format=form, delimiter="\t" if tab else delimiter, encoding=encoding)


def columns(given: dict[str, str | None], pairs: list[str] | None) -> tuple[Columns, list[str]]:
    """Build column names from options and PART=NAME pairs; also list the names that were given.

    Raises
    ------
    ParameterError
        A pair names no part.

    Examples
    --------
    >>> columns({"text": "comment", "date": None}, ["rating=stars"])[1]
    ['comment', 'stars']
    """
    from dataclasses import fields

    from detractor.schema import Columns

    parts = [part.name for part in fields(Columns)]
    names = {part: name for part, name in given.items() if name is not None}
    for pair in pairs or []:
        part, _, name = pair.partition("=")
        if part not in parts or not name:
            raise ParameterError(
                f"--column takes PART=NAME, not {pair!r}; {suggestion(part, parts)}"
            )
        names[part] = name
    return Columns(**names), list(names.values())


def report_rejects(rejects: list[Reject]) -> None:
    """Tell on standard error which rows were set aside, and leave with the exit code for it."""
    if not rejects:
        return
    for reject in rejects[:10]:
        print(f"set aside: {reject.file}, row {reject.row}: {reject.reason}", file=sys.stderr)
    if len(rejects) > 10:
        print(f"set aside: {len(rejects) - 10:,} rows more", file=sys.stderr)
    raise typer.Exit(SET_ASIDE)
