"""Propose for each customer of a queue a fix, a word of concern and something unexpected.

The plan is a proposal for people: it never denies redress, and it says who decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from detractor.allocation import Options, allocate
from detractor.clock import BusinessHours, add_business_hours, read_times
from detractor.errors import ParameterError, SchemaError
from detractor.gestures import PLANNED_LANES, Gesture
from detractor.lanes import LANE, LANES, RESPOND_BY
from detractor.losses import Told, read_loss
from detractor.offers import Case, Offer, offers
from detractor.openings import first_line
from detractor.playbook import Playbook, load_playbook
from detractor.policy import Policy
from detractor.schema import Columns, require
from detractor.value import COST, EXPECTED_SAVING, RECOVERABILITY

PROPOSAL = "proposal"
PROPOSALS = ("offer", "approve", "decide")
"""The owner of the lane may offer it; a higher role must approve it; a person must decide."""

LOSS_AMOUNT, LOST, PAY_BACK, SAVING = "loss_amount", "lost", "pay_back", "saving"
DECIDED_BY, OWNER, CHANNEL, AUTOMATIC = "decided_by", "owner", "channel", "automatic"
FIRST_LINE, WHY, NEXT_BEST = "first_line", "why", "next_best"
LAYER_COLUMNS = ("fix", "concern", "wow")
GIFT = "gesture"

PLAN_COLUMNS = (
    LANE, PROPOSAL, *LAYER_COLUMNS, *(f"{layer}_cost" for layer in LAYER_COLUMNS), COST, PAY_BACK,
    LOSS_AMOUNT, LOST, SAVING, DECIDED_BY, OWNER, CHANNEL, AUTOMATIC, RESPOND_BY, FIRST_LINE, WHY,
    NEXT_BEST,
)  # fmt: skip
"""In this order, after the customer's column."""


