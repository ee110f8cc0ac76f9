"""The rows behind a ranking: whose each text is, when it was written, and what the scores say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.attributes import Notes, by_agents, rating_risk, read_flags, read_numbers
from detractor.clock import read_times
from detractor.errors import ParameterError, SchemaError
from detractor.grouping import Flags, Floats, Groups, Places, group_rows
from detractor.policy import Policy
from detractor.schema import HEADS, STATUS, Columns, require

CONTACTED_AT = "contacted_at"

DAY = 86_400_000_000
"""In microseconds."""

UNDATED = np.iinfo(np.int64).min
"""How numpy stores a missing time."""

LATEST = np.iinfo(np.int64).max

Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """The texts of customers, sorted by customer, time and risk, as parallel arrays.

    Attributes
    ----------
    time : array of int
        Microseconds since 1970, `UNDATED` where unknown.
    age : array of float
        Days before tonight; 0 where the time is unknown.
    heads : array of float
        A row a head of `HEADS`, as written; typical ones where nothing could be read.
    readable, complaint, answered : array of bool
        Whether scores exist; whether it complains; whether we contacted the customer since.
    """

    time: Times
    age: Floats
    heads: Floats
    readable: Flags
    complaint: Flags
    answered: Flags


@dataclass(frozen=True)
class History:
    """What is known up to tonight.

    Attributes
    ----------
    scored : DataFrame
        The table, untouched.
    columns : Columns
        What its columns are called.
    texts : Texts
        In the order of `groups`.
    groups : Groups
        Which texts belong to whom.
    places : array of int
        Where in the scored table each of `texts` stands.
    contacted : array of int
        Latest contact of each customer, in microseconds; `UNDATED` where there was none.
    contacts : tuple of array
        Every contact: customer's number and time, sorted.
    as_of : Timestamp
        Tonight, in UTC; NaT where nothing is dated.
    notes : Notes
        The rules that had to be applied.
    """

    scored: pd.DataFrame
    columns: Columns
    texts: Texts
    groups: Groups
    places: Places
    contacted: Times
    contacts: tuple[Places, Times]
    as_of: pd.Timestamp
    notes: Notes

    def cells(self, name: str) -> pd.Series[Any] | None:
        """Give a column in the order of `texts`; None where the table has none of that name."""
        if name not in self.scored.columns:
            return None
        require(self.scored, name)
        return self.scored[name].iloc[self.places].reset_index(drop=True)

    def last_known(self, name: str) -> pd.Series[Any] | None:
        """Take each customer's latest cell that is not missing."""
        cells = self.cells(name)
        if cells is None:
            return None
        at = self.groups.last(cells.notna().to_numpy())
        if len(at) and at.min() >= 0:
            return cells.iloc[at].reset_index(drop=True)
        return cells.reindex(np.where(at < 0, len(cells), at)).reset_index(drop=True)

    def ever(self, name: str) -> Flags:
        """Read a flag of which one yes is enough, and which counts as yes where it is unclear."""
        cells = self.cells(name)
        if cells is None:
            return np.zeros(len(self.groups), dtype=bool)
        flags, odd = read_flags(cells, unclear=True)
        self.notes.count(odd, f"unclear cell{{s}} of {name!r} count{{v}} as yes")
        return self.groups.any(flags)


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


