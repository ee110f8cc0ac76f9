"""The promises of reading, on anything: a row for every input, and the same row everywhere.

The model is random, so that what holds here holds for any weights.
"""

import datetime as dt
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.calibration import Calibration
from detractor.errors import ParameterError, SchemaError
from detractor.explanation import word_contributions
from detractor.model import FeedbackModel, Linear, build_reader
from detractor.network import LANES, LINES, Network
from detractor.schema import HEADS, SCORE_COLUMNS, STATUSES
from detractor.scoring import BATCH, Score, score
from detractor.tokens import hash_word
from detractor.vocabulary import ENDS, NEGATES, KnownWords

_WORDS = (
    "the i and to it was not but never no is they this my you on in for of a very now so still "
    "great good love thanks bad awful late cancel leaving refund angry rude broken slow called "
    "used again because waited nobody service phone money"
)
WORDS = _WORDS.split()
OUTPUTS = len(HEADS)


def random_model(*, reader: bool, linear: bool) -> FeedbackModel:
    rng = np.random.default_rng(7)

    def floats(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.6, shape).astype(np.float32)

    rows = len(WORDS) + 1
    shapes = {
        "mark": (4, 2, LANES),
        "gain": (LANES,),
        "across": (LANES,),
        "offset": (LANES,),
        "value": (OUTPUTS, LANES),
        "attention": (OUTPUTS, LANES),
    }
    fixed = {
        name: np.clip(floats(*shape) * 1000, -2000, 2000).astype(np.int16)
        for name, shape in shapes.items()
    }
    fixed["words"] = np.clip(floats(rows + 1, LINES, LANES) * 64, -127, 127).astype(np.int8)
    fixed["words"][-1] = 0
    network = Network(**fixed, bias=floats(OUTPUTS), start=floats(OUTPUTS))
    hashes = np.array([hash_word(word) for word in WORDS], dtype=np.uint64)
    numbered = np.stack([np.arange(1, rows), np.zeros(rows - 1)], axis=1).astype(np.int32)
    negated = np.roll(np.arange(rows), 1).astype(np.int32)  # any other row
    negated[:3] = 0, NEGATES, ENDS
    return FeedbackModel(
        calibration=Calibration(np.array([1.0, 1.5, 0.7]), np.array([0.1, -0.2, 0.0])),
        reader=build_reader(KnownWords(hashes, numbered, negated), network) if reader else None,
        linear=Linear(floats(2**12, OUTPUTS), np.zeros(OUTPUTS), np.ones(OUTPUTS))
        if linear
        else None,
    )


MODELS = {
    "reader": random_model(reader=True, linear=False),
    "linear": random_model(reader=False, linear=True),
    "both": random_model(reader=True, linear=True),
}
each_model = pytest.mark.parametrize("name", MODELS)

FEEDBACKISH = st.lists(
    st.one_of(
        st.sampled_from(
            [*WORDS, "NOT", "Baaad", "n't", "😡", "!!!", "...", ",", "\n", "> ", "<br>"]
        ),
        st.sampled_from(["&amp;", "\x00", "\u00ad", "\ud83d", "jo@acme.test", "20418833", "#tag"]),
        st.text(alphabet=st.characters(), max_size=8),
    ),
    max_size=25,
).map(" ".join)
TEXTS = st.one_of(FEEDBACKISH, st.text(alphabet=st.characters(), max_size=60))
OTHERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=20),
    st.dates(),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from([pd.NA, pd.NaT, np.nan, np.str_("bad"), np.float32(2), object(), "nan", ""]),
)
ROWS = st.lists(st.one_of(TEXTS, OTHERS), max_size=8)


def as_row(one: Score) -> tuple[object, ...]:
    return (*(None if math.isnan(getattr(one, h)) else getattr(one, h) for h in HEADS), one.status)


def as_rows(table: pd.DataFrame) -> list[tuple[object, ...]]:
    return [as_row(Score(**row)) for row in table.to_dict("records")]


@each_model
@settings(max_examples=30)
@given(rows=ROWS)
def test_every_input_has_a_row_and_a_status(name: str, rows: list[object]) -> None:
    table = score(rows, model=MODELS[name])
    assert table.columns.tolist() == list(SCORE_COLUMNS)
    assert table.index.tolist() == list(range(len(rows)))
    assert set(table["status"]) <= set(STATUSES)
    probabilities = table[list(HEADS)].to_numpy()
    known = (table["status"] == "ok").to_numpy()
    assert ((probabilities[known] >= 0) & (probabilities[known] <= 1)).all()
    assert np.isnan(probabilities[~known]).all()


@each_model
@settings(max_examples=30)
@given(rows=ROWS)
def test_a_text_scores_the_same_alone_and_in_any_batch(name: str, rows: list[object]) -> None:
    together = as_rows(score(rows, model=MODELS[name]))
    assert together == as_rows(score(rows[::-1], model=MODELS[name]))[::-1]
    assert together == as_rows(score([*rows, *rows], model=MODELS[name]))[len(rows) :]
    for row, value in zip(together, rows, strict=True):
        assert as_rows(score([value], model=MODELS[name])) == [row]
        if isinstance(value, str):
            assert as_row(score(value, model=MODELS[name])) == row


