"""Locks, counts and reports of runs."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from detractor.errors import JobError
from detractor.runs import RunReport, Tally, exclusive

HOLD = """
import sys
from pathlib import Path
from detractor.runs import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_turned_away_until_the_first_dies(tmp_path: Path) -> None:
    output = tmp_path / "scored.csv"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(JobError, match="another run is writing"), exclusive(output):
            pass
        holder.kill()
    with exclusive(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"cannot write beside .*No such file"):
        exclusive(tmp_path / "no" / "a.csv").__enter__()


def test_counts_of_parts_add_up_to_those_of_the_whole() -> None:
    frame = pd.DataFrame(
        {"status": ["ok", "empty", "ok"], "anger": [0.0, None, 1.0], "detractor": [0.5, None, 0.7]}
    )
    assert Tally.of(frame[:2], 1) + Tally.of(frame[2:], 0) == Tally.of(frame, 1)
    assert Tally() + Tally.of(frame, 0) == Tally.of(frame, 0)


def test_a_report_survives_its_file_and_names_what_went_wrong() -> None:
    report = RunReport(
        inputs=["a.csv"],
        output="b.csv",
        model="m",
        tally=Tally(5, 2, {"ok": 4, "empty": 1}),
        seconds=2.0,
        parts=3,
        parts_reused=2,
        rejects="b.csv.rejects.csv",
    )
    assert RunReport.from_json(report.as_json()) == report
    assert report.sentence() == (
        "5 rows in 2.0 s to b.csv, 2 of 3 parts from an earlier run; 1 empty; "
        "2 set aside, see b.csv.rejects.csv"
    )
    with pytest.raises(JobError, match="not a run report"):
        RunReport.from_json("{}")
