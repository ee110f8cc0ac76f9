"""What can be read, what is set aside, and what is refused with which sentence."""

import bz2
import gzip
import io
import json
import lzma
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detractor.chunks import Chunk, Reading
from detractor.errors import InputFileError, ParameterError
from detractor.files import csv_bytes, header_bytes, write_parquet
from detractor.streams import find_files
from detractor.tables import read_bytes, read_chunks, read_table

pa.array([1]).cast("string")  # loads its functions now: later, a test may have hidden pyarrow

CSV = 'id,text\n007,"Late, again"\n8,"He said ""no""\nand left"\n9,\n'
ROWS = [
    {"id": "007", "text": "Late, again"},
    {"id": "8", "text": 'He said "no"\nand left'},
    {"id": "9", "text": ""},
]


@pytest.fixture(params=["pyarrow", "standard library"])
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "standard library":
        monkeypatch.setitem(sys.modules, "pyarrow", None)


def write(folder: Path, name: str, data: str | bytes) -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def rows(chunks: list[Chunk]) -> list[dict[str, object]]:
    return [row for chunk in chunks for row in chunk.frame.to_dict("records")]


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", CSV.encode()),
        ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("windows.csv", CSV.replace("\n", "\r\n").replace("\r\nand", "\nand").encode()),
        ("semicolon.csv", CSV.replace("id,text", "id;text").replace("\n007,", "\n007;")
         .replace("\n8,", "\n8;").replace("\n9,", "\n9;").encode()),
        ("utf16.csv", CSV.encode("utf-16")),
        ("blank_lines.csv", CSV.replace("\n8", "\n\n\n8").encode()),
        ("no_last_newline.csv", CSV[:-1].encode()),
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("a.csv.bz2", bz2.compress(CSV.encode())),
        ("a.csv.xz", lzma.compress(CSV.encode())),
        ("gzip_in_disguise.csv", gzip.compress(CSV.encode())),
        ("no_suffix", CSV.encode()),
    ],
)  # fmt: skip
def test_csv_in_any_dress_gives_the_same_rows(tmp_path: Path, name: str, data: bytes) -> None:
    assert rows(list(read_chunks(write(tmp_path, name, data)))) == ROWS


def test_zstandard_and_parquet_are_read(tmp_path: Path) -> None:
    import pyarrow as pa

    packed = pa.compress(CSV.encode(), codec="zstd", asbytes=True)
    assert rows(list(read_chunks(write(tmp_path, "a.csv.zst", packed)))) == ROWS
    write_parquet(pd.DataFrame(ROWS), tmp_path / "a.parquet")
    chunks = list(read_chunks(str(tmp_path / "a.parquet"), Reading(chunk_rows=2)))
    assert [len(chunk.frame) for chunk in chunks] == [2, 1]
    assert rows(chunks) == ROWS


def test_an_empty_parquet_file_still_has_columns(tmp_path: Path) -> None:
    write_parquet(pd.DataFrame({"id": [1]}).iloc[:0], tmp_path / "a.parquet")
    assert list(read_table(str(tmp_path / "a.parquet")).columns) == ["id"]


@pytest.mark.usefixtures("_reader")
def test_a_header_alone_gives_no_rows_and_the_columns(tmp_path: Path) -> None:
    (chunk,) = read_chunks(write(tmp_path, "a.csv", "id,text\n"))
    assert list(chunk.frame.columns) == ["id", "text"]
    assert len(chunk.frame) == 0


@pytest.mark.usefixtures("_reader")
def test_bad_rows_are_set_aside_with_row_and_reason(tmp_path: Path) -> None:
    head = b"id,text\n" + b"1,a\n" * 20_000  # past what the encoding is judged by
    path = write(tmp_path, "a.csv", head + b"2,caf\xe9\n3,b\n4,c,d\n5\n6,e\n7,f,g\n")
    chunks = list(read_chunks(path))
    assert [row["id"] for row in rows(chunks)][-2:] == ["3", "6"]
    assert [(r.row, r.reason) for chunk in chunks for r in chunk.rejects] == [
        (20_002, "not utf-8"),
        (20_004, "3 cells where the header has 2"),
        (20_005, "1 cells where the header has 2"),
        (20_007, "3 cells where the header has 2"),
    ]


