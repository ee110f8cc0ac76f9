import pytest

from detractor.stock_phrases import asks_how, is_common, is_general, is_plain, is_plain_apology


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
    ("text", "asks"),
    [
        ("Does it crash when you save?", True),
        ("Which of the two lights is on?", True),
        ("Could you send us your postcode?", False),
        ("What is the E-mail on the account?", False),
        ("It crashes when you save.", False),
    ],
)
def test_a_question_about_the_trouble_is_none_for_the_file(text: str, asks: bool) -> None:
    assert asks_how(text) is asks


@pytest.mark.parametrize("word", ["because", "week", "sorry", "contacted"])
def test_everyday_words_are_common(word: str) -> None:
    assert is_common(word)
    assert not is_common("dishwasher")
