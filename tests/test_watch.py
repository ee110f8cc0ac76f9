"""Watching: alerts within one look, each recorded once, told until heard."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detractor.alerts import ATTEMPTS, FileSink, Teller, WebhookSink, find_alerts
from detractor.databases import write_rows
from detractor.errors import ParameterError
from detractor.schema import Columns
from detractor.storage import Store
from detractor.watch import FolderSource, TableSource, Watcher


def read_safety(frame: pd.DataFrame) -> pd.DataFrame:
    """Stand in for scores and signals: a text that says "burnt" is a matter of safety."""
    return frame.assign(safety=frame["text"].astype(str).str.contains("burnt"), anger=0.5)


class Ear:
    """A sink that can be deaf."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.deaf = False

    def __call__(self, alert: dict[str, Any]) -> None:
        """Hear an alert."""
        if self.deaf:
            raise OSError("deaf")
        self.heard.append(alert["id"])


def watcher(store: Store, source: object, sink: Ear) -> Watcher:
    return Watcher(store=store, source=source, scorer=read_safety, teller=Teller(store, sink))  # type: ignore[arg-type]


def test_lines_added_to_files_are_read_once_and_only_when_complete(tmp_path: Path) -> None:
    ear = Ear()
    first, second = tmp_path / "a.csv", tmp_path / "b.jsonl"
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        watch = watcher(store, FolderSource(str(tmp_path / "*.*")), ear)
        first.write_text('customer_id,text\nann,"It burnt,\nbadly"\nben,fine\ncem,"it bu')
        assert watch.step() == 1
        assert watch.step() == 0
        with first.open("a") as file:
            file.write('rnt\ntoo"\nann,it burnt again\n')
        second.write_text('{"customer_id": "dee", "text": "burnt"}\n{"customer_id": "eve", "te')
        assert watch.step() == 2
        with second.open("a") as file:
            file.write('xt": "burnt"}\n')
        assert watch.step() == 1
    assert ear.heard == ["ann/safety", "cem/safety", "dee/safety", "eve/safety"]


def test_a_file_left_alone_is_read_to_its_end(tmp_path: Path) -> None:
    ear = Ear()
    file = tmp_path / "a.csv"
    file.write_text('customer_id,text\nann,a 5" pipe burnt\nben,it burnt')
    os.utime(file, (time.time() - 60, time.time() - 60))
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(__import__("gzip").compress(b"customer_id,text\ncem,burnt\n"))
    os.utime(packed, (time.time() - 60, time.time() - 60))
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        assert watcher(store, FolderSource(str(tmp_path / "*.csv*")), ear).step() == 3
    assert ear.heard == ["ann/safety", "ben/safety", "cem/safety"]


def test_rows_added_to_a_table_are_read_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    ear = Ear()
    rows = pd.DataFrame({"id": range(6), "customer_id": list("abcabc"), "text": "burnt"})
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        watch = watcher(store, TableSource(url, "feedback", "id", rows=2), ear)
        write_rows(url, "feedback", [rows[:2]], key=("id",))
        assert [watch.step(), watch.step()] == [2, 0]
        write_rows(url, "feedback", [rows[2:]], key=("id",))
        assert [watch.step(), watch.step(), watch.step()] == [1, 0, 0]
    assert ear.heard == ["a/safety", "b/safety", "c/safety"]


def test_a_trouble_long_past_is_a_new_one(tmp_path: Path) -> None:
    ear = Ear()
    file = tmp_path / "a.jsonl"
    line = '{"customer_id": "ann", "text": "burnt"}\n'
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        watch = watcher(store, FolderSource(str(file)), ear)
        file.write_text(line)
        watch.step()
        past = store.read("alerts").assign(raised="2020-01-01T00:00:00+00:00")
        store.write("alerts", past)
        file.write_text(line * 2)
        assert watch.step() == 1
    assert ear.heard[0] == "ann/safety"
    assert ear.heard[1].startswith("ann/safety 20")


