"""Queues and plans as a person wants to see them in a notebook.

::

    show_queue(queue)          # the last line of a cell
    show_plan(plan)

The tables themselves stay plain pandas; these are views of their first rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from detractor.artifact import load
from detractor.markup import LEFT, Html, bar, element, escape, join, percent, table
from detractor.planning import DECIDED_BY, FIRST_LINE, LAYER_COLUMNS, PAY_BACK
from detractor.report_inputs import Report, day, moments, numbers, words
from detractor.report_rows import LANE_WORDS, Said, customers
from detractor.schema import HEADS, require
from detractor.value import COST

if TYPE_CHECKING:
    from detractor.model import FeedbackModel

FIRST = 20
"""Rows shown; a page of more is what `detractor report` is for."""

# The colours read on light and on dark notebooks alike; the lines tell them apart without colour.
_MARKS = {
    HEADS[2]: "color:inherit;background:rgba(213,94,0,.22);border-bottom:2px solid #d55e00",
    HEADS[1]: "color:inherit;background:rgba(204,50,110,.2);border-bottom:4px double #cc326e",
    HEADS[0]: "color:inherit;background:rgba(110,90,200,.2);border-bottom:2px dotted #6e5ac8",
}


@dataclass(frozen=True)
class View:
    """Something to look at: HTML in a notebook, text elsewhere.

    Parameters
    ----------
    html : Html
        What a notebook shows.
    text : str
        What a terminal shows.

    Examples
    --------
    >>> View(Html("<b>1</b>"), "1")
    1
    """

    html: Html
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def show_queue(
    queue: pd.DataFrame, *, first: int = FIRST, model: FeedbackModel | None = None
) -> View:
    """Show whom to contact first: lane, words with the evidence marked, probabilities, saving.

    Parameters
    ----------
    queue : DataFrame
        From `detractor.rank`.
    first : int
        Rows to show.
    model : FeedbackModel, optional
        Marks the words; the default model when not given.

    Raises
    ------
    SchemaError
        The table is no queue.

    Examples
    --------
    >>> queue = pd.DataFrame({"customer_id": ["ann"], "position": 1, "contact": True,
    ...     "lane": "standard", "expected_saving": 90.0, "evidence": "I am leaving"})
    >>> show_queue(queue)
    1 of 1 to contact, expected to save 90
      customer      lane saves
    1      ann  standard    90
    """
    told = customers(Report(queue=queue.head(first)), load() if model is None else model)
    header = ["#", "customer", "what they say", "leaving", "anger", "saves", "respond by"]
    rows = [
        [
            place,
            join([element("strong", name), element("br"), LANE_WORDS.get(lane, lane)]),
            _said(said),
            _share(leaving, "leaving"),
            _share(anger, "anger"),
            "-" if saving is None else f"{saving:,.0f}",
            day(pd.Timestamp(due)) if due else "-",
        ]
        for place, name, lane, said, leaving, anger, saving, due in zip(
            told.position, told.customer, told.lane, told.said, told.churn_risk, told.anger,
            told.saving, told.due, strict=True,
        )
    ]  # fmt: skip
    title = _title(queue)
    saves = ["-" if saving is None else f"{saving:,.0f}" for saving in told.saving]
    lanes = [LANE_WORDS.get(lane, lane) for lane in told.lane]
    plain = pd.DataFrame({"customer": told.customer, "lane": lanes, "saves": saves})
    plain.index = pd.Index(told.position)
    marks = join((element("mark", name.replace("_", " "), style=style)
                  for name, style in _MARKS.items()), separator=" ")  # fmt: skip
    shown = table(header, rows, caption=title, style=LEFT)
    page = element("div", shown, element("p", "Marked words: ", marks))
    return View(page, f"{title}\n{plain.to_string()}")


def show_plan(plan: pd.DataFrame, *, first: int = FIRST) -> View:
    """Show what is proposed for whom, what it costs, who decides, and how to begin.

    Parameters
    ----------
    plan : DataFrame
        From `detractor.plan`.
    first : int
        Rows to show.

    Raises
    ------
    SchemaError
        The table is no plan.

    Examples
    --------
    >>> plan = pd.DataFrame({"customer_id": ["ann"], "fix": "refund", "concern": "call",
    ...     "wow": "a month free", "cost": 20.0, "pay_back": 15.0, "decided_by": "agent"})
    >>> show_plan(plan)
    Plans for 1, 20 to spend
    customer                         do costs decides
         ann refund; call; a month free    20   agent
    """
    require(plan, *LAYER_COLUMNS, COST, DECIDED_BY)
    shown = plan.head(first)
    steps = zip(*(words(shown, name) for name in LAYER_COLUMNS), strict=True)
    columns = {
        "customer": words(shown, str(plan.columns[0])),
        "do": ["; ".join(filter(None, step)) for step in steps],
        "costs": [f"{cost:,.0f}" for cost in numbers(shown, COST)],
        "decides": words(shown, DECIDED_BY),
    }
    title = f"Plans for {len(plan):,}, {sum(numbers(plan, COST)):,.0f} to spend"
    text = f"{title}\n{pd.DataFrame(columns).to_string(index=False)}"
    more = {
        "gives back": [f"{back:,.0f}" for back in numbers(shown, PAY_BACK)],
        "by": ["" if pd.isna(at) else day(at) for at in moments(shown, "respond_by")],
        "begin with": words(shown, FIRST_LINE),
    }
    rows = zip(*columns.values(), *more.values(), strict=True)
    return View(table([*columns, *more], rows, caption=title, style=LEFT), text)


def _title(queue: pd.DataFrame) -> str:
    chosen = queue[queue["contact"].to_numpy(dtype=bool)]
    saving = chosen["expected_saving"].sum()
    count = f"{len(chosen):,} of {len(queue):,} to contact"
    return f"{count}, expected to save {saving:,.0f}"


def _said(said: Said) -> Html:
    return join(
        element("mark", text, style=_MARKS[kind]) if kind else escape(text) for kind, text in said
    )


def _share(share: float | None, name: str) -> Html:
    if share is None:
        return escape("-")
    return join([percent(share), element("br"), bar(share, label=name, width=48)])
