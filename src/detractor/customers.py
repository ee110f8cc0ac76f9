"""From many texts to one row a customer: how things stand between us tonight.

Several texts are joined by a recency-weighted maximum, not a mean: one furious letter is not made
up for by four polite ones. Nothing dated after `as_of` is seen, so any past night can be replayed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.attributes import read_flags, read_numbers
from detractor.grouping import Flags, Floats, Groups, Places
from detractor.histories import DAY, UNDATED, History, Texts, ratings, timestamps
from detractor.policy import Policy
from detractor.schema import HEADS, SIGNALS

TEXT_RISK = "text_risk"
TREND = "trend"
AGREEMENT = "agreement"
REPEAT_FAILURE = "repeat_failure"
FAILED_RECOVERY = "failed_recovery"
FAILED_RECOVERIES = "failed_recoveries"
TEXTS = "texts"
FIRST_DATE = "first_date"
LAST_DATE = "last_date"
EVIDENCE_ROW = "evidence_row"
EVIDENCE_DATE = "evidence_date"
LAST_CONTACT = "last_contact"
COMPLAINS = "complains"
SPOKE_UP = "spoke_up"
FRESHNESS = "freshness"

ASKS = 0.5
"""A text that asks for something is to be read first, as if it spoke of so much risk of its own:
assumption."""

GRAVE = ("vulnerable", "safety", "escalation", "loss")
"""A text that names one of these is no happy one, whatever its tone."""

AGREEMENTS = ("confirmed", "suspected", "contradicted", "clear", "unread")
"""Score against text: both bad; only the text; only the score; neither; no text could be read."""


def gather_customers(history: History, *, policy: Policy) -> pd.DataFrame:
    """Join the texts of each customer into one row, in order of first appearance.

    `detractor`, `anger` and `churn_risk` are recency-weighted maxima: as each text faded, the
    largest. `text_risk` joins the three. `freshness` is what is left to make good: the largest,
    over the texts, of the chance that one voices any trouble times what its age leaves of the
    window.

    Examples
    --------
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": ["2026-03-01", "2026-03-02", "2026-03-02"],
    ...     "detractor": [0.9, 0.95, 0.1], "anger": [0.2, 0.6, 0.0], "churn_risk": [0.1, 0.8, 0.0],
    ... })
    >>> history = read_history(scored, policy=Policy(), columns=Columns())
    >>> frame = gather_customers(history, policy=Policy())
    >>> frame[["customer_id", "churn_risk", "trend", "texts"]].round(2)
      customer_id  churn_risk  trend  texts
    0           a         0.8   0.59      2
    1           b         0.0   0.00      1
    """
    texts, groups = history.texts, history.groups
    now = standing(history, policy=policy)
    signals = _signals(history, policy)
    failures, failed = _failed_recoveries(history, policy)
    row = _evidence_row(history, signals, policy)
    last = groups.maximum(texts.time)
    none = np.iinfo(np.int64).max
    first = groups.minimum(np.where(texts.time == UNDATED, none, texts.time))
    return pd.DataFrame(
        {
            history.columns.customer: groups.keys,
            **{head: now[k] for k, head in enumerate(HEADS)},
            TEXT_RISK: policy.text_risk(*now),
            FRESHNESS: _freshness(texts, groups, policy),
            TREND: trends(history, policy=policy),
            AGREEMENT: _agreement(history, row, signals, policy),
            COMPLAINS: groups.any(texts.complaint & ~texts.answered),
            SPOKE_UP: groups.any(texts.complaint | (texts.heads[1:] >= policy.quiet_below).any(0)),
            **{name: groups.any(flags) for name, flags in signals.items()},
            FAILED_RECOVERY: failed,
            FAILED_RECOVERIES: failures,
            TEXTS: groups.sizes(),
            FIRST_DATE: timestamps(np.where(first == none, UNDATED, first)),
            LAST_DATE: timestamps(last),
            LAST_CONTACT: timestamps(history.contacted),
            EVIDENCE_ROW: history.places[row],
            EVIDENCE_DATE: timestamps(texts.time[row]),
        }
    )


def standing(history: History, *, policy: Policy) -> Floats:
    """Fade each head of each text towards the typical, and take the largest of each customer.

    Examples
    --------
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({"detractor": [0.9], "anger": [0.4], "churn_risk": [0.8]})
    >>> history = read_history(scored, policy=Policy(), columns=Columns())
    >>> standing(history, policy=Policy())
    array([[0.9],
           [0.4],
           [0.8]])
    """
    texts, groups = history.texts, history.groups
    half_lives = (policy.churn_half_life_days, policy.anger_half_life_days) * 2
    now = np.empty((len(HEADS), len(groups)))
    weight = np.where(texts.answered, policy.answered_weight, 1.0)
    for k, typical in enumerate(policy.typical):
        faded = (texts.heads[k] - typical) * weight * 0.5 ** (texts.age / half_lives[k])
        now[k] = typical + groups.maximum(faded)
    return now


def _freshness(texts: Texts, groups: Groups, policy: Policy) -> Floats:
    trouble = 1 - np.prod(1 - texts.heads, axis=0)
    weight = np.where(texts.answered, policy.answered_weight, 1.0)
    left = trouble * weight * 0.5 ** (texts.age / policy.window_half_life_days)
    fresh: Floats = groups.maximum(left)
    return fresh


def trends(history: History, *, policy: Policy) -> Floats:
    """Compare the latest text that could be read with the recency-weighted mean before it.

    Examples
    --------
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({
    ...     "customer_id": "ann", "date": ["2026-03-01", "2026-03-02"],
    ...     "detractor": [0, 0.8], "anger": [0, 0.5], "churn_risk": [0, 0.9],
    ... })
    >>> trends(read_history(scored, policy=Policy(), columns=Columns()), policy=Policy()).round(2)
    array([0.93])
    """
    texts, groups = history.texts, history.groups
    risk = policy.text_risk(*texts.heads)
    weight = np.where(texts.readable, 0.5 ** (texts.age / policy.churn_half_life_days), 0.0)
    weight = np.where(texts.time == UNDATED, 0.0, weight)
    last = groups.last(weight > 0)
    earlier = groups.total(weight) - np.where(last < 0, 0, weight[last])
    mean = groups.total(weight * risk) - np.where(last < 0, 0, (weight * risk)[last])
    several = earlier > 1e-12
    return np.where(several, risk[last] - mean / np.where(several, earlier, 1), 0.0)


def _failed_recoveries(history: History, policy: Policy) -> tuple[Places, Flags]:
    """Count the contacts that a complaint followed within the window; say whether one still calls.

    It calls as long as the complaint is recent and unanswered.
    """
    texts, groups = history.texts, history.groups
    codes, times = history.contacts
    at = np.flatnonzero(texts.complaint & (texts.time != UNDATED))
    if not len(at) or not len(codes):
        return np.zeros(len(groups), dtype=np.intp), np.zeros(len(groups), dtype=bool)
    # One number a (customer, second), so that one binary search finds each next complaint.
    second = 1_000_000
    origin = min(texts.time[at].min(), times.min())
    span = (max(texts.time[at].max(), times.max()) - origin) // second + 2
    complaints = groups.codes[at] * span + (texts.time[at] - origin) // second
    contacts = codes * span + (times - origin) // second
    never = np.iinfo(np.int64).max
    until = np.minimum(contacts + int(policy.repeat_days * 86_400), (codes + 1) * span - 1)
    until = np.minimum(until, np.append(contacts[1:], never))
    following = np.searchsorted(complaints, contacts, side="right")
    failed = np.append(complaints, never)[following] <= until
    row = at[following[failed]]
    still = row[(texts.age[row] <= policy.signal_days) & ~texts.answered[row]]
    calls = np.zeros(len(groups), dtype=bool)
    calls[groups.codes[still]] = True
    return np.bincount(codes[failed], minlength=len(groups)), calls


def _signals(history: History, policy: Policy) -> dict[str, Flags]:
    """Say which signals of each text still call: it is recent, and we have not answered it."""
    texts, groups = history.texts, history.groups
    recent = (texts.age <= policy.signal_days) & ~texts.answered
    # "My disabled son loved it" calls for nothing; a text that no model could read might.
    troubled = recent & (texts.complaint | ~texts.readable)
    found = {}
    for signal in SIGNALS:
        cells = history.cells(signal)
        if cells is not None:
            flags, _ = read_flags(cells, unclear=False)
            heard = recent if signal in ("request", "thanks") else troubled
            found[signal] = flags & heard
    if len(texts.age) and not found:
        history.notes.say(
            "no signals: safety, vulnerability and threats are not seen; join read_signals(texts)"
        )
    again = _again(texts, groups, policy)
    found[REPEAT_FAILURE] = found.get(REPEAT_FAILURE, again) | again
    return found


def _again(texts: Texts, groups: Groups, policy: Policy) -> Flags:
    """Flag complaints that follow another one, on another day, within the window."""
    day = texts.time // DAY
    before = np.append(-1, np.where(texts.complaint, np.arange(len(day)), -1)[:-1])[: len(day)]
    before = np.maximum.accumulate(before)
    gap = day - day[np.maximum(before, 0)]
    again: Flags = texts.complaint & (before >= 0) & (texts.time != UNDATED)
    again &= (groups.codes[before] == groups.codes) & (gap >= 1) & (gap <= policy.repeat_days)
    return again & (texts.age <= policy.signal_days)


def _evidence_row(history: History, signals: dict[str, Flags], policy: Policy) -> Places:
    """Find the text that calls for a lane, else the one that asks or speaks of most risk, faded."""
    texts = history.texts
    fading = 0.5 ** (texts.age / policy.churn_half_life_days)
    weight = np.where(texts.answered, policy.answered_weight, 1.0) * fading
    silent = np.zeros(len(weight), dtype=bool)
    calm = 1 - policy.text_risk(*texts.heads)
    calm = calm * np.where(signals.get("request", silent), 1 - ASKS, 1.0)
    risk = np.where(texts.readable, (1 - calm) * weight, -1.0)
    for rule in policy.must_contact:
        risk += signals.get(rule, silent)
    return history.groups.best(risk)


def _agreement(
    history: History, row: Places, signals: dict[str, Flags], policy: Policy
) -> npt.NDArray[np.object_]:
    """Hold the evidence text against its own rating."""
    place = history.places[row]
    low = ratings(history.scored, history.columns)[place] <= policy.detractor_rating
    unhappy = np.any(
        [read_numbers(history.scored[head])[place] >= policy.high for head in HEADS]
        + [signals[name][row] for name in GRAVE if name in signals],
        axis=0,
    )
    unread = ~history.groups.any(history.texts.readable)
    kind = np.select([unread, low & unhappy, unhappy, low], [4, 0, 1, 2], default=3)
    named: npt.NDArray[np.object_] = np.array(AGREEMENTS, dtype=object)[kind]
    return named
