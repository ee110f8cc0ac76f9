"""Keep queues, plans, contacts, outcomes, themes, cases and alerts in SQLite or PostgreSQL.

Every write is one transaction of upserts on a key, so that a rerun after a crash anywhere ends with
the same rows. The schema is made and brought up to date by the library; `VERSION` says which.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from detractor.databases import (
    BATCH,
    READING,
    clear_errors,
    connect,
    plain_row,
    sqlalchemy,
    upsert,
)
from detractor.errors import JobError, ParameterError, suggestion
from detractor.schema import require

DETAILS = "details"


class Table(NamedTuple):
    """A table's key, its own columns with their SQL types, and the version that brought it.

    What a row holds beyond these is kept as JSON in `details`.
    """

    key: tuple[str, ...]
    columns: dict[str, str]
    since: int = 1


TABLES = {
    "runs": Table(("run",), {"as_of": "Text", "state": "Text", "report": "Text"}),
    "queue": Table(
        ("run", "customer"),
        {
            "position": "Integer",
            "contact": "Boolean",
            "lane": "Text",
            "expected_saving": "Float",
            "value": "Float",
            "p_leaves": "Float",
            "respond_by": "Text",
            "why": "Text",
        },
    ),
    "plans": Table(("run", "customer"), {"decided_by": "Text", "respond_by": "Text"}),
    "themes": Table(("run", "theme"), {"texts": "Integer", "customers": "Integer"}),
    "contacts": Table(("customer", "contacted_at"), {"arm": "Text", "cost": "Float"}),
    "outcomes": Table(("run", "measure"), {"estimate": "Float", "low": "Float", "high": "Float"}),
    "cases": Table(("customer", "trouble"), {"state": "Text", "opened": "Text"}, since=2),
    "alerts": Table(("customer", "trouble"), {"state": "Text", "raised": "Text"}, since=2),
    "positions": Table(("source",), {"position": "Text"}, since=2),
}
VERSION = max(table.since for table in TABLES.values())


class Store:
    """The library's own tables in one database.

    Parameters
    ----------
    url : str
        See `connect`. Tables that are missing are made, with names that begin ``detractor_``.

    Raises
    ------
    JobError
        The database refuses, or was made by a newer version of the library.

    Examples
    --------
    >>> import pandas as pd
    >>> queue = pd.DataFrame({"account": ["ann"], "position": [1], "anger": [0.9]})
    >>> with Store("sqlite://") as store:
    ...     for _ in range(2):
    ...         written = store.write("queue", queue, run="2026-03-01", customer="account")
    ...     print(written, store.read("queue", run="2026-03-01")[["customer", "position", "anger"]])
    1   customer  position  anger
    0      ann         1    0.9
    """

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self._tables = _tables()
        try:
            with clear_errors():
                self._migrate()
        except BaseException:
            self.engine.dispose()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _migrate(self) -> None:
        """Bring the schema from its version to ours, in one transaction, one process at a time."""
        sa = sqlalchemy()
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(712204)"))
            version = self._tables["version"]
            version.create(connection, checkfirst=True)
            found = connection.execute(sa.select(sa.func.max(version.c.version))).scalar() or 0
            if found > VERSION:
                raise JobError(
                    f"the database has version {found}, this library knows {VERSION}; upgrade it"
                )
            for name, table in TABLES.items():
                if table.since > found:
                    self._tables[name].create(connection, checkfirst=True)
            if found < VERSION:
                connection.execute(version.insert(), {"version": VERSION})

    @contextlib.contextmanager
    def begin(self) -> Iterator[Writer]:
        """Open a transaction: what is written in the block is written as a whole or not at all.

        Examples
        --------
        >>> with Store("sqlite://") as store, store.begin() as writer:
        ...     writer.write("positions", pd.DataFrame({"source": ["inbox"], "position": ["7"]}))
        1
        """
        with clear_errors(), self.engine.begin() as connection:
            yield Writer(connection, self._tables)

    def write(self, table: str, rows: pd.DataFrame | Iterable[pd.DataFrame], **keys: str) -> int:
        """Write in a transaction of its own; see `Writer.write`."""
        with self.begin() as writer:
            return writer.write(table, rows, replace=True, **keys)

    def read(self, table: str, **keys: str) -> pd.DataFrame:
        """Read rows back, with details as columns, in the order of the key.

        Parameters
        ----------
        table : str
            One of `TABLES`.
        **keys : str
            Values of parts of the key; all rows without.
        """
        sa = sqlalchemy()
        description = _described(table)
        target = self._tables[table]
        query = sa.select(target).order_by(*(target.c[name] for name in description.key))
        for name, value in keys.items():
            query = query.where(target.c[name] == value)
        with clear_errors(), self.engine.connect() as connection:
            reader = connection.execution_options(**{READING: True})
            rows = [dict(row._mapping) for row in reader.execute(query)]
        for row in rows:
            row.update(json.loads(row.pop(DETAILS) or "{}"))
        names = [*description.key, *description.columns]
        return pd.DataFrame(rows, columns=None if rows else names)


class Writer:
    """Writes within one transaction of a `Store`; see `Store.begin`."""

    def __init__(self, connection: Any, tables: dict[str, Any]) -> None:  # noqa: ANN401
        self._connection = connection
        self._tables = tables

    def write(
        self,
        table: str,
        rows: pd.DataFrame | Iterable[pd.DataFrame],
        *,
        replace: bool = True,
        **keys: str,
    ) -> int:
        """Upsert rows on the table's key.

        Parameters
        ----------
        table : str
            One of `TABLES`.
        rows : DataFrame or iterable of DataFrame
            Frames are drawn one by one, so that a stream needs no memory.
        replace : bool
            Whether a row takes the place of one with the same key, or the older one stays.
        **keys : str
            For each part of the key the column that holds it, or for `run` its value. A part that
            is not named has a column of its own name.

        Returns
        -------
        int
            How many rows were given.
        """
        description = _described(table)
        frames = [rows] if isinstance(rows, pd.DataFrame) else rows
        dialect = self._connection.dialect.name
        statement = upsert(self._tables[table], dialect, description.key, replace=replace)
        count = 0
        for frame in frames:
            for batch in _records(frame, description, keys):
                self._connection.execute(statement, batch)
                count += len(batch)
        return count


def _tables() -> dict[str, Any]:
    """Describe our tables to SQLAlchemy."""
    sa = sqlalchemy()
    metadata = sa.MetaData()
    tables = {
        "version": sa.Table(
            "detractor_version", metadata, sa.Column("version", sa.Integer, primary_key=True)
        )
    }
    types = {"Float": sa.Double}
    for name, table in TABLES.items():
        keys = [sa.Column(part, sa.Text, primary_key=True) for part in table.key]
        own = [
            sa.Column(column, types.get(kind) or getattr(sa, kind))
            for column, kind in table.columns.items()
        ]
        details = sa.Column(DETAILS, sa.Text)
        tables[name] = sa.Table(f"detractor_{name}", metadata, *keys, *own, details)
    return tables


def _described(table: str) -> Table:
    if table not in TABLES:
        raise ParameterError(f"no table {table!r}; {suggestion(table, TABLES)}")
    return TABLES[table]


def _records(
    frame: pd.DataFrame, table: Table, keys: dict[str, str]
) -> Iterator[list[dict[str, Any]]]:
    """Turn rows into parameters, `BATCH` at a time."""
    sources = {part: keys.get(part, part) for part in table.key if part != "run"}
    require(frame, *sources.values())
    for start in range(0, len(frame), BATCH):
        batch = []
        for row in frame.iloc[start : start + BATCH].to_dict("records"):
            plain = plain_row(row)
            record = {part: str(plain.pop(source)) for part, source in sources.items()}
            if "run" in table.key:
                record["run"] = str(keys.get("run", plain.pop("run", "")))
            record |= {name: plain.pop(name, None) for name in table.columns}
            batch.append({**record, DETAILS: json.dumps(plain, default=str)})
        yield batch
