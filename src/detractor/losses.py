"""Read what a customer lost, wants and feels, and the exact words that say so.

The rules are phrases in ``data/losses.toml``; repeat failures, vulnerability and safety are read by
`detractor.signals`. Amounts and names are read by their shape.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import pandas as pd

from detractor.gestures import LOSS_KINDS
from detractor.phrases import PhraseBook, read_rules
from detractor.sentences import split_sentences
from detractor.signals import find_signals

LOSS_COLUMNS = tuple(f"loss_{kind}" for kind in LOSS_KINDS)
"""Whether each kind of loss is told, in the order of `LOSS_KINDS`."""

AMOUNT, CURRENCY, HOURS = "loss_amount", "loss_currency", "loss_hours"
REQUESTED, EMOTION, PERSON, SUBJECT = "requested", "emotion", "named_person", "subject"

_CURRENCIES = {
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "quid": "GBP",
    "$": "USD", "usd": "USD", "dollar": "USD", "buck": "USD",
    "€": "EUR", "eur": "EUR", "euro": "EUR",
    "₹": "INR", "rs": "INR", "inr": "INR", "rupee": "INR",
}  # fmt: skip
_SIGNED = re.compile(r"(£|\$|€|₹|\b(?:Rs|USD|GBP|EUR|INR)\b\.?)\s?(\d[\d,]*(?:\.\d+)?)(k\b)?", re.I)
_WORDED = re.compile(
    r"\b(\d[\d,]*(?:\.\d+)?)(k)?\s?(£|\$|€|₹|(?:usd|gbp|eur|inr|rs|pound|quid|dollar|buck|euro|rupee)s?\b)",
    re.I,
)
_HOURS = {"min": 1 / 60, "minute": 1 / 60, "hour": 1.0, "hr": 1.0}
_NUMBERS = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DURATION = re.compile(
    rf"\b(\d+(?:\.\d+)?|an?|half an|{'|'.join(_NUMBERS[1:])})[\s+-]*(?:full |whole |more )?"
    r"(hour|hr|minute|min)s?\b",
    re.I,
)
_NAME = (
    r"(?!(?:The|You|Your|They|This|That|Customer|Service|Please|Thanks?|God|Team|All|Guys|And|But|Not|"
    r"For|Support|Very|Much|Again|Our|There|Here|Who|What)\b)([A-Z][a-z]{2,})\b"
)
_STAFF_NAME = re.compile(
    r"(?:\b(?:[Ss]poke (?:to|with)|[Ss]peaking (?:to|with)|[Nn]amed|[Aa]gent|[Aa]dvis[eo]r|[Rr]ep|"
    r"[Mm]anager|[Rr]epresentative|[Dd]river|[Tt]hanks to|[Tt]hank you|[Hh](?:is|er) name is)"
    rf"|\b(?:Mr|Mrs|Ms|Dr)\.?),? {_NAME}"
)
_OWN_NAME = re.compile(
    rf"(?:\b[Mm]y name is|\b(?:[Rr]egards|[Ss]incerely|[Yy]ours|[Tt]hanks|[Bb]est),?\n?) ?{_NAME}"
    r"(?=[^\w]*$|[^\n]{0,30}$)"
)


class Evidence(NamedTuple):
    """The words ``text[start:end]`` that tell a part of what happened.

    `part` is loss, request, emotion, trouble, person, author, amount or duration; `kind` says
    which, or names the unit that `value` is in.

    Examples
    --------
    >>> Evidence(0, 6, "request", "refund").value
    nan
    """

    start: int
    end: int
    part: str
    kind: str
    value: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one text tells.

    `losses`, `requests` and `emotions` are in their order of weight; `amount` is the largest sum
    named beside a loss of money or goods (NaN when none is); `hours` the longest wait; `subject`
    the words of the weightiest loss.

    Examples
    --------
    >>> told = read_loss("I was charged $40 twice. Give me my money back!")
    >>> told.losses, told.amount, told.currency, told.requests
    (('money',), 40.0, 'USD', ('refund',))
    """

    losses: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    person: str = ""
    author: str = ""
    amount: float = math.nan
    currency: str = ""
    hours: float = math.nan
    subject: str = ""
    evidence: tuple[Evidence, ...] = ()


class _Rules(NamedTuple):
    labels: tuple[tuple[str, str], ...]
    book: PhraseBook


@cache
def _rules() -> _Rules:
    rules, book = read_rules("losses")
    return _Rules(tuple((str(rule["part"]), str(rule["kind"])) for rule in rules), book)


def find_losses(text: str) -> list[Evidence]:
    """Find every word of loss, request and feeling in a text, in order of its start.

    Examples
    --------
    >>> [e.kind for e in find_losses("You lost my suitcase and lied to me. I want a refund.")]
    ['goods', 'trust', 'refund']
    """
    rules = _rules()
    told = [
        Evidence(start, end, *rules.labels[group]) for start, end, group in rules.book.find(text)
    ]
    told += [
        Evidence(span.start, span.end, "loss", "safety")
        for span in find_signals(text)
        if span.signal == "safety"
    ]
    return sorted([*told, *_amounts(text), *_durations(text), *_names(text)])


