"""Which lane a customer goes into, who is left alone and why, and by when an answer is due."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.attributes import read_flags
from detractor.clock import add_business_hours, read_times
from detractor.customers import (
    COMPLAINS,
    EVIDENCE_DATE,
    FAILED_RECOVERY,
    LAST_CONTACT,
    Customers,
)
from detractor.grouping import Flags
from detractor.policy import MUST_RULES, Policy
from detractor.schema import HEADS, Columns

LANE = "lane"
LANES = ("must_contact", "senior", "standard", "suppressed", "holdout")
SUPPRESSED_BY = "suppressed_by"
SUPPRESSIONS = ("", "opt_out", "open_case", "quarantine", "sleeping_dog")
QUADRANT = "quadrant"
QUADRANTS = ("loud_leaver", "quiet_leaver", "venting", "fine")
RESPOND_BY = "respond_by"
MUST_BECAUSE = "must_because"
DEADLINE = "deadline"


def add_lanes(
    frame: pd.DataFrame,
    customers: Customers,
    scored: pd.DataFrame,
    *,
    policy: Policy,
    columns: Columns,
) -> pd.DataFrame:
    """Add quadrant, lane, the reason of each suppression, and the time an answer is due.

    Must-contact comes before senior, senior before standard. An opt-out or an open case always
    suppresses; quarantine unless the customer complained after the contact; a sleeping dog is
    nobody who complains, asks or must be contacted. The holdout is drawn from the standard lane.

    Parameters
    ----------
    frame : DataFrame
        Customers with their expected saving.
    customers : Customers
        Whose rows `frame` holds, in the same order.
    scored : DataFrame
        The scored texts, for the user's own columns.
    policy : Policy
        The rules.
    columns : Columns
        What the user's columns are called.

    Returns
    -------
    DataFrame
        A new one.

    Examples
    --------
    >>> from detractor.customers import gather_customers
    >>> scored = pd.DataFrame({"detractor": [0.9, 0.1], "anger": [0.7, 0], "churn_risk": [0.1, 0]})
    >>> gathered = gather_customers(scored, policy=Policy(), columns=Columns())
    >>> lanes = add_lanes(gathered.frame, gathered, scored, policy=Policy(), columns=Columns())
    >>> lanes[["suppressed_by", "quadrant", "lane"]]
      suppressed_by quadrant        lane
    0                venting    standard
    1  sleeping_dog     fine  suppressed
    """
    deadline = _deadlines(customers, scored, policy, columns)
    because = _must(frame, deadline, customers.as_of, policy)
    must = because > 0
    reason = _suppressions(frame, customers, scored, must, policy, columns)
    senior = frame[FAILED_RECOVERY].to_numpy(dtype=bool)
    held = _share_of(frame[columns.customer], policy.seed) < policy.holdout_share
    lane = np.select([reason > 0, must, senior, held], [3, 0, 1, 4], default=2)
    frame = frame.copy()
    frame[QUADRANT] = _quadrants(frame, policy)
    frame[LANE] = _words(lane, LANES)
    frame[SUPPRESSED_BY] = _words(reason, SUPPRESSIONS)
    frame[MUST_BECAUSE] = _words(because, ("", *MUST_RULES))
    frame[RESPOND_BY] = _due(frame, customers, scored, lane, deadline, policy, columns)
    return frame


def identity_hash(customers: pd.Series[Any], seed: int) -> npt.NDArray[np.uint64]:
    """Give each customer a number that depends on nothing but who they are and the seed.

    Examples
    --------
    >>> identity_hash(pd.Series([17, 4]), 0)[0] == identity_hash(pd.Series(["17"]), 0)[0]
    np.True_
    """
    names = customers.astype(str).to_numpy(dtype=object)
    return pd.util.hash_array(names, hash_key=f"{seed:016d}"[-16:], categorize=False)


def _share_of(customers: pd.Series[Any], seed: int) -> npt.NDArray[np.float64]:
    return identity_hash(customers, seed) / 2.0**64


def _words(codes: npt.NDArray[Any], words: tuple[str, ...]) -> npt.NDArray[np.object_]:
    named: npt.NDArray[np.object_] = np.array(words, dtype=object)[codes]
    return named


def _quadrants(frame: pd.DataFrame, policy: Policy) -> npt.NDArray[np.object_]:
    angry, leaving = (frame[head].to_numpy() >= policy.high for head in HEADS[1:])
    return _words(np.select([angry & leaving, leaving, angry], [0, 1, 2], default=3), QUADRANTS)


def _deadlines(
    customers: Customers, scored: pd.DataFrame, policy: Policy, columns: Columns
) -> pd.Series[Any]:
    if columns.deadline not in scored.columns:
        return pd.Series(pd.NaT, index=range(len(customers.frame)), dtype="datetime64[us, UTC]")
    known = customers.last_known(scored[columns.deadline])
    return read_times(known, zone=policy.calendar.zone)


def _must(
    frame: pd.DataFrame, deadline: pd.Series[Any], as_of: pd.Timestamp, policy: Policy
) -> npt.NDArray[np.intp]:
    """Say which rule makes each customer one that must be contacted: 0 for none."""
    pending = deadline.notna().to_numpy() & frame[COMPLAINS].to_numpy(dtype=bool)
    if not pd.isna(as_of):
        # A deadline long missed is for the lawyers, not for a call tonight.
        pending = pending & ~(deadline < as_of - pd.Timedelta(days=policy.signal_days)).to_numpy()
    none = np.zeros(len(frame), dtype=bool)
    flags = [
        (pending if rule == DEADLINE else frame[rule].to_numpy(dtype=bool))
        if rule in policy.must_contact and (rule == DEADLINE or rule in frame)
        else none
        for rule in MUST_RULES
    ]
    return np.select(flags, [1, 2, 3, 4], default=0)


def _suppressions(
    frame: pd.DataFrame,
    customers: Customers,
    scored: pd.DataFrame,
    must: Flags,
    policy: Policy,
    columns: Columns,
) -> npt.NDArray[np.intp]:
    quiet = (frame[list(HEADS[1:])] < policy.quiet_below).all(axis=1).to_numpy()
    quiet = quiet & (frame[HEADS[0]] < policy.high).to_numpy() & ~must
    if "request" in frame:
        quiet = quiet & ~frame["request"].to_numpy(dtype=bool)
    complains = frame[COMPLAINS].to_numpy(dtype=bool)
    recent = np.zeros(len(frame), dtype=bool)
    if not pd.isna(customers.as_of):
        since = customers.as_of - pd.Timedelta(days=policy.quarantine_days)
        recent = (frame[LAST_CONTACT] > since).to_numpy() & ~complains
    reasons = [
        _ever(customers, scored, columns.opt_out),
        _ever(customers, scored, columns.open_case),
        recent,
        quiet & ~complains,
    ]
    return np.select(reasons, [1, 2, 3, 4], default=0)


def _ever(customers: Customers, scored: pd.DataFrame, name: str) -> Flags:
    """Read a flag of which one yes is enough, and which counts as yes where it is unclear."""
    if name not in scored.columns:
        return np.zeros(len(customers.frame), dtype=bool)
    flags, odd = read_flags(scored[name], unclear=True)
    customers.notes.count(odd, f"unclear cell{{s}} of {name!r} count{{v}} as yes")
    return customers.ever(flags)


def _due(
    frame: pd.DataFrame,
    customers: Customers,
    scored: pd.DataFrame,
    lane: npt.NDArray[np.intp],
    deadline: pd.Series[Any],
    policy: Policy,
    columns: Columns,
) -> pd.Series[Any]:
    """Count the service level from the evidence text, in the customer's own working day."""
    promised = policy.service_hours
    hours = np.array([promised.must_contact, promised.senior] + [promised.standard] * 3)[lane]
    zones = None
    if columns.time_zone in scored.columns:
        zones = customers.last_known(scored[columns.time_zone])
    due = add_business_hours(frame[EVIDENCE_DATE], hours, policy.calendar, zones=zones)
    earliest: pd.Series[Any] = due.where(~(deadline < due), deadline)
    return earliest
