"""Replay past nights under a policy: whom it would have called, and what would have waited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from detractor.clock import business_hours_between, read_times
from detractor.customers import EVIDENCE_DATE
from detractor.errors import ParameterError
from detractor.histories import CONTACTED_AT, read_contacts, read_moment
from detractor.lanes import LANE, RESPOND_BY
from detractor.policy import Policy
from detractor.ranking import CONTACT, rank
from detractor.schema import Columns, require
from detractor.value import EXPECTED_SAVING

OPEN_LANES = ("must_contact", "senior", "standard")


@dataclass(frozen=True)
class Replay:
    """What a policy would have done.

    Attributes
    ----------
    nights : DataFrame
        A row a night: `as_of`, `customers`, `open` (in a lane that may be contacted), `contacted`,
        `expected_saving` of them, `left_behind` (what the other worthwhile ones would save),
        `must_waiting`, `overdue` (open, past `respond_by`, not contacted), `repeats` (contacted
        before in this replay), `wait_hours` (median business hours from text to contact).
    contacts : DataFrame
        A row a contact: the customer column, `contacted_at`, `lane`, `expected_saving`.
    """

    nights: pd.DataFrame
    contacts: pd.DataFrame


def simulate(
    policy: Policy,
    history: pd.DataFrame,
    *,
    nights: Iterable[object],
    columns: Columns | None = None,
    contacts: pd.DataFrame | None = None,
) -> Replay:
    """Rank each past night as it was, taking the contacts of the nights before as made.

    A replay knows what a policy would do and expect, not what customers would have answered: they
    write as they did. Compare policies by replaying each over the same nights.

    Parameters
    ----------
    policy : Policy
        The policy to try.
    history : DataFrame
        Scored feedback, as for `rank`; untouched.
    nights : iterable
        Dates or times, read as `as_of` of `rank`; sorted first.
    columns : Columns, optional
        What your columns are called.
    contacts : DataFrame, optional
        Real contacts. Those from the first night on are left out, since this policy makes its own;
        so are such dates in the `last_contacted` column.

    Returns
    -------
    Replay

    Raises
    ------
    ParameterError
        When there is no night.
    SchemaError
        When there is no customer column: contacts could not be told apart.

    Examples
    --------
    >>> history = pd.DataFrame({
    ...     "customer_id": ["ann", "ben"], "date": ["2026-03-02 09:00", "2026-03-03 09:00"],
    ...     "value": 900, "detractor": 0.9, "anger": 0.2, "churn_risk": [0.9, 0.6],
    ... })
    >>> policy = Policy(capacity=1, holdout_share=0)
    >>> replay = simulate(policy, history, nights=["2026-03-02", "2026-03-03"])
    >>> replay.contacts["customer_id"].tolist()
    ['ann', 'ben']
    """
    columns = columns or Columns()
    moments = sorted(read_moment(night, policy.calendar.zone) for night in nights)
    if not moments:
        raise ParameterError("nights is empty; name at least one date")
    history, made = _before(moments[0], history, contacts, policy, columns)
    require(history, columns.customer)
    rows: list[dict[str, object]] = []
    log: list[pd.DataFrame] = []
    for night in moments:
        queue = rank(history, policy=policy, as_of=night, columns=columns, contacts=made)
        called = queue.loc[queue[CONTACT], [columns.customer, LANE, EXPECTED_SAVING]]
        again = called[columns.customer].isin(_names(log, columns))
        rows.append(_night(queue, night, policy) | {"repeats": int(again.sum())})
        log.append(called.assign(**{CONTACTED_AT: night}))
        known = [part for part in (made, log[-1][list(made)]) if len(part)]
        made = pd.concat(known, ignore_index=True) if known else made
    return Replay(pd.DataFrame(rows), pd.concat(log, ignore_index=True))


def _names(log: list[pd.DataFrame], columns: Columns) -> set[object]:
    return {name for called in log for name in called[columns.customer].tolist()}


def _before(
    first: pd.Timestamp,
    history: pd.DataFrame,
    contacts: pd.DataFrame | None,
    policy: Policy,
    columns: Columns,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    zone = policy.calendar.zone
    if columns.last_contacted in history.columns:
        told = read_times(history[columns.last_contacted], zone=zone)
        history = history.assign(**{columns.last_contacted: told.where(told < first)})
    if contacts is None:
        none = pd.DataFrame({columns.customer: [], CONTACTED_AT: []}, dtype=object)
        return history, none
    made = read_contacts(contacts, columns=columns, zone=zone)
    return history, made[made[CONTACTED_AT] < first].reset_index(drop=True)


def _night(queue: pd.DataFrame, night: pd.Timestamp, policy: Policy) -> dict[str, object]:
    chosen = queue[CONTACT].to_numpy()
    waiting = queue[LANE].isin(OPEN_LANES).to_numpy() & ~chosen
    saving = queue[EXPECTED_SAVING].to_numpy()
    worth = waiting & (saving > policy.minimum_saving)
    written = queue.loc[chosen, EVIDENCE_DATE]
    now = pd.Series(night, index=written.index, dtype=written.dtype)
    wait = business_hours_between(written, now, policy.calendar)
    return {
        "as_of": night,
        "customers": len(queue),
        "open": int(waiting.sum() + chosen.sum()),
        "contacted": int(chosen.sum()),
        "expected_saving": float(saving[chosen].sum()),
        "left_behind": float(saving[worth].sum()),
        "must_waiting": int((waiting & (queue[LANE] == "must_contact").to_numpy()).sum()),
        "overdue": int((waiting & (queue[RESPOND_BY] < night).to_numpy()).sum()),
        "wait_hours": float(wait.median()) if len(wait) else np.nan,
    }
