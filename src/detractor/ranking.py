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
    LAST_CONTACT,
    LAST_DATE,
    PEAK_RISK,
    REPEAT_FAILURE,
    TEXT_RISK,
    TEXTS,
    TREND,
    gather_customers,
)
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
from detractor.reasons import describe
from detractor.schema import HEADS, SIGNALS, Columns
from detractor.value import (
    COST,
    EXPECTED_SAVING,
    FRESHNESS,
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
    RECOVERABILITY, FRESHNESS, COST, *reversed(HEADS), TEXT_RISK, PEAK_RISK, TREND, QUADRANT,
    AGREEMENT, REPEAT_FAILURE, FAILED_RECOVERY, FAILED_RECOVERIES, EVIDENCE, EVIDENCE_ROW,
    EVIDENCE_DATE, TEXTS, FIRST_DATE, LAST_DATE, LAST_CONTACT, RESPOND_BY, WHY,
)  # fmt: skip
"""In this order, after the customer's column and before signals and the group column."""

DESCRIBED = 100_000
"""Positions that get `why` and `evidence`, beside everyone contacted: strings cost memory."""

EVIDENCE_LENGTH = 240
"""Characters of a text an agent reads first."""


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
        contacted and for the first 100,000.

    Raises
    ------
    SchemaError
        When a score column is missing.

    Examples
    --------
    >>> scored = pd.DataFrame({
    ...     "customer_id": ["ann", "ben", "cem"], "value": [1200, 300, 9000],
    ...     "detractor": [0.9, 0.9, 0.1], "anger": [0.1, 0.9, 0.0], "churn_risk": [0.9, 0.2, 0.0],
    ... })
    >>> rank(scored)[["customer_id", "contact", "lane", "expected_saving"]].round(1)
      customer_id  contact        lane  expected_saving
    0         ann     True    standard            172.5
    1         ben     True    standard             11.2
    2         cem    False  suppressed             89.9
    """
    policy = policy or Policy()
    columns = columns or Columns()
    customers = gather_customers(
        scored, policy=policy, columns=columns, as_of=as_of, contacts=contacts
    )
    frame = add_saving(customers, scored, policy=policy, columns=columns)
    frame = add_lanes(frame, customers, scored, policy=policy, columns=columns)
    frame[COST] = contact_costs(frame[LANE].to_numpy(), policy)
    frame = price(frame)
    if columns.group in scored.columns:
        frame[columns.group] = customers.last_known(scored[columns.group])
    queue = frame.iloc[_order(frame, columns, policy)].reset_index(drop=True)
    queue[POSITION] = np.arange(1, len(queue) + 1)
    queue[CONTACT] = choose(queue, policy=policy)
    queue[EVIDENCE], queue[WHY] = "", ""
    told = np.flatnonzero(queue[CONTACT].to_numpy() | (np.arange(len(queue)) < DESCRIBED))
    queue[EVIDENCE] = _evidence(queue, scored, told, columns)
    queue[WHY] = _fill(len(queue), told, describe(queue.iloc[told], as_of=customers.as_of))
    extra = [name for name in (*SIGNALS, columns.group) if name in queue]
    queue = queue[list(dict.fromkeys([columns.customer, *QUEUE_COLUMNS, *extra]))]
    queue.attrs = {"assumptions": customers.notes.sentences}
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
    return _fill(len(queue), told, [_line(text) for text in texts.tolist()])


def _line(text: object) -> str:
    if not isinstance(text, str):
        return ""
    line = " ".join(text[: 4 * EVIDENCE_LENGTH].split())
    return line if len(line) <= EVIDENCE_LENGTH else line[: EVIDENCE_LENGTH - 1].rstrip() + "…"


def _fill(count: int, rows: npt.NDArray[np.intp], words: list[str]) -> npt.NDArray[Any]:
    filled = np.full(count, "", dtype=object)
    filled[rows] = words
    return filled
