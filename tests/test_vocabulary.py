import numpy as np
import pytest

from detractor.network import build_lexicon, read_rows
from detractor.tokens import hash_word
from detractor.vocabulary import SOMETIMES_NAME, UNKNOWN

DO, NOT, LATE, SHELL, BRANDED, LEFT = range(1, 7)
LEXICON = build_lexicon(
    np.array(
        [hash_word(w) for w in ("do", "not", "late", "shell", "branded", "left", "don't")],
        dtype=np.uint64,
    ),
    np.array(
        [
            (DO, UNKNOWN),
            (NOT, UNKNOWN),
            (LATE, UNKNOWN),
            (SHELL | SOMETIMES_NAME, UNKNOWN),
            (BRANDED, UNKNOWN),
            (LEFT, UNKNOWN),
            (DO, NOT),
        ],
        dtype=np.int32,
    ),
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


def test_both_rows_of_a_pair_are_emphasised() -> None:
    _, marks, _ = read_rows(["DON'T be late"], LEXICON)
    assert marks.tolist() == [1, 1, 0, 0]
