"""Whom to contact first: one row a customer, ordered by what a contact is expected to save."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.capacity import choose, contact_costs
from detractor.customers import (
    AGREEMENT,
    EVIDENCE_DATE,
    EVIDENCE_ROW,
    FAILED_RECOVERIES,
    FAILED_RECOVERY,
    FIRST_DATE,
    FRESHNESS,
    LAST_CONTACT,
    LAST_DATE,
    REPEAT_FAILURE,
    TEXT_RISK,
    TEXTS,
    TREND,
    gather_customers,
)
from detractor.histories import read_history
from detractor.intervals import wilson
from detractor.lanes import (
    LANE,
    MUST_BECAUSE,
    QUADRANT,
    RESPOND_BY,
    SUPPRESSED_BY,
    add_lanes,
    identity_hash,
)
from detractor.policy import Policy
from detractor.privacy import excerpt
from detractor.reasons import describe
from detractor.schema import HEADS, SIGNALS, Columns, require
from detractor.value import (
    COST,
    EXPECTED_SAVING,
    FACTORS,
    P_LEAVES,
    REACH,
    RECOVERABILITY,
    VALUE,
    add_saving,
    price,
)

POSITION = "position"
CONTACT = "contact"
EVIDENCE = "evidence"
WHY = "why"

QUEUE_COLUMNS = (
    POSITION, CONTACT, LANE, SUPPRESSED_BY, MUST_BECAUSE, EXPECTED_SAVING, VALUE, REACH, P_LEAVES,
    RECOVERABILITY, FRESHNESS, COST, *reversed(HEADS), TEXT_RISK, TREND, QUADRANT,
    AGREEMENT, REPEAT_FAILURE, FAILED_RECOVERY, FAILED_RECOVERIES, EVIDENCE, EVIDENCE_ROW,
    EVIDENCE_DATE, TEXTS, FIRST_DATE, LAST_DATE, LAST_CONTACT, RESPOND_BY, WHY,
)  # fmt: skip
"""In this order, after the customer's column and before signals and the group column."""

SHORT = {
    VALUE: "value", REACH: "reach", P_LEAVES: "leaves", RECOVERABILITY: "recoverable",
    FRESHNESS: "fresh",
}  # fmt: skip
SLIGHT = 0.02
"""A factor that changed by less, as a ratio, moved nobody."""

DESCRIBED = 10_000
"""Positions that get `why` and `evidence`, beside everyone contacted: strings cost memory."""


