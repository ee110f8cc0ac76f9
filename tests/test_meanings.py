"""Where sentences lie by what their words mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.meanings import DIMENSIONS, FEATURES, STEPS, lay_out, locate, meanings, weigh

TEXTS = st.lists(st.text(max_size=40), max_size=6)
NEAR = [
    ("we are sorry", "our apologies", "the invoice for May"),
    ("money back", "a refund", "the driver was late"),
    ("the technician was rude", "an impolite engineer", "your password expired"),
]


@pytest.mark.parametrize(("one", "same", "other"), NEAR)
def test_what_means_the_same_lies_nearer(one: str, same: str, other: str) -> None:
    first, second, third = locate([one, same, other])
    assert first @ second > first @ third


@pytest.mark.parametrize("text", ["Isn’t it late", "ISN'T it LATE", "is not it late"])
def test_case_and_the_form_of_a_negation_do_not_matter(text: str) -> None:
    assert (locate([text]) == locate(["is not it late"])).all()


def test_a_text_without_a_known_word_lies_nowhere() -> None:
    assert not locate(["", "???", "qzxv"]).any()


@given(TEXTS)
def test_a_place_has_one_length_and_does_not_depend_on_the_batch(texts: list[str]) -> None:
    places = locate(texts)
    assert places.shape == (len(texts), DIMENSIONS)
    lengths = np.linalg.norm(places, axis=1)
    assert ((lengths == 0) | (abs(lengths - STEPS) < DIMENSIONS)).all()
    for text, row in zip(texts, places, strict=True):
        assert (locate([text])[0] == row).all()


def test_a_sum_weighs_numbers_and_products_of_two() -> None:
    texts = ["We are sorry.", "the invoice for May"] * 300  # more than are laid out at a time
    weights = np.zeros((FEATURES, 2), dtype=np.int16)
    weights[0, 0], weights[DIMENSIONS + 1, 1] = 3, -2
    places = locate(texts) / STEPS
    expected = np.stack([3 * places[:, 0], -2 * places[:, 0] * places[:, 1]], axis=1)
    assert np.allclose(weigh(texts, weights), expected)
    assert lay_out(locate(texts)).shape == (600, FEATURES)


def test_no_word_of_the_table_is_no_word() -> None:
    known = meanings()
    assert len(known.rows) == len(known.vectors) > 10_000
    assert all(word.isascii() or word in "£€" for word in known.rows)