def test_rejects_fall_to_the_same_chunk_however_far_reading_is_ahead(tmp_path: Path) -> None:
    lines = [f"{i},{'x' * 40}" if i % 7 else f"{i},a,b" for i in range(1000)]
    path = write(tmp_path, "a.csv", "id,text\n" + "\n".join(lines))
    first, second = (
        [(len(chunk.frame), [r.row for r in chunk.rejects]) for chunk in chunks]
        for chunks in (read_chunks(path, Reading(chunk_bytes=4096)) for _ in range(2))
    )
    assert first == second
    assert [row for _, numbers in first for row in numbers] == list(range(2, 1002, 7))


@pytest.mark.usefixtures("_reader")
def test_a_quotation_mark_never_closed_does_not_swallow_rows_in_silence(tmp_path: Path) -> None:
    (chunk,) = read_chunks(write(tmp_path, "a.csv", 'id,text\n1,a\n2,"b\n3,c\n4,d\n'))
    assert chunk.frame.to_dict("records") == [{"id": "1", "text": "a"}]
    (reject,) = chunk.rejects
    assert (reject.row, reject.reason) == (3, "a quotation mark is never closed")
    assert "4,d" in reject.content
    (closed,) = read_chunks(write(tmp_path, "b.csv", 'id,text\n1,a\n2,"b\n3,c\n"\n'))
    assert closed.rejects == []


@pytest.mark.usefixtures("_reader")
def test_another_encoding_is_read_when_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,text\n1,Café crème: 5 €\n".encode("cp1252"))
    assert read_table(path, Reading(encoding="cp1252")).loc[0, "text"] == "Café crème: 5 €"


@pytest.mark.usefixtures("_reader")
def test_a_text_of_a_megabyte_is_one_cell(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,text\n1," + "so late " * 131_072 + "\n")
    assert len(read_table(path).loc[0, "text"]) == 1 << 20


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.csv", b"", "'empty.csv' is empty"),
        ("empty.csv.gz", gzip.compress(b""), "'empty.csv.gz' is empty"),
        ("a.xlsx", b"PK\x03\x04rest", "'a.xlsx' is an Excel workbook"),
        ("a.csv", b"id,text\n\x00\x01\x02", "'a.csv' is not a table: it holds NUL bytes"),
        ("a.csv", b"id,text\n1,caf\xe9 au lait", "'a.csv' is not UTF-8 (byte 0xe9 in line 2)"),
        ("a.csv", b"id,id\n1,2\n", "'a.csv' has 2 columns named 'id'"),
        ("a.parquet", b"id,text\n", "'a.parquet' is not Parquet, though its name says so"),
        ("a.parquet", b"PAR1 and then nothing of use", "cannot read 'a.parquet'"),
        ("a.json", b'[{"id": 1}]', "'a.json' is one JSON array"),
        ("cut.csv.gz", gzip.compress(CSV.encode() * 9000)[:-40], "cannot read 'cut.csv.gz'"),
        ("bad.csv.xz", lzma.compress(CSV.encode())[:40] + b"x" * 60, "cannot read 'bad.csv.xz'"),
        ("blank.csv", b"\nid,text\n1,a\n", "'blank.csv' begins with an empty line"),
        ("cut.csv", "id|text\n1|b".encode("utf-16")[:-1], "cannot read 'cut.csv'"),
        ("quote.csv", b'id,text\n1,"' + b"open,\n" * 9000, "a quotation mark is never closed"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    with pytest.raises(InputFileError) as caught:
        list(read_chunks(name, Reading(chunk_bytes=4096)))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_json_lines_keep_their_types_and_set_bad_lines_aside(tmp_path: Path) -> None:
    lines = [
        '{"id": 3, "text": "a", "tags": ["x"]}',
        "",
        "{broken",
        "[1]",
        '{"id": null}',
        "\udc80",
    ]
    data = "\n".join(lines).encode("utf-8", "surrogateescape")
    path = write(tmp_path, "a.jsonl", data)
    (chunk,) = list(read_chunks(path, Reading(encoding="utf-8")))
    assert chunk.frame["id"].tolist() == [3, None]
    assert chunk.frame["tags"].tolist() == [["x"], None]
    assert [(r.row, r.reason.split(":")[0]) for r in chunk.rejects] == [
        (3, "not JSON"),
        (4, "not a JSON object"),
        (6, "not UTF-8"),
    ]


def test_json_lines_come_in_chunks(tmp_path: Path) -> None:
    data = "".join(json.dumps({"id": i}) + "\n" for i in range(5))
    chunks = list(read_chunks(write(tmp_path, "a.jsonl", data), Reading(chunk_rows=2)))
    assert [len(chunk.frame) for chunk in chunks] == [2, 2, 1]


def test_standard_input_is_read_as_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CSV.encode())))
    assert rows(list(read_chunks("-"))) == ROWS


