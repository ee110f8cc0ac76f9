"""A crash between any two statements: what it leaves, a rerun brings to the same end."""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from detractor.databases import write_rows
from detractor.night_config import Config
from detractor.nightly import Night
from detractor.storage import Store

QUEUE = pd.DataFrame(
    {"account": ["ann", "ben", "cem"], "position": [1, 2, 3], "anger": [0.1, 0.9, 0.0]}
)
NIGHT = """
[source]
files = "in.csv"
[policy]
holdout_share = 0
[store]
database = "{url}"
[alerts]
file = "alerts.jsonl"
"""


READS = ("SELECT", "PRAGMA", "BEGIN", "SHOW")
"""Before these a crash leaves what it leaves before the next statement that writes."""


class Killed(BaseException):
    """What no code of ours may catch."""


@contextlib.contextmanager
def killed_before(number: int) -> Iterator[None]:
    """Fail before the write or the end of a transaction with this number, from 1."""
    seen = itertools.count(1)

    def strike(*_: object) -> None:
        if next(seen) == number:
            raise Killed

    def look(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.lstrip().upper().startswith(READS):
            strike()

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    sa.event.listen(sa.Engine, "commit", strike)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", look)
        sa.event.remove(sa.Engine, "commit", strike)


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Read every table of a database, each in the order of its rows."""
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def crash_everywhere(run: Callable[[str], object], new_database: Callable[[], str]) -> int:
    """Crash a run before each of its writes, rerun it, and compare; give how many crashed."""
    whole = new_database()
    run(whole)
    expected = contents(whole)
    assert any(expected.values())
    for number in itertools.count(1):
        url = new_database()
        try:
            with killed_before(number):
                run(url)
        except Killed:
            run(url)
            assert contents(url) == expected, f"killed before statement {number}"
        else:
            return number - 1
    raise AssertionError


def test_rows_of_ones_own(new_database: Callable[[], str]) -> None:
    frames = [QUEUE.assign(account=QUEUE["account"] + str(part)) for part in range(3)]
    run = lambda url: write_rows(url, "scored", frames, key=("account",))  # noqa: E731
    assert crash_everywhere(run, new_database) == 1 + 3 + 1  # CREATE, INSERTs, COMMIT


def test_the_store(new_database: Callable[[], str]) -> None:
    def run(url: str) -> None:
        with Store(url) as store:
            store.write("runs", pd.DataFrame({"state": ["begun"]}), run="monday")
            store.write("queue", [QUEUE, QUEUE[:1]], run="monday", customer="account")
            with store.begin() as writer:
                alerts = pd.DataFrame({"customer": ["ann"], "trouble": "safety", "state": "new"})
                writer.write("alerts", alerts, replace=False)
                writer.write("positions", pd.DataFrame({"source": ["inbox"], "position": ["7"]}))
            store.write("runs", pd.DataFrame({"state": ["done"]}), run="monday")

    assert crash_everywhere(run, new_database) > 20


def test_a_night(new_database: Callable[[], str], tmp_path: Path) -> None:
    scored = pd.DataFrame(
        {
            "customer_id": ["ann", "ben"],
            "date": "2026-02-27",
            "text": ["It caught fire", "I am leaving"],
            "detractor": 0.9, "anger": [0.8, 0.3], "churn_risk": [0.5, 0.9],
            "safety": [True, False], "status": "ok",
        }
    )  # fmt: skip
    first = tmp_path / "first"
    first.mkdir()
    scored.to_csv(first / "in.csv", index=False)
    folders: dict[str, Path] = {}

    def made() -> str:
        url = new_database()
        Store(url).close()  # whose own crashes are above
        return url

    def run(url: str) -> None:
        if url not in folders:
            folders[url] = tmp_path / f"night{len(folders)}"
            shutil.copytree(first, folders[url])
        config = Config.from_toml(NIGHT.format(url=url), base=folders[url])
        Night(config, "2026-03-01", ("plan", "themes", "report")).run()

    assert crash_everywhere(run, made) > 6
    told = {(folder / "alerts.jsonl").read_text() for folder in folders.values()}
    assert len(told) == 1
    assert len(told.pop().splitlines()) == 1
