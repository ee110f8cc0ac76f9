import pickle
import resource
import time
from itertools import chain, repeat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from detractor.errors import ParameterError
from detractor.features import FeedbackFeatures

TEXTS = ["Not good, not good at all", "I LOVE it!!!", "", "Second late delivery this week"]


def same(one: object, other: object) -> bool:
    return (one != other).nnz == 0  # type: ignore[attr-defined]


def test_clone_and_parameters() -> None:
    features = clone(FeedbackFeatures(n_features=2**12))
    assert features.get_params() == {"n_features": 4096, "batch_size": 65536}
    assert features.set_params(n_features=2**10).transform(TEXTS).shape == (4, 1024)


def test_pickling_keeps_the_result() -> None:
    features = FeedbackFeatures()
    copy = pickle.loads(pickle.dumps(features))
    assert same(copy.transform(TEXTS), features.transform(TEXTS))


def test_list_series_and_array_give_the_same_rows() -> None:
    features = FeedbackFeatures()
    expected = features.transform(TEXTS)
    assert same(features.transform(pd.Series(TEXTS, index=[3, 1, 2, 0])), expected)
    assert same(features.transform(np.array(TEXTS)), expected)
    assert same(features.fit_transform(TEXTS), expected)


def test_batches_do_not_show() -> None:
    whole = FeedbackFeatures().transform(TEXTS)
    assert same(FeedbackFeatures(batch_size=1).transform(TEXTS), whole)


def test_empty_input_and_rows_without_text() -> None:
    assert FeedbackFeatures().transform([]).shape == (0, 2**18)
    assert FeedbackFeatures().transform([None, "", 3]).nnz == 0


def test_rows_have_length_one() -> None:
    matrix = FeedbackFeatures().transform(TEXTS)
    assert np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1.tolist() == pytest.approx([1, 1, 0, 1])


def test_negation_reaches_the_words_that_follow() -> None:
    features = FeedbackFeatures()
    good, not_good = features.transform(["good", "not really good"])
    assert good.multiply(not_good).nnz == 1
    assert features.transform(["not really good"]).nnz > features.transform(["so really good"]).nnz


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The American waiter was rude", "The Nigerian waitress was rude"),
        ("He ignored my call", "She ignored my call"),
        ("It cost $40 and 3 weeks", "It cost $900 and 17 weeks"),
        ("@shop broken again", "@other broken again"),
        ("broken again https://a.b/c", "broken again"),
    ],
)
def test_identity_numbers_and_addresses_are_not_seen(one: str, other: str) -> None:
    rows = FeedbackFeatures().transform([one, other])
    assert same(rows[0], rows[1])


@pytest.mark.parametrize("n_features", [1000, 2**7, 2**25, 4096.0])
def test_a_wrong_number_of_features_is_refused(n_features: object) -> None:
    with pytest.raises(ParameterError, match="power of two"):
        FeedbackFeatures(n_features=n_features).transform(TEXTS)  # type: ignore[arg-type]


def test_it_works_in_a_pipeline() -> None:
    model = make_pipeline(FeedbackFeatures(), LogisticRegression())
    model.fit(["good", "bad"] * 10, [0, 1] * 10)
    assert model.predict(["bad", "good"]).tolist() == [1, 0]


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.binary())))
def test_anything_gives_one_row_an_input(values: list[object]) -> None:
    assert FeedbackFeatures().transform(values).shape[0] == len(values)


def test_a_long_text_takes_time_in_proportion() -> None:
    text = "the delivery was late again and nobody answered " * 105_000  # five megabytes
    started = time.perf_counter()
    assert FeedbackFeatures().transform([text]).nnz < 60
    assert time.perf_counter() - started < 60  # a quadratic pass would take hours


def test_many_short_texts_need_bounded_memory() -> None:
    features = FeedbackFeatures(n_features=2**10)
    batches = chain.from_iterable(repeat([["late again", "thanks", "still broken"] * 10_000], 20))
    for batch in batches:
        features.transform(batch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        features.transform(["late again", "thanks", "still broken"] * 10_000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000  # kilobytes, for three million texts more
