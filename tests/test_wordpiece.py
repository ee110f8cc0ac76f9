import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.wordpiece import CAPS, CLS, SEP, SHOUT, UNK, WordPiece, clean, fold, markers, words

VOCABULARY = [
    "[PAD]", UNK, CLS, SEP, SHOUT, CAPS, "un", "##help", "##ful", "help", "late", ".", "!", "cafe",
]  # fmt: skip


@pytest.fixture
def pieces() -> WordPiece:
    return WordPiece(VOCABULARY, limit=8)


def test_a_word_is_cut_into_the_longest_known_pieces(pieces: WordPiece) -> None:
    spelled = [VOCABULARY[piece] for piece in pieces.pieces("unhelpful")]
    assert spelled == ["un", "##help", "##ful"]


def test_a_word_that_cannot_be_spelled_is_unknown(pieces: WordPiece) -> None:
    assert pieces.pieces("unkind") == pieces.pieces("late" * 30) == (VOCABULARY.index(UNK),)


def test_case_and_accents_are_dropped_and_marks_stand_alone() -> None:
    assert words("Café, LATE!") == ["cafe", ",", "late", "!"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("see https://example.com/x now", "see  url  now"),
        ("@Acme_UK hello", "@user hello"),
        ("sooooooo", "sooo"),
        ("\u201cfine\u201d\u2026", '"fine"...'),
        ("Tom &amp; Ann", "Tom & Ann"),
        ("\U0001f620", " angry face "),
    ],
)
def test_what_the_vocabulary_cannot_read_is_rewritten(text: str, plain: str) -> None:
    assert clean(text) == plain


@pytest.mark.parametrize(
    ("text", "found"),
    [("THIS IS NOT OK", [SHOUT]), ("they NEVER EVER came back", [CAPS]), ("Late again.", [])],
)
def test_shouting_leaves_a_mark(text: str, found: list[str]) -> None:
    assert markers(text) == found


def test_a_long_text_keeps_its_head_and_its_tail() -> None:
    assert fold(list(range(100)), 16) == [*range(9), *range(93, 100)]


@given(st.text(max_size=200))
def test_every_text_is_encoded_within_the_limit(text: str) -> None:
    ids = WordPiece(VOCABULARY, limit=8).encode(text)
    assert 2 <= len(ids) <= 8
    assert (VOCABULARY[ids[0]], VOCABULARY[ids[-1]]) == (CLS, SEP)
