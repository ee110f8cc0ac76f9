"""The customers of a report, column by column: what the table and the script both show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from detractor.customers import (
    EVIDENCE_DATE,
    FAILED_RECOVERY,
    LAST_CONTACT,
    LAST_DATE,
    REPEAT_FAILURE,
    TEXTS,
)
from detractor.explanation import Phrase, main_phrases
from detractor.lanes import LANE, QUADRANT, RESPOND_BY, SUPPRESSED_BY
from detractor.markup import visible
from detractor.planning import (
    CHANNEL,
    DECIDED_BY,
    FIRST_LINE,
    LAYER_COLUMNS,
    NEXT_BEST,
    OWNER,
    PAY_BACK,
)
from detractor.planning import WHY as PLAN_WHY
from detractor.ranking import CONTACT, EVIDENCE, POSITION, WHY
from detractor.report_inputs import Report, day, flags, moments, numbers, words
from detractor.schema import HEADS, SIGNALS, require
from detractor.value import COST, EXPECTED_SAVING

if TYPE_CHECKING:
    from detractor.model import FeedbackModel

LANE_WORDS = {
    "must_contact": "must contact",
    "senior": "senior",
    "standard": "standard",
    "holdout": "held out",
    "suppressed": "left alone",
}
MOOD_WORDS = {
    "loud_leaver": "loud leaver",
    "quiet_leaver": "quiet leaver",
    "venting": "venting",
    "fine": "neither",
}
FLAG_WORDS = {
    **{signal: signal.replace("_", " ") for signal in SIGNALS},
    REPEAT_FAILURE: "failed again",
    FAILED_RECOVERY: "recovery failed",
}
LEFT_ALONE_WORDS = {
    "opt_out": "asked for silence",
    "open_case": "open case",
    "quarantine": "contacted lately",
    "sleeping_dog": "best let lie",
}
WORTH_MARKING = 0.15
"""Of a logit: what raises a probability by less, under 4 points, is not marked."""
CLEARLY = 0.5
"""A mark tells of leaving or anger where it raises that logit at least half as much as the general
one. An assumption, for the reader's sake."""
MARKED = 1000
"""Customers whose words are marked, beside those to contact: each takes the model about 1 ms."""

Said = list[tuple[str, str]]  # kind of mark ("" for none) and text


class Customers(NamedTuple):
    """Columns of equal length, one value a customer, in the order of the queue."""

    customer: list[str]
    position: list[int]
    contact: list[bool]
    lane: list[str]
    mood: list[str]
    flags: list[list[str]]
    said: list[Said]
    written: list[str]
    facts: list[list[tuple[str, str]]]
    churn_risk: list[float | None]
    anger: list[float | None]
    saving: list[float | None]
    due: list[str]


def customers(report: Report, model: FeedbackModel | None) -> Customers:
    """Gather what a report tells of each customer.

    Parameters
    ----------
    report : Report
        With a queue, and a plan where there is one.
    model : FeedbackModel, optional
        Marks the words that made the scores; nothing is marked without one.

    Raises
    ------
    SchemaError
        The table is no queue.

    Examples
    --------
    >>> queue = pd.DataFrame({"customer_id": ["ann"], "position": 1, "contact": True,
    ...     "lane": "standard", "expected_saving": 90.0, "evidence": "I am leaving"})
    >>> told = customers(Report(queue=queue), None)
    >>> told.customer, told.saving, told.said
    (['ann'], [90.0], [[('', 'I am leaving')]])
    """
    queue = report.queue
    require(queue, POSITION, CONTACT, LANE, EXPECTED_SAVING, maker="rank()")
    names = [visible(name) for name in words(queue, str(queue.columns[0]))]
    contact = flags(queue, CONTACT)
    texts = [visible(text) for text in words(queue, EVIDENCE)]
    marked = [chosen or row < MARKED for row, chosen in enumerate(contact)]
    due = [
        _iso(at) if on else "" for at, on in zip(moments(queue, RESPOND_BY), contact, strict=True)
    ]
    return Customers(
        customer=names,
        position=[int(place) for place in numbers(queue, POSITION)],
        contact=contact,
        lane=[visible(lane) for lane in words(queue, LANE)],
        mood=[visible(mood) for mood in words(queue, QUADRANT)],
        flags=_flags(queue),
        said=[
            _segments(text, model if mark else None)
            for text, mark in zip(texts, marked, strict=True)
        ],
        written=[_iso(at) for at in moments(queue, EVIDENCE_DATE)],
        facts=_facts(queue, _plans(report.plan), names),
        churn_risk=_known(queue, HEADS[2], 3),
        anger=_known(queue, HEADS[1], 3),
        saving=_known(queue, EXPECTED_SAVING, 2),
        due=due,
    )


