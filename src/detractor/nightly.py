"""One command a night: fetch, score, rank, plan, themes, alerts, report; each step resumable.

A night is a folder named after its date. A step writes its files whole and then a mark; a step
whose mark is there is not done again, unless the configuration or an earlier step has changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from detractor.alerts import (
    DELIVERED,
    PENDING,
    FileSink,
    Sink,
    Teller,
    WebhookSink,
    find_alerts,
    to_stdout,
)
from detractor.chunks import Reading
from detractor.databases import read_query
from detractor.errors import ConfigError, JobError
from detractor.files import csv_bytes, header_bytes, whole_file, write_table
from detractor.jobs import FileJob
from detractor.night_config import STEPS, Config
from detractor.pipeline import Scorer, by_customers, read_scored, score_files
from detractor.runs import exclusive, population_shift
from detractor.schema import require
from detractor.storage import Store
from detractor.streams import find_files
from detractor.tables import read_chunks

LOG = logging.getLogger(__name__)
KNOWN_THEMES = "themes.safetensors"
"""What a night leaves for the next, so that a theme keeps its name."""


@dataclass
class Night:
    """One night under way: its configuration, its date, its folder and what it has found out.

    Parameters
    ----------
    config : Config
        What to do.
    as_of : str
        The date, as 2026-03-01; also the name of the run in the store.
    skip : tuple of str
        Steps to leave out, beside those that the configuration leaves out.
    """

    config: Config
    as_of: str
    skip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            pd.Timestamp(self.as_of)
        except ValueError as error:
            raise ConfigError(f"not a date: {self.as_of!r}; write it as 2026-03-01") from error
        base = self.config.folder / str(self.config.get("output", "folder") or "nights")
        self.base = base
        self.folder = base / self.as_of
        self.skip = (*self.skip, *self.config.skip)
        self.notes: dict[str, Any] = {}

    def file(self, name: str) -> Path:
        """Name a file of this night."""
        return self.folder / name

    def plan(self) -> list[tuple[str, str]]:
        """Say for each step whether it would be done: "skip", "done" already, or "do"."""
        states = []
        digest = self._digest()
        for step in STEPS:
            if step in self.skip:
                states.append((step, "skip"))
                continue
            digest = _chain(digest, step)
            done = self._mark(step).is_file() and self._mark(step).read_text() == digest
            states.append((step, "done" if done else "do"))
        return states

    def run(self) -> dict[str, Any]:
        """Do what is to be done, and give the notes of every step.

        Raises
        ------
        JobError
            Another run is at this night.
        DetractorError
            Whatever a step cannot do; what was done before stays done.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self.folder):
            digest, again = self._digest(), False
            for step in STEPS:
                if step in self.skip:
                    continue
                digest = _chain(digest, step)
                mark = self._mark(step)
                if not again and mark.is_file() and mark.read_text() == digest:
                    self.notes[step] = json.loads(self.file(f"{step}.json").read_text())
                    LOG.info("%s: done before", step)
                    continue
                again = True  # what builds on a step that was done anew is done anew
                mark.unlink(missing_ok=True)
                began = time.monotonic()
                notes = DO[step](self)
                notes["seconds"] = round(time.monotonic() - began, 3)
                self.notes[step] = notes
                _write(self.file(f"{step}.json"), json.dumps(notes, indent=2, default=str))
                _write(mark, digest)
                LOG.info("%s: %s", step, {k: v for k, v in notes.items() if k != "bins"})
        return self.notes

    def _mark(self, step: str) -> Path:
        return self.file(f".{step}.done")

    def _digest(self) -> str:
        tables = json.dumps(self.config.tables, sort_keys=True, default=str)
        inputs = ""
        if self.config.get("source", "files") and "fetch" not in self.skip:
            inputs = str(
                [(f, Path(f).stat().st_size, Path(f).stat().st_mtime_ns) for f in self.inputs()]
            )
        return hashlib.sha256(f"{tables}{self.as_of}{inputs}".encode()).hexdigest()

    def inputs(self) -> list[str]:
        """List the files to score."""
        patterns = self.config.get("source", "files")
        if patterns is None:
            return [str(self.file("feedback.csv"))]
        given = [patterns] if isinstance(patterns, str) else patterns
        return find_files([str(self.config.folder / pattern) for pattern in given])

    def reading(self) -> Reading:
        """Say how the inputs are read."""
        if self.config.get("source", "files") is None:
            return Reading()
        delimiter, encoding = (self.config.get("source", k) for k in ("delimiter", "encoding"))
        return Reading(delimiter=delimiter, encoding=encoding)

    def store(self) -> Store | None:
        """Open the store, if there is to be one."""
        url = self.config.secret("store", "database")
        return Store(url) if url else None

    def scored(self) -> pd.DataFrame:
        """Read the scored texts back, up to the night."""
        scorer = Scorer(text=self.config.columns.text, signals=True)
        names = self.config.columns
        file = (str(self.file("scored.csv")),)
        frame = read_scored(file, reading=Reading(), scorer=scorer, columns=names).frame
        if names.date not in frame:
            return frame
        dates = pd.to_datetime(frame[names.date], utc=True, errors="coerce", format="mixed")
        later = dates >= pd.Timestamp(self.as_of, tz="UTC") + pd.Timedelta(days=1)
        return frame[~later].reset_index(drop=True)