def test_read_table_refuses_a_row_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="row 2: 3 cells where the header has 2"):
        read_table(write(tmp_path, "a.csv", "id,text\n1,b,c\n"))


def test_patterns_are_sorted_and_each_file_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "c.txt"):
        Path(name).touch()
    Path("folder.csv").mkdir()
    assert find_files(["*.csv", "a.csv", "c.txt"]) == ["a.csv", "b.csv", "c.txt"]
    with pytest.raises(InputFileError, match="is a directory; name a file in it"):
        find_files(["folder.csv"])
    with pytest.raises(InputFileError, match=r"no file matches 'z\*'"):
        find_files(["z*"])
    with pytest.raises(InputFileError, match=r"no file 'bb.csv'; did you mean 'b.csv'\?"):
        find_files(["bb.csv"])


@pytest.mark.parametrize(
    "wrong", [{"format": "xls"}, {"delimiter": ",,"}, {"encoding": "cp12"}, {"chunk_rows": 0}]
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        Reading(**wrong)  # type: ignore[arg-type]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
            st.text('ab,"\n;é', min_size=1),
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_back_by_both_readers(
    tmp_path: Path, cells: list[tuple[str, str]]
) -> None:
    frame = pd.DataFrame(cells, columns=["a", "b"], dtype="str")
    data = header_bytes(frame) + csv_bytes(frame, spreadsheet_safe=False)
    path = write(tmp_path, "a.csv", data)
    expected = [tuple(cell for cell in row) for row in cells]
    settings_ = Reading(delimiter=",")
    assert list(read_table(path, settings_).itertuples(index=False, name=None)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        assert list(read_table(path, settings_).itertuples(index=False, name=None)) == expected
        assert header_bytes(frame) + csv_bytes(frame, spreadsheet_safe=False) == data


@pytest.mark.usefixtures("_reader")
def test_an_empty_cell_alone_in_its_row_is_still_a_row(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "", "b"]}, dtype="str")
    path = write(tmp_path, "a.csv", header_bytes(frame) + csv_bytes(frame))
    assert read_table(path)["text"].tolist() == ["a", "", "b"]


@pytest.mark.parametrize("with_arrow", [True, False], ids=["pyarrow", "standard library"])
def test_a_row_that_is_ragged_and_no_text_is_set_aside_like_any_other(
    monkeypatch: pytest.MonkeyPatch, with_arrow: bool
) -> None:
    if not with_arrow:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    rows = b"id,text\n" + b"1,caf\xc3\xa9\n" * 9000 + b"2,\xa1,x\n3,\xa1\n4,fine\n"
    chunk = read_bytes("a.csv", rows)
    assert chunk.frame["text"].tolist() == ["café"] * 9000 + ["fine"]
    assert [(reject.row, reject.reason) for reject in chunk.rejects] == [
        (9002, "3 cells where the header has 2"),
        (9003, "not utf-8"),
    ]
    assert chunk.rejects[0].content == "2,\ufffd,x"
