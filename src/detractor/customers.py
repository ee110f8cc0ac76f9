"""From many texts to one row a customer: how things stand between us tonight.

Several texts are joined by a recency-weighted maximum, not a mean: one furious letter is not made
up for by four polite ones. Nothing dated after `as_of` is seen, so any past night can be replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.attributes import Notes, rating_risk, read_flags, read_numbers
from detractor.clock import read_times
from detractor.errors import ParameterError, SchemaError
from detractor.grouping import Flags, Floats, Groups, Places, group_rows
from detractor.policy import Policy
from detractor.schema import HEADS, SIGNALS, STATUS, Columns, require

TEXT_RISK = "text_risk"
PEAK_RISK = "peak_risk"
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

CONTACTED_AT = "contacted_at"

AGREEMENTS = ("confirmed", "suspected", "contradicted", "clear", "unread")
"""Score against text: both bad; only the text; only the score; neither; no text could be read."""

DAY = 86_400_000_000
"""In microseconds."""

UNDATED = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Customers:
    """One row a customer, and what had to be assumed.

    Parameters
    ----------
    frame : DataFrame
        Customers in order of first appearance; `evidence_row` counts rows of the scored table.
    as_of : Timestamp
        The night this is, in UTC; NaT where nothing is dated.
    groups : Groups
        Which texts belong to whom; `kept` gives their places in the scored table.
    kept : array of int
        Places of the rows that were read.
    notes : Notes
        The rules that had to be applied.
    """

    frame: pd.DataFrame
    as_of: pd.Timestamp
    groups: Groups
    kept: Places
    notes: Notes

    def last_known(self, values: pd.Series[Any]) -> pd.Series[Any]:
        """Take each customer's latest cell that is not missing."""
        mine = values.iloc[self.kept].iloc[self.groups.order]
        at = self.groups.last(mine.notna().to_numpy())
        taken: pd.Series[Any] = mine.reset_index(drop=True).reindex(np.where(at < 0, len(mine), at))
        return taken.reset_index(drop=True)

    def ever(self, flags: Flags) -> Flags:
        """Say of each customer whether any row is flagged."""
        return self.groups.any(flags[self.kept][self.groups.order])


@dataclass(frozen=True)
class Texts:
    """The texts of customers, sorted by customer, time and risk, as parallel arrays."""

    time: npt.NDArray[np.int64]
    age: Floats
    heads: Floats
    readable: Flags
    complaint: Flags
    answered: Flags


def read_moment(as_of: object, zone: str) -> pd.Timestamp:
    """Read the night for which a queue is made; a bare date means the end of that day.

    Examples
    --------
    >>> read_moment("2026-03-31", "UTC")
    Timestamp('2026-03-31 23:59:59.999999+0000', tz='UTC')
    >>> read_moment("2026-03-31 06:00", "Europe/Berlin")
    Timestamp('2026-03-31 04:00:00+0000', tz='UTC')
    """
    bare = isinstance(as_of, date) and not isinstance(as_of, datetime)
    bare = bare or (isinstance(as_of, str) and len(as_of.strip()) == 10)
    moment = read_times(pd.Series([as_of], dtype=object), zone=zone).iloc[0]
    if pd.isna(moment):
        raise ParameterError(f"as_of={as_of!r}: use an ISO 8601 date or time, such as '2026-03-31'")
    return moment + pd.Timedelta(days=1, microseconds=-1) if bare else moment