def _chain(digest: str, step: str) -> str:
    return hashlib.sha256(f"{digest} {step}".encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def _fetch(night: Night) -> dict[str, Any]:
    query = night.config.get("source", "query")
    if query is None:
        return {"files": night.inputs()}
    url = str(night.config.secret("source", "database"))
    rows = 0
    with whole_file(night.file("feedback.csv")) as part, part.open("wb") as file:
        for number, frame in enumerate(read_query(url, query)):
            header = b"" if number else header_bytes(frame)
            file.write(header + csv_bytes(frame, spreadsheet_safe=False))
            rows += len(frame)
    return {"rows": rows}


def _score(night: Night) -> dict[str, Any]:
    output = night.file("scored.csv")
    job = FileJob(
        inputs=tuple(night.inputs()),
        output=str(output),
        reading=night.reading(),
        resume=(output.with_name(f".{output.name}.parts")).is_dir(),
        spreadsheet_safe=False,
    )
    scorer = Scorer(
        text=night.config.columns.text, model=night.config.path("model", "file"), signals=True
    )
    report = score_files(job, scorer)
    return {
        "rows": report.tally.rows,
        "set_aside": report.tally.set_aside,
        "statuses": report.tally.statuses,
        "model": report.model,
        "bins": report.tally.bins,
    }


def _rank(night: Night) -> dict[str, Any]:
    from detractor.ranking import assumptions, rank

    queue = rank(
        night.scored(), policy=night.config.policy, as_of=night.as_of, columns=night.config.columns
    )
    write_table(queue, str(night.file("queue.csv")))
    _keep(night, "queue", queue, customer=night.config.columns.customer)
    contact = queue[queue["contact"]]
    return {
        "customers": len(queue),
        "to_contact": len(contact),
        "expected_saving": round(float(contact["expected_saving"].sum()), 2),
        "lanes": {str(k): int(v) for k, v in queue["lane"].value_counts().items()},
        "assumptions": assumptions(queue),
    }


def _keep(night: Night, table: str, frame: pd.DataFrame, **keys: str) -> None:
    store = night.store()
    if store is None:
        return
    with store:
        store.write(table, frame, run=night.as_of, **keys)


def _plan(night: Night) -> dict[str, Any]:
    from detractor.pipeline import plan_file

    playbook = night.config.path("playbook", "file")
    planned = plan_file(str(night.file("queue.csv")), playbook=playbook, budget=None)
    write_table(planned, str(night.file("plan.csv")))
    _keep(night, "plans", planned, customer=night.config.columns.customer)
    return {"customers": len(planned)}


def _themes(night: Night) -> dict[str, Any]:
    from detractor.theme_file import read_themes, write_themes
    from detractor.themes import find_themes

    said = by_customers(night.scored(), night.config.columns, night.config.policy)
    before = _night_before(night, KNOWN_THEMES)
    known = read_themes(before / KNOWN_THEMES) if before else None
    found = find_themes(said, columns=night.config.columns, known=known)
    write_themes(found, night.file(KNOWN_THEMES))
    table = found.table.reset_index()
    write_table(table, str(night.file("themes.csv")))
    _keep(night, "themes", table)
    fresh = int((table["status"] == "new").sum())
    return {"themes": len(table), "new": fresh, "first": table["name"].head(5).tolist()}


def _alerts(night: Night) -> dict[str, Any]:
    found = find_alerts(night.scored(), columns=night.config.columns)
    store = night.store()
    sink = _sink(night.config)
    if store is None or sink is None:
        write_table(found, str(night.file("alerts.csv")))
        return {"found": len(found)}
    dead = night.config.path("alerts", "dead_letters")
    with store:
        with store.begin() as writer:
            fresh = found.assign(state=PENDING, raised=night.as_of)
            writer.write("alerts", fresh, replace=False)
        Teller(store, sink, dead_letters=Path(dead) if dead else None).tell()
        raised = store.read("alerts", raised=night.as_of)
    write_table(raised, str(night.file("alerts.csv")))
    states = raised["state"].tolist()
    return {"found": len(found), "new": len(states), "told": states.count(DELIVERED)}


def _sink(config: Config) -> Sink | None:
    webhook = config.secret("alerts", "webhook")
    file = config.path("alerts", "file")
    if webhook:
        return WebhookSink(webhook)
    if file:
        return FileSink(Path(file))
    return to_stdout if config.get("alerts", "stdout") else None


def _report(night: Night) -> dict[str, Any]:
    notes: dict[str, Any] = {"as_of": night.as_of}
    before = _night_before(night, "score.json")
    bins = night.notes.get("score", {}).get("bins", {})
    if before and bins:
        old = json.loads((before / "score.json").read_text())["bins"]
        notes["compared_with"] = before.name
        notes["shift"] = {
            head: round(population_shift(old[head], bins[head]), 4) for head in bins if head in old
        }
    _write(night.file("report.txt"), report_text(night.notes, notes))
    if night.file("queue.csv").is_file():
        _write_page(night, notes)
    store = night.store()
    if store is not None:
        row = {"as_of": night.as_of, "state": "done", "report": json.dumps(notes)}
        with store:
            store.write("runs", pd.DataFrame([row]), run=night.as_of)
    return notes


def _write_page(night: Night, notes: Mapping[str, Any]) -> None:
    from detractor.artifact import load
    from detractor.report import write_report
    from detractor.report_inputs import RELIABILITY, hold_against_ratings, read_night

    config = night.config
    held = hold_against_ratings(night.scored(), columns=config.columns, policy=config.policy)
    write_table(held, str(night.file(RELIABILITY)))
    known = {name: notes[name] for name in ("as_of", "shift", "compared_with") if name in notes}
    model = load(config.path("model", "file"))
    write_report(replace(read_night(night.folder), **known), night.file("report.html"), model=model)


def _night_before(night: Night, file: str) -> Path | None:
    """Find the latest earlier night that left this file."""
    nights = [path.parent for path in night.base.glob(f"*/{file}")]
    earlier = sorted(path for path in nights if path.name < night.as_of)
    return earlier[-1] if earlier else None


def report_text(notes: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """Tell a person what a night did.

    Examples
    --------
    >>> print(report_text({"score": {"rows": 1200, "set_aside": 1}}, {"as_of": "2026-03-01"}))
    Night of 2026-03-01
    score: 1,200 rows, 1 set aside
    <BLANKLINE>
    """
    lines = [f"Night of {last['as_of']}"]
    for step, facts in notes.items():
        told = [f"{value:,} {name}" for name, value in facts.items() if _is_count(name, value)]
        if told:
            lines.append(f"{step}: " + ", ".join(told).replace("_", " "))
    for head, shift in last.get("shift", {}).items():
        word = "steady" if shift < 0.1 else "shifting" if shift < 0.25 else "shifted"
        lines.append(f"{head}: {word} since {last['compared_with']} (index {shift:.3f})")
    return "\n".join(lines) + "\n"


def _is_count(name: str, value: object) -> bool:
    return isinstance(value, int | float) and name != "seconds"


DO: dict[str, Callable[[Night], dict[str, Any]]] = {
    "fetch": _fetch,
    "score": _score,
    "rank": _rank,
    "plan": _plan,
    "themes": _themes,
    "alerts": _alerts,
    "report": _report,
}


def check_night(night: Night) -> list[str]:
    """Say what a night would do, and what stands against it, without doing anything.

    Raises
    ------
    DetractorError
        An input is missing, or lacks a column that the configuration names.
    """
    lines = [f"{step}: {state}" for step, state in night.plan()]
    if night.config.get("source", "files") is not None:
        first = next(read_chunks(night.inputs()[0], night.reading()))
        named = night.config.tables.get("columns", {})
        require(first.frame, night.config.columns.text, *named.values())
        lines.insert(0, f"{len(night.inputs())} files, the first with columns as configured")
    if not os.access(night.config.folder, os.W_OK):
        raise JobError(f"cannot write in {str(night.config.folder)!r}")
    return lines
