"""The names of the columns that pass between scoring and recovery, and the checks on them.

The table is the interface: `score` adds the score columns, `rank` reads them and adds the queue
columns, `plan` reads those. Nobody else spells a column name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from detractor.errors import SchemaError, suggestion

if TYPE_CHECKING:
    import pandas as pd

HEADS = ("detractor", "anger", "churn_risk")
"""The three probabilities, each always "P(that thing)", in this order everywhere."""

STATUS = "status"
STATUSES = ("ok", "empty", "unsupported", "not_feedback")
SCORE_COLUMNS = (*HEADS, STATUS)

SIGNALS = (
    "repeat_failure",
    "escalation",
    "request",
    "loss",
    "vulnerable",
    "safety",
    "thanks",
)
"""What `read_signals` reads from a text beside the scores; boolean columns."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column of the user's table plays which part.

    Every name may be absent from the table, except those a function says it requires; what happens
    then is stated by that function.

    Parameters
    ----------
    text : str
        The feedback.
    customer : str
        Identifies a customer; rows with the same value belong together.
    date : str
        When the text was written.
    value : str
        Yearly value of the customer, in any one currency.
    rating : str
        The score the customer gave (0 to 10, or 1 to 5: see `Policy`).
    churn_probability : str
        The user's own forecast of leaving, 0 to 1.
    author : str
        Who wrote the text; rows of an agent are not the customer's words.
    group : str
        The column by which fairness is reported.
    deadline : str
        By when the law or a promise demands an answer.

    Examples
    --------
    >>> Columns(customer="account").customer
    'account'
    """

    text: str = "text"
    customer: str = "customer_id"
    date: str = "date"
    value: str = "value"
    rating: str = "rating"
    churn_probability: str = "churn_probability"
    author: str = "author"
    last_contacted: str = "last_contacted"
    opt_out: str = "opt_out"
    open_case: str = "open_case"
    tenure: str = "tenure_years"
    purchases: str = "purchases"
    time_zone: str = "time_zone"
    group: str = "group"
    deadline: str = "deadline"

    def present(self, frame: pd.DataFrame) -> dict[str, str]:
        """Map each part that the table has to its column name.

        Examples
        --------
        >>> import pandas as pd
        >>> Columns().present(pd.DataFrame({"text": ["hi"], "other": [1]}))
        {'text': 'text'}
        """
        parts = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {part: name for part, name in parts.items() if name in frame.columns}


def require(frame: pd.DataFrame, *names: str, maker: str | None = None) -> None:
    """Check that a table has these columns, each once.

    Parameters
    ----------
    frame : pandas.DataFrame
    *names : str
    maker : str, optional
        Who makes such a table, for the error.

    Raises
    ------
    SchemaError
        Names the missing or repeated column and the nearest that exists.

    Examples
    --------
    >>> import pandas as pd
    >>> require(pd.DataFrame({"comments": ["hi"]}), "comment")
    Traceback (most recent call last):
        ...
    detractor.errors.SchemaError: no column 'comment'; did you mean 'comments'?
    """
    existing = list(frame.columns)  # of pandas or of Spark; names may be numbers or tuples
    for name in names:
        count = existing.count(name)
        if count == 0:
            advice = f" ({maker} makes such a table)" if maker else ""
            raise SchemaError(f"no column {name!r}; {suggestion(str(name), existing)}{advice}")
        if count > 1:
            raise SchemaError(f"{count} columns are named {name!r}; rename all but one")
