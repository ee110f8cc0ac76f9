"""Which lane a customer goes into, who is left alone and why, and by when an answer is due."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.clock import add_business_hours, read_times
from detractor.customers import (
    COMPLAINS,
    EVIDENCE_DATE,
    FAILED_RECOVERY,
    LAST_CONTACT,
    SPOKE_UP,
)
from detractor.grouping import Flags
from detractor.histories import History
from detractor.policy import MUST_RULES, Policy
from detractor.schema import HEADS

LANE = "lane"
LANES = ("must_contact", "senior", "standard", "suppressed", "holdout")
SUPPRESSED_BY = "suppressed_by"
SUPPRESSIONS = ("", "opt_out", "open_case", "quarantine", "sleeping_dog")
QUADRANT = "quadrant"
QUADRANTS = ("loud_leaver", "quiet_leaver", "venting", "fine")
RESPOND_BY = "respond_by"
MUST_BECAUSE = "must_because"
DEADLINE = "deadline"
VULNERABLE = "vulnerable"


def add_lanes(frame: pd.DataFrame, history: History, *, policy: Policy) -> pd.DataFrame:
    """Add quadrant, lane, the reason of each suppression, and the time an answer is due.

    Must-contact comes before senior, senior before standard. An opt-out or an open case always
    suppresses; quarantine unless the customer complained after the contact; a sleeping dog is
    nobody who ever spoke up, asks or must be contacted. The holdout is drawn from the standard
    lane.

    Examples
    --------
    >>> from detractor.customers import gather_customers
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({"detractor": [0.9, 0.1], "anger": [0.7, 0], "churn_risk": [0.1, 0]})
    >>> history = read_history(scored, policy=Policy(), columns=Columns())
    >>> lanes = add_lanes(gather_customers(history, policy=Policy()), history, policy=Policy())
    >>> lanes[["suppressed_by", "quadrant", "lane"]]
      suppressed_by quadrant        lane
    0                venting    standard
    1  sleeping_dog     fine  suppressed
    """
    columns = history.columns
    deadline = _deadlines(history, policy)
    because = _must(frame, deadline, history.as_of, policy)
    reason = _suppressions(frame, history, because > 0, policy)
    senior = frame[FAILED_RECOVERY].to_numpy(dtype=bool)
    held = identity_hash(frame[columns.customer], policy.seed) / 2.0**64 < policy.holdout_share
    lane = np.select([reason > 0, because > 0, senior, held], [3, 0, 1, 4], default=2)
    frame = frame.copy()
    frame[QUADRANT] = _quadrants(frame, policy)
    frame[LANE] = _words(lane, LANES)
    frame[SUPPRESSED_BY] = _words(reason, SUPPRESSIONS)
    frame[MUST_BECAUSE] = _words(because, ("", *MUST_RULES))
    frame[RESPOND_BY] = _due(frame, history, lane, deadline, policy)
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


def _words(codes: npt.NDArray[Any], words: tuple[str, ...]) -> npt.NDArray[np.object_]:
    named: npt.NDArray[np.object_] = np.array(words, dtype=object)[codes]
    return named


def _quadrants(frame: pd.DataFrame, policy: Policy) -> npt.NDArray[np.object_]:
    angry, leaving = (frame[head].to_numpy() >= policy.high for head in HEADS[1:])
    return _words(np.select([angry & leaving, leaving, angry], [0, 1, 2], default=3), QUADRANTS)


def _deadlines(history: History, policy: Policy) -> pd.Series[Any]:
    known = history.last_known(history.columns.deadline)
    if known is None:
        return pd.Series(pd.NaT, index=range(len(history.groups)), dtype="datetime64[us, UTC]")
    return read_times(known, zone=policy.calendar.zone)


def _must(
    frame: pd.DataFrame, deadline: pd.Series[Any], as_of: pd.Timestamp, policy: Policy
) -> npt.NDArray[np.intp]:
    """Say which rule makes each customer one that must be contacted: 0 for none.

    Who is vulnerable, or has a deadline, must be contacted only beside a complaint.
    """
    complains = frame[COMPLAINS].to_numpy(dtype=bool)
    told = {rule: frame[rule].to_numpy(dtype=bool) for rule in MUST_RULES if rule in frame}
    pending = deadline.notna()
    if not pd.isna(as_of):
        # A deadline long missed is for the lawyers, not for a call tonight.
        pending &= ~(deadline < as_of - pd.Timedelta(days=policy.signal_days))
    told[DEADLINE] = pending.to_numpy()
    none = np.zeros(len(frame), dtype=bool)
    flags = [
        told.get(rule, none) & (complains | (rule not in (VULNERABLE, DEADLINE)))
        if rule in policy.must_contact
        else none
        for rule in MUST_RULES
    ]
    return np.select(flags, [1, 2, 3, 4], default=0)


def _suppressions(
    frame: pd.DataFrame, history: History, must: Flags, policy: Policy
) -> npt.NDArray[np.intp]:
    quiet = ~frame[SPOKE_UP].to_numpy(dtype=bool) & ~must
    if "request" in frame:
        quiet = quiet & ~frame["request"].to_numpy(dtype=bool)
    complains = frame[COMPLAINS].to_numpy(dtype=bool)
    recent = np.zeros(len(frame), dtype=bool)
    if not pd.isna(history.as_of):
        since = history.as_of - pd.Timedelta(days=policy.quarantine_days)
        recent = (frame[LAST_CONTACT] > since).to_numpy() & ~complains
    opted_out = history.ever(history.columns.opt_out)
    in_care = history.ever(history.columns.open_case)
    return np.select([opted_out, in_care, recent, quiet], [1, 2, 3, 4], default=0)


def _due(
    frame: pd.DataFrame,
    history: History,
    lane: npt.NDArray[np.intp],
    deadline: pd.Series[Any],
    policy: Policy,
) -> pd.Series[Any]:
    """Count the service level from the evidence text, in the customer's own working day."""
    promised = policy.service_hours
    hours = np.array([promised.must_contact, promised.senior] + [promised.standard] * 3)[lane]
    zones = history.last_known(history.columns.time_zone)
    due = add_business_hours(frame[EVIDENCE_DATE], hours, policy.calendar, zones=zones)
    earliest: pd.Series[Any] = due.where(~(deadline < due), deadline)
    return earliest
