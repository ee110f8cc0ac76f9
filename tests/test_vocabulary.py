import numpy as np
import pytest

from detractor.network import build_lexicon, read_rows
from detractor.tokens import ASK, FULL_STOP, hash_word
from detractor.vocabulary import (
    ENDS,
    NEGATES,
    QUESTION,
    SCOPE,
    SOMETIMES_NAME,
    UNKNOWN,
    KnownWords,
)

DO, NOT, LATE, SHELL, BRANDED, LEFT, BUT, ASKED, NOT_LATE = range(1, 10)
WORDS = {
    "do": (DO, UNKNOWN),
    "not": (NOT, UNKNOWN),
    "late": (LATE, UNKNOWN),
    "shell": (SHELL | SOMETIMES_NAME, UNKNOWN),
    "branded": (BRANDED, UNKNOWN),
    "left": (LEFT, UNKNOWN),
    "but": (BUT, UNKNOWN),
    "don't": (DO, NOT),
}
LEXICON = build_lexicon(
    KnownWords(
        np.array([*map(hash_word, WORDS), ASK], dtype=np.uint64),
        np.array([*WORDS.values(), (ASKED, UNKNOWN)], dtype=np.int32),
        np.array(
            [UNKNOWN, DO, NEGATES, NOT_LATE, SHELL, BRANDED, LEFT, ENDS, ENDS, NOT_LATE],
            dtype=np.int32,
        ),
    )
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("late", [LATE]),
        ("do not", [DO, NOT]),
        ("DON'T", [DO, NOT]),
        ("don’t", [DO, NOT]),
        ("shell late", [SHELL, LATE]),
        ("Shell late", [UNKNOWN, LATE]),
        ("zorba quux late", [UNKNOWN, LATE]),
        ("acme-branded late", [UNKNOWN, LATE]),
        ("left-zorba late", [UNKNOWN, LATE]),
        ("late left-zorba-branded", [LATE, UNKNOWN]),
        ("left-late", [LEFT, LATE]),
        ("left -zorba", [LEFT, UNKNOWN]),
    ],
)
def test_words_become_rows(text: str, rows: list[int]) -> None:
    assert read_rows([text], LEXICON)[0].tolist() == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("late? not", [NOT_LATE, ASKED, NOT]),
        ("late but late? not", [LATE, BUT, NOT_LATE, ASKED, NOT]),
        ("late? left not", [LATE, ASKED, LEFT, NOT]),
        ("late" + " left" * QUESTION + "? not", [LATE] + [LEFT] * QUESTION + [ASKED, NOT]),
        ("not late", [NOT, NOT_LATE]),
        ("don't do late", [DO, NOT, DO, NOT_LATE]),
        ("late not", [LATE, NOT]),
        ("not left but late", [NOT, LEFT, BUT, LATE]),
        ("not zorba late", [NOT, UNKNOWN, NOT_LATE]),
        ("not" + " left" * SCOPE + " late", [NOT] + [LEFT] * SCOPE + [LATE]),
        ("not left not" + " left" * (SCOPE - 1) + " late",
         [NOT, LEFT, NOT] + [LEFT] * (SCOPE - 1) + [NOT_LATE]),
    ],
)  # fmt: skip
def test_words_after_a_negation_have_rows_of_their_own(text: str, rows: list[int]) -> None:
    assert read_rows([text], LEXICON)[0].tolist() == rows


def test_both_rows_of_a_pair_are_emphasised() -> None:
    _, marks, _ = read_rows(["DON'T be late"], LEXICON)
    assert marks.tolist() == [1, 1, 0, 0]


def test_words_of_one_byte_may_stand_for_two_each() -> None:
    both = np.array([hash_word("a"), FULL_STOP], dtype=np.uint64)
    twice = np.array([(1, 2), (1, 2)], dtype=np.int32)
    lexicon = build_lexicon(KnownWords(both, twice, np.arange(3, dtype=np.int32)))
    text = "a." * 500_000 + "a"
    rows, _, bounds = read_rows([text, "a"], lexicon)
    assert bounds.tolist() == [0, 2_000_002, 2_000_004]
    assert (rows.reshape(-1, 2) == [1, 2]).all()