def read_history(
    scored: pd.DataFrame,
    *,
    policy: Policy,
    columns: Columns,
    as_of: object = None,
    contacts: pd.DataFrame | None = None,
) -> History:
    """Read the rows that count tonight, sorted by customer and time.

    Parameters
    ----------
    scored : DataFrame
        One row a text with the score columns.
    policy : Policy
        Thresholds, the rating scale, who is an agent.
    columns : Columns
        What the user's columns are called.
    as_of : optional
        The night; the latest date in the table when not given, never the wall clock.
    contacts : DataFrame, optional
        Whom we contacted and when: the customer column and `contacted_at`, else the date column.

    Raises
    ------
    SchemaError
        When a score column is missing, or dates are numbers.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["b", "a", "b"], "date": ["2026-03-02", "2026-03-02", "2026-03-01"],
    ...     "detractor": 0.9, "anger": 0.2, "churn_risk": 0.1,
    ... })
    >>> read_history(scored, policy=Policy(), columns=Columns()).places.tolist()
    [2, 0, 1]
    """
    require(scored, *HEADS, maker="score()")
    source = _Source(scored, columns, policy, Notes())
    time, moment = _read_dates(source, as_of)
    now = microseconds(pd.Series([moment], dtype="datetime64[us, UTC]"))[0]
    kept = np.flatnonzero(_usable(source) & (time <= (now if now != UNDATED else LATEST)))
    time = time[kept]
    heads, readable, complaint = _read_heads(source, scored.iloc[kept])
    # The risk as the last key makes the order of rows with the same date irrelevant.
    groups = group_rows(_keys(source).iloc[kept], by=(policy.text_risk(*heads), time))
    at = groups.order
    asked = _contacts(source, groups, kept[at], contacts, now)
    contacted = np.full(len(groups), UNDATED)
    contacted[asked[0]] = asked[1]  # sorted, so the last one written is the latest
    time = time[at]
    dated = time != UNDATED
    age = np.where(dated, (now - np.where(dated, time, now)) / DAY, 0.0)
    answered = dated & (time <= contacted[groups.codes])
    texts = Texts(time, age, heads[:, at], readable[at], complaint[at], answered)
    return History(scored, columns, texts, groups, kept[at], contacted, asked, moment, source.notes)


@dataclass(frozen=True)
class _Source:
    scored: pd.DataFrame
    columns: Columns
    policy: Policy
    notes: Notes


def _read_dates(source: _Source, as_of: object) -> tuple[Times, pd.Timestamp]:
    scored, name, notes = source.scored, source.columns.date, source.notes
    zone = source.policy.calendar.zone
    time = np.full(len(scored), UNDATED)
    if name in scored.columns:
        require(scored, name)
        values = scored[name]
        if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
            raise SchemaError(f"column {name!r} holds numbers; pass dates or ISO 8601 text")
        time = microseconds(read_times(values, zone=zone))
        bad = (time == UNDATED) & values.notna().to_numpy()
        notes.count(bad, "date{s} cannot be read (ISO 8601, such as 2026-03-31, is expected)")
        notes.count(time == UNDATED, "text{s} without a date count{v} as written tonight")
    elif len(scored):
        notes.say("no dates: every text counts as written tonight, and nothing has a trend")
    if as_of is not None:
        return time, read_moment(as_of, zone)
    return time, timestamps(np.array([time.max(initial=UNDATED)])).iloc[0]


def _usable(source: _Source) -> Flags:
    """Leave out texts of nobody and texts of agents."""
    scored, columns, notes = source.scored, source.columns, source.notes
    usable = np.ones(len(scored), dtype=bool)
    if columns.customer in scored.columns:
        missing = scored[columns.customer].isna().to_numpy()
        notes.count(missing, "text{s} without a customer left out")
        usable &= ~missing
    if columns.author in scored.columns:
        by_agent = by_agents(scored[columns.author], source.policy.agents)
        notes.count(by_agent, "text{s} by agents left out")
        usable &= ~by_agent
    return usable


def _keys(source: _Source) -> pd.Series[Any]:
    scored, name = source.scored, source.columns.customer
    if name in scored.columns:
        require(scored, name)
        return scored[name]
    if len(scored):
        source.notes.say(f"no column {name!r}: each text counts as its own customer")
    return pd.Series(np.arange(len(scored)), index=scored.index)