def read_loss(text: str) -> Told:
    """Sum up what one text tells.

    Examples
    --------
    >>> read_loss("Waited 3 hours, then missed my sister's wedding. I am furious.").losses
    ('event', 'time')
    """
    found = find_losses(text)
    sentences = split_sentences(text)
    losses = _kinds(found, "loss")
    near = {
        _sentence(sentences, item.start)
        for item in found
        if item.part == "loss" and item.kind in ("money", "goods", "event")
    }
    amounts = [
        item for item in found if item.part == "amount" and _sentence(sentences, item.start) in near
    ]
    largest = max(amounts, key=lambda item: item.value, default=None)
    waits = [item.value for item in found if item.part == "duration"] if "time" in losses else []
    return Told(
        losses=losses,
        requests=_kinds(found, "request"),
        emotions=_kinds(found, "emotion"),
        person=_first_words(text, found, "person"),
        author=_first_words(text, found, "author"),
        amount=largest.value if largest else math.nan,
        currency=largest.kind if largest else "",
        hours=max(waits, default=math.nan),
        subject=_subject(text, found, losses),
        evidence=tuple(found),
    )


def read_losses(texts: Iterable[object]) -> pd.DataFrame:
    """Sum up many texts, one row each; what is not text tells nothing.

    The columns are `LOSS_COLUMNS` (bool), ``loss_amount`` and ``loss_currency``, ``loss_hours``,
    ``requested``, ``emotion`` and ``named_person`` (the first of each, or ""), and ``subject``, the
    customer's own words for the weightiest loss.

    Parameters
    ----------
    texts : iterable of str
        A Series keeps its index.

    Examples
    --------
    >>> read_losses(["They kept my £25 deposit!"])["loss_amount"].tolist()
    [25.0]
    """
    told = [read_loss(text) if isinstance(text, str) else Told() for text in texts]
    columns: dict[str, Sequence[object]] = {
        column: [kind in row.losses for row in told]
        for column, kind in zip(LOSS_COLUMNS, LOSS_KINDS, strict=True)
    }
    columns |= {
        AMOUNT: [row.amount for row in told],
        CURRENCY: [row.currency for row in told],
        HOURS: [row.hours for row in told],
        REQUESTED: [next(iter(row.requests), "") for row in told],
        EMOTION: [next(iter(row.emotions), "") for row in told],
        PERSON: [row.person for row in told],
        SUBJECT: [row.subject for row in told],
    }
    return pd.DataFrame(columns, index=texts.index if isinstance(texts, pd.Series) else None)


def _kinds(found: Iterable[Evidence], part: str) -> tuple[str, ...]:
    """List the kinds found of one part, the weightiest first."""
    there = {item.kind for item in found if item.part == part}
    order = dict.fromkeys(kind for label, kind in _rules().labels if label == part)
    first = ("safety",) if part == "loss" else ()
    return tuple(kind for kind in (*first, *order) if kind in there)


def _subject(text: str, found: Iterable[Evidence], losses: Sequence[str]) -> str:
    if not losses:
        return ""
    spans = [item for item in found if item.part == "loss" and item.kind == losses[0]]
    longest = max(spans, key=lambda item: (item.end - item.start, -item.start))
    return " ".join(text[longest.start : longest.end].split())


def _first_words(text: str, found: Iterable[Evidence], part: str) -> str:
    return next((text[item.start : item.end] for item in found if item.part == part), "")


def _amounts(text: str) -> Iterable[Evidence]:
    for sign, number, thousands, span in (
        *((m.group(1), m.group(2), m.group(3), m.span()) for m in _SIGNED.finditer(text)),
        *((m.group(3), m.group(1), m.group(2), m.span()) for m in _WORDED.finditer(text)),
    ):
        word = sign.lower().rstrip(".")
        currency = _CURRENCIES.get(word) or _CURRENCIES[word.removesuffix("s")]
        value = float(number.replace(",", "")) * (1000 if thousands else 1)
        yield Evidence(*span, "amount", currency, value)


def _durations(text: str) -> Iterable[Evidence]:
    for match in _DURATION.finditer(text):
        number, unit = match.group(1).lower(), match.group(2).lower()
        if number[0].isdigit():
            count = float(number)
        elif number == "half an":
            count = 0.5
        else:
            count = _NUMBERS.index("a" if number == "an" else number) + 1.0
        yield Evidence(*match.span(), "duration", "hours", count * _HOURS[unit])


def _names(text: str) -> Iterable[Evidence]:
    for part, pattern in (("person", _STAFF_NAME), ("author", _OWN_NAME)):
        for match in pattern.finditer(text):
            yield Evidence(*match.span(1), part, "name")


def _sentence(sentences: Sequence[tuple[int, int]], position: int) -> int:
    return sum(end <= position for _, end in sentences)
