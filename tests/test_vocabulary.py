import numpy as np
import pytest

from detractor.network import build_lexicon, read_rows
from detractor.tokens import ASK, FULL_STOP, hash_word
from detractor.vocabulary import (
    ANSWER,
    BACK,
    BARE,
    ENDS,
    NEGATES,
    SCOPE,
    SOMETIMES_NAME,
    UNKNOWN,
    UNREAL,
    KnownWords,
)

DO, NOT, LATE, SHELL, BRANDED, LEFT, BUT, ASKED, HOPED, NOT_LATE = range(1, 11)
WORDS = {
    "do": (DO, UNKNOWN),
    "not": (NOT, UNKNOWN),
    "late": (LATE, UNKNOWN),
    "shell": (SHELL | SOMETIMES_NAME, UNKNOWN),
    "branded": (BRANDED, UNKNOWN),
    "left": (LEFT, UNKNOWN),
    "but": (BUT, UNKNOWN),
    "don't": (DO, NOT),
    "hoped": (HOPED, UNKNOWN),
}
LEXICON = build_lexicon(
    KnownWords(
        np.array([*map(hash_word, WORDS), ASK], dtype=np.uint64),
        np.array([*WORDS.values(), (ASKED, UNKNOWN)], dtype=np.int32),
        np.array(
            [UNKNOWN, DO, NEGATES, NOT_LATE, SHELL, BRANDED, LEFT, ENDS, ENDS, UNREAL, NOT_LATE],
            dtype=np.int32,
        ),
        np.array(
            [
                [hash_word("do"), hash_word("but"), SCOPE],
                [hash_word("branded"), hash_word("branded"), 2],
            ],
            dtype=np.uint64,
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
        ("late" + " left" * BACK + "? not", [LATE] + [LEFT] * BACK + [ASKED, NOT]),
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


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("late? left don't", [NOT_LATE, ASKED, LEFT, DO, NOT]),
        ("late? left don't?", [NOT_LATE, ASKED, LEFT, DO, NOT, ASKED]),
        ("late but left not but late", [NOT_LATE, BUT, LEFT, NOT, BUT, LATE]),
        ("late? left" + " left" * BARE + " not", [LATE, ASKED, LEFT] + [LEFT] * BARE + [NOT]),
        ("late but late but do not", [LATE, BUT, NOT_LATE, BUT, DO, NOT]),
        ("late?" + " left" * ANSWER + " not shell", [LATE, ASKED] + [LEFT] * ANSWER + [NOT, SHELL]),
        ("late but hoped", [LATE, BUT, HOPED]),
        ("hoped late but not", [HOPED, NOT_LATE, BUT, NOT]),
        ("late not", [LATE, NOT]),
    ],
)
def test_a_clause_that_only_says_no_takes_the_one_before_it_back(
    text: str, rows: list[int]
) -> None:
    assert read_rows([text], LEXICON)[0].tolist() == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("late? left left not shell", [NOT_LATE, ASKED, LEFT, LEFT, NOT, SHELL]),
        ("late? left don't shell", [NOT_LATE, ASKED, LEFT, DO, NOT, SHELL]),
        ("late? but not shell", [NOT_LATE, ASKED, BUT, NOT, SHELL]),
        ("late? left but not shell", [LATE, ASKED, LEFT, BUT, NOT, SHELL]),
        ("late? left left left not shell", [LATE, ASKED, LEFT, LEFT, LEFT, NOT, SHELL]),
    ],
)
def test_a_no_among_the_first_words_of_an_answer_denies_the_question(
    text: str, rows: list[int]
) -> None:
    assert read_rows([text], LEXICON)[0].tolist() == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("do but late", [DO, BUT, NOT_LATE]),
        ("do left but late", [DO, LEFT, BUT, LATE]),
        ("branded branded late", [BRANDED, BRANDED, LATE]),
        ("late? do not branded branded", [NOT_LATE, ASKED, DO, NOT, BRANDED, BRANDED]),
    ],
)
def test_two_words_may_negate_or_go_on_with_a_negation(text: str, rows: list[int]) -> None:
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
