"""Why a customer stands where they stand, in a sentence that an agent can read out."""

from __future__ import annotations

import pandas as pd

from detractor.customers import (
    EVIDENCE_DATE,
    FAILED_RECOVERIES,
    FRESHNESS,
    REPEAT_FAILURE,
    TEXTS,
    TREND,
)
from detractor.lanes import LANE, MUST_BECAUSE, QUADRANT, SUPPRESSED_BY
from detractor.schema import HEADS
from detractor.value import COST, EXPECTED_SAVING, P_LEAVES, REACH, RECOVERABILITY, VALUE

LEADS = {
    "loud_leaver": "angry and leaving",
    "quiet_leaver": "leaving without anger",
    "venting": "angry, no word of leaving",
    "fine": "neither angry nor leaving",
}
CALM = "dissatisfied, but neither angry nor leaving"
MUST = {
    "vulnerable": "vulnerable",
    "safety": "a question of safety",
    "escalation": "threatens to escalate",
    "deadline": "a deadline runs",
}
SUPPRESSED = {
    "opt_out": "asked not to be contacted",
    "open_case": "somebody is on the case",
    "quarantine": "contacted lately and silent since",
    "sleeping_dog": "no anger, no intent, no request: best let lie",
}
UNHAPPY = 0.5
CLEAR_TREND = 0.15
"""Below this, a trend is not worth a word."""


def describe(queue: pd.DataFrame, *, as_of: pd.Timestamp) -> list[str]:
    """Write one sentence a customer: lane, state, history, and the sum that gave the place.

    Examples
    --------
    >>> queue = pd.DataFrame({
    ...     "lane": ["standard"], "must_because": "", "suppressed_by": "",
    ...     "quadrant": "quiet_leaver", "detractor": 0.8, "anger": 0.1, "churn_risk": 0.9,
    ...     "evidence_date": pd.to_datetime(["2026-03-01"], utc=True), "texts": 2, "trend": 0.4,
    ...     "repeat_failure": False, "failed_recoveries": 0, "value": 1000.0, "reach": 1.0,
    ...     "p_leaves": 0.5, "recoverability": 0.3, "freshness": 0.9, "cost": 10.0,
    ...     "expected_saving": 125.0,
    ... })
    >>> print(*describe(queue, as_of=pd.Timestamp("2026-03-03", tz="UTC")))
    Leaving without anger (intent 90 %, anger 10 %), 2 days ago; 2 texts, rising. \
1,000 x 0.50 leaves x 0.30 recoverable x 0.90 fresh - 10 = 125
    """
    ages = (as_of - queue[EVIDENCE_DATE]).dt.days
    names = [
        LANE, MUST_BECAUSE, SUPPRESSED_BY, QUADRANT, *HEADS, TEXTS, TREND, REPEAT_FAILURE,
        FAILED_RECOVERIES,
    ]  # fmt: skip
    states = zip(*(queue[name].tolist() for name in names), ages.tolist(), strict=True)
    factors = [VALUE, REACH, P_LEAVES, RECOVERABILITY, FRESHNESS, COST, EXPECTED_SAVING]
    sums = zip(*(queue[name].tolist() for name in factors), strict=True)
    return [f"{_state(*state)}. {_sum(*parts)}" for state, parts in zip(states, sums, strict=True)]


def _state(
    lane: str,
    must: str,
    suppressed: str,
    quadrant: str,
    detractor: float,
    anger: float,
    intent: float,
    texts: int,
    trend: float,
    repeated: bool,
    failures: int,
    age: float,
) -> str:
    state = CALM if quadrant == "fine" and detractor >= UNHAPPY else LEADS[quadrant]
    lead = f"{state} (intent {intent:.0%}, anger {anger:.0%})".replace("%", " %")
    if lane == "must_contact":
        lead = f"must contact, {MUST[must]}: {lead}"
    elif lane == "suppressed":
        lead = f"{SUPPRESSED[suppressed]}: {lead}"
    elif lane == "holdout":
        lead = f"held out at random to measure the effect: {lead}"
    when = "" if age != age else ", today" if age < 1 else f", {_count(int(age), 'day')} ago"
    direction = ", rising" if trend > CLEAR_TREND else ", easing" if trend < -CLEAR_TREND else ""
    history = [f"{_count(texts, 'text')}{direction}"] if texts > 1 else []
    if failures:
        history.append(_count(failures, "failed recovery", "failed recoveries"))
    if repeated:
        history.append("repeated trouble")
    return lead[0].upper() + lead[1:] + when + "".join(f"; {part}" for part in history)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _sum(
    value: float, reach: float, leaves: float, kept: float, fresh: float, cost: float, saving: float
) -> str:
    loud = f" x {reach:.2f} reach" if reach != 1 else ""
    return (
        f"{value:,.0f}{loud} x {leaves:.2f} leaves x {kept:.2f} recoverable x {fresh:.2f} fresh"
        f" - {cost:,.0f} = {saving:,.0f}"
    )