def rank(
    scored: pd.DataFrame,
    *,
    policy: Policy | None = None,
    as_of: object = None,
    columns: Columns | None = None,
    contacts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Order customers by what contacting them is expected to save, and say whom to contact.

    ``expected_saving = value x reach x p_leaves x recoverability x freshness - cost``, each a
    column. `churn_risk` is the intent to leave that a text states or clearly implies, not a
    forecast; pass your own forecast as `Columns.churn_probability` and both are combined.

    The queue is decision support: a proposal for people, who may overrule it. It is a pure function
    of its arguments and reads no clock, so any past night can be replayed.

    Parameters
    ----------
    scored : DataFrame
        One row a text, with the columns of `score`. Of the user's columns (see `Columns`) each may
        be missing; `assumptions` tells what then held. Untouched.
    policy : Policy, optional
        Means, rules and beliefs.
    as_of : str, date or Timestamp, optional
        The night; later rows are not seen. The latest date in the table when not given, never the
        wall clock. A bare date means the end of that day.
    columns : Columns, optional
        What your columns are called.
    contacts : DataFrame, optional
        Whom you contacted and when: the customer column and `contacted_at`, else the date column.

    Returns
    -------
    DataFrame
        One row a customer, first to contact first, with `QUEUE_COLUMNS`. Must-contact customers
        lead; suppressed ones, with the reason in `suppressed_by`, close. Ties are broken by a hash
        of the customer, which favours no name. `why` and `evidence` are written for everyone
        contacted and for the first 10,000.

    Raises
    ------
    SchemaError
        When a score column is missing.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["ann", "ben", "cem"], "value": [1200, 300, 5000],
    ...     "detractor": [0.9, 0.9, 0.1], "anger": [0.1, 0.9, 0.0], "churn_risk": [0.9, 0.2, 0.0],
    ... })
    >>> rank(scored)[["customer_id", "contact", "lane", "expected_saving"]].round(1)
      customer_id  contact        lane  expected_saving
    0         ann     True    standard            170.9
    1         ben     True    standard             11.0
    2         cem    False  suppressed             -4.5
    """
    policy = policy or Policy()
    columns = columns or Columns()
    history = read_history(scored, policy=policy, columns=columns, as_of=as_of, contacts=contacts)
    frame = gather_customers(history, policy=policy)
    frame = add_saving(frame, history, policy=policy)
    frame = add_lanes(frame, history, policy=policy)
    frame[COST] = contact_costs(frame[LANE].to_numpy(), policy)
    frame = price(frame)
    group = history.last_known(columns.group)
    if group is not None:
        frame[columns.group] = group
    queue = frame.iloc[_order(frame, columns, policy)].reset_index(drop=True)
    queue[POSITION] = np.arange(1, len(queue) + 1)
    queue[CONTACT] = choose(queue, policy=policy)
    queue[EVIDENCE], queue[WHY] = "", ""
    told = np.flatnonzero(queue[CONTACT].to_numpy() | (np.arange(len(queue)) < DESCRIBED))
    queue[EVIDENCE] = _evidence(queue, scored, told, columns)
    queue[WHY] = _fill(len(queue), told, describe(queue.iloc[told], as_of=history.as_of))
    extra = [name for name in (*SIGNALS, columns.group) if name in queue]
    queue = queue[list(dict.fromkeys([columns.customer, *QUEUE_COLUMNS, *extra]))]
    queue.attrs = {"assumptions": history.notes.sentences}
    return queue


def assumptions(queue: pd.DataFrame) -> list[str]:
    """List what `rank` had to assume, in plain sentences.

    Examples
    --------
    >>> scored = pd.DataFrame({"detractor": [0.9], "anger": [0.4], "churn_risk": [0.8]})
    >>> assumptions(rank(scored))[-1]
    "no column 'churn_probability': base_churn, 0.1, for everyone"
    """
    return list(queue.attrs.get("assumptions", []))


def compare(yesterday: pd.DataFrame, today: pd.DataFrame) -> pd.DataFrame:
    """Say who moved between two nights, and what moved them.

    Parameters
    ----------
    yesterday, today : DataFrame
        Queues of `rank`, by policies that may differ.

    Returns
    -------
    DataFrame
        A row a customer, in today's order, then those gone: `change` (new, gone, up, down, same),
        positions, contacts and expected savings before and after, and `because`: the change of
        lane, else the factor that changed the saving most, else that others moved.

    Raises
    ------
    SchemaError
        When the tables are not queues of the same customer column.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["ann", "ben", "ben"],
    ...     "date": ["2026-03-01", "2026-03-01", "2026-03-03"],
    ...     "detractor": 0.9, "anger": [0.6, 0.6, 0.7], "churn_risk": [0.6, 0.2, 0.9],
    ... })
    >>> change = compare(rank(scored, as_of="2026-03-02"), rank(scored, as_of="2026-03-03"))
    >>> change[["customer_id", "change", "because"]]
      customer_id change              because
    0         ben     up  leaves 0.21 -> 0.65
    1         ann   down         others moved
    """
    for queue in (yesterday, today):
        require(
            queue, today.columns[0], POSITION, CONTACT, LANE, SUPPRESSED_BY, *FACTORS,
            maker="rank()",
        )  # fmt: skip
    customer = str(today.columns[0])
    told = [POSITION, CONTACT, LANE, SUPPRESSED_BY, EXPECTED_SAVING, COST, *FACTORS]
    before, after = (queue.set_index(customer)[told] for queue in (yesterday, today))
    gone = before.index.difference(after.index, sort=False)
    names = after.index.append(gone)
    before, after = before.reindex(names), after.reindex(names)
    risen = before[POSITION].to_numpy() - after[POSITION].to_numpy()
    kinds = [np.isnan(before[POSITION]), np.isnan(after[POSITION]), risen > 0, risen < 0]
    change = np.select(kinds, ["new", "gone", "up", "down"], default="same")
    pairs = {
        f"{name}_{night}": _typed(frame[name])
        for name in (POSITION, CONTACT, EXPECTED_SAVING)
        for night, frame in (("before", before), ("after", after))
    }
    because = _because(before, after, change)
    return pd.DataFrame({"change": change, **pairs, "because": because}, index=names).reset_index(
        names=customer
    )


def report_fairness(queue: pd.DataFrame, *, group: str) -> pd.DataFrame:
    """Show how groups of customers fare in the queue, and what weighing by value does to them.

    Values differ between groups, so a queue that weighs by value may pass over a group that is as
    unhappy as any. Must-contact customers are never weighed by value; see `must_reached`.

    Parameters
    ----------
    queue : DataFrame
        From `rank`.
    group : str
        A column of the queue: `Columns.group`, or one you joined.

    Returns
    -------
    DataFrame
        By group: `customers`; `contacted` and `contact_rate` with `low` and `high` (Wilson, 95 %);
        `median_place` (0 is the head of the queue, 1 its end); `suppressed`; `must_contact` and
        `must_reached`, the share of them contacted; `median_value`; and `rate_if_equal`, the rate
        if every customer were worth the median and as many were contacted.

    Raises
    ------
    SchemaError
        When there is no such column.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": range(4), "value": [900, 800, 100, 90], "group": ["a", "a", "b", "b"],
    ...     "detractor": 0.9, "anger": 0.5, "churn_risk": [0.5, 0.5, 0.9, 0.9],
    ... })
    >>> queue = rank(scored, policy=Policy(capacity=2, holdout_share=0))
    >>> report_fairness(queue, group="group")[["contact_rate", "rate_if_equal"]].T
    group            a    b
    contact_rate   1.0  0.0
    rate_if_equal  0.0  1.0
    """
    require(queue, group, POSITION, CONTACT, LANE, *FACTORS, maker="rank()")
    must = queue[LANE] == "must_contact"
    free = queue[LANE].isin(["senior", "standard"])
    equal = price(queue.assign(**{VALUE: queue[VALUE].median()}))[EXPECTED_SAVING]
    others = int((queue[CONTACT] & ~must).sum())
    instead = (queue[CONTACT] & must).to_numpy().copy()
    instead[equal[free].sort_values(ascending=False, kind="stable").index[:others]] = True
    told = queue.assign(
        must=must,
        reached=must & queue[CONTACT],
        suppressed=queue[LANE] == "suppressed",
        place=(queue[POSITION] - 1) / max(len(queue) - 1, 1),
        instead=instead,
    )
    groups = told.groupby(group, dropna=False, observed=True)
    report = groups.agg(
        customers=(POSITION, "size"),
        contacted=(CONTACT, "sum"),
        contact_rate=(CONTACT, "mean"),
        median_place=("place", "median"),
        suppressed=("suppressed", "mean"),
        must_contact=("must", "sum"),
        must_reached=("reached", "sum"),
        median_value=(VALUE, "median"),
        rate_if_equal=("instead", "mean"),
    )
    report["must_reached"] = report["must_reached"] / report["must_contact"]
    pairs = zip(report["contacted"].tolist(), report["customers"].tolist(), strict=True)
    ranges = [wilson(contacted, customers) for contacted, customers in pairs]
    report.insert(3, "low", [found.low for found in ranges])
    report.insert(4, "high", [found.high for found in ranges])
    return report


def _because(before: pd.DataFrame, after: pd.DataFrame, change: npt.NDArray[Any]) -> list[str]:
    """Name the change of lane, else the factor whose ratio is furthest from 1."""
    lanes = [
        (frame[LANE] + frame[SUPPRESSED_BY].map(lambda why: f" ({why})" if why else "")).to_numpy()
        for frame in (before.fillna({SUPPRESSED_BY: ""}), after.fillna({SUPPRESSED_BY: ""}))
    ]
    old, new = (frame[list(FACTORS)].to_numpy(dtype=float) for frame in (before, after))
    ratios = np.nan_to_num(np.abs(np.log(np.maximum(new, 1e-12) / np.maximum(old, 1e-12))))
    largest = ratios.argmax(axis=1)
    rows = zip(change.tolist(), *lanes, largest, ratios.max(axis=1, initial=0), strict=True)
    told = []
    for row, (kind, lane, lane_now, at, size) in enumerate(rows):
        if kind in ("new", "gone"):
            told.append("first heard of" if kind == "new" else "no longer in the table")
        elif lane != lane_now:
            told.append(f"{lane} -> {lane_now}")
        elif size > SLIGHT:
            told.append(f"{SHORT[FACTORS[at]]} {old[row, at]:,.2f} -> {new[row, at]:,.2f}")
        else:
            told.append("others moved" if kind != "same" else "")
    return told


def _typed(values: pd.Series[Any]) -> pd.Series[Any]:
    kinds: dict[object, Any] = {POSITION: "Int64", CONTACT: "boolean"}
    typed: pd.Series[Any] = values.astype(kinds.get(values.name, "float64"))
    return typed


def _order(frame: pd.DataFrame, columns: Columns, policy: Policy) -> npt.NDArray[np.intp]:
    block = frame[LANE].map({"must_contact": 0, "suppressed": 2}).fillna(1).to_numpy()
    identity = identity_hash(frame[columns.customer], policy.seed)
    return np.lexsort((identity, -frame[EXPECTED_SAVING].to_numpy(), block))


def _evidence(
    queue: pd.DataFrame, scored: pd.DataFrame, told: npt.NDArray[np.intp], columns: Columns
) -> npt.NDArray[np.object_]:
    if columns.text not in scored.columns:
        return _fill(len(queue), told, [""] * len(told))
    texts = scored[columns.text].iloc[queue[EVIDENCE_ROW].to_numpy()[told]]
    return _fill(len(queue), told, [excerpt(text) for text in texts.tolist()])


def _fill(count: int, rows: npt.NDArray[np.intp], words: list[str]) -> npt.NDArray[Any]:
    filled = np.full(count, "", dtype=object)
    filled[rows] = words
    return filled
