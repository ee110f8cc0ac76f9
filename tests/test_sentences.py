"""Sentences and clauses cover a text and break where a reader would."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize.punkt import PunktSentenceTokenizer

from detractor.sentences import split_clauses, split_sentences


def parts(text: str, split: object = split_sentences) -> list[str]:
    return [text[start:end] for start, end in split(text)]


SENTENCES = {
    "plain": ["Late again.", "I am done."],
    "small letters": ["it was bad.", "nobody called.", "i am done"],
    "many marks": ["What?!", "No!!!", "Never..."],
    "titles": ["Mrs. Smith and Dr. Lee came.", "They left."],
    "latin": ["Use a wallet, e.g. PayPal.", "It works, i.e. it did."],
    "decimals": ["It cost 3.50 and took 2.5 hours.", "Too much."],
    "prices": ["I paid $5.", "You owe me."],
    "time": ["We came at 5 p.m. and left.", "Nobody spoke."],
    "time last": ["We came at 5 p.m.", "Nobody spoke."],
    "company": ["Acme Inc. sold it.", "Bought from Acme Ltd.", "It broke."],
    "number": ["See order no. 12345 please.", "Thanks."],
    "no as an answer": ["Is it fixed?", "The answer is no.", "Twice."],
    "initials": ["J. R. Smith called.", "He lied."],
    "ellipsis going on": ["well... it was fine.", "Not."],
    "ellipsis": ["I waited...", "Nobody came."],
    "quotes": ['He said "no."', "(I laughed.)", "Then I left."],
    "emoji after mark": ["Great! 😀", "Not so great. 😡😡", "Bye"],
    "emoji as mark": ["love it 😍", "Never again 😡"],
    "web": ["See acme.com or www.acme.com/a.b for it.", "It is down."],
    "chinese": ["太慢了。", "不会再来\uff01"],
    "one": ["no marks at all here it just goes on and on"],
    "version": ["Version 2.1.3 crashes.", "Fix it."],
}


@pytest.mark.parametrize("sentences", SENTENCES.values(), ids=SENTENCES)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    glue = "" if sentences == SENTENCES["chinese"] else " "
    assert parts(glue.join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Slow.Rude!Never again", ["Slow.", "Rude!", "Never again"]),
        ("Pros\n- cheap\n- near\nCons\n- dirty", ["Pros", "- cheap", "- near", "Cons", "- dirty"]),
        ("1. Slow staff\n2. Cold food", ["1. Slow staff", "2. Cold food"]),
        ("First\n\nsecond", ["First", "second"]),
        ("Dear team\nI am leaving", ["Dear team", "I am leaving"]),
        ("wrapped after a\nsmall word. End", ["wrapped after a\nsmall word.", "End"]),
        (
            "This line is long enough that a mail program would have wrapped\nIt here. End",
            ["This line is long enough that a mail program would have wrapped\nIt here.", "End"],
        ),
        ("windows\r\n\r\nlines", ["windows", "lines"]),
        ("", []),
        (" \n\t ", []),
        ("...", ["..."]),
        (".", ["."]),
    ],
)
def test_lines_lists_and_missing_spaces(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "clauses",
    [
        ["Used to be great,", "but now it is awful."],
        ["I stayed", "because it was cheap;", "that was all."],
        ["Good food -", "bad service."],
        ["Nice place\u2014", "awful staff."],
        ["They said:", "no refund,", "so I left."],
        ["Bread, butter and jam were fine."],
        ["I have yet to hear back."],
        ["It broke,", "and nobody came.", "I am angry."],
    ],
)
def test_clauses_turn_where_the_thought_turns(clauses: list[str]) -> None:
    assert parts(" ".join(clauses), split_clauses) == clauses


PLAIN = [
    "The driver did not come. I called twice and nobody answered the phone. I want my money back.",
    "Why is this so hard? We have paid for three years. Your own manager said it would be fixed.",
    "It works well! My team likes it. The price went up by 12.5 percent last year, though.",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_prose_is_cut_as_punkt_cuts_it(text: str) -> None:
    assert split_sentences(text) == list(PunktSentenceTokenizer().span_tokenize(text))


FEEDBACK = st.lists(
    st.sampled_from(
        [*"aA1.!?\n ,;:-(", "\u2026", "\u3002", "😀", "e.g.", " but ", "Mr. ", "\r\n", "\u2014"]
    )
).map("".join)


@pytest.mark.parametrize("split", [split_sentences, split_clauses])
@given(text=st.one_of(FEEDBACK, st.text(alphabet=st.characters())))
def test_all_but_white_space_is_covered_once_and_in_order(split: object, text: str) -> None:
    done = 0
    for start, end in split(text):
        assert done <= start < end <= len(text)
        assert not text[done:start].strip()
        assert text[start:end] == text[start:end].strip()
        done = end
    assert not text[done:].strip()


@given(FEEDBACK)
def test_clauses_lie_within_sentences(text: str) -> None:
    sentences = split_sentences(text)
    for start, end in split_clauses(text):
        assert sum(first <= start and end <= last for first, last in sentences) == 1


@pytest.mark.parametrize("hostile", [".", " ", "\n", "😀", "a.", "!a", "but ", " - ", ". ", "a\n"])
def test_hostile_repetition_costs_linear_time(hostile: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        split_clauses(hostile * count)
        return time.process_time() - start

    seconds(10)
    assert seconds(40_000) < 30 * max(seconds(4_000), 0.01)
