"""The command: what it prints, where it writes, how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from detractor.cli import main
from detractor.console import Column, layout
from detractor.schema import SCORE_COLUMNS

FEEDBACK = str(Path(__file__).parents[1] / "examples" / "feedback.csv")
RANK = ["--text", "comment", "--customer", "customer_id", "--value", "annual_value"]
SCORED = (
    "customer_id,text,value,detractor,anger,churn_risk,status\n"
    "ann,Late again,1200,0.9,0.4,0.9,ok\nben,Fine,300,0.1,0.0,0.0,ok\n"
)


@pytest.fixture
def scored(tmp_path: Path) -> str:
    path = tmp_path / "scored.csv"
    path.write_text(SCORED)
    return str(path)


@pytest.mark.parametrize("width", ["120", "50"])
def test_rank_prints_whom_to_contact_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert main(["rank", FEEDBACK, *RANK, "--capacity", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("20 of ")
    assert max(map(len, lines)) <= max(int(width), 75)
    assert sum("LS-1" in line for line in lines) == 20


def test_rank_writes_the_whole_queue(scored: str, tmp_path: Path) -> None:
    assert main(["rank", scored, "--out", str(tmp_path / "queue.csv")]) == 0
    queue = pd.read_csv(tmp_path / "queue.csv")
    assert queue["customer_id"].tolist() == ["ann", "ben"]
    assert queue["p_leaves"].notna().all()


def test_themes_are_what_customers_write_and_not_what_agents_answer(tmp_path: Path) -> None:
    rows = ["author,text,detractor,anger,churn_risk,value"]
    said = ["My bag was lost.", "They lost my bag!", "Lost bag again."] * 4
    answers = ["We apologise for the late flight.", "I apologise for a late flight."] * 6
    rows += [f"customer,{text},0.9,0.5,0.2,100" for text in said]
    rows += [f" Agent,{text},0.9,0.1,0.1,100" for text in answers]
    (tmp_path / "in.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "themes.csv"
    assert main(["themes", str(tmp_path / "in.csv"), "--out", str(out)]) == 0
    assert pd.read_csv(out)["mentions"].sum() == 12
    assert "flight" not in out.read_text()


def test_themes_are_known_by_the_file_that_remembers_them(tmp_path: Path) -> None:
    said = ["My bag was lost.", "They lost my bag!", "Lost bag again."] * 4
    rows = ["text,detractor,anger,churn_risk", *(f"{text},0.9,0.5,0.2" for text in said)]
    (tmp_path / "in.csv").write_text("\n".join(rows) + "\n")
    out, known = tmp_path / "themes.csv", tmp_path / "themes.safetensors"
    for status in ("new", "known"):
        command = ["themes", str(tmp_path / "in.csv"), "--out", str(out), "--known", str(known)]
        assert main(command) == 0
        assert pd.read_csv(out)[["theme", "status"]].values.tolist() == [["lost-bag", status]]


def test_score_adds_its_columns_and_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,comment\n007,I want to cancel\n008,\n")
    assert main(["score", str(source), "--text", "comment", "--out", str(out)]) == 0
    result = pd.read_csv(out, dtype={"id": str})
    assert list(result.columns) == ["id", "comment", *SCORE_COLUMNS]
    assert result["id"].tolist() == ["007", "008"]
    assert result["status"].tolist() == ["ok", "empty"]
    report = json.loads(Path(f"{out}.report.json").read_text())
    assert report["tally"]["statuses"] == {"ok": 1, "empty": 1}


def test_rows_set_aside_give_exit_code_one(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,Late\n2,too,many\n")
    assert main(["score", str(source)]) == 1
    printed = capsysbinary.readouterr()
    assert printed.out.startswith(b"id,text,detractor")
    assert b"in.csv, row 3: 3 cells where the header has 2" in printed.err
    out = tmp_path / "out.jsonl"
    assert main(["score", str(source), "--out", str(out)]) == 1
    assert b"1 set aside, see" in capsysbinary.readouterr().err


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["rank", FEEDBACK, "--text", "coment"], "no column 'coment'; did you mean 'comment'?"),
        (["score", FEEDBACK], "no column 'text'; "),
        (["score", "no.csv"], "no file 'no.csv'"),
        (["score", str(Path(FEEDBACK).parent)], "is a directory; name a file in it"),
        (["score", FEEDBACK, "--out", "x.xls"], "cannot tell the format of 'x.xls'"),
        (["rank", FEEDBACK, "--column", "rank=x"], "--column takes PART=NAME"),
        (["rank", FEEDBACK, "--policy", "no.toml"], "cannot read the policy 'no.toml'"),
        (["evaluate", FEEDBACK, "--text", "comment"], "no column is named like a head"),
        (["evaluate", FEEDBACK, "--label", "angr=x"], "did you mean 'anger'?"),
        (["nightly", "no.toml"], "cannot read 'no.toml'"),
        (["serve", "--host", "0.0.0.0"], "needs API keys; set DETRACTOR_API_KEYS"),
        (["score", FEEDBACK, "--text", "comment", "--model", FEEDBACK], "feedback.csv"),
    ],
    ids=lambda value: " ".join(value[:1] + value[2:]) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_two(
    capsys: pytest.CaptureFixture[str], command: list[str], sentence: str
) -> None:
    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_a_wrong_option_is_told_with_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", FEEDBACK, "--capacty", "3"]) == 2
    assert "--capacity" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["score", "explain", "train", "evaluate", "rank", "plan", "themes", "outcomes", "nightly",
     "report", "serve", "watch", "playbook check"],
)  # fmt: skip
def test_every_command_has_help_with_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([*command.split(), "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Example: " in text
    assert f"detractor {command}" in text


def test_explain_tells_the_phrases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "Nice shop, but I am cancelling my account."]) == 0
    assert "cancelling" in capsys.readouterr().out


def test_train_and_evaluate_on_labelled_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{'I am furious' if i % 2 else 'Lovely box'} number {i},{i % 2}" for i in range(80)]
    source = tmp_path / "labelled.csv"
    source.write_text("text,furious\n" + "\n".join(lines))
    model = tmp_path / "ours.safetensors"
    label = ["--label", "anger=furious"]
    assert main(["train", str(source), *label, "--out", str(model), "--base", "default"]) == 0
    assert "80 labels of anger" in capsys.readouterr().err
    assert main(["evaluate", str(source), *label, "--model", str(model)]) == 0
    assert "anger" in capsys.readouterr().out


def test_plan_themes_outcomes_and_playbook_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = str(tmp_path / "queue.csv")
    assert main(["rank", FEEDBACK, *RANK, "--capacity", "5", "--out", queue]) == 0
    assert main(["plan", queue, "--budget", "200"]) == 0
    assert main(["themes", FEEDBACK, "--text", "comment"]) == 0
    assert main(["outcomes", str(Path(FEEDBACK).parent / "contacts.csv")]) == 0
    printed = capsys.readouterr().out
    assert "decided by" in printed
    assert "themes," in printed
    assert "recovery_rate" in printed
    assert main(["plan", FEEDBACK]) == 2
    assert "no column 'contact'" in (told := capsys.readouterr().err)
    assert "`detractor rank` makes such a table" in told
    (tmp_path / "bad.toml").write_text("[[role]]\n")
    assert main(["playbook", "check", str(tmp_path / "bad.toml")]) == 2


def test_what_the_solver_prints_does_not_reach_the_result() -> None:
    code = (
        "import ctypes; from detractor.pipeline import silence\n"
        "print('before')\n"
        "with silence(): ctypes.CDLL(None).puts(b'a second thought of the solver')\n"
        "print('behind')"
    )
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=buffered)
    assert done.stdout == b"before\nbehind\n"


def test_the_root_command_is_light() -> None:
    code = (
        "import sys, detractor.cli; "
        "print([m for m in ('pandas', 'numpy', 'sklearn', 'numba', 'nltk') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_table_is_set_in_whatever_room_there_is() -> None:
    columns = [Column("#", ["1", "2"], right=True), Column("who", ["ann", "ben"])]
    prose = Column("why", ["a reason that needs some room to be told in full", ""])
    wide = layout(columns, prose, width=60)
    assert wide.splitlines()[:2] == [
        "#  who  why",
        "1  ann  a reason that needs some room to be told in full",
    ]
    narrow = layout(columns, prose, width=30)
    assert narrow.splitlines()[0] == "# 1, ann"
    assert max(map(len, narrow.splitlines())) <= 30
