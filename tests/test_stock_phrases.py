import pytest

from detractor.stock_phrases import (
    asks,
    is_common,
    is_general,
    is_plain,
    is_plain_apology,
    is_procedure,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("We apologise for the inconvenience.", True),
        ("So sorry to hear that!", True),
        ("Sorry about the broken lock.", False),
        ("Sorry if you were upset.", False),
        ("Thank you for your message.", False),
    ],
)
def test_a_plain_apology_names_nothing_and_doubts_nothing(text: str, plain: bool) -> None:
    assert is_plain_apology(text) is plain


def test_thanks_are_plain_too_but_no_apology() -> None:
    assert is_plain("Thanks for the message.")
    assert not is_plain_apology("Thanks for the message.")


def test_a_text_without_words_is_general() -> None:
    assert is_general("")
    assert is_general("?!")


@pytest.mark.parametrize(
    ("text", "of_all"),
    [
        ("A colleague will telephone you on Monday at nine.", True),
        ("Your message has been given the number 4471.", True),
        ("Please send us your order number and we will look into it.", True),
        ("Thank you for staying with us.", True),
        ("", True),
        ("Fee's off.", False),
        ("Hold the button until the lamp blinks.", False),
        ("Which of the two lights is on?", False),
        ("A plumber comes on Monday at nine.", False),
    ],
)
def test_what_is_promised_and_asked_in_every_trouble_is_procedure(text: str, of_all: bool) -> None:
    assert is_procedure(text) is of_all


@pytest.mark.parametrize("text", ["Which one?", "Please send us the number.", "DM us the code"])
def test_a_question_or_a_request_asks(text: str) -> None:
    assert asks(text)
    assert not asks("It crashes when you save.")


@pytest.mark.parametrize("word", ["because", "week", "sorry", "contacted"])
def test_everyday_words_are_common(word: str) -> None:
    assert is_common(word)
    assert not is_common("dishwasher")
