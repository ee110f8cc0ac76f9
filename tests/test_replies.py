"""Drafts of replies: what is wrong in them."""

import csv
from pathlib import Path

import pytest

from detractor.errors import ParameterError
from detractor.playbook import load_playbook
from detractor.replies import FAULTS, check_reply

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


def test_the_sentence_beside_a_fault_is_no_finding() -> None:
    sorry, doubt = "I am sorry that the bus never came.", "Sorry if you felt ignored."
    (finding,) = check_reply(f"{sorry} {doubt}")
    assert (finding.kind, finding.start) == ("conditional_apology", len(sorry) + 1)


def test_the_same_sentence_excuses_alone_and_explains_beside_what_is_owned() -> None:
    cause = "The snow kept our drivers off the hill road."
    about = "My parcel was promised for Monday and nobody told me it would not come."
    owned = "We should have told you on Monday, and I am sorry that nobody did."
    step = "It is on the van now and reaches you before noon tomorrow."
    assert "defensive" in kinds(f"{cause} Winter is hard for everybody.", about)
    assert kinds(f"{owned} {cause} {step}", about) == []


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
    draft = "As a gesture of goodwill I have sent you £120 today."
    assert kinds(draft) == ["above_authority"]
    assert check_reply(draft, role="team lead") == []
    with pytest.raises(ParameterError, match="did you mean 'agent'"):
        check_reply(draft, role="agnt", playbook=load_playbook())


@pytest.mark.parametrize(
    ("draft", "about"),
    [
        ("The £612 are cancelled today, sorry for the fright.", "You billed me £612 for a room."),
        ("We're sorry. All four payments, £160 in all, were refunded.", TOM),
        ("Your claim for £900 has been approved and is paid on Monday.", TOM),
        ("I refunded the fee, and here is a voucher for any order over £100.", TOM),
    ],
)
def test_a_sum_that_goes_back_is_due_or_a_condition_is_no_present(draft: str, about: str) -> None:
    assert "above_authority" not in kinds(draft, about)
    assert "above_authority" in kinds("Here is a voucher for £900 for your trouble.", about)


GENERAL = [
    "So sorry for the inconvenience!",
    "Thank you for your feedback, it helps us to improve.",
]


@pytest.mark.parametrize("draft", GENERAL)
def test_what_fits_every_trouble_acknowledges_none(draft: str) -> None:
    assert kinds(draft) == []
    assert "no_acknowledgement" in kinds(draft, TOM)


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


# No part has a line in the training files; the bars were chosen on n to r. Nothing was written,
# fitted or chosen on s, t and u (docs/limits.md).
PARTS = ["n", "o", "p", "q", "r", "s", "t", "u"]


@pytest.mark.parametrize("part", PARTS)
def test_precision_and_recall_on_the_written_replies(part: str) -> None:
    with WRITTEN.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    assert len(rows) >= 110
    right = said = wanted = 0
    for row in rows:
        want = set(filter(None, row["faults"].split("|")))
        got = set(kinds(row["draft"], row["about"] or None))
        assert want <= set(FAULTS)
        right, said, wanted = right + len(want & got), said + len(got), wanted + len(want)
    assert right / said >= 0.9
    assert right / wanted >= 0.8
