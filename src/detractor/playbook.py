"""What may be done for a customer who was let down, as data that a care lead reads and changes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from detractor.errors import ConfigError, InputFileError, reason, suggestion
from detractor.gestures import (
    KINDS,
    LAYERS,
    LOSS_KINDS,
    PLANNED_LANES,
    FirstLines,
    Gesture,
    Limits,
    Role,
    ServiceLevel,
)

__all__ = [
    "FirstLines",
    "Gesture",
    "Limits",
    "Mistake",
    "Playbook",
    "Role",
    "ServiceLevel",
    "check_playbook",
    "load_playbook",
]


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """Roles in order of authority, gestures, and service levels.

    Examples
    --------
    >>> playbook = load_playbook()
    >>> [role.name for role in playbook.roles]
    ['agent', 'team lead', 'care manager']
    """

    roles: tuple[Role, ...]
    gestures: tuple[Gesture, ...]
    service_levels: tuple[ServiceLevel, ...]
    limits: Limits = field(default_factory=Limits)
    first_lines: FirstLines = field(default_factory=FirstLines)

    def level(self, lane: str) -> ServiceLevel:
        """Find the service level of a lane.

        Examples
        --------
        >>> load_playbook().level("senior").owner
        'care manager'
        """
        return next(level for level in self.service_levels if level.lane == lane)

    def rank_of(self, role: str) -> int:
        """Say where a role stands in the order of authority, from 0.

        Examples
        --------
        >>> load_playbook().rank_of("team lead")
        1
        """
        return [known.name for known in self.roles].index(role)


class Mistake(NamedTuple):
    """One mistake in a playbook, with the number of its line.

    Examples
    --------
    >>> print(Mistake(3, "authority is -1; it must be at least 0"))
    line 3: authority is -1; it must be at least 0
    """

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


_TABLES: dict[str, type] = {
    "limits": Limits,
    "first_lines": FirstLines,
    "role": Role,
    "service_level": ServiceLevel,
    "gesture": Gesture,
}
_SINGLE = ("limits", "first_lines")
_WORDS: dict[str, tuple[str, ...]] = {
    "layer": LAYERS,
    "kind": KINDS,
    "losses": LOSS_KINDS,
    "lanes": PLANNED_LANES,
    "lane": PLANNED_LANES,
}
_AT_LEAST = {"pay_back_cap": 1.0, "per_year": 1, "stock": 0}
_AT_MOST = {"lift": 1.0, "cost_share": 1.0}


def load_playbook(path: str | Path | None = None) -> Playbook:
    """Read a playbook from a TOML file, or the one that comes with the package.

    Raises
    ------
    ConfigError
        Lists every mistake with its line.
    InputFileError
        The file cannot be read.

    Examples
    --------
    >>> load_playbook().gestures[0].name
    'refund what was paid'
    """
    return _build(_read(path), str(path or "the playbook"))


@lru_cache(maxsize=8)  # who checks many drafts needs the same one each time
def _build(source: str, origin: str) -> Playbook:
    mistakes = check_playbook(source)
    if mistakes:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise ConfigError(f"{origin} has {len(mistakes)} mistakes:\n{listed}")
    tables = tomllib.loads(source)

    def built(name: str) -> tuple[Any, ...]:
        kind = _TABLES[name]
        return tuple(kind(**_frozen(row)) for row in tables.get(name, []))

    return Playbook(
        roles=tuple(sorted(built("role"), key=lambda role: (role.authority, role.name))),
        gestures=built("gesture"),
        service_levels=built("service_level"),
        limits=Limits(**tables.get("limits", {})),
        first_lines=FirstLines(**tables.get("first_lines", {})),
    )


def check_playbook(source: str) -> list[Mistake]:
    r"""Name every mistake in the text of a playbook, in order of its line.

    Where the text is not TOML at all, only the first mistake can be named.

    Examples
    --------
    >>> for mistake in check_playbook('[[role]]\nname = "agent"\nautority = 50')[-2:]:
    ...     print(mistake)
    line 1: role needs 'authority'
    line 3: unknown key 'autority'; did you mean 'authority'?
    """
    try:
        tables = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        return [Mistake(int(place.group(1)) if place else source.count("\n") + 1, str(error))]
    lines = _lines(source)
    return sorted({*_table_mistakes(tables, lines), *_whole_mistakes(tables, lines)})


def _read(path: str | Path | None) -> str:
    if path is None:
        return (resources.files("detractor") / "data" / "playbook.toml").read_text("utf-8")
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(f"cannot read playbook {str(path)!r}: {reason(error)}") from error


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


_Place = tuple[str, int, str]


def _lines(source: str) -> dict[_Place, int]:
    """Index the lines of a TOML text: (table, which one, key) -> line; key "" is the heading."""
    places: dict[_Place, int] = {}
    counts: dict[str, int] = {}
    table, depth = "", 0
    for number, line in enumerate(source.splitlines(), start=1):
        bare = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', "''", line).split("#")[0]
        heading = re.match(r"\s*\[\[?\s*([\w-]+)\s*\]\]?\s*$", bare)
        key = re.match(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([\w-]+))\s*=", line)
        if depth == 0 and heading:
            table = heading.group(1)
            counts[table] = counts.get(table, -1) + 1
            places[table, counts[table], ""] = number
        elif depth == 0 and key:
            name = next(part for part in key.groups() if part)
            places[table, counts.get(table, 0), name] = number
        depth += bare.count("[") - bare.count("]")
    return places


def _line(lines: Mapping[_Place, int], table: str, row: int, key: str = "") -> int:
    return (
        lines.get((table, row, key)) or lines.get((table, row, "")) or lines.get(("", 0, table), 1)
    )


def _table_mistakes(tables: Mapping[str, Any], lines: Mapping[_Place, int]) -> Iterator[Mistake]:
    """Look at each table by itself: its keys, their types and their ranges."""
    for table, content in tables.items():
        if table not in _TABLES:
            line = lines.get(("", 0, table)) or _line(lines, table, 0)
            yield Mistake(line, f"unknown table {table!r}; {suggestion(table, _TABLES)}")
            continue
        single = table in _SINGLE
        wanted = dict if single else list
        if not isinstance(content, wanted) or not all(
            isinstance(row, dict) for row in content if not single
        ):
            shape = f"[{table}]" if single else f"[[{table}]]"
            yield Mistake(_line(lines, table, 0), f"{table} must be written as {shape}")
            continue
        for number, row in enumerate([content] if single else content):
            yield from _row_mistakes(table, row, partial(_line, lines, table, number))


def _row_mistakes(
    table: str, row: Mapping[str, Any], line: Callable[[str], int]
) -> Iterator[Mistake]:
    known = {item.name: item for item in fields(_TABLES[table])}
    for key, value in row.items():
        if key not in known:
            yield Mistake(line(key), f"unknown key {key!r}; {suggestion(key, known)}")
        elif problem := _problem(key, value, str(known[key].type)):
            yield Mistake(line(key), f"{key} is {value!r}; {problem}")
    for key, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and key not in row:
            yield Mistake(line(""), f"{table} needs {key!r}")


def _problem(key: str, value: object, kind: str) -> str:
    """Say what is wrong with a value; nothing where it is right."""
    if kind.startswith("tuple"):
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            return 'it must be a list of words in quotes, such as ["money"]'
        unknown = [word for word in value if word not in _WORDS[key]]
        return f"{unknown[0]!r}: {suggestion(unknown[0], _WORDS[key])}" if unknown else ""
    if kind == "str":
        if not isinstance(value, str) or not value.strip():
            return "it must be a text in quotes"
        strange = set(re.findall(r"{(.*?)}", value)) - {"thing", "amount", "hours"}
        if strange:
            return f"it may name {{thing}}, {{amount}} or {{hours}}, not {sorted(strange)[0]!r}"
        known = _WORDS.get(key, (value,))
        return "" if value in known else suggestion(value, known)
    if kind == "bool":
        return "" if isinstance(value, bool) else "it must be true or false"
    whole = kind.startswith("int")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return f"it must be a {'whole ' if whole else ''}number"
    low, high = _AT_LEAST.get(key, 0.0), _AT_MOST.get(key, float("inf"))
    if not low <= value < float("inf"):
        return f"it must be at least {low:g}"
    return "" if value <= high else f"it must be at most {high:g}"


def _whole_mistakes(tables: Mapping[str, Any], lines: Mapping[_Place, int]) -> Iterator[Mistake]:
    """Look at how the tables fit together: names used once, roles that exist, nothing missing."""
    for table, key in (("role", "name"), ("gesture", "name"), ("service_level", "lane")):
        names = _values(tables, table, key)
        for number, name in enumerate(names):
            if name is not None and name in names[:number]:
                yield Mistake(_line(lines, table, number, key), f"{key} {name!r} is used twice")
    roles = _values(tables, "role", "name")
    for table, key in (("gesture", "approval"), ("service_level", "owner")):
        for number, role in enumerate(_values(tables, table, key)):
            if role and role not in roles:
                message = f"no role {role!r}; {suggestion(str(role), map(str, roles))}"
                yield Mistake(_line(lines, table, number, key), message)
    yield from _missing(tables)


def _missing(tables: Mapping[str, Any]) -> Iterator[Mistake]:
    if not _values(tables, "role", "name"):
        yield Mistake(1, "no [[role]]; add one")
    for table, key, wanted in (
        ("gesture", "layer", ("fix", "concern")),
        ("service_level", "lane", PLANNED_LANES),
    ):
        there = _values(tables, table, key)
        for word in wanted:
            if word not in there:
                yield Mistake(1, f"no [[{table}]] with {key} {word!r}; add one")


def _values(tables: Mapping[str, Any], table: str, key: str) -> list[Any]:
    rows = tables.get(table, [])
    if not isinstance(rows, list):
        return []
    return [row.get(key) if isinstance(row, dict) else None for row in rows]