def _read_heads(source: _Source, rows: pd.DataFrame) -> tuple[Floats, Flags, Flags]:
    """Read the three probabilities, joined with the rating; unread texts are typical ones.

    The rating and the text each have half a say in `detractor`: an assumption.
    """
    policy, notes = source.policy, source.notes
    heads = np.stack([read_numbers(rows[head]) for head in HEADS])
    readable: Flags = np.asarray(~np.isnan(heads).any(axis=0))
    if STATUS in rows.columns:
        readable &= (rows[STATUS] == "ok").to_numpy(dtype=bool, na_value=False)
    notes.count(~readable, "text{s} without scores: only a rating speaks for them")
    heads = np.where(readable, np.clip(heads, 0, 1), np.array(policy.typical)[:, None])
    rated = ratings(rows, source.columns)
    risk = rating_risk(rated, policy.rating_range)
    given = ~np.isnan(risk)
    notes.count(~given & ~np.isnan(rated), "rating{s} outside the scale ignored")
    if given.any() and policy.rating_range[1] > 5 >= np.max(rated[given]):
        notes.say("no rating is above 5: if these are stars, set rating_range and detractor_rating")
    heads[0] = np.where(given, np.where(readable, (heads[0] + risk) / 2, risk), heads[0])
    complaint = np.where(
        readable, (heads >= policy.high).any(axis=0), given & (rated <= policy.detractor_rating)
    )
    return heads, readable, complaint


def ratings(rows: pd.DataFrame, columns: Columns) -> Floats:
    """Read the ratings; NaN where there are none.

    Examples
    --------
    >>> ratings(pd.DataFrame({"rating": ["7", None]}), Columns())
    array([ 7., nan])
    """
    if columns.rating not in rows.columns:
        return np.full(len(rows), np.nan)
    require(rows, columns.rating)
    return read_numbers(rows[columns.rating])


def _contacts(
    source: _Source,
    groups: Groups,
    places: Places,
    contacts: pd.DataFrame | None,
    now: np.int64,
) -> tuple[Places, Times]:
    """Collect our contacts up to tonight as numbers of customers and times, sorted and unique."""
    columns, zone = source.columns, source.policy.calendar.zone
    limit = now if now != UNDATED else LATEST
    code, time = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
    if columns.last_contacted in source.scored.columns:
        read = microseconds(read_times(source.scored[columns.last_contacted], zone=zone))[places]
        code = np.arange(len(groups))
        time = groups.maximum(np.where(read <= limit, read, UNDATED))
    if contacts is not None:
        made = read_contacts(contacts, columns=columns, zone=zone)
        found = groups.keys.get_indexer(pd.Index(made[columns.customer]))
        source.notes.count(found < 0, "contact{s} with customers who have no text ignored")
        code = np.append(code, found)
        time = np.append(time, microseconds(made[CONTACTED_AT]))
    known = np.flatnonzero((code >= 0) & (time != UNDATED) & (time <= limit))
    known = known[np.lexsort((time[known], code[known]))]
    code, time = code[known], time[known]
    new = np.ones(len(code), dtype=bool)
    new[1:] = (np.diff(code) != 0) | (np.diff(time) != 0)
    return code[new], time[new]


def read_contacts(contacts: pd.DataFrame, *, columns: Columns, zone: str) -> pd.DataFrame:
    """Read whom we contacted and when: `contacted_at`, else the date column.

    Examples
    --------
    >>> made = pd.DataFrame({"customer_id": ["ann"], "date": ["2026-03-01"]})
    >>> read_contacts(made, columns=Columns(), zone="UTC")
      customer_id              contacted_at
    0         ann 2026-03-01 00:00:00+00:00
    """
    when = CONTACTED_AT if CONTACTED_AT in contacts.columns else columns.date
    require(contacts, columns.customer, when)
    told = read_times(contacts[when], zone=zone)
    return pd.DataFrame({columns.customer: contacts[columns.customer], CONTACTED_AT: told})


def microseconds(times: pd.Series[Any]) -> Times:
    """Give times as microseconds since 1970, UNDATED where missing (numpy's own mark of NaT)."""
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None)
    counted: Times = utc.to_numpy().astype("datetime64[us]").astype(np.int64)
    return counted


def timestamps(microseconds: Times) -> pd.Series[Any]:
    """Give microseconds since 1970 as times in UTC.

    Examples
    --------
    >>> timestamps(np.array([0, UNDATED])).dt.year.tolist()
    [1970.0, nan]
    """
    return pd.Series(microseconds.astype("datetime64[us]")).dt.tz_localize("UTC")
