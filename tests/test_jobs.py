"""Runs over files: the same bytes however often they are killed, and nothing lost or twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from detractor.chunks import Reading
from detractor.errors import InputFileError, JobError, ParameterError, SchemaError
from detractor.jobs import FileJob, transform_files
from detractor.runs import RunReport
from detractor.schema import require

SMALL = Reading(chunk_bytes=1024, chunk_rows=20)
WORK = """
import sys, time
from detractor.chunks import Reading
from detractor.jobs import FileJob, transform_files

def upper(rows):
    time.sleep(0.01)
    return rows.assign(upper=rows["text"].astype(object).str.upper())

transform_files(
    FileJob(
        inputs=(sys.argv[1],), output=sys.argv[2], resume=True,
        reading=Reading(chunk_bytes=1024, chunk_rows=20),
    ),
    upper, fingerprint="upper",
)
"""


def upper(rows: pd.DataFrame) -> pd.DataFrame:
    require(rows, "text")
    return rows.assign(upper=rows["text"].astype(object).str.upper())


def feedback(path: Path, count: int) -> str:
    lines = [f'{i},"late, again {i}"' if i % 50 else f"{i},too,many" for i in range(1, count + 1)]
    path.write_text("id,text\n" + "\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_run_gives_what_one_call_in_memory_gives(tmp_path: Path, suffix: str) -> None:
    source = feedback(tmp_path / "in.csv", 500)
    output = tmp_path / f"out.{suffix}"
    job = FileJob(inputs=(source,), output=str(output), reading=SMALL)
    report = transform_files(job, upper, fingerprint="upper")
    assert report.parts > 5
    assert (report.tally.rows, report.tally.set_aside) == (490, 10)
    read = {"csv": pd.read_csv, "jsonl": pd.read_json, "parquet": pd.read_parquet}[suffix]
    result = read(output, **({"lines": True} if suffix == "jsonl" else {}))
    assert result["upper"].tolist() == [f"LATE, AGAIN {i}" for i in range(1, 501) if i % 50]
    rejects = pd.read_csv(f"{output}.rejects.csv")
    assert rejects["row"].tolist() == list(range(51, 502, 50))
    assert rejects["content"][0] == "50,too,many"
    left = {output.name, f"{output.name}.rejects.csv", f"{output.name}.report.json", "in.csv"}
    assert {path.name for path in tmp_path.iterdir()} == left
    text = Path(f"{output}.report.json").read_text()
    assert RunReport.from_json(text).tally == report.tally


def count_parts(folder: Path) -> int:
    """Count the finished parts of a job that may remove its folder while one looks."""
    try:
        return sum(path.suffix == ".json" for path in folder.iterdir())
    except FileNotFoundError:
        return 0


def test_killed_at_random_moments_and_resumed_the_bytes_are_the_same(tmp_path: Path) -> None:
    source = feedback(tmp_path / "in.csv", 1500)
    expected = tmp_path / "expected.csv"
    job = FileJob(inputs=(source,), output=str(expected), reading=SMALL)
    transform_files(job, upper, fingerprint="upper")
    output = tmp_path / "out.csv"
    folder = tmp_path / ".out.csv.parts"
    moments = random.Random(0)
    kills = 0
    while not output.exists():
        # From before the first part to after the last, whatever the machine's speed.
        parts = count_parts(folder) + moments.randrange(4, 14)
        with subprocess.Popen([sys.executable, "-c", WORK, source, str(output)]) as process:
            while process.poll() is None and count_parts(folder) < parts:
                time.sleep(0.001)
            time.sleep(moments.random() * 0.02)
            if process.poll() is None:
                process.kill()
                kills += 1
    assert kills >= 3
    assert output.read_bytes() == expected.read_bytes()
    assert (
        Path(f"{output}.rejects.csv").read_bytes() == Path(f"{expected}.rejects.csv").read_bytes()
    )
    assert not folder.exists()


@pytest.mark.parametrize("lost", ["data", "json", "part"])
def test_a_part_is_valid_only_when_all_of_it_is_there(tmp_path: Path, lost: str) -> None:
    source = feedback(tmp_path / "in.csv", 200)
    output = tmp_path / "out.csv"
    job = FileJob(inputs=(source,), output=str(output), reading=SMALL)
    transform_files(job, upper, fingerprint="upper")
    whole = output.read_bytes()

    def dies_on_the_third(rows: pd.DataFrame) -> pd.DataFrame:
        if len(list((tmp_path / ".out.csv.parts").glob("*.json"))) == 2:
            raise KeyboardInterrupt
        time.sleep(0.05)
        return upper(rows)

    with pytest.raises(KeyboardInterrupt):
        transform_files(job, dies_on_the_third, fingerprint="upper")
    folder = tmp_path / ".out.csv.parts"
    if lost == "json":  # killed between data and the mark that makes it valid
        (folder / "000001.json").unlink()
    if lost == "part":  # killed while writing
        (folder / ".000002.data.99.part").write_bytes(b"hal")
    again = FileJob(inputs=(source,), output=str(output), reading=SMALL, resume=True)
    assert transform_files(again, upper, fingerprint="upper").parts_reused >= 1
    assert output.read_bytes() == whole


def test_parts_of_other_inputs_or_another_model_are_not_reused(tmp_path: Path) -> None:
    source = feedback(tmp_path / "in.csv", 200)
    output = str(tmp_path / "out.csv")

    def dies(rows: pd.DataFrame) -> pd.DataFrame:
        if rows["id"].iloc[0] != "1":
            raise KeyboardInterrupt
        return upper(rows)

    with pytest.raises(KeyboardInterrupt):
        transform_files(
            FileJob(inputs=(source,), output=output, reading=SMALL), dies, fingerprint="a"
        )
    resumed = FileJob(inputs=(source,), output=output, reading=SMALL, resume=True)
    with pytest.raises(JobError, match="the inputs, the model or the settings changed"):
        transform_files(resumed, upper, fingerprint="b")
    feedback(Path(source), 100)
    with pytest.raises(JobError, match="run again without resume"):
        transform_files(resumed, upper, fingerprint="a")
    fresh = FileJob(inputs=(source,), output=output, reading=SMALL)
    assert transform_files(fresh, upper, fingerprint="b").tally.rows == 98


def test_several_files_make_one_output_if_their_columns_agree(tmp_path: Path) -> None:
    for name in "ab":
        feedback(tmp_path / f"{name}.csv", 30)
    output = tmp_path / "out.jsonl"
    job = FileJob(inputs=(str(tmp_path / "?.csv"),), output=str(output))
    assert transform_files(job, upper, fingerprint="x").tally.rows == 60
    (tmp_path / "b.csv").write_text("id,text,extra\n1,a,b\n")
    job = FileJob(inputs=(str(tmp_path / "?.csv"),), output=str(tmp_path / "out.csv"))
    with pytest.raises(InputFileError, match=r"same columns \(\['extra'\]\)"):
        transform_files(job, upper, fingerprint="x")


def test_columns_that_change_type_or_come_late_fit_into_one_parquet_file(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    rows = ['{"text": "a", "n": 1}'] * 20 + ['{"text": "b", "n": 1.5, "late": "x"}'] * 20
    source.write_text("\n".join(rows))
    output = tmp_path / "out.parquet"
    job = FileJob(inputs=(str(source),), output=str(output), reading=SMALL)
    transform_files(job, upper, fingerprint="x")
    result = pd.read_parquet(output)
    assert result["n"].sum() == 50
    assert result["late"].notna().sum() == 20


def test_a_run_that_cannot_begin_leaves_nothing_behind(tmp_path: Path) -> None:
    source = feedback(tmp_path / "in.csv", 10)
    output = str(tmp_path / "out.csv")
    with pytest.raises(SchemaError):
        transform_files(
            FileJob(inputs=(source,), output=output),
            lambda rows: upper(rows.rename(columns={"text": "comment"})),
            fingerprint="x",
        )
    with pytest.raises(ParameterError, match="is also an input"):
        transform_files(FileJob(inputs=(source,), output=source), upper, fingerprint="x")
    with pytest.raises(JobError, match="cannot write beside"):
        transform_files(
            FileJob(inputs=(source,), output=str(tmp_path / "no" / "out.csv")),
            upper,
            fingerprint="",
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    with pytest.raises(ParameterError, match="cannot be resumed"):
        FileJob(inputs=("-",), output=output, resume=True)
