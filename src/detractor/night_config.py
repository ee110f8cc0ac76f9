"""What a night does, read from TOML; every mistake is named."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from detractor.errors import ConfigError, reason, suggestion
from detractor.policy import Policy
from detractor.schema import Columns

STEPS = ("fetch", "score", "rank", "plan", "themes", "alerts", "report")
SECTIONS = {
    "source": ("files", "database", "query", "encoding", "delimiter"),
    "columns": tuple(part.name for part in fields(Columns)),
    "model": ("file",),
    "store": ("database",),
    "output": ("folder",),
    "policy": (),
    "playbook": ("file",),
    "alerts": ("file", "webhook", "stdout", "dead_letters"),
    "steps": ("skip",),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    r"""What a night does, from a TOML file; see ``examples/nightly.toml``.

    Examples
    --------
    >>> Config.from_toml('[source]\nfiles = ["a.csv"]\n[columns]\ntxt = "comment"\n')
    Traceback (most recent call last):
        ...
    detractor.errors.ConfigError: [columns] has no 'txt'; did you mean 'text'?
    """

    tables: Mapping[str, Mapping[str, Any]]
    folder: Path = Path()
    columns: Columns = field(default_factory=Columns)
    policy: Policy = field(default_factory=Policy)
    skip: tuple[str, ...] = ()

    @classmethod
    def from_file(cls, path: str) -> Config:
        """Read a configuration; relative paths in it start from its folder.

        Raises
        ------
        ConfigError
            Lists every mistake.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read {path!r}: {reason(error)}") from error
        return cls.from_toml(text, base=Path(path).parent)

    @classmethod
    def from_toml(cls, text: str, *, base: Path | None = None) -> Config:
        """Read a configuration from TOML."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"the configuration is not TOML: {error}") from error
        mistakes = list(_mistakes(tables))
        if mistakes:
            raise ConfigError("; ".join(mistakes))
        return cls(
            tables=tables,
            folder=base or Path(),
            columns=Columns(**tables.get("columns", {})),
            policy=Policy.from_mapping(tables.get("policy", {})),
            skip=tuple(tables.get("steps", {}).get("skip", ())),
        )

    def get(self, section: str, key: str) -> Any:  # noqa: ANN401  # TOML holds many kinds
        """Look a value up; None where it is not set."""
        return self.tables.get(section, {}).get(key)

    def path(self, section: str, key: str) -> str | None:
        """Look a path up, from the configuration's folder."""
        value = self.get(section, key)
        return None if value is None else str(self.folder / value)

    def secret(self, section: str, key: str) -> str | None:
        """Look up what may hold a password: ``env:NAME`` stands for an environment variable."""
        value = self.get(section, key)
        if not isinstance(value, str) or not value.startswith("env:"):
            return value  # type: ignore[no-any-return]
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ConfigError(f"[{section}] {key} asks for the environment variable {name}")
        return os.environ[name]


def _mistakes(tables: Mapping[str, Any]) -> Iterator[str]:
    for section, table in tables.items():
        if section not in SECTIONS or not isinstance(table, dict):
            yield f"no section [{section}]; {suggestion(section, SECTIONS)}"
            continue
        known = SECTIONS[section]
        yield from (
            f"[{section}] has no {key!r}; {suggestion(key, known)}"
            for key in table
            if known and key not in known
        )
    source = tables.get("source", {})
    if ("files" in source) == ("query" in source):
        yield "[source] takes either files, or a database and a query"
    if "query" in source and "database" not in source:
        yield "[source] has a query and no database"
    for step in tables.get("steps", {}).get("skip", ()):
        if step not in STEPS:
            yield f"no step {step!r}; {suggestion(step, STEPS)}"
