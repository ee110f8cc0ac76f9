"""What is written: safe for spreadsheets, whole or not at all, the same by either writer."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from detractor.errors import ParameterError, SchemaError
from detractor.files import csv_bytes, json_bytes, whole_file, write_parquet, write_table
from detractor.tables import read_table

MIXED = pd.DataFrame(
    {
        "text": ["=1+1", "+49 30 1", "-12.50", "@x", "\tb", 'a "b", c', "fine"],
        "anger": [0.1, 1e-9, None, 0.5, 1.0, 0.25, 0.125],
        "rows": [1, 2, 3, 4, 5, 6, 7],
        "contact": [True, False, True, True, True, True, True],
        "date": pd.to_datetime(["2026-01-02"] * 6 + [None]),
        "tags": [["a"], None, {"b": 1}, "c", True, "\ud800", 2],
    }
)


@pytest.fixture(params=["pyarrow", "standard library"])
def _writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "standard library":
        monkeypatch.setitem(sys.modules, "pyarrow", None)


@pytest.mark.usefixtures("_writer")
def test_cells_that_a_spreadsheet_would_run_are_neutralised() -> None:
    lines = csv_bytes(MIXED[["text"]]).decode().splitlines()
    assert lines == ["'=1+1", "'+49 30 1", "-12.50", "'@x", "'\tb", '"a ""b"", c"', "fine"]
    raw = csv_bytes(MIXED[["text"]], spreadsheet_safe=False).decode().splitlines()
    assert raw[:3] == ["=1+1", "+49 30 1", "-12.50"]


@pytest.mark.usefixtures("_writer")
def test_every_kind_of_value_has_a_spelling() -> None:
    rows = [line.split(",", 1) for line in csv_bytes(MIXED.iloc[:, 1:]).decode().splitlines()]
    assert [float(row[0] or "nan") for row in rows][:2] == [0.1, 1e-9]
    assert rows[0][1] == '1,true,2026-01-02 00:00:00,"[""a""]"'
    assert rows[2] == ["", '3,true,2026-01-02 00:00:00,"{""b"": 1}"']
    assert rows[4][1] == "5,true,2026-01-02 00:00:00,true"
    assert rows[6][1] == "7,true,,2"


def test_json_lines_hold_plain_values() -> None:
    records = [json.loads(line) for line in json_bytes(MIXED).splitlines()]
    assert records[0]["tags"] == ["a"]
    assert records[2]["anger"] is None
    assert records[5]["tags"] == "\ud800"
    assert records[6]["date"] is None


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_table_is_written_by_suffix_and_leaves_nothing_beside_it(
    tmp_path: Path, name: str
) -> None:
    write_table(MIXED[["text", "anger"]], str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(SchemaError), whole_file(path) as part:
        write_parquet(MIXED[["tags"]], part)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_and_a_mixed_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"suffix '.cvs'; did you mean '.csv'"):
        write_table(MIXED, "a.cvs")
    with pytest.raises(SchemaError, match="Parquet cannot hold the table"):
        write_parquet(MIXED[["tags"]], tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_writer")
def test_a_nul_in_a_cell_or_a_name_does_not_make_the_file_a_binary_one(tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    write_table(pd.DataFrame({"te\0xt": ["no\0thing"]}), path)
    assert read_table(path).to_dict("list") == {"te\ufffdxt": ["no\ufffdthing"]}
