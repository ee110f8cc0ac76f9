import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.errors import ParameterError, SchemaError
from detractor.schema import HEADS, SCORE_COLUMNS
from detractor.scoring import Score, score

TEXTS = [
    "Third no-show this month. I'm cancelling on Friday.",
    "Great, thanks!",
    "You are thieves and LIARS!!!",
    "The parcel came on Tuesday as promised, nothing to add.",
    "",
    "C'était vraiment très mauvais, je suis déçue de votre service",
    "😡😡😡",
]


def bits(frame: pd.DataFrame) -> bytes:
    return frame[list(HEADS)].to_numpy().tobytes()


def test_scores_point_the_right_way() -> None:
    table = score(TEXTS)
    assert table["churn_risk"].idxmax() == 0
    assert table["anger"].idxmax() == 2
    assert table.loc[1, "detractor"] < 0.3
    assert table.loc[[0, 2], "detractor"].min() > 0.6


def test_one_text_gives_a_score() -> None:
    one = score(TEXTS[0])
    assert isinstance(one, Score)
    assert one.status == "ok"
    assert [phrase.text for phrase in one.evidence if "cancel" in phrase.text]
    assert json.loads(json.dumps(one.to_dict()))["churn_risk"] == one.churn_risk


@pytest.mark.parametrize(
    "feedback",
    [TEXTS, tuple(TEXTS), np.array(TEXTS), pd.Series(TEXTS), pd.Series(TEXTS, dtype="category")],
    ids=["list", "tuple", "array", "Series", "category"],
)
def test_a_collection_gives_a_frame_with_a_row_an_input(feedback: object) -> None:
    table = score(feedback)  # type: ignore[call-overload]
    assert tuple(table.columns) == SCORE_COLUMNS
    assert bits(table) == bits(score(TEXTS))


def test_a_collection_of_one_or_none_is_a_frame_too() -> None:
    assert score([TEXTS[0]]).shape == (1, 4)
    assert score([]).shape == (0, 4)
    assert score(pd.Series([], dtype=object)).shape == (0, 4)


def test_a_frame_keeps_its_columns_index_and_itself() -> None:
    frame = pd.DataFrame({"comment": TEXTS, "n": range(7)}, index=list("gfedcba"))
    before = frame.copy()
    table = score(frame, text="comment")
    assert table.columns.tolist() == ["comment", "n", *SCORE_COLUMNS]
    assert table.index.tolist() == list("gfedcba")
    pd.testing.assert_frame_equal(frame, before)
    again = score(table, text="comment")
    assert again.columns.tolist() == table.columns.tolist()


def test_a_frame_with_a_column_of_ours_is_refused() -> None:
    with pytest.raises(SchemaError, match="has a column 'status' already"):
        score(pd.DataFrame({"text": ["x"], "status": ["open"]}))
    with pytest.raises(SchemaError, match="no column 'text'; did you mean 'texts'"):
        score(pd.DataFrame({"texts": ["x"]}))


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("The room was clean and quiet.", "ok"),
        ("bad", "ok"),
        ("😡", "ok"),
        (None, "empty"),
        (float("nan"), "empty"),
        (pd.NA, "empty"),
        (pd.NaT, "empty"),
        ("nan", "empty"),
        (" \n\t", "empty"),
        (12.5, "not_feedback"),
        ("12345", "not_feedback"),
        ("?!?!", "not_feedback"),
        (b"awful service", "ok"),
        ("Je ne suis pas du tout content de la livraison", "unsupported"),
        ("Ich bin sehr unzufrieden mit dem Service und kündige", "unsupported"),
        ("最悪のサービスでした", "unsupported"),
        ("Ужасное обслуживание, больше не приду", "unsupported"),
    ],
)
def test_every_value_has_a_status(value: object, status: str) -> None:
    table = score([value])
    assert table["status"].tolist() == [status]
    assert table[list(HEADS)].notna().all(axis=None) == (status == "ok")


def test_a_text_scores_the_same_alone_in_any_batch_order_and_thread() -> None:
    many = TEXTS * 6000
    table = score(many)
    alone = pd.concat([score([text]) for text in TEXTS], ignore_index=True)
    assert bits(table.iloc[:7]) == bits(alone)
    assert bits(table) == bits(score(many, n_jobs=2))
    assert bits(score(many[::-1]).iloc[::-1]) == bits(table)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: bits(score(TEXTS)), range(8)))) == 1


def test_a_text_scores_the_same_in_another_process() -> None:
    code = (
        "import sys; from detractor.scoring import score; import json;"
        "texts = json.load(sys.stdin);"
        "print(score(texts)[['detractor','anger','churn_risk']].to_numpy().tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(TEXTS), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert bytes.fromhex(done.stdout) == bits(score(TEXTS))


ANYTHING = st.one_of(
    st.none(), st.text(alphabet=st.characters(), max_size=60), st.integers(), st.floats(),
    st.binary(max_size=20), st.dates(), st.lists(st.text(max_size=3), max_size=2), st.booleans(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(ANYTHING, max_size=8))
def test_anything_gives_a_row_with_a_status_and_no_exception(values: list[object]) -> None:
    table = score(values)
    assert len(table) == len(values)
    probabilities = table[list(HEADS)].to_numpy()
    ok = (table["status"] == "ok").to_numpy()
    assert ((probabilities[ok] >= 0) & (probabilities[ok] <= 1)).all()
    assert np.isnan(probabilities[~ok]).all()


def test_a_very_long_text_is_read_whole() -> None:
    text = "The delivery was fine and the staff helpful. " * 20_000
    assert score([text + "I am closing my account."])["churn_risk"].notna().all()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ParameterError, match="model=5 is no model"):
        score("late again", model=5)  # type: ignore[call-overload]


@pytest.mark.parametrize("n_jobs", [0, -2, "2"])
def test_a_wrong_number_of_threads_is_refused(n_jobs: int) -> None:
    with pytest.raises(ParameterError, match="n_jobs"):
        score(TEXTS, n_jobs=n_jobs)


def test_scoring_one_text_imports_neither_pandas_nor_scikit_learn() -> None:
    code = (
        "import sys, detractor; detractor.score('late again');"
        "assert not {'pandas', 'sklearn', 'nltk', 'scipy.sparse'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_score_shows_itself_in_a_notebook_without_running_the_text() -> None:
    hostile = "I hate <script>alert(1)</script> this and I am cancelling"
    assert "<script>" not in score(hostile)._repr_html_()
