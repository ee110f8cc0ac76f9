"""Drafts of replies: what is wrong in them."""

import csv
from pathlib import Path

import pytest

from detractor.errors import ModelFileError, ParameterError
from detractor.playbook import load_playbook
from detractor.replies import FAULTS, check_reply
from detractor.reply_acts import ACTS
from detractor.signal_model import load_signal_model, read_signal_model, write_signal_model

WRITTEN = Path(__file__).parent / "replies.csv"
TOM = "You lost my suitcase and nobody calls back. Regards, Tom"
GOOD = "Dear Tom, I am sorry that we lost your suitcase. I will call you today by five."


def kinds(draft: str, about: str | None = None) -> list[str]:
    return [finding.kind for finding in check_reply(draft, about=about)]


def test_a_good_reply_has_no_findings() -> None:
    assert kinds(GOOD, TOM) == []


FAULTY = [
    ("Sorry if you felt ignored.", "conditional_apology"),
    ("As per our policy, tickets cannot be changed.", "defensive"),
    ("That is simply not true.", "arguing"),
    ("You should have read the label.", "blaming"),
    ("You will need to contact the courier.", "evading"),
    ("Please accept this voucher.", "placating"),
    ("We will pay whatever it costs.", "above_authority"),
]


@pytest.mark.parametrize(("draft", "kind"), FAULTY, ids=[kind for _, kind in FAULTY])
def test_each_fault_is_found_where_it_stands(draft: str, kind: str) -> None:
    (finding,) = check_reply(draft)
    assert finding.kind == kind
    assert 0 <= finding.start < finding.end <= len(draft)
    assert finding.message
    assert finding.better


def test_what_is_missing_is_found_only_with_the_text_answered() -> None:
    empty = "Thank you for your message."
    assert kinds(empty) == []
    assert kinds(empty, TOM) == ["no_acknowledgement", "no_commitment"]
    assert kinds(empty, "Everything was lovely, thank you.") == []


def test_a_wrong_name_is_found() -> None:
    draft = GOOD.replace("Tom", "Tim")
    (finding,) = check_reply(draft, about=TOM)
    assert draft[finding.start : finding.end] == "Tim"
    assert "Tom" in finding.message


@pytest.mark.parametrize("greeting", ["Dear customer", "Hi there", "Hello"])
def test_a_greeting_without_a_name_is_no_wrong_name(greeting: str) -> None:
    assert kinds(GOOD.replace("Dear Tom", greeting), TOM) == []


def test_a_sum_must_be_within_the_authority_of_the_sender() -> None:
    draft = "I have sent you £120 today."
    assert kinds(draft) == ["above_authority"]
    assert check_reply(draft, role="team lead") == []
    with pytest.raises(ParameterError, match="did you mean 'agent'"):
        check_reply(draft, role="agnt", playbook=load_playbook())


def test_what_goes_back_to_the_customer_is_no_gift() -> None:
    bill = "You billed me £612 for one room."
    assert kinds("The £612 are cancelled today, sorry for the fright.", bill) == []
    refunded = "We're sorry. All four payments, £160 in all, were refunded."
    assert "above_authority" not in kinds(refunded, TOM)
    assert "above_authority" in kinds("Sorry for the fright. I refund you £6,120 today.", bill)


@pytest.mark.parametrize(
    "draft",
    [
        "Your claim for £900 has been approved and is paid on Monday.",
        "We send you a voucher today for every order over £100.",
    ],
)
def test_a_sum_that_is_approved_or_a_condition_is_no_promise(draft: str) -> None:
    assert "above_authority" in kinds("We send you £900 on Monday.")
    assert "above_authority" not in kinds(draft)


GENERAL = ["So sorry for the inconvenience!", "We are sorry that our service was below standard."]


@pytest.mark.parametrize("draft", GENERAL)
def test_an_apology_that_fits_every_trouble_acknowledges_none(draft: str) -> None:
    assert kinds(draft) == []
    assert "no_acknowledgement" in kinds(draft, TOM)