def plan(
    queue: pd.DataFrame,
    *,
    playbook: Playbook | None = None,
    budget: float | None = None,
    texts: Mapping[Any, str] | pd.Series[Any] | None = None,
    given: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Propose what to do for each customer who is to be contacted.

    Within `budget` and the stocks of the playbook, the proposals together save the most there is
    to save, to the cent, by an exact integer programme. What a customer is owed anyway is no
    reason against paying it. Nobody is denied redress: where no offer fits, the proposal is
    ``decide``, and a named role decides. In the senior lane every offer holds an apology and
    compensation, has an owner, and is never sent automatically.

    Parameters
    ----------
    queue : DataFrame
        One row a customer, as `rank` makes it; required are the customer's column (the first,
        unless there is a ``customer_id``) and ``expected_saving``. Read where present:
        ``contact`` (only those are planned), ``lane``, ``recoverability``, ``cost``,
        ``respond_by``, ``last_date``, ``repeat_failure``, ``evidence``, and ``loss_amount`` where
        you know better than the text.
    playbook : Playbook, optional
        What may be done; the one of the package when not given.
    budget : float, optional
        Most to spend on gestures; no limit when not given.
    texts : mapping or Series, optional
        Customer to text, to read what was lost; the column ``evidence`` when not given.
    given : DataFrame, optional
        What customers were given in the past year, one row each: the customer's column and
        ``gesture``.

    Returns
    -------
    DataFrame
        `PLAN_COLUMNS`, in the order of the queue, with its index; ``attrs["proposal"]`` is True.

    Raises
    ------
    SchemaError
        A column is missing, a lane is unknown, or a customer is there twice.
    ParameterError
        The budget is negative or not a number.

    Examples
    --------
    >>> queue = pd.DataFrame({
    ...     "customer_id": ["ann"], "expected_saving": [90.0],
    ...     "evidence": ["You charged me $30 twice. Refund me!"],
    ... })
    >>> plan(queue).loc[0, ["fix", "wow", "decided_by"]].tolist()
    ['refund what was paid', 'a month free', 'agent']
    """
    playbook = load_playbook() if playbook is None else playbook
    customer = _customer_column(queue)
    rows = _planned(queue, customer)
    if budget is not None and not budget >= 0:
        raise ParameterError(f"budget is {budget!r}; it must be 0 or more")
    told = _told(rows, texts, customer)
    cases = _cases(rows, told, playbook, given, customer)
    found = [offers(case, playbook) for case in cases]
    chosen = _choose(found, playbook, budget)
    lines = [
        _line(case, words, options, place, playbook, again=bool(again))
        for case, words, options, place, again in zip(
            cases, told, found, chosen, rows.get("repeat_failure", [False] * len(rows)), strict=True
        )
    ]
    table = pd.DataFrame(lines, index=rows.index, columns=list(PLAN_COLUMNS))
    table[RESPOND_BY] = _respond_by(rows, playbook)
    table.insert(0, customer, rows[customer])
    table.attrs[PROPOSAL] = True
    return table


def _customer_column(queue: pd.DataFrame) -> str:
    """Name the customer's column: `rank` keeps the user's own name for it and puts it first."""
    usual = Columns().customer
    first = str(queue.columns[0]) if len(queue.columns) else usual
    return usual if usual in queue or first in (EXPECTED_SAVING, "contact", LANE) else first


def _planned(queue: pd.DataFrame, customer: str) -> pd.DataFrame:
    """Take the customers to be contacted, each in a lane of the playbook."""
    require(queue, customer, EXPECTED_SAVING, maker="rank()")
    rows = queue[queue["contact"].astype(bool)] if "contact" in queue else queue
    rows = rows.copy()
    if LANE not in rows:
        rows[LANE] = "standard"
    unknown = sorted(set(rows[LANE]) - set(LANES))
    if unknown:
        raise SchemaError(f"lane {unknown[0]!r} is not one of {LANES}")
    rows = rows[rows[LANE].isin(PLANNED_LANES)]
    twice = rows[customer][rows[customer].duplicated()]
    if len(twice):
        raise SchemaError(f"customer {twice.iloc[0]!r} is in the queue twice; keep one row")
    return rows


def _told(rows: pd.DataFrame, texts: Any, customer: str) -> list[Told]:  # noqa: ANN401
    if texts is not None:
        words = [texts.get(name, "") for name in rows[customer]]
    else:
        words = list(rows["evidence"]) if "evidence" in rows else [""] * len(rows)
    return [read_loss(text) if isinstance(text, str) else Told() for text in words]


def _cases(
    rows: pd.DataFrame,
    told: list[Told],
    playbook: Playbook,
    given: pd.DataFrame | None,
    customer: str,
) -> list[Case]:
    recoverability = _numbers(rows, RECOVERABILITY, Policy().prior_recoverability)
    saving = _numbers(rows, EXPECTED_SAVING, 0.0) + _numbers(rows, COST, 0.0)
    known = _numbers(rows, LOSS_AMOUNT, math.nan)
    gifts: dict[Any, dict[str, int]] = {}
    if given is not None:
        require(given, customer, GIFT)
        for name, gesture in zip(given[customer], given[GIFT], strict=True):
            counts = gifts.setdefault(name, {})
            counts[gesture] = counts.get(gesture, 0) + 1
    losses = [
        _loss(words, playbook) if math.isnan(amount) else max(amount, 0.0)
        for words, amount in zip(told, known, strict=True)
    ]
    return [
        Case(
            lane=lane,
            losses=words.losses or (("money",) if loss else ()),
            loss=loss,
            stake=max(worth, 0.0) / chance if chance > 0 else 0.0,
            recoverability=chance,
            given=gifts.get(name),
        )
        for lane, words, loss, worth, chance, name in zip(
            rows[LANE], told, losses, saving, recoverability, rows[customer], strict=True
        )
    ]


def _numbers(rows: pd.DataFrame, column: str, default: float) -> np.ndarray[Any, Any]:
    if column not in rows:
        return np.full(len(rows), default)
    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64, copy=True)
    values[~np.isfinite(values)] = default
    return values


def _loss(told: Told, playbook: Playbook) -> float:
    """Put the loss into money: the sum named, and the hours at what the playbook takes them for."""
    limits = playbook.limits
    foreign = limits.currency and told.currency and told.currency != limits.currency
    money = 0.0 if foreign or math.isnan(told.amount) else told.amount
    hours = 0.0 if math.isnan(told.hours) else told.hours
    return round(money + hours * limits.hour_worth, 2)


def _choose(found: list[list[Offer]], playbook: Playbook, budget: float | None) -> list[int | None]:
    """Choose the place of an offer for each customer; None leaves it to a person."""
    scarce = [gesture for gesture in playbook.gestures if gesture.stock is not None]
    customer: list[int] = []
    place: list[int | None] = []
    saving: list[int] = []
    needs: list[list[int]] = []
    for number, options in enumerate(found):
        customer.append(number)
        place.append(None)
        saving.append(-1)  # with nothing at stake, an offer still goes before a decision put off
        needs.append([0] * (len(scarce) + 1))
        for row in _undominated(options, scarce):
            customer.append(number)
            place.append(row)
            saving.append(round(100 * options[row].saving))
            cents = math.ceil(round(100 * options[row].cost, 6))
            needs.append([cents, *(int(item in options[row].gestures) for item in scarce)])
    if not found:
        return []
    stocks = [item.stock or 0 for item in scarce]
    most = sum(row[0] for row in needs)
    cents = most if budget is None or math.isinf(budget) else math.floor(round(100 * budget, 6))
    rows = allocate(
        Options(
            customer=np.array(customer),
            saving=np.array(saving),
            needs=csr_array(np.array(needs, dtype=np.int64)),
        ),
        np.array([cents, *stocks]),
    )
    return [place[row] for row in rows]


def _undominated(options: list[Offer], scarce: list[Gesture]) -> Iterator[int]:
    """Name the offers that somebody may decide and that no cheaper one beats."""
    best: dict[tuple[bool, ...], float] = {}
    order = sorted(
        range(len(options)), key=lambda row: (options[row].cost, -options[row].saving, row)
    )
    for row in order:
        offer = options[row]
        takes = tuple(item in offer.gestures for item in scarce)
        free = (False,) * len(scarce)
        beaten = max(best.get(takes, -math.inf), best.get(free, -math.inf)) >= offer.saving
        if offer.decided_by and not beaten:
            best[takes] = offer.saving
            yield row


def _line(
    case: Case,
    told: Told,
    options: list[Offer],
    place: int | None,
    playbook: Playbook,
    *,
    again: bool,
) -> dict[str, object]:
    """Write the row of one customer."""
    level = playbook.level(case.lane)
    line: dict[str, object] = {
        LANE: case.lane,
        LOSS_AMOUNT: case.loss or math.nan,
        LOST: ", ".join(told.losses),
        OWNER: level.owner,
        CHANNEL: level.channel,
        AUTOMATIC: False,
        FIRST_LINE: first_line(told, playbook.first_lines, again=again),
    }
    if place is None:
        return line | _undecided(case, options, playbook)
    offer = options[place]
    for layer, gesture in zip(LAYER_COLUMNS, (offer.fix, offer.concern, offer.wow), strict=True):
        line[layer] = gesture.name if gesture else ""
        line[f"{layer}_cost"] = round(gesture.spent(case.loss), 2) if gesture else 0.0
    within = playbook.rank_of(offer.decided_by) <= playbook.rank_of(level.owner)
    return line | {
        PROPOSAL: "offer" if within else "approve",
        COST: offer.cost,
        PAY_BACK: offer.pay_back,
        SAVING: round(offer.saving, 2),
        DECIDED_BY: offer.decided_by,
        AUTOMATIC: within and case.lane == "standard",
        WHY: _why(case, offer, within=within),
        NEXT_BEST: _next_best(options, place),
    }


def _undecided(case: Case, options: list[Offer], playbook: Playbook) -> dict[str, object]:
    role = playbook.roles[-1]
    if not options:
        why = "no gesture of the playbook fits what was lost"
    elif not any(offer.decided_by for offer in options):
        why = f"the loss of {case.loss:.2f} is above every authority"
    else:
        why = "the budget or the stock is spent on customers with more at stake"
    return {
        PROPOSAL: "decide",
        **dict.fromkeys(LAYER_COLUMNS, ""),
        **{f"{layer}_cost": 0.0 for layer in LAYER_COLUMNS},
        COST: 0.0,
        PAY_BACK: math.nan,
        SAVING: 0.0,
        DECIDED_BY: role.name,
        WHY: f"{why}; {role.name} decides, redress is still owed",
        NEXT_BEST: _describe(min(options, key=lambda offer: offer.cost)) if options else "",
    }


def _why(case: Case, offer: Offer, *, within: bool) -> str:
    match = [kind for kind in case.losses if kind in offer.fix.losses]
    parts = [f"{offer.fix.name} answers a loss of {match[0]}" if match else offer.fix.name]
    if case.loss:
        parts.append(f"pays back {offer.pay_back:.2f} for {case.loss:.2f} lost")
    elif offer.pay_back:
        parts.append(f"gives {offer.pay_back:.2f} in goodwill, the loss not being known in money")
    if case.lane == "senior":
        parts.append("an earlier recovery failed, so apology and compensation together")
    parts.append(
        f"within the authority of {offer.decided_by}"
        if within
        else f"{offer.decided_by} must approve"
    )
    return "; ".join(parts)


def _next_best(options: list[Offer], place: int) -> str:
    """Say what else could be done, and what that would change."""
    others = [offer for row, offer in enumerate(options) if row != place and offer.decided_by]
    if not others:
        return ""
    best = max(others, key=lambda offer: offer.saving)
    saves = best.saving - options[place].saving
    costs = best.cost - options[place].cost
    return (
        f"{_describe(best)}: saves {abs(saves):.2f} {'more' if saves > 0 else 'less'}, "
        f"costs {abs(costs):.2f} {'more' if costs > 0 else 'less'}"
    )


def _describe(offer: Offer) -> str:
    return " + ".join(gesture.name for gesture in offer.gestures)


def _respond_by(rows: pd.DataFrame, playbook: Playbook) -> pd.Series[Any]:
    """Keep the queue's own time; else count the lane's business hours from the last text."""
    if RESPOND_BY in rows:
        return rows[RESPOND_BY]
    if "last_date" not in rows:
        return pd.Series(pd.NaT, index=rows.index)
    hours = rows[LANE].map({level.lane: level.hours for level in playbook.service_levels})
    return add_business_hours(read_times(rows["last_date"]), hours, BusinessHours())
