"""The shipped word vectors: what is near in them, what is in the table, and what is not."""

import numpy as np
import pytest

from detractor.meanings import stem_meanings, word_meanings
from detractor.theme_words import word_list


def nearness(one: str, other: str) -> float:
    known = word_meanings()
    first, second = (known.vectors[known.places[word]] for word in (one, other))
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [
        ("luggage", "suitcase", "refund"),
        ("late", "delayed", "rude"),
        ("invoice", "bill", "driver"),
        ("broken", "damaged", "parcel"),
        ("toilet", "bathroom", "queue"),
    ],
)
def test_words_of_one_meaning_lie_nearer(word: str, near: str, far: str) -> None:
    assert nearness(word, near) > nearness(word, far) + 0.2


def test_words_that_name_no_cause_are_left_out() -> None:
    known = word_meanings().places.keys()
    for left_out in ("opinion", "persons", "chatter", "other_languages"):
        assert known.isdisjoint(word_list(left_out))


def test_companies_and_cities_are_left_out() -> None:
    assert word_meanings().places.keys().isdisjoint({"ryanair", "vodafone", "heathrow", "london"})


def test_words_are_known_once_with_a_vector_each() -> None:
    known = word_meanings()
    assert len(known.places) == len(known.vectors) == len(known.share) > 10_000
    assert np.isfinite(known.vectors).all()
    assert known.vectors.any(axis=1).all()
    assert ((known.share > 0) & (known.share < 1)).all()


def test_a_stem_means_what_its_words_do_by_how_often_they_are_said() -> None:
    words, stems = word_meanings(), stem_meanings()
    forms = [words.places[word] for word in ("delay", "delays", "delayed", "delaying")]
    share = words.share[forms]
    assert stems.share[stems.places["delay"]] == pytest.approx(share.sum(), rel=1e-5)
    mean = share @ words.vectors[forms] / share.sum()
    assert stems.vectors[stems.places["delay"]] == pytest.approx(mean, abs=1e-4)


def test_words_that_are_not_known_count_nothing() -> None:
    assert word_meanings().count([["qwrtz"], []]).sum() == 0
