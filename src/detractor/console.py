"""Print tables that stay readable on a narrow terminal."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass

NARROW = 34
"""With less room than this for the last column, each row becomes a paragraph."""


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its title, its cells, and how they stand."""

    title: str
    cells: list[str]
    right: bool = False

    @property
    def width(self) -> int:
        """The longest cell or the title, in characters."""
        return max(len(cell) for cell in [self.title, *self.cells])

    def set(self, text: str) -> str:
        """Pad a text to the column's width."""
        return text.rjust(self.width) if self.right else text.ljust(self.width)


def terminal_width() -> int:
    """Tell how many characters fit into a line; 100 where that is unknown, never above 120."""
    return max(20, min(120, shutil.get_terminal_size((100, 24)).columns))


def layout(columns: list[Column], last: Column, *, width: int) -> str:
    """Set a table whose last column is prose, wrapped into what room is left.

    Parameters
    ----------
    columns : list of Column
        Short ones, never broken.
    last : Column
        The prose.
    width : int
        Characters a line.

    Examples
    --------
    >>> columns = [Column("customer", ["ann"]), Column("saves", ["1,200"], right=True)]
    >>> prose = Column("why", ["says she leaves on Friday"])
    >>> print(layout(columns, prose, width=80))
    customer  saves  why
    ann       1,200  says she leaves on Friday
    >>> print(layout(columns, prose, width=30))
    ann, saves 1,200
      says she leaves on Friday
    """
    indent = sum(column.width + 2 for column in columns)
    if width - indent < NARROW:
        return "\n".join(_paragraph(columns, last, row, width) for row in range(len(last.cells)))
    room = width - indent
    lines = [_line(columns, [column.title for column in columns], last.title)]
    for row, prose in enumerate(last.cells):
        wrapped = textwrap.wrap(prose, room) or [""]
        lines.append(_line(columns, [column.cells[row] for column in columns], wrapped[0]))
        lines += [" " * indent + more for more in wrapped[1:]]
    return "\n".join(lines)


def _line(columns: list[Column], cells: list[str], prose: str) -> str:
    fixed = [column.set(cell) for column, cell in zip(columns, cells, strict=True)]
    return "  ".join([*fixed, prose]).rstrip()


def _paragraph(columns: list[Column], last: Column, row: int, width: int) -> str:
    facts = [
        f"{column.title} {column.cells[row]}"
        if column.right and column.title
        else column.cells[row]
        for column in columns
        if column.cells[row]
    ]
    head = textwrap.fill(", ".join(facts), width, subsequent_indent="  ")
    body = textwrap.fill(last.cells[row], width, initial_indent="  ", subsequent_indent="  ")
    return f"{head}\n{body}" if body else head
