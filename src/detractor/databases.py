"""Talk to SQLite and PostgreSQL through SQLAlchemy: connect, stream queries, upsert tables."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from detractor.errors import JobError, MissingExtraError, ParameterError
from detractor.schema import require

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

BATCH = 1000
"""Rows a statement."""
READING = "detractor_reading"
"""The execution option of a connection that only reads, and need not wait for a writer."""


def sqlalchemy() -> Any:  # noqa: ANN401  # a module
    """Import SQLAlchemy, or say what to install.

    Examples
    --------
    >>> sqlalchemy().__name__
    'sqlalchemy'
    """
    try:
        import sqlalchemy as module
    except ImportError as error:
        raise MissingExtraError("sqlalchemy", extra="sql") from error
    return module


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the database's complaint into one sentence; it never holds the password."""
    sa = sqlalchemy()
    try:
        yield
    except sa.exc.NoSuchModuleError as error:
        raise ParameterError(f"no such kind of database: {error}") from error
    except sa.exc.ArgumentError as error:
        raise ParameterError(
            "not a database URL; write sqlite:///file.db or postgresql+psycopg://host/name"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise JobError(f"the database refused: {cause[0] if cause else error}") from error


def connect(url: str) -> sa.Engine:
    """Make an engine whose transactions also cover what SQLite would do outside of them.

    Parameters
    ----------
    url : str
        Such as ``sqlite:///detractor.db`` or ``postgresql+psycopg://host/name``.

    Raises
    ------
    ParameterError
        The URL is none.
    MissingExtraError
        SQLAlchemy, or the driver, is not installed.

    Examples
    --------
    >>> connect("sqlite://").dialect.name
    'sqlite'
    """
    sa = sqlalchemy()
    with clear_errors():
        try:
            engine = sa.create_engine(url)
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or "a database driver", extra="sql") from error
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")  # type: ignore[untyped-decorator]
        def _leave_transactions_to_us(connection: Any, record: object) -> None:  # noqa: ANN401
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout = 30000")

        @sa.event.listens_for(engine, "begin")  # type: ignore[untyped-decorator]
        def _begin(connection: Any) -> None:  # noqa: ANN401
            reads = connection.get_execution_options().get(READING)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine  # type: ignore[no-any-return]


def read_query(url: str, query: str, *, chunk_rows: int = 20_000) -> Iterator[pd.DataFrame]:
    """Read what a query gives, some rows at a time; the server keeps the rest.

    Yields
    ------
    DataFrame
        At least one, with the columns.

    Examples
    --------
    >>> frames = read_query("sqlite://", "SELECT 1 AS id UNION SELECT 2", chunk_rows=1)
    >>> [frame["id"].tolist() for frame in frames]
    [[1], [2]]
    """
    import pandas as pd

    sa = sqlalchemy()
    engine = connect(url)
    try:
        with clear_errors(), engine.connect() as connection:
            streaming = connection.execution_options(
                stream_results=True, yield_per=chunk_rows, **{READING: True}
            )
            result = streaming.execute(sa.text(query))
            names = list(result.keys())
            empty = True
            for rows in result.partitions(chunk_rows):
                empty = False
                yield pd.DataFrame([tuple(row) for row in rows], columns=names)
            if empty:
                yield pd.DataFrame(columns=names)
    finally:
        engine.dispose()


def write_rows(
    url: str, table: str, frames: Iterable[pd.DataFrame], *, key: tuple[str, ...]
) -> int:
    """Upsert frames into a table of yours, which is made if it is not there.

    Parameters
    ----------
    url : str
        See `connect`.
    table : str
        Its name.
    frames : iterable of DataFrame
        Drawn one by one; one transaction around all.
    key : tuple of str
        Columns that identify a row.

    Returns
    -------
    int
        How many rows were written.

    Raises
    ------
    SchemaError
        A key column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> write_rows("sqlite://", "scored", [pd.DataFrame({"id": [1], "anger": [0.5]})], key=("id",))
    1
    """
    engine = connect(url)
    count = 0
    try:
        with clear_errors(), engine.begin() as connection:
            statement: Any = None
            for frame in frames:
                require(frame, *key)
                if statement is None:
                    target = _user_table(frame, table, key)
                    target.create(connection, checkfirst=True)
                    statement = upsert(target, engine.dialect.name, key)
                clean = [plain_row(row) for row in frame.to_dict("records")]
                for start in range(0, len(clean), BATCH):
                    connection.execute(statement, clean[start : start + BATCH])
                count += len(clean)
    finally:
        engine.dispose()
    return count


def _user_table(frame: pd.DataFrame, name: str, key: tuple[str, ...]) -> Any:  # noqa: ANN401
    import pandas as pd

    sa = sqlalchemy()
    kinds = (
        (pd.api.types.is_bool_dtype, sa.Boolean),
        (pd.api.types.is_integer_dtype, sa.BigInteger),
        (pd.api.types.is_float_dtype, sa.Double),
    )
    columns = []
    for column in frame.columns:
        kind = next((kind for test, kind in kinds if test(frame[column].dtype)), sa.Text)
        columns.append(sa.Column(str(column), kind, primary_key=column in key))
    return sa.Table(name, sa.MetaData(), *columns)


def upsert(table: Any, dialect: str, key: tuple[str, ...], *, replace: bool = True) -> Any:  # noqa: ANN401
    """Build the statement that inserts a row, and replaces or leaves one with the same key.

    Raises
    ------
    ParameterError
        The database is neither SQLite nor PostgreSQL.
    """
    from sqlalchemy.dialects import postgresql, sqlite

    if dialect not in ("sqlite", "postgresql"):
        raise ParameterError(f"writing to {dialect} is not supported; use SQLite or PostgreSQL")
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    values = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key}
    if not replace or not values:
        return insert.on_conflict_do_nothing(index_elements=list(key))
    return insert.on_conflict_do_update(index_elements=list(key), set_=values)


def plain_row(row: dict[Any, Any]) -> dict[str, Any]:
    """Give what every database takes; a missing value is NULL, a time is ISO 8601.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_row({"when": pd.Timestamp("2026-03-01"), "anger": float("nan")})
    {'when': '2026-03-01T00:00:00', 'anger': None}
    """
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a frame holds
    import pandas as pd

    if isinstance(value, list | dict | tuple):
        return json.dumps(value, default=str)
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "")
    return value.item() if hasattr(value, "item") else value
