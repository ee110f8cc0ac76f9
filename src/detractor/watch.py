"""Watch a folder or a table that grows, and raise alerts within seconds, each exactly once.

What was read and the alerts found in it are recorded in one transaction, so that a kill at any
moment loses nothing and repeats nothing.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import pandas as pd

from detractor.alerts import PENDING, URGENT, Teller, find_alerts
from detractor.chunks import Chunk, Reading
from detractor.databases import READING, clear_errors, connect, sqlalchemy
from detractor.errors import InputFileError
from detractor.schema import Columns
from detractor.storage import Store
from detractor.tables import join_chunks, read_bytes, read_chunks

LOG = logging.getLogger(__name__)
READ_BYTES = 2 << 20
SETTLED_SECONDS = 2.0
"""A file counts as complete when it has not changed for so long."""
SAME_TROUBLE = timedelta(days=30)
"""Within which the same signal of the same customer is the same trouble; an assumption."""


class News(NamedTuple):
    """What a source gained: rows, and the place up to which it has been read with them."""

    source: str
    position: str
    chunk: Chunk


class Source(Protocol):
    """Something that grows."""

    def news(self, positions: dict[str, str]) -> Iterator[News]:
        """Give what came after the positions known."""


@dataclass(frozen=True)
class FolderSource:
    r"""Files that appear in a folder, or to which lines are added.

    Parameters
    ----------
    pattern : str
        Such as ``inbox/*.csv``. CSV and JSON lines are followed as they grow; packed files and
        Parquet are read once, when they are complete.
    reading : Reading
        How they are read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv"
    ...     _ = file.write_text("id,text\n1,Late\n2,Half a li")
    ...     (news,) = FolderSource(f"{folder}/*.csv").news({})
    >>> news.chunk.frame["text"].tolist(), news.position
    (['Late'], '15')
    """

    pattern: str
    reading: Reading = field(default_factory=Reading)

    def news(self, positions: dict[str, str]) -> Iterator[News]:
        """Read what each file gained, at most 2 MB of it at a time."""
        path = Path(self.pattern)
        for file in sorted(path.parent.glob(path.name)):
            start, size = int(positions.get(str(file), "0")), file.stat().st_size
            settled = time.time() - file.stat().st_mtime > SETTLED_SECONDS
            try:
                if size < start:
                    LOG.warning("%s has become shorter; it may only grow", file)
                elif size > start and file.suffix in (".csv", ".jsonl", ".ndjson"):
                    yield from self._grown(file, start, settled=settled)
                elif size > start and settled:
                    chunk = join_chunks(list(read_chunks(str(file), self.reading)))
                    yield News(str(file), str(size), chunk)
            except InputFileError as error:
                LOG.warning("%s", error)

    def _grown(self, file: Path, start: int, *, settled: bool) -> Iterator[News]:
        is_csv = file.suffix == ".csv"
        with file.open("rb") as stream:
            header = stream.readline() if is_csv else b""
            stream.seek(max(start, len(header)))
            added = stream.read(READ_BYTES)
        end = len(added) if settled and len(added) < READ_BYTES else _end_of_rows(added, is_csv)
        if end and (header.endswith(b"\n") or not is_csv):
            chunk = read_bytes(str(file), header + added[:end], self.reading)
            yield News(str(file), str(max(start, len(header)) + end), chunk)


def _end_of_rows(data: bytes, quoted: bool) -> int:
    """Find the end of the last complete row: a line break, outside of quotation marks in CSV."""
    end = data.rfind(b"\n") + 1
    while quoted and end and data.count(b'"', 0, end) % 2:
        end = data.rfind(b"\n", 0, end - 1) + 1
    return end


@dataclass(frozen=True)
class TableSource:
    """A SQL table to which rows are added.

    Parameters
    ----------
    url : str
        Of the database; see `databases.connect`.
    table : str
        The table.
    key : str
        A column that grows with every row. Where transactions overlap, a row may become visible
        after one with a higher key and would be missed: let one process write, or add in order.

    Examples
    --------
    >>> from detractor.databases import write_rows
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = f"sqlite:///{folder}/a.db"
    ...     _ = write_rows(url, "feedback", [pd.DataFrame({"id": [1, 2]})], key=("id",))
    ...     (news,) = TableSource(url, "feedback", "id").news({"feedback": "1"})
    >>> news.position, news.chunk.frame["id"].tolist()
    ('2', [2])
    """

    url: str
    table: str
    key: str
    rows: int = 5000

    def news(self, positions: dict[str, str]) -> Iterator[News]:
        """Read the rows whose key is above the last one."""
        sa = sqlalchemy()
        key = sa.column(self.key)
        query = sa.select(sa.text("*")).select_from(sa.table(self.table)).order_by(key)
        if self.table in positions:
            query = query.where(key > json.loads(positions[self.table]))
        engine = connect(self.url)
        try:
            with clear_errors(), engine.connect() as connection:
                result = connection.execution_options(**{READING: True}).execute(
                    query.limit(self.rows)
                )
                names = list(result.keys())
                frame = pd.DataFrame([tuple(row) for row in result], columns=names)
        finally:
            engine.dispose()
        if len(frame):
            last = frame[self.key].tolist()[-1]
            yield News(self.table, json.dumps(last, default=str), Chunk(frame))


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Reads what a source gained, and raises alerts.

    Parameters
    ----------
    store : Store
        Remembers positions and alerts.
    source : Source
        What grows.
    scorer : callable
        Adds scores and signals to a frame, such as `pipeline.Scorer(signals=True)`.
    teller : Teller
        Tells the alerts.
    columns : Columns
        What the columns are called.
    signals : tuple of str
        What cannot wait.
    """

    store: Store
    source: Source
    scorer: Callable[[pd.DataFrame], pd.DataFrame]
    teller: Teller
    columns: Columns = field(default_factory=Columns)
    signals: tuple[str, ...] = URGENT

    def step(self) -> int:
        """Read once what is new, and tell what is due; return how many alerts were found."""
        known = self.store.read("positions")
        positions = dict(zip(known["source"], known["position"], strict=True))
        found = sum(self._take(news) for news in self.source.news(positions))
        self.teller.tell()
        return found

    def run(self, stop: threading.Event, *, every: float = 1.0) -> None:
        """Step again and again, `every` so many seconds, until told to stop."""
        while not stop.is_set():
            began = time.monotonic()
            self.step()
            stop.wait(max(0.0, every - (time.monotonic() - began)))

    def _take(self, news: News) -> int:
        for reject in news.chunk.rejects:
            LOG.warning(
                "set aside: %s, row after %s: %s", news.source, news.position, reject.reason
            )
        scored = self.scorer(news.chunk.frame)
        alerts = find_alerts(scored, columns=self.columns, signals=self.signals)
        position = pd.DataFrame({"source": [news.source], "position": [news.position]})
        fresh = self._fresh(alerts, datetime.now(UTC))
        with self.store.begin() as writer:
            writer.write("alerts", fresh, replace=False)
            writer.write("positions", position)
        return len(fresh)

    def _fresh(self, alerts: pd.DataFrame, now: datetime) -> pd.DataFrame:
        """Leave out troubles raised before; one that is long past is a new trouble."""
        rows = []
        for alert in alerts.to_dict("records"):
            before = self.store.read("alerts", customer=alert["customer"])
            same = before[before["trouble"].str.split(" ").str[0] == alert["trouble"]]
            last = max(same["raised"], default="")
            if last and now - datetime.fromisoformat(last) < SAME_TROUBLE:
                continue
            again = f"{alert['trouble']} {now:%Y-%m-%d}" if last else alert["trouble"]
            rows.append({**alert, "trouble": again, "state": PENDING, "raised": now.isoformat()})
        return pd.DataFrame(rows, columns=None if rows else ["customer", "trouble"])
