"""Cleaning removes what was not written, says so, and knows where everything came from."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.characters import encode
from detractor.cleaning import Cleaned, Cleaning, clean, clean_many

MESSAGE = (
    "<div>Third no-show &amp; nobody called.</div><br>\r\n"
    "I\u2019m can\u00adcelling.\r\n\r\n"
    "Kind regards,\r\nJo Doe\r\n\r\n"
    "On Mon, 3 May 2026 at 10:02, Support wrote:\r\n> We are sorry.\r\n> The team\r\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Never</p><p>again</p>", "Never\n\nagain"),
        ("Never<br/>again", "Never\nagain"),
        ('<a href="https://x.test/?a=1">here</a>', "here"),
        ("<SCRIPT>var a = '<b>';</SCRIPT>Bad", "Bad"),
        ("<style>p {color: red}</style>Bad", "Bad"),
        ("<!-- note --> Bad", "Bad"),
        ("<!DOCTYPE html><html><body>Bad</body></html>", "Bad"),
        ("5 &lt; 6 &#33; &#x21; caf&eacute;&nbsp;bar", "5 < 6 ! ! café bar"),
        ("a\x00b\x1b[31mred\x1b[0m", "abred"),
        ("can\u00adcel\u200b it\ufeff", "cancel it"),
    ],
)
def test_markup_and_invisible_characters_go(text: str, expected: str) -> None:
    assert clean(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "I <3 this",
        "a < b > c",
        "if a <b and c> d",
        "<redacted> called <Jo Doe>",
        "AT&T & Co; M&S; &unknown;",
        "<script> is never closed",
        "<!-- neither is this",
        "fa\u0308mily \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "tab\tand\ttab",
        "  spaces of my own  ",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert clean(text) == Cleaned(text)


def test_a_message_is_cleaned_and_the_report_says_how() -> None:
    cleaned = clean(MESSAGE)
    words = " ".join(cleaned.text.split())
    assert words == "Third no-show & nobody called. I\u2019m cancelling."
    kinds = [part.kind for part in cleaned.removed]
    assert kinds == ["markup"] * 4 + ["invisibles", "signatures", "quotes"]
    assert MESSAGE[slice(*cleaned.removed[1][1:])] == "&amp;"
    assert MESSAGE[slice(*cleaned.removed[-1][1:])].startswith("On Mon")


@pytest.mark.parametrize(
    ("found", "original"),
    [("Third", "Third"), ("& nobody", "&amp; nobody"), ("cancelling", "can\u00adcelling")],
)
def test_spans_lead_back_to_the_original(found: str, original: str) -> None:
    cleaned = clean(MESSAGE)
    start = cleaned.text.index(found)
    assert MESSAGE[slice(*cleaned.original_span(start, start + len(found)))] == original


@pytest.mark.parametrize("kind", ["quotes", "signatures", "markup", "invisibles"])
def test_each_part_can_be_left_alone(kind: str) -> None:
    message = "> Why?\n> Tell us.\n" + MESSAGE.split("On Mon")[0]
    kinds = {part.kind for part in clean(message).removed}
    kept = {part.kind for part in clean(message, options=Cleaning(**{kind: False})).removed}
    assert kept == kinds - {kind}
    assert kind in kinds


@pytest.mark.parametrize(
    "text",
    [
        "> all of it\n> is quoted",
        "Kind regards,\nJo",
        "--\nJo Doe",
        "On 3 May 2026, Support wrote:\n> We fixed it.",
        "-----Original Message-----\nFrom: Jo\n\nIt is broken",
    ],
)
def test_a_message_is_never_emptied_of_words(text: str) -> None:
    assert clean(text).text == text


def test_markup_alone_is_no_message() -> None:
    assert clean("<p><br></p>").text.strip() == ""


def test_a_batch_is_cleaned_like_its_messages() -> None:
    texts = [MESSAGE, "plain", "", "a\n--\nJo"]
    assert clean_many(texts) == [clean(text).text for text in texts]
    options = Cleaning(markup=False)
    assert clean_many(texts, options=options) == [clean(t, options=options).text for t in texts]


def test_plain_texts_come_back_untouched() -> None:
    text = "The driver never came, and nobody called: not once. " * 7
    assert clean(text).text is text
    assert clean_many([text])[0] is text


FRAGMENTS = (
    "<p>|</p>|<br>|&amp;|&lt;|<!--|-->|<script>|</script>|\n|\r\n|> |>>|-- |"
    "On 3 May 2026 Jo wrote:|From: a|To: b|Sent: c|Regards,|"
    "Sent from my iPhone|\x00|\u200b|word| |.|é|\ud800|\U0001f600"
)
MAILISH = st.lists(st.sampled_from(FRAGMENTS.split("|"))).map("".join)


@given(st.one_of(MAILISH, st.text(alphabet=st.characters())))
def test_everything_in_the_clean_text_comes_from_the_original(text: str) -> None:
    cleaned = clean(text)
    previous = 0
    for position, character in enumerate(cleaned.text):
        start, end = cleaned.original_span(position, position + 1)
        assert previous <= start < end <= len(text)
        assert text[start] == character or text[start] in "<&"
        previous = start
    assert cleaned.original_span(0, 0)[0] <= len(text)


@given(st.one_of(MAILISH, st.text(alphabet=st.characters())))
def test_the_report_accounts_for_every_missing_character(text: str) -> None:
    cleaned = clean(text)
    gone = set()
    for part in cleaned.removed:
        assert 0 <= part.start < part.end <= len(text)
        gone |= set(range(part.start, part.end))
    kept = "".join(c for i, c in enumerate(text) if i not in gone)
    entities = text.count("&amp;") + text.count("&lt;")
    if not entities:
        assert kept.split() == cleaned.text.split() or "<" in text
    if not cleaned.removed:
        assert cleaned.text == text


@given(MAILISH)
def test_nothing_is_removed_where_everything_is_switched_off(text: str) -> None:
    off = Cleaning(quotes=False, signatures=False, markup=False, invisibles=False)
    assert clean(text, options=off) == Cleaned(text)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>",
        "<!--",
        "<p =",
        "<p ",
        "&#",
        "\n>",
        "\nOn ",
        "\n--",
        "<p>",
        "\x1b[",
        "\nFrom: a",
        "-",
    ],
)
def test_hostile_repetition_costs_linear_time(hostile: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        clean(hostile * count + "\n")
        return time.process_time() - start

    def least(count: int) -> float:  # a busy machine can only add to it
        return min(seconds(count) for _ in range(3))

    assert least(40_000) < 40 * max(least(4_000), 0.02)  # a hundred times, were it quadratic


PIECES = [
    "Late again. ",
    "<b>",
    "&amp;",
    "\n> quoted\n",
    "\x00",
    "\u200b",
    "caf\u00e9 \u2019 ",
    "\ud800",
]


@given(st.lists(st.lists(st.sampled_from(PIECES)).map("".join), min_size=1, max_size=4))
def test_a_batch_is_cleaned_as_its_texts_are(texts: list[str]) -> None:
    many = texts * 32
    cleaned = clean_many(many)
    assert cleaned == [clean(text).text for text in many]
    given_on, made_anew = encode(cleaned), encode(list(cleaned))
    assert all((a == b).all() for a, b in zip(given_on, made_anew, strict=True))