@each_model
def test_a_text_scores_the_same_in_any_chunk_and_thread(name: str) -> None:
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, size)) for size in rng.integers(1, 30, 400)]
    alone = score(texts, model=MODELS[name])
    many = score(texts * (2 * BATCH // 400 + 1), model=MODELS[name], n_jobs=2).iloc[-400:]
    pd.testing.assert_frame_equal(many.reset_index(drop=True), alone, check_exact=True)
    with ThreadPoolExecutor(4) as pool:
        for table in pool.map(lambda _: score(texts, model=MODELS[name]), range(8)):
            pd.testing.assert_frame_equal(table, alone, check_exact=True)


@settings(max_examples=30)
@given(texts=st.lists(TEXTS, max_size=6))
def test_every_container_of_texts_scores_alike(texts: list[str]) -> None:
    model = MODELS["reader"]
    expected = as_rows(score(texts, model=model))
    containers = [
        tuple(texts),
        iter(texts),
        np.array(texts, dtype=object),
        pd.Series(texts, dtype=object),
        pd.Index(texts, dtype=object),
        pd.DataFrame({"text": pd.Series(texts, dtype=object)}),
    ]
    if not any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        containers.append(pd.Series(texts).astype("category"))  # pandas refuses lone surrogates
    for container in containers:
        assert as_rows(score(container, model=model)[list(SCORE_COLUMNS)]) == expected


@pytest.mark.parametrize("dtype", ["object", "str", "string", "string[pyarrow]", "category"])
def test_columns_of_any_text_type_score_alike(dtype: str) -> None:
    texts = ["never again", None, "good service", ""]
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    column = pd.Series(texts, dtype=dtype)
    expected = as_rows(score(texts, model=MODELS["reader"]))
    assert as_rows(score(column, model=MODELS["reader"])) == expected


INDEXES = {
    "labels": list("abc"),
    "repeated": [1, 1, 1],
    "negative": [-3, 0, 9],
    "dates": pd.date_range("2026-01-01", periods=3),
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", "y"]),
    "missing": [np.nan, "x", None],
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_index_and_columns_of_a_frame_are_kept(index: object) -> None:
    frame = pd.DataFrame(
        {"comment": ["bad", None, "good"], 7: [1, 2, 3], "when": [dt.date(2026, 1, 1)] * 3},
        index=index,
    )
    before = frame.copy(deep=True)
    full = score(frame, text="comment", model=MODELS["reader"])
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(full[list(frame.columns)], before)
    assert full.columns.tolist() == ["comment", 7, "when", *SCORE_COLUMNS]
    assert full.index.equals(frame.index)
    full.loc[:, "when"] = None
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("label", [0, ("a", "b"), "text"], ids=repr)
def test_the_text_column_may_have_any_label(label: object) -> None:
    frame = pd.DataFrame([["bad", 1]], columns=pd.Index([label, "other"], tupleize_cols=False))
    assert score(frame, text=label, model=MODELS["reader"])["status"].tolist() == ["ok"]
    with pytest.raises(SchemaError, match="no column"):
        score(frame, text=9, model=MODELS["reader"])


def test_scoring_a_scored_frame_again_changes_nothing() -> None:
    frame = pd.DataFrame({"text": ["bad", "good"]})
    once = score(frame, model=MODELS["reader"])
    pd.testing.assert_frame_equal(score(once, model=MODELS["reader"]), once)


@pytest.mark.parametrize(
    ("feedback", "error", "message"),
    [
        (pd.DataFrame({"comments": ["bad"]}), SchemaError, "no column 'text'"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), SchemaError, "2 columns"),
        (pd.DataFrame({"text": ["a"], "anger": [1]}), SchemaError, "'anger'"),
        (np.array([["a", "b"]]), ParameterError, r"shape \(1, 2\)"),
        ({"text": "a"}, ParameterError, "dict"),
        ({"a"}, ParameterError, "set"),
    ],
)
def test_what_holds_no_list_of_texts_is_refused(
    feedback: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        score(feedback, model=MODELS["reader"])


@pytest.mark.parametrize("nothing", [[], np.array([]), pd.Series([], dtype=object), iter(())])
def test_no_rows_give_no_rows(nothing: object) -> None:
    table = score(nothing, model=MODELS["reader"])
    assert table.columns.tolist() == list(SCORE_COLUMNS)
    assert len(table) == 0


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, b"", "", " \n", "nan"])
def test_a_missing_text_alone_is_an_empty_score(value: object) -> None:
    assert score(value, model=MODELS["reader"]).status == "empty"


@pytest.mark.parametrize("value", [5, 5.5, True, np.int64(3), np.array(2)])
def test_a_number_alone_is_no_feedback(value: object) -> None:
    assert score(value, model=MODELS["reader"]).status == "not_feedback"


@pytest.mark.parametrize(
    "text",
    ["never again " * 50_000, "a" * 600_000, "😡" * 100_000, "<p>" * 50_000, "\n> bad" * 50_000],
    ids=["words", "one word", "emoji", "tags", "quotes"],
)
@each_model
def test_long_texts_are_read_whole(name: str, text: str) -> None:
    row = as_rows(score([text], model=MODELS[name]))
    assert row == as_rows(score(["good", text], model=MODELS[name]))[1:]


@settings(max_examples=50)
@given(text=FEEDBACKISH)
def test_evidence_is_cut_from_the_original_text(text: str) -> None:
    one = score(text, model=MODELS["reader"])
    last = 0
    for phrase in one.evidence:
        assert last <= phrase.start < phrase.end <= len(text)
        assert phrase.text == text[phrase.start : phrase.end]
        last = phrase.end
    assert one.to_dict()["status"] == one.status


@each_model
@settings(max_examples=30)
@given(text=FEEDBACKISH)
def test_contributions_sum_to_the_logit(name: str, text: str) -> None:
    one = score(text, model=MODELS[name])
    if one.status == "ok":
        _, parts, bias = word_contributions(text, MODELS[name])
        total = parts.sum(axis=0) + bias
        given_logits = [math.log(p / (1 - p)) for p in (one.detractor, one.anger, one.churn_risk)]
        assert total == pytest.approx(given_logits, abs=1e-4)
