"""Every row has an outcome; texts come through unchanged; the input is left alone."""

import datetime as dt
import decimal
import enum
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ParameterError
from detractor.text import EMPTY, NOT_FEEDBACK, PLACEHOLDERS, coerce, decode, is_single, read_value


class Mood(enum.StrEnum):
    """A str by inheritance."""

    ANGRY = "angry"


class Shout(str):
    """A str that lies about itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not what it holds"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (np.str_("numpy"), "numpy"),
        (Mood.ANGRY, "angry"),
        (Shout("held"), "held"),
        (b"caf\xc3\xa9", "café"),
        (bytearray(b"it\x92s"), "it\u2019s"),
        (memoryview(b"seen"), "seen"),
        (np.bytes_(b"bytes"), "bytes"),
        (b"\xef\xbb\xbfmark", "mark"),
        ("wide".encode("utf-16"), "wide"),
        (b"\x81\x8d", "\x81\x8d"),
        ("lone \ud83d surrogate", "lone \ud83d surrogate"),
        ("nan bread was cold", "nan bread was cold"),
    ],
    ids=repr,
)
def test_texts_come_through_as_plain_str(value: object, text: str) -> None:
    assert read_value(value) == (text, None)
    batch = coerce(["before", value, "after"])
    assert batch.texts == ["before", text, "after"]
    assert {type(item) for item in batch.texts} == {str}
    assert batch.set_aside == {}


MISSING = [
    None,
    float("nan"),
    np.float32("nan"),
    np.datetime64("NaT"),
    np.timedelta64("NaT"),
    pd.NA,
    pd.NaT,
    decimal.Decimal("NaN"),
    decimal.Decimal("sNaN"),
    complex("nan"),
    "",
    "   \t\n",
    "\u2003" * 40,
    b"",
    *sorted(PLACEHOLDERS),
]
OTHER = [
    0,
    7,
    3.5,
    True,
    np.int64(3),
    np.bool_(True),
    float("inf"),
    1 + 2j,
    decimal.Decimal("1.5"),
    dt.date(2026, 1, 1),
    dt.datetime(2026, 1, 1),
    pd.Timestamp("2026-01-01"),
    np.datetime64("2026-01-01"),
    ["nested"],
    ("a", "b"),
    {"text": "hi"},
    {1},
    object(),
    str,
    np.array(["a"]),
    pd.Series(["a"]),
]


@pytest.mark.parametrize(
    ("value", "status"),
    [*((value, EMPTY) for value in MISSING), *((value, NOT_FEEDBACK) for value in OTHER)],
    ids=repr,
)
def test_rows_without_text_are_set_aside(value: object, status: str) -> None:
    assert read_value(value) == ("", status)
    batch = coerce(["before", value, "after"])
    assert batch.texts == ["before", "", "after"]
    assert batch.set_aside == {1: status}


FRAME_KINDS = {
    "object": lambda rows: pd.Series(rows, dtype=object),
    "inferred": lambda rows: pd.Series(rows),
    "string": lambda rows: pd.Series(rows, dtype="string"),
    "pyarrow": lambda rows: pd.Series(rows, dtype="string[pyarrow]"),
    "category": lambda rows: pd.Series(rows, dtype="category"),
    "index": lambda rows: pd.Index(rows),
    "array": lambda rows: np.array(rows, dtype=object),
    "extension array": lambda rows: pd.array(rows, dtype="string"),
    "tuple": tuple,
    "iterator": iter,
    "dict values": lambda rows: dict(enumerate(rows)).values(),
}


@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_every_container_gives_the_same_rows(kind: str) -> None:
    batch = coerce(FRAME_KINDS[kind](["good", None, "", "bad", "good"]))
    assert batch.texts == ["good", "", "", "bad", "good"]
    assert batch.set_aside == {1: EMPTY, 2: EMPTY}
    assert len(batch) == 5


@pytest.mark.parametrize(
    ("feedback", "statuses"),
    [
        (np.array(["a", "b"]), {}),
        (np.array([b"a", b"b"]), {}),
        (np.array([1.5, np.nan]), {0: NOT_FEEDBACK, 1: EMPTY}),
        (pd.Series([1, 2]), {0: NOT_FEEDBACK, 1: NOT_FEEDBACK}),
        (pd.to_datetime(["2026-01-01", None]), {0: NOT_FEEDBACK, 1: EMPTY}),
        (np.ma.masked_array(["a", "b"], mask=[True, False]), {0: EMPTY}),
        ([["a", "b"], "c"], {0: NOT_FEEDBACK}),
    ],
    ids=repr,
)
def test_typed_arrays_have_a_defined_outcome(feedback: object, statuses: dict[int, str]) -> None:
    batch = coerce(feedback)
    assert len(batch) == 2
    assert batch.set_aside == statuses


def test_polars_and_arrow_like_columns_are_read_through_their_own_conversion() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    assert coerce(pyarrow.chunked_array([["a", None], ["b"]])).texts == ["a", "", "b"]


@pytest.mark.parametrize(
    "index", [[10, 20, 20], list("xyz"), pd.MultiIndex.from_arrays([[1] * 3] * 2)]
)
def test_the_index_of_a_series_is_kept(index: object) -> None:
    series = pd.Series(["a", None, "c"], index=index)
    assert series.index.equals(coerce(series).index)


def test_no_index_without_a_series() -> None:
    assert coerce(["a"]).index is None
    assert coerce(np.array(["a"])).index is None


@pytest.mark.parametrize("empty", [[], (), np.array([]), pd.Series([], dtype=object), iter([])])
def test_no_rows_in_no_rows_out(empty: object) -> None:
    assert coerce(empty).texts == []


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"text": ["a"]}),
        np.array([["a", "b"]]),
        {"text": "a"},
        OrderedDict(a=1),
        {"a", "b"},
        frozenset("ab"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_input_without_an_order_of_rows_is_refused(table: object) -> None:
    with pytest.raises(ParameterError, match="pass"):
        coerce(table)


@pytest.mark.parametrize(
    "value", ["text", b"text", None, 3, 2.5, pd.NA, np.str_("x"), np.array("x")]
)
def test_a_single_value_is_a_batch_of_one(value: object) -> None:
    assert is_single(value)
    assert len(coerce(value)) == 1


@pytest.mark.parametrize("rows", [[], ["a"], ("a",), pd.Series(["a"]), np.array(["a"]), iter("a")])
def test_a_collection_is_never_single_whatever_its_length(rows: object) -> None:
    assert not is_single(rows)


def test_the_input_is_left_alone() -> None:
    rows = ["a", None, b"b", "nan", 3]
    before = list(rows)
    series = pd.Series(rows, dtype=object)
    copy = series.copy(deep=True)
    array = np.array(rows, dtype=object)
    for feedback in (rows, series, array):
        coerce(feedback)
    assert rows == before
    pd.testing.assert_series_equal(series, copy)
    assert array.tolist() == before


def test_a_batch_is_read_once() -> None:
    def rows() -> Iterator[str]:
        yield "only"
        yield "once"

    assert coerce(rows()).texts == ["only", "once"]


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.binary(),
    st.text(alphabet=st.characters(), max_size=20),
    st.dates(),
    st.lists(st.text(), max_size=2),
    st.sampled_from([pd.NA, pd.NaT, np.nan, np.str_("x"), object()]),
)


@given(st.lists(ANYTHING))
def test_any_rows_give_as_many_texts(rows: list[object]) -> None:
    batch = coerce(rows)
    assert len(batch.texts) == len(rows)
    assert all(type(text) is str for text in batch.texts)
    assert not PLACEHOLDERS & set(batch.texts)
    blank = {row for row, text in enumerate(batch.texts) if not text.strip()}
    assert set(batch.set_aside) == blank
    assert list(batch.set_aside) == sorted(batch.set_aside)


@given(st.lists(ANYTHING, max_size=6))
def test_a_row_reads_alike_alone_and_in_a_batch(rows: list[object]) -> None:
    batch = coerce(rows)
    for row, value in enumerate(rows):
        assert read_value(value) == (batch.texts[row], batch.set_aside.get(row))


@given(st.lists(st.text(alphabet=st.characters(), min_size=5)))
def test_texts_are_the_same_objects(rows: list[str]) -> None:
    batch = coerce(rows)
    kept = [row for row in range(len(rows)) if row not in batch.set_aside]
    assert all(batch.texts[row] is rows[row] for row in kept)


@given(st.binary())
def test_any_bytes_decode(raw: bytes) -> None:
    assert isinstance(decode(raw), str)


@given(st.text())
def test_utf8_comes_back(text: str) -> None:
    assert decode(text.encode()).removeprefix("\ufeff") == text.removeprefix("\ufeff")


def test_reading_a_text_imports_neither_pandas_nor_sklearn() -> None:
    code = (
        "import sys; from detractor.text import coerce; coerce('a'); coerce(['a', None, b'x']);"
        "print([m for m in ('pandas', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