def gather_customers(
    scored: pd.DataFrame,
    *,
    policy: Policy,
    columns: Columns,
    as_of: object = None,
    contacts: pd.DataFrame | None = None,
) -> Customers:
    """Join the texts of each customer into one row.

    Parameters
    ----------
    scored : DataFrame
        One row a text with the score columns; untouched.
    policy : Policy
        Half-lives, thresholds, windows.
    columns : Columns
        What the user's columns are called.
    as_of : optional
        The night; the latest date in the table when not given, never the wall clock.
    contacts : DataFrame, optional
        Whom we contacted and when: the customer column and `contacted_at`, else the date column.

    Returns
    -------
    Customers

    Raises
    ------
    SchemaError
        When a score column is missing, or dates are numbers.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": ["2026-03-01", "2026-03-02", "2026-03-02"],
    ...     "detractor": [0.9, 0.95, 0.1], "anger": [0.2, 0.6, 0.0], "churn_risk": [0.1, 0.8, 0.0],
    ... })
    >>> found = gather_customers(scored, policy=Policy(), columns=Columns())
    >>> found.frame[["customer_id", "churn_risk", "trend", "texts"]].round(2)
      customer_id  churn_risk  trend  texts
    0           a         0.8   0.59      2
    1           b         0.0   0.00      1
    """
    require(scored, *HEADS)
    notes = Notes()
    time, moment = _read_dates(scored, columns, policy, as_of, notes)
    kept = np.flatnonzero(_usable(scored, columns, policy, time, moment, notes))
    keys = _keys(scored, columns, notes).iloc[kept]
    heads, readable, complaint = _read_heads(scored.iloc[kept], columns, policy, notes)
    # The risk as the last key makes the order of rows with the same date irrelevant.
    rank = np.lexsort((policy.text_risk(*heads), time[kept])).argsort()
    groups = group_rows(keys, by=rank)
    at = groups.order
    time, heads = time[kept][at], heads[:, at]
    asked = _contacts(scored.iloc[kept], groups, columns, policy, contacts, moment, notes)
    last_contact = _latest(asked, len(groups))
    age = _ages(time, moment)
    answered = (time <= last_contact[groups.codes]) & (time != UNDATED)
    texts = Texts(time, age, heads, readable[at], complaint[at], answered)
    frame = pd.DataFrame({columns.customer: groups.keys})
    frame[list(HEADS)], peaks = _standing(texts, groups, policy)
    frame[TEXT_RISK] = policy.text_risk(*frame[list(HEADS)].to_numpy().T)
    frame[PEAK_RISK] = policy.text_risk(*peaks)
    frame[TREND] = _trend(texts, groups, policy)
    frame[LAST_CONTACT] = _times(last_contact)
    failures = _failed_recoveries(asked, texts, groups, policy)
    frame[FAILED_RECOVERY], frame[FAILED_RECOVERIES] = failures > 0, failures
    frame[COMPLAINS] = groups.any(texts.complaint & ~answered)
    _add_signals(frame, scored.iloc[kept].iloc[at], texts, groups, policy)
    _add_texts(frame, texts, groups, kept[at], policy)
    frame[AGREEMENT] = _agreement(frame, texts, groups, scored, columns, policy)
    return Customers(frame, moment, groups, kept, notes)


def _read_dates(
    scored: pd.DataFrame, columns: Columns, policy: Policy, as_of: object, notes: Notes
) -> tuple[npt.NDArray[np.int64], pd.Timestamp]:
    zone = policy.calendar.zone
    time = np.full(len(scored), UNDATED)
    if columns.date in scored.columns:
        require(scored, columns.date)
        values = scored[columns.date]
        if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
            raise SchemaError(f"column {columns.date!r} holds numbers; pass dates or ISO 8601 text")
        read = read_times(values, zone=zone)
        time = _microseconds(read)
        bad = read.isna().to_numpy() & values.notna().to_numpy()
        notes.count(bad, "date{s} cannot be read (ISO 8601, such as 2026-03-31, is expected)")
        notes.count(time == UNDATED, "text{s} without a date count{v} as written tonight")
    elif len(scored):
        notes.say("no dates: every text counts as written tonight, and nothing has a trend")
    if as_of is not None:
        return time, read_moment(as_of, zone)
    dated = time[time != UNDATED]
    latest = dated.max() if len(dated) else UNDATED
    return time, _times(np.array([latest])).iloc[0]


def _usable(
    scored: pd.DataFrame,
    columns: Columns,
    policy: Policy,
    time: npt.NDArray[np.int64],
    moment: pd.Timestamp,
    notes: Notes,
) -> Flags:
    usable = np.ones(len(scored), dtype=bool)
    if columns.customer in scored.columns:
        missing = scored[columns.customer].isna().to_numpy()
        notes.count(missing, "text{s} without a customer left out")
        usable &= ~missing
    if columns.author in scored.columns:
        codes, authors = pd.factorize(scored[columns.author].astype(object))
        names = [str(author).strip().lower() in policy.agents for author in authors]
        by_agent = np.array([*names, False])[codes]
        notes.count(by_agent, "text{s} by agents left out")
        usable &= ~by_agent
    if not pd.isna(moment):
        usable &= time <= _microseconds(pd.Series([moment]))[0]
    return usable


def _keys(scored: pd.DataFrame, columns: Columns, notes: Notes) -> pd.Series[Any]:
    if columns.customer in scored.columns:
        require(scored, columns.customer)
        return scored[columns.customer]
    if len(scored):
        notes.say(f"no column {columns.customer!r}: each text counts as its own customer")
    return pd.Series(np.arange(len(scored)), index=scored.index)