def test_the_name_of_the_customer_names_no_trouble() -> None:
    assert "no_acknowledgement" in kinds("Here is a voucher for you, Tom!", TOM)


@pytest.mark.parametrize(
    "draft",
    [
        "Sorry about this! Please send me the number of the parcel.",
        "Does it happen each time, or only in the evening?",
    ],
)
def test_being_plainly_sorry_and_going_on_or_asking_how_acknowledges(draft: str) -> None:
    assert "no_acknowledgement" not in kinds(draft, TOM)


@pytest.mark.parametrize(
    "draft",
    [
        "Sorry about this! Hold the button for ten seconds, then let go.",
        "Sorry about the wait. Please let us know which model it is.",
    ],
)
def test_a_step_to_take_or_a_question_moves_the_matter_on(draft: str) -> None:
    assert kinds(draft, TOM) == []


def test_nothing_is_missing_where_no_trouble_is_told() -> None:
    assert kinds("Thank you, got it.", "I am on the train now and will look at home.") == []


def test_a_gift_beside_a_fix_does_not_placate() -> None:
    assert kinds("I refunded the fee, and here is a voucher for the evening.") == []


@pytest.mark.parametrize("draft", ["", " ", "\ud800", "👍"])
def test_any_text_can_be_checked(draft: str) -> None:
    assert kinds(draft) == []


UNLISTED = [
    ("Deliveries are slow everywhere in winter.", "defensive"),
    ("Funny, the bell rings perfectly well when I press it.", "arguing"),
]


@pytest.mark.parametrize(("draft", "kind"), UNLISTED, ids=[kind for _, kind in UNLISTED])
def test_a_fault_that_no_phrase_names_is_found_as_a_sentence(draft: str, kind: str) -> None:
    (finding,) = check_reply(f"Dear Tom. {draft}")
    assert finding.kind == kind
    assert (finding.start, finding.end) == (10, 10 + len(draft))
    assert finding.better


GOOD_WITH_BAD_WORDS = [
    "The courier was late, and that is on us.",
    "You should have been told about our policy by me.",
]


@pytest.mark.parametrize("draft", GOOD_WITH_BAD_WORDS)
def test_the_words_of_a_fault_are_none_by_themselves(draft: str) -> None:
    assert kinds(draft) == []


def test_the_file_of_replies_is_no_file_of_signals() -> None:
    content = write_signal_model(load_signal_model("replies.safetensors", ACTS))
    with pytest.raises(ModelFileError, match="signals"):
        read_signal_model(content, "replies")


# Development: the phrases were written on parts a to d, the sentences for the learned readers with
# the mistakes on a to k in mind, the bars chosen on a to k and n to p; l and m were seen by their
# figures, q and r after theirs had been taken (docs/limits.md). Nothing was written or chosen on s.
PARTS = [
    ("a", 0.90, 0.82), ("b", 0.89, 0.82), ("c", 0.94, 0.89), ("d", 0.88, 0.85), ("e", 0.97, 0.83),
    ("f", 0.97, 0.81), ("g", 0.93, 0.73), ("h", 0.86, 0.77), ("i", 0.94, 0.79), ("j", 0.92, 0.80),
    ("k", 0.87, 0.74), ("l", 0.84, 0.77), ("m", 0.77, 0.77), ("n", 0.85, 0.84), ("o", 0.85, 0.79),
    ("p", 0.88, 0.77), ("q", 0.88, 0.84), ("r", 0.86, 0.74), ("s", 0.88, 0.75),
]  # fmt: skip


@pytest.mark.parametrize(("part", "precision", "recall"), PARTS)
def test_precision_and_recall_on_the_written_replies(
    part: str, precision: float, recall: float
) -> None:
    with WRITTEN.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    assert len(rows) >= 60
    right = said = wanted = 0
    for row in rows:
        want = set(filter(None, row["faults"].split("|")))
        got = set(kinds(row["draft"], row["about"] or None))
        assert want <= set(FAULTS)
        right, said, wanted = right + len(want & got), said + len(got), wanted + len(want)
    assert right / said >= precision
    assert right / wanted >= recall
