"""The log of a recovery programme, as numbers: whose column is what, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.clock import BusinessHours, business_hours_between, read_times
from detractor.policy import ServiceHours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OutcomeColumns:
    """Which column of the table of contacts plays which part.

    Only `arm` is required; a measure whose columns are missing is left out. Times are ISO 8601,
    yes-or-no columns hold booleans, 0 and 1, or "true" and "false".

    Parameters
    ----------
    arm : str
        "contacted" or "holdout".
    randomised : str
        True where chance decided the arm. Where the column is missing, every row counts so.
    assigned, contacted, resolved : str
        When the customer entered, was first contacted, and the case ended.
    lane, role, gesture : str
        What was decided about the contact.
    cost, value : str
        Money spent, and what the customer is worth a year.
    stayed, complaint, spend : str
        What happened after: still a customer, complained again, money spent.
    score_before, score_after : str
        Ratings, 0 to 10.
    groups : tuple of str
        Known before the arm was decided, so that effects may be split by them.

    Examples
    --------
    >>> OutcomeColumns(stayed="retained").stayed
    'retained'
    """

    arm: str = "arm"
    randomised: str = "randomised"
    assigned: str = "assigned_at"
    contacted: str = "contacted_at"
    resolved: str = "resolved_at"
    lane: str = "lane"
    role: str = "role"
    gesture: str = "gesture"
    cost: str = "cost"
    value: str = "annual_value"
    stayed: str = "stayed"
    complaint: str = "complaint_again"
    spend: str = "spend_after"
    score_before: str = "score_before"
    score_after: str = "score_after"
    groups: tuple[str, ...] = ("theme", "region", "product", "group")


def read_contact_log(
    contacts: pd.DataFrame,
    names: OutcomeColumns,
    calendar: BusinessHours | None,
    service: ServiceHours,
) -> pd.DataFrame:
    """Turn the user's columns into numbers under our own names; what is missing is NaN.

    Examples
    --------
    >>> log = pd.DataFrame({"arm": ["contacted", "holdout"], "stayed": ["yes", "?"]})
    >>> read_contact_log(log, OutcomeColumns(), None, ServiceHours())["stays"].tolist()
    [1.0, nan]
    """
    rows = pd.DataFrame(index=contacts.index)
    for name in (names.lane, names.role, names.gesture, *names.groups):
        if name in contacts:
            rows[name] = contacts[name]
    for ours, theirs in (("stays", names.stayed), ("complains", names.complaint)):
        rows[ours] = _yes(contacts, theirs)
    for ours in ("cost", "value", "spend", "score_before", "score_after"):
        rows["its_" + ours] = _number(contacts, getattr(names, ours))
    randomised = _yes(contacts, names.randomised)
    rows["is_random"] = (randomised == 1) if names.randomised in contacts else True
    for ours, theirs in (("to_contact", names.contacted), ("to_resolution", names.resolved)):
        rows[ours] = _hours(contacts, (names.assigned, theirs), calendar)
    promised = _promised(contacts, names.lane, service)
    rows["in_time"] = np.where(np.isnan(rows["to_contact"]), np.nan, rows["to_contact"] <= promised)
    return rows


def _number(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    numbers = pd.to_numeric(table[name], errors="coerce")
    return np.asarray(numbers.to_numpy(np.float64, na_value=np.nan), dtype=np.float64)


def _yes(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    words = table[name].astype(object).map(lambda value: str(value).strip().lower())
    known = {"true": 1.0, "1": 1.0, "1.0": 1.0, "yes": 1.0}
    known |= {"false": 0.0, "0": 0.0, "0.0": 0.0, "no": 0.0}
    return np.asarray(words.map(known), dtype=np.float64)


def _hours(table: pd.DataFrame, ends: tuple[str, str], calendar: BusinessHours | None) -> Floats:
    if not set(ends) <= set(table.columns):
        return np.full(len(table), np.nan)
    zone = (calendar or BusinessHours()).zone
    start, end = (read_times(table[name], zone=zone) for name in ends)
    worked = business_hours_between(start, end, calendar)
    return np.asarray(worked.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _promised(table: pd.DataFrame, lane: str, service: ServiceHours) -> Floats:
    if lane not in table:
        return np.full(len(table), float(service.standard))
    hours = {"must_contact": service.must_contact, "senior": service.senior}
    promised = table[lane].astype(str).map(hours).fillna(service.standard)
    return np.asarray(promised, dtype=np.float64)