def _read_heads(
    rows: pd.DataFrame, columns: Columns, policy: Policy, notes: Notes
) -> tuple[Floats, Flags, Flags]:
    """Read the three probabilities, joined with the rating; unread texts are typical ones."""
    heads = np.stack([read_numbers(rows[head]) for head in HEADS])
    readable: Flags = np.asarray(~np.isnan(heads).any(axis=0))
    if STATUS in rows.columns:
        readable &= (rows[STATUS] == "ok").to_numpy(dtype=bool, na_value=False)
    heads = np.where(readable, np.clip(heads, 0, 1), np.array(policy.typical)[:, None])
    notes.count(
        ~readable,
        "text{s} could not be read; only a rating speaks for {s}".replace(
            "speaks for {s}", "speaks for them"
        ),
    )
    complaint = readable & (heads >= policy.high).any(axis=0)
    rated = _ratings(rows, columns)
    risk = rating_risk(rated, policy.rating_range)
    given = ~np.isnan(risk)
    notes.count(~given & ~np.isnan(rated), "rating{s} outside the scale ignored")
    if given.any() and policy.rating_range[1] > 5 >= np.nanmax(np.where(given, rated, np.nan)):
        notes.say("no rating is above 5: if these are stars, set rating_range and detractor_rating")
    both = np.where(readable, (heads[0] + risk) / 2, risk)
    heads[0] = np.where(given, both, heads[0])
    complaint |= ~readable & given & (rated <= policy.detractor_rating)
    return heads, readable, complaint


def _ratings(rows: pd.DataFrame, columns: Columns) -> Floats:
    if columns.rating not in rows.columns:
        return np.full(len(rows), np.nan)
    require(rows, columns.rating)
    return read_numbers(rows[columns.rating])


def _contacts(
    rows: pd.DataFrame,
    groups: Groups,
    columns: Columns,
    policy: Policy,
    contacts: pd.DataFrame | None,
    moment: pd.Timestamp,
    notes: Notes,
) -> tuple[Places, npt.NDArray[np.int64]]:
    """Collect our contacts up to tonight as codes of customers and times, sorted and unique."""
    codes, times = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.int64)]
    if columns.last_contacted in rows.columns:
        read = read_times(rows[columns.last_contacted], zone=policy.calendar.zone)
        codes.append(groups.codes)
        times.append(_microseconds(read)[groups.order])
    if contacts is not None:
        when = CONTACTED_AT if CONTACTED_AT in contacts.columns else columns.date
        require(contacts, columns.customer, when)
        codes.append(groups.keys.get_indexer(pd.Index(contacts[columns.customer])))
        times.append(_microseconds(read_times(contacts[when], zone=policy.calendar.zone)))
        notes.count(codes[-1] < 0, "contact{s} with customers who have no text ignored")
    code, time = np.concatenate(codes), np.concatenate(times)
    known = (code >= 0) & (time != UNDATED)
    if not pd.isna(moment):
        known &= time <= _microseconds(pd.Series([moment]))[0]
    pairs = np.unique(np.stack([code[known], time[known]]), axis=1)
    return pairs[0].astype(np.intp), pairs[1]


def _latest(asked: tuple[Places, npt.NDArray[np.int64]], count: int) -> npt.NDArray[np.int64]:
    latest = np.full(count, UNDATED)
    latest[asked[0]] = asked[1]  # sorted, so the last one written is the latest
    return latest


def _ages(time: npt.NDArray[np.int64], moment: pd.Timestamp) -> Floats:
    if pd.isna(moment):
        return np.zeros(len(time))
    now = _microseconds(pd.Series([moment]))[0]
    return np.where(time == UNDATED, 0.0, (now - np.where(time == UNDATED, now, time)) / DAY)


def _standing(texts: Texts, groups: Groups, policy: Policy) -> tuple[Floats, Floats]:
    """Fade each head towards the typical; take maxima, and what they were when written."""
    half_lives = (policy.churn_half_life_days, policy.anger_half_life_days) * 2
    now, peak = np.empty((len(groups), 3)), np.empty((3, len(groups)))
    weight = np.where(texts.answered, policy.answered_weight, 1.0)
    for k, typical in enumerate(policy.typical):
        written = texts.heads[k]
        faded = typical + (written - typical) * weight * 0.5 ** (texts.age / half_lives[k])
        now[:, k] = groups.maximum(faded)
        peak[k] = np.maximum(written[groups.best(faded)], now[:, k])
    return now, peak


def _trend(texts: Texts, groups: Groups, policy: Policy) -> Floats:
    """Compare the latest text that could be read with the recency-weighted mean before it."""
    risk = policy.text_risk(*texts.heads)
    weight = np.where(texts.readable, 0.5 ** (texts.age / policy.churn_half_life_days), 0.0)
    weight = np.where(texts.time == UNDATED, 0.0, weight)
    last = groups.last(weight > 0)
    earlier = groups.total(weight) - np.where(last < 0, 0, weight[last])
    mean = groups.total(weight * risk) - np.where(last < 0, 0, (weight * risk)[last])
    several = earlier > 1e-12
    return np.where(several, risk[last] - mean / np.where(several, earlier, 1), 0.0)


