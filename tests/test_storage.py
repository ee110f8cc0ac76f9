"""The store: the same on SQLite and PostgreSQL. What a crash leaves: see test_crashes."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from detractor import storage
from detractor.databases import read_query, write_rows
from detractor.errors import DetractorError, JobError, ParameterError, SchemaError
from detractor.storage import TABLES, Store

QUEUE = pd.DataFrame(
    {
        "account": ["ann", "ben", "cem"],
        "position": [1, 2, 3],
        "contact": [True, True, False],
        "expected_saving": [172.5, 11.25, None],
        "respond_by": pd.to_datetime(["2026-03-02T17:00Z", "2026-03-03T00:00Z", None]),
        "why": pd.Series(["Leaving, \ud800", "O'Brien; DROP TABLE x", "nul \x00"], dtype=object),
        "anger": [0.1, 0.9, 0.0],
    }
)


def test_what_is_written_is_read_back_and_a_rerun_changes_nothing(url: str) -> None:
    with Store(url) as store:
        for _ in range(2):
            assert store.write("queue", QUEUE, run="monday", customer="account") == 3
        back = store.read("queue", run="monday")
        assert back["customer"].tolist() == ["ann", "ben", "cem"]
        assert back["contact"].astype(bool).tolist() == [True, True, False]
        assert back["expected_saving"].tolist()[:2] == [172.5, 11.25]
        assert pd.isna(back["expected_saving"][2])
        assert back["respond_by"].tolist()[:2] == [
            "2026-03-02T17:00:00+00:00",
            "2026-03-03T00:00:00+00:00",
        ]
        assert back["why"].tolist() == ["Leaving, ?", "O'Brien; DROP TABLE x", "nul "]
        assert back["anger"].tolist() == [0.1, 0.9, 0.0]


def test_a_later_write_replaces_and_another_run_stands_beside(url: str) -> None:
    with Store(url) as store:
        store.write("queue", QUEUE, run="monday", customer="account")
        store.write("queue", QUEUE.assign(position=9), run="monday", customer="account")
        store.write("queue", QUEUE, run="tuesday", customer="account")
        assert store.read("queue", run="monday")["position"].tolist() == [9, 9, 9]
        assert len(store.read("queue")) == 6
        assert store.read("themes").columns.tolist() == ["run", "theme", "texts", "customers"]


def test_a_stream_is_written_all_or_nothing(url: str) -> None:
    def breaks() -> Iterator[pd.DataFrame]:
        yield QUEUE
        raise ZeroDivisionError

    with Store(url) as store:
        with pytest.raises(ZeroDivisionError):
            store.write("queue", breaks(), run="monday", customer="account")
        assert len(store.read("queue")) == 0
        frames = (QUEUE.assign(account=QUEUE["account"] + str(i)) for i in range(60))
        assert store.write("queue", frames, run="monday", customer="account") == 180


def test_an_older_schema_is_brought_up_to_date_and_keeps_its_rows(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {name: table for name, table in TABLES.items() if table.since == 1}
    with monkeypatch.context() as old:
        old.setattr(storage, "TABLES", first)
        old.setattr(storage, "VERSION", 1)
        with Store(url) as store:
            store.write("queue", QUEUE, run="monday", customer="account")
    with Store(url) as store:
        assert len(store.read("queue")) == 3
        assert len(store.read("alerts")) == 0
    assert [row[0] for row in rows_of_one_column(url)] == [1, 2]
    with monkeypatch.context() as old:
        old.setattr(storage, "VERSION", 1)
        with pytest.raises(JobError, match="has version 2, this library knows 1; upgrade it"):
            Store(url)


def rows_of_one_column(url: str) -> list[tuple[int]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT version FROM detractor_version ORDER BY 1")
        ).all()
    engine.dispose()
    return [tuple(row) for row in found]  # type: ignore[misc]


def test_queries_stream_out_and_tables_stream_in(url: str) -> None:
    frames = [pd.DataFrame({"id": range(i, i + 50), "text": "é", "anger": 0.5, "ok": True})
              for i in range(0, 200, 50)]  # fmt: skip
    for _ in range(2):
        assert write_rows(url, "scored", frames, key=("id",)) == 200
    chunks = list(read_query(url, "SELECT * FROM scored ORDER BY id", chunk_rows=60))
    assert [len(chunk) for chunk in chunks] == [60, 60, 60, 20]
    assert pd.concat(chunks)["id"].tolist() == list(range(200))
    (nothing,) = read_query(url, "SELECT * FROM scored WHERE id < 0")
    assert nothing.columns.tolist() == ["id", "text", "anger", "ok"]


@pytest.mark.parametrize(
    ("wrong", "kind", "sentence"),
    [
        (lambda url: list(read_query(url, "SELECT * FROM nowhere")), JobError, "nowhere"),
        (lambda url: Store("nonsense"), ParameterError, "not a database URL"),
        (lambda url: Store("foxpro://x"), ParameterError, "no such kind of database"),
        (lambda url: Store(url).read("queues"), ParameterError, "did you mean 'queue'"),
        (lambda url: Store(url).write("queue", QUEUE, run="x"), SchemaError, "no column"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, wrong: object, kind: type[DetractorError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as caught:
        wrong(f"sqlite:///{tmp_path / 'a.db'}")  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(JobError) as caught:
        Store("postgresql+psycopg://user:secret@localhost:1/none")
    assert "secret" not in str(caught.value)