def _known(frame: pd.DataFrame, name: str, digits: int) -> list[float | None]:
    return [round(v, digits) if math.isfinite(v) else None for v in numbers(frame, name)]


def _iso(at: pd.Timestamp) -> str:
    return "" if pd.isna(at) else f"{at:%Y-%m-%dT%H:%MZ}"


def _flags(queue: pd.DataFrame) -> list[list[str]]:
    given: list[list[str]] = [[] for _ in range(len(queue))]
    for name, word in FLAG_WORDS.items():
        for row, on in enumerate(flags(queue, name)):
            if on:
                given[row].append(word)
    for row, reason in enumerate(words(queue, SUPPRESSED_BY)):
        if reason:
            given[row].append(LEFT_ALONE_WORDS.get(reason, visible(reason)))
    return given


def _segments(text: str, model: FeedbackModel | None) -> Said:
    """Cut a text where marks begin and end; JavaScript counts characters otherwise than Python."""
    segments: Said = []
    done = 0
    for phrase in main_phrases(text, model) if model is not None and text else ():
        kind = _kind(phrase)
        if getattr(phrase, kind) < WORTH_MARKING:
            continue
        segments += [("", text[done : phrase.start]), (kind, text[phrase.start : phrase.end])]
        done = phrase.end
    segments.append(("", text[done:]))
    return [segment for segment in segments if segment[1]]


def _kind(phrase: Phrase) -> str:
    """Choose what a phrase speaks of: leaving or anger, unless it says dissatisfied far louder."""
    general, *special = HEADS
    loudest = max(special, key=lambda head: getattr(phrase, head))
    is_clear = getattr(phrase, loudest) >= CLEARLY * getattr(phrase, general)
    return loudest if is_clear else general


def _plans(plan: pd.DataFrame | None) -> dict[str, list[tuple[str, str]]]:
    """Say of each planned customer what to do, in terms and words."""
    if plan is None:
        return {}
    names = [visible(name) for name in words(plan, str(plan.columns[0]))]
    steps = _rows(plan, LAYER_COLUMNS)
    roles = _rows(plan, (DECIDED_BY, OWNER, CHANNEL))
    money = zip(numbers(plan, COST), numbers(plan, PAY_BACK), strict=True)
    rest = _rows(plan, (FIRST_LINE, PLAN_WHY, NEXT_BEST))
    told = {}
    for name, does, who, amounts, (opening, why, other) in zip(
        names, steps, roles, money, rest, strict=True
    ):
        facts = [
            ("Do", "; ".join(filter(None, does))),
            ("Open with", opening),
            ("Who", _who(*who)),
            ("Costs", _cost(*amounts)),
            ("Because", why),
            ("Or else", other),
        ]
        told[name] = [(term, visible(text)) for term, text in facts if text]
    return told


def _rows(frame: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(words(frame, name) for name in names), strict=True))


def _who(decides: str, owner: str, channel: str) -> str:
    parts = [
        f"{owner} owns it" if owner else "",
        f"{decides} decides" if decides else "",
        f"by {channel}" if channel else "",
    ]
    return ", ".join(filter(None, parts))


def _cost(cost: float, back: float) -> str:
    if not math.isfinite(cost):
        return ""
    return f"{cost:,.0f}" + (f", gives back {back:,.0f}" if back > 0 else "")


def _facts(
    queue: pd.DataFrame, plans: dict[str, list[tuple[str, str]]], names: list[str]
) -> list[list[tuple[str, str]]]:
    reasons = words(queue, WHY)
    histories = zip(
        numbers(queue, TEXTS), moments(queue, LAST_DATE), moments(queue, LAST_CONTACT), strict=True
    )
    told = []
    for name, why, history in zip(names, reasons, histories, strict=True):
        place = [("Place", visible(why))] if why else []
        past = _history(*history)
        told.append(plans.get(name, []) + place + ([("History", past)] if past else []))
    return told


def _history(texts: float, last: pd.Timestamp, contacted: pd.Timestamp) -> str:
    parts = []
    if texts > 1:
        since = "" if pd.isna(last) else f", the last on {day(last)}"
        parts.append(f"{texts:,.0f} texts{since}")
    if not pd.isna(contacted):
        parts.append(f"contacted on {day(contacted)}")
    return "; ".join(parts)