def _failed_recoveries(
    asked: tuple[Places, npt.NDArray[np.int64]], texts: Texts, groups: Groups, policy: Policy
) -> Places:
    """Count the contacts that the customer's next word within the window was a complaint to."""
    codes, times = asked
    at = np.flatnonzero(texts.complaint & (texts.time != UNDATED))
    if not len(at) or not len(codes):
        return np.zeros(len(groups), dtype=np.intp)
    second = 1_000_000
    origin = min(texts.time[at].min(), times.min())
    span = (max(texts.time[at].max(), times.max()) - origin) // second + 2
    complaints = groups.codes[at] * span + (texts.time[at] - origin) // second
    contacts = codes * span + (times - origin) // second
    ends = np.append(contacts[1:], np.iinfo(np.int64).max)
    window = contacts + int(policy.repeat_days * 86_400)
    limit = np.minimum(np.minimum(ends, window), (codes + 1) * span - 1)
    following = np.searchsorted(complaints, contacts, side="right")
    failed = np.append(complaints, np.iinfo(np.int64).max)[following] <= limit
    return np.bincount(codes[failed], minlength=len(groups))


def _add_signals(
    frame: pd.DataFrame, rows: pd.DataFrame, texts: Texts, groups: Groups, policy: Policy
) -> None:
    open_now = (texts.age <= policy.signal_days) & ~texts.answered
    speaks = open_now & (texts.complaint | ~texts.readable)
    for signal in SIGNALS:
        if signal in rows.columns:
            flags, _ = read_flags(rows[signal], unclear=False)
            heard = open_now if signal in ("request", "thanks") else speaks
            frame[signal] = groups.any(flags & heard)
    day = texts.time // DAY
    before = np.append(-1, np.where(texts.complaint, np.arange(len(day)), -1)[:-1])[: len(day)]
    before = np.maximum.accumulate(before)
    gap = day - day[np.maximum(before, 0)]
    again = texts.complaint & (before >= 0) & (groups.codes[before] == groups.codes)
    again &= (gap >= 1) & (gap <= policy.repeat_days) & (texts.time != UNDATED)
    said = frame[REPEAT_FAILURE].to_numpy() if REPEAT_FAILURE in frame else False
    frame[REPEAT_FAILURE] = groups.any(again & (texts.age <= policy.signal_days)) | said


def _add_texts(
    frame: pd.DataFrame, texts: Texts, groups: Groups, places: Places, policy: Policy
) -> None:
    dated = texts.time != UNDATED
    frame[TEXTS] = groups.sizes()
    none = np.iinfo(np.int64).max
    first = groups.minimum(np.where(dated, texts.time, none))
    frame[FIRST_DATE] = _times(np.where(first == none, UNDATED, first))
    frame[LAST_DATE] = _times(groups.maximum(texts.time))
    fading = 0.5 ** (texts.age / policy.churn_half_life_days)
    weight = np.where(texts.answered, policy.answered_weight, 1.0) * fading
    best = groups.best(np.where(texts.readable, policy.text_risk(*texts.heads) * weight, -1))
    frame[EVIDENCE_ROW] = places[best]
    frame[EVIDENCE_DATE] = _times(texts.time[best])


def _agreement(
    frame: pd.DataFrame,
    texts: Texts,
    groups: Groups,
    scored: pd.DataFrame,
    columns: Columns,
    policy: Policy,
) -> npt.NDArray[np.object_]:
    """Hold the evidence text against its own rating."""
    row = frame[EVIDENCE_ROW].to_numpy()
    rated = _ratings(scored, columns)[row] if len(row) else np.empty(0)
    low = rated <= policy.detractor_rating
    unhappy = read_numbers(scored[HEADS[0]])[row] >= policy.high if len(row) else low
    unread = ~groups.any(texts.readable)
    kind = np.select([unread, low & unhappy, unhappy, low], [4, 0, 1, 2], default=3)
    named: npt.NDArray[np.object_] = np.array(AGREEMENTS, dtype=object)[kind]
    return named


def _microseconds(times: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Give times as microseconds since 1970, UNDATED where missing (numpy's own mark of NaT)."""
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None)
    counted: npt.NDArray[np.int64] = utc.to_numpy().astype("datetime64[us]").astype(np.int64)
    return counted


def _times(microseconds: npt.NDArray[np.int64]) -> pd.Series[Any]:
    return pd.Series(microseconds.astype("datetime64[us]")).dt.tz_localize("UTC")
