"""Open a message: name the trouble in a few of the customer's own terms, without parroting it."""

from __future__ import annotations

import math
import re

from detractor.gestures import FirstLines
from detractor.losses import Told

_SIGNS = {"GBP": "£", "USD": "$", "EUR": "€", "INR": "₹"}
_THINGS = re.compile(
    r"\b(suitcase|luggage|baggage|bags?|parcel|package|belongings|phone|laptop|wallet|order|food|meal"
    r"|clothes|keys|documents|passport|items?|delivery|photos|flight|connection|train|cruise|wedding"
    r"|funeral|birthday|christmas|anniversary|graduation|interview|appointment|surgery|exam|class|event"
    r"|concert|dinner|party|holiday|vacation|trip|honeymoon|weekend|ride|booking|reservation|stay)\b",
    re.IGNORECASE,
)


def first_line(told: Told, lines: FirstLines, *, again: bool = False) -> str:
    """Write the first line of a message to a customer who told this.

    Parameters
    ----------
    told : Told
        What the text says was lost.
    lines : FirstLines
        The lines of the playbook.
    again : bool
        Whether it was not the first time.

    Examples
    --------
    >>> from detractor.losses import read_loss
    >>> first_line(read_loss("You lost MY SUITCASE!!"), FirstLines())
    'I am sorry about your suitcase.'
    """
    words = {"thing": _thing(told), "amount": _amount(told), "hours": _hours(told.hours)}
    line = lines.trouble
    for kind in told.losses:
        template = str(getattr(lines, kind))
        if all(words[name] for name in re.findall(r"{(\w+)}", template)):
            line = template.format(**words)
            break
    return f"{line} {lines.again}" if again and lines.again else line


def _thing(told: Told) -> str:
    things = _THINGS.findall(told.subject)
    return things[-1].lower() if things else ""


def _amount(told: Told) -> str:
    if math.isnan(told.amount):
        return ""
    figure = f"{told.amount:,.2f}".removesuffix(".00")
    return f"{_SIGNS.get(told.currency, told.currency + ' ')}{figure}"


def _hours(hours: float) -> str:
    if math.isnan(hours):
        return ""
    if hours < 1:
        return f"{round(hours * 60)} minutes"
    return "an hour" if hours == 1 else f"{hours:g} hours"
