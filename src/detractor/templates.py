"""Sentences made from templates: ``{slot}`` is filled from a list, the same way every time."""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections import Counter
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detractor.errors import ConfigError, reason, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE_END = re.compile(r"(?:^|[.!?] )$")
_TRIES = 20  # draws for each line wanted, before a template counts as exhausted


def expand(template: str, fill: Mapping[str, Sequence[str]], *, limit: int) -> list[str]:
    """Fill the slots of a template in up to `limit` different ways.

    The draw depends on the template alone, so other templates may come and go without changing its
    lines. A slot that occurs twice takes two different values.

    Raises
    ------
    ConfigError
        If a slot has no list.

    Examples
    --------
    >>> sorted(expand("{thing} was late", {"thing": ["the bus", "dinner"]}, limit=5))
    ['Dinner was late', 'The bus was late']
    """
    slots = _SLOT.findall(template)
    for slot in slots:
        if slot not in fill:
            raise ConfigError(f"no list fills {{{slot}}} in {template!r}; {suggestion(slot, fill)}")
    if not slots:
        return [template]
    draw = random.Random(zlib.crc32(template.encode()))
    lines: dict[str, None] = {}
    for _ in range(limit * _TRIES):
        lines[_fill_once(template, fill, draw)] = None
        if len(lines) == limit:
            break
    return list(lines)


def _fill_once(template: str, fill: Mapping[str, Sequence[str]], draw: random.Random) -> str:
    counts = Counter(_SLOT.findall(template))
    queues = {
        slot: cycle(draw.sample(list(fill[slot]), min(len(fill[slot]), count)))
        for slot, count in sorted(counts.items())
    }
    return _SLOT.sub(lambda match: _cased(next(queues[match[1]]), match), template)


def _cased(value: str, match: re.Match[str]) -> str:
    opens = _SENTENCE_END.search(match.string[: match.start()])
    return value[:1].upper() + value[1:] if opens else value


def load_toml(name: str, path: str | Path | None = None) -> dict[str, Any]:
    """Read a suite of templates: the one that ships under this name, or a user's own file.

    Raises
    ------
    ConfigError
        If the file is missing or is not TOML.

    Examples
    --------
    >>> "minimum" in load_toml("behaviour.toml")
    True
    """
    source = Path(path) if path is not None else files("detractor") / "data" / name
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {str(source)!r} as TOML: {reason(error)}") from error