def test_an_alert_not_heard_is_told_again_later_and_in_the_end_laid_aside(tmp_path: Path) -> None:
    ear, now = Ear(), 0.0
    dead = tmp_path / "dead.jsonl"
    alerts = pd.DataFrame({"customer": ["ann", "ben"], "trouble": "safety", "state": "pending"})
    with Store("sqlite://" + f"/{tmp_path / 'store.db'}") as store:
        store.write("alerts", alerts[:1])
        teller = Teller(store, ear, clock=lambda: now, dead_letters=dead)
        ear.deaf = True
        assert teller.tell() == 0
        ear.deaf = False
        assert teller.tell() == 0  # not yet
        now = 1.5
        assert teller.tell() == 1
        store.write("alerts", alerts[1:])
        ear.deaf = True
        for _ in range(ATTEMPTS + 2):
            now += 100
            teller.tell()
        assert store.read("alerts")["state"].tolist() == ["delivered", "dead"]
    assert ear.heard == ["ann/safety"]
    (letter,) = dead.read_text().splitlines()
    assert json.loads(letter)["error"] == "deaf"


def test_a_file_of_alerts_holds_each_once_though_a_kill_cut_a_line(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "alerts.jsonl")
    sink({"id": "ann/safety"})
    with sink.path.open("ab") as file:
        file.write(b'{"id": "ben/sa')
    for _ in range(2):
        sink({"id": "ben/safety"})
        sink({"id": "ann/safety"})
    lines = sink.path.read_text().splitlines()
    assert [lines[0], lines[-1]] == ['{"id": "ann/safety"}', '{"id": "ben/safety"}']
    assert len(lines) == 3


def test_a_webhook_gets_the_alert_with_its_key_and_may_refuse() -> None:
    got: list[tuple[str, object]] = []

    class Desk(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.headers["Idempotency-Key"], body))
            self.send_response(200 if len(got) > 1 else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sink = WebhookSink(f"http://127.0.0.1:{server.server_port}/")
    try:
        with pytest.raises(OSError, match="answered 500"):
            sink({"id": "ann/safety"})
        sink({"id": "ann/safety"})
    finally:
        server.shutdown()
        server.server_close()
    assert got == [("ann/safety", {"id": "ann/safety"})] * 2
    with pytest.raises(ParameterError, match="begins with http"):
        WebhookSink("file:///etc/passwd")


WATCH = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_watch import read_safety
from detractor.alerts import FileSink, Teller
from detractor.storage import Store
from detractor.watch import FolderSource, Watcher
folder = Path(sys.argv[1])
with Store(f"sqlite:///{folder / 'store.db'}") as store:
    watch = Watcher(store=store, source=FolderSource(str(folder / "*.csv")), scorer=read_safety,
                    teller=Teller(store, FileSink(folder / "alerts.txt")))
    while True:
        watch.step()
"""


def test_killed_while_watching_nothing_is_lost_and_nothing_told_twice(tmp_path: Path) -> None:
    file, told = tmp_path / "in.csv", tmp_path / "alerts.txt"
    file.write_text("customer_id,text\n")
    for round_ in range(3):
        with file.open("a") as stream:
            stream.writelines(f"c{round_}-{i},burnt\n" for i in range(20))
        here = str(Path(__file__).parent)
        lines = 20 * round_ + (10 if round_ < 2 else 20)  # killed half way, but the last time
        ends = time.monotonic() + 120
        with subprocess.Popen([sys.executable, "-c", WATCH, str(tmp_path), here]) as process:
            while time.monotonic() < ends:
                if told.exists() and len(told.read_bytes().splitlines()) >= lines:
                    break
                time.sleep(0.01)
            process.kill()
    ids = [json.loads(line)["id"] for line in told.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == 60


def test_only_rows_with_a_status_ok_and_an_urgent_signal_count() -> None:
    scored = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "text": ["x", "y", "z"],
            "status": ["ok", "unsupported", "ok"],
            "safety": [True, True, False],
            "escalation": [True, False, False],
        }
    )
    found = find_alerts(scored, columns=Columns())
    assert found["trouble"].tolist() == ["safety", "escalation"]
    assert len(find_alerts(scored[["customer_id", "text"]], columns=Columns())) == 0
