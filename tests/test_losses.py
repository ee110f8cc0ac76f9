"""What a customer lost, wants and feels."""

import math

import pandas as pd
import pytest

from detractor.losses import find_losses, read_loss, read_losses

LOSSES = [
    ("They charged me twice for one ticket.", ("money",)),
    ("I waited three hours at the counter.", ("time",)),
    ("My suitcase arrived damaged.", ("goods",)),
    ("We missed our connecting flight.", ("event",)),
    ("Your adviser lied to me.", ("trust",)),
    ("The driver was reckless.", ("safety",)),
    ("Everything was fine, the room was clean.", ()),
]


@pytest.mark.parametrize(("text", "expected"), LOSSES)
def test_each_kind_of_loss_is_read(text: str, expected: tuple[str, ...]) -> None:
    assert read_loss(text).losses == expected


AMOUNTS = [
    ("They kept my £1,250.50 deposit.", 1250.5, "GBP"),
    ("You charged me $5 on Monday and $7 on Tuesday.", 7.0, "USD"),
    ("Out of my pocket: 40 euros.", 40.0, "EUR"),
    ("I was charged Rs. 300 extra.", 300.0, "INR"),
    ("Charged me 2k dollars.", 2000.0, "USD"),
    ("They took 3 pounds of my money.", 3.0, "GBP"),
    ("A good phone for £200. I waited an hour.", math.nan, ""),
]


@pytest.mark.parametrize(("text", "amount", "currency"), AMOUNTS)
def test_the_amount_lost_is_read_beside_its_loss(text: str, amount: float, currency: str) -> None:
    told = read_loss(text)
    assert told.amount == amount or (math.isnan(told.amount) and math.isnan(amount))
    assert told.currency == currency


WAITS = [
    ("I waited two hours.", 2.0),
    ("On hold for 45 minutes, then another hour on hold for an hour.", 1.0),
    ("Stuck for half an hour in the queue.", 0.5),
    ("A two hour drive away.", math.nan),
]


@pytest.mark.parametrize(("text", "hours"), WAITS)
def test_the_longest_wait_is_read(text: str, hours: float) -> None:
    found = read_loss(text).hours
    assert found == pytest.approx(hours, nan_ok=True)


def test_requests_feelings_and_names() -> None:
    told = read_loss("I spoke to Priya and was in tears. Please refund me. Regards, Tom")
    assert told.requests[0] == "refund"
    assert told.emotions == ("sadness",)
    assert (told.person, told.author) == ("Priya", "Tom")


def test_evidence_is_in_the_words_of_the_text() -> None:
    text = "😡 They lost my bag. I want a refund!"
    words = {item.kind: text[item.start : item.end] for item in find_losses(text)}
    assert words == {"goods": "lost my bag", "refund": "want a refund"}
    assert read_loss(text).subject == "lost my bag"


def test_a_table_keeps_its_index_and_bears_anything() -> None:
    table = read_losses(pd.Series(["lost my bag", None, 3], index=[5, 6, 7]))
    assert list(table.index) == [5, 6, 7]
    assert table["loss_goods"].tolist() == [True, False, False]
    assert table["subject"].tolist() == ["lost my bag", "", ""]
