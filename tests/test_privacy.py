"""Personal data is masked, ordinary figures stay, and masking twice is masking once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.privacy import Masked, mask_personal_data

PERSONAL = {
    "email": [
        "jo@acme.test",
        "Jo.Doe+news@mail.acme.co.uk",
        "o'neil@acme.test",
        "jo (at) acme.test",
        "jo [at] acme [dot] com",
    ],
    "url": [
        "https://acme.test/reset?token=9f8e7d",
        "http://a.b",
        "www.acme.test/u/jo",
        "FTP://a.b",
    ],
    "handle": ["@jo_doe", "@AcmeHelp"],
    "ip": ["192.168.1.20", "8.8.8.8", "2001:db8::8a2e:370:7334", "fe80:0:0:0:200:f8ff:fe21:67cf"],
    "iban": [
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "FR1420041010050500013M02606",
        "NO93 8601 1117 947",
        "nl91abna0417164300",
    ],
    "card": [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5500005555555559",
        "378282246310005",
        "6011111111111117",
    ],
    "id": [
        "123-45-6789",  # United States
        "529.982.247-25",  # Brazil
        "12345678Z",  # Spain
        "X1234567L",  # Spain, foreigners
        "2 55 08 14 168 025 38",  # France
        "RSSMRA85T10A562S",  # Italy
        "2341 2341 2346",  # India
        "046 454 286",  # Canada
        "811228-9874",  # Sweden
        "AB 12 34 56 C",  # United Kingdom
    ],
    "phone": [
        "+44 20 7946 0018",
        "+1 (555) 010-9999",
        "+49 151 12345678",
        "+33 6 12 34 56 78",
        "0044 20 7946 0018",
        "(555) 010-9999",
        "555-010-9999",
        "1-800-555-0199",
        "555.010.9999",
        "020 7946 0018",
        "07911 123456",
        "07911123456",
        "030/1234567",
        "06 12 34 56 78",
    ],
    "number": ["20418833", "ORD-123456", "AB1234567", "#883412", "114-1234567-1234567", "123456"],
}


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in PERSONAL.items() for value in values]
)
@pytest.mark.parametrize(
    "frame", ["{}", "It is {}.", "({}), please", "Mine: {}\nThanks", "see {} and {}"], ids=repr
)
def test_personal_data_is_masked(kind: str, value: str, frame: str) -> None:
    text = frame.replace("{}", value)
    masked = mask_personal_data(text)
    assert masked.text == frame.replace("{}", f"[{kind}]")
    assert {text[span.start : span.end] for span in masked.spans} == {value}
    assert {span.kind for span in masked.spans} == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No figures at all.",
        "I paid $1,250.00, then 99.99 EUR, then €12000 and 1 000 000 euros.",
        "That is 250000 dollars, £ 350000 or USD 400000.",
        "On 2026-05-03, 03.05.2026, 5/3/2026, 20260503 and 3 May 2026.",
        "From 2019-2024, at 10:30, 10:30:45 and 5.30 pm.",
        "2026-05-03T10:30:45 is when.",
        "Waited 45 minutes, 3 weeks, 100 days; 1 of 5 stars, 10/10, 24/7.",
        "Version 2.1.3 and version 10.2.1.4 crash. Updated to beta (1.16.0.53); build is 5.2.4.0.",
        "Room 1204, flight BA 2490, gate B12, size 42, iPhone 15, 4K, 3D, A4.",
        "It is 3.1415926 or 1,000,000 or 1234567.89.",
        "100000 miles, 150000 steps, 200000 customers.",
        "We met @ 5 pm, 2 @ 3 each.",
        "Ratio 16:9, 1:2:3, ::, a::b.",
        "See acme.com and node.js.",
        "5-10 days, 100-200 items, 12-15 people.",
    ],
)
def test_ordinary_figures_stay(text: str) -> None:
    assert mask_personal_data(text) == Masked(text)


@pytest.mark.parametrize(
    "broken",
    [
        "4111 1111 1111 1112",
        "DE88 3704 0044 0532 0130 00",
        "666-45-6789",
        "529.982.247-24",
        "12345678A",
        "RSSMRA85T10A562T",
        "2341 2341 2347",
        "046 454 287",
        "300.1.2.3",
    ],
)
def test_wrong_check_digits_are_no_card_account_or_id(broken: str) -> None:
    kinds = {span.kind for span in mask_personal_data(f"It is {broken} here").spans}
    assert not kinds & {"card", "iban", "id", "ip"}


def test_a_call_cue_makes_short_numbers_phones() -> None:
    assert (
        mask_personal_data("call 555-0199, seats 555-0199").text == "call [phone], seats 555-0199"
    )


def test_marks_in_the_text_stay_as_they_are() -> None:
    text = "Mail [email] or [phone], [not a mark]"
    assert mask_personal_data(text) == Masked(text)


PIECES = st.lists(
    st.one_of(
        st.sampled_from([value for values in PERSONAL.values() for value in values]),
        st.sampled_from(["[email]", "[", "]", "@", ".", "-", " ", "+", "/", ":", "$", "€", "www."]),
        st.text(alphabet="0123456789", max_size=9),
        st.text(alphabet=st.characters(), max_size=3),
    )
).map("".join)


@given(PIECES)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_personal_data(text).text
    assert mask_personal_data(once) == Masked(once)


@given(PIECES)
def test_spans_are_apart_and_rebuild_the_text(text: str) -> None:
    masked = mask_personal_data(text)
    rebuilt, done = "", 0
    for start, end, kind in masked.spans:
        assert done <= start < end <= len(text)
        rebuilt += text[done:start] + f"[{kind}]"
        done = end
    assert rebuilt + text[done:] == masked.text


@given(st.integers(0, 10**14 - 1).map("4{:014}".format))
def test_exactly_one_last_digit_makes_a_card(body: str) -> None:
    kinds = [{s.kind for s in mask_personal_data(f"card {body}{d}").spans} for d in range(10)]
    assert sum("card" in found for found in kinds) == 1
    assert all(kinds)


@pytest.mark.parametrize(
    "hostile",
    ["a", "1", "@", "1 ", "a.", "a@", "1-", ":", "1:", "+1", "www.", "(at)", "DE89", "0 "],
)
def test_hostile_repetition_costs_linear_time(hostile: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        mask_personal_data(hostile * count + "1")
        return time.process_time() - start

    seconds(10)
    assert seconds(20_000) < 30 * max(seconds(2_000), 0.01)
