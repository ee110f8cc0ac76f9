"""Read from a text what the scores do not say: a second failure, a threat, a request, a loss.

The rules are phrases in ``data/signals.toml``; `detractor.phrases` explains their language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from detractor.phrases import PhraseBook, read_rules
from detractor.schema import SIGNALS


class Span(NamedTuple):
    """A stretch ``text[start:end]`` that shows a signal, and the rule that found it.

    Examples
    --------
    >>> Span(0, 12, "thanks", "thank you").end
    12
    """

    start: int
    end: int
    signal: str
    rule: str


class _Rules(NamedTuple):
    names: tuple[str, ...]
    signals: tuple[str, ...]
    book: PhraseBook


@cache
def _rules() -> _Rules:
    rules, book = read_rules("signals")
    names = tuple(str(rule["name"]) for rule in rules)
    return _Rules(names, tuple(str(rule["signal"]) for rule in rules), book)


def find_signals(text: str) -> list[Span]:
    """Find every place in a text that shows a signal, in order of its start.

    Examples
    --------
    >>> for span in find_signals("This is the third time. My lawyer will call."):
    ...     print(span.signal, span.start, span.end)
    repeat_failure 12 22
    escalation 27 33
    """
    rules = _rules()
    return [
        Span(start, end, rules.signals[group], rules.names[group])
        for start, end, group in rules.book.find(text)
    ]


def read_signals(texts: Iterable[object]) -> pd.DataFrame:
    """Say of each text which signals it shows: one boolean column for each of `SIGNALS`.

    ``repeat_failure`` (the same trouble more than once, or several contacts), ``escalation`` (a
    regulator, lawyer, the press, or a warning to others), ``request`` (asks for an answer, help or
    money back), ``loss`` (money, time, goods or an event), ``vulnerable`` (health, bereavement,
    age, hardship), ``safety`` (danger, injury, assault) and ``thanks`` (to a person, or for a
    trouble put right). The rules are English; other languages and missing texts show nothing.

    Parameters
    ----------
    texts : iterable of str
        A Series keeps its index; a value that is not text shows no signal.

    Examples
    --------
    >>> read_signals(pd.Series(["Third no-show. I am calling my lawyer.", None]))["escalation"]
    0     True
    1    False
    Name: escalation, dtype: bool
    """
    rules = _rules()
    marks = rules.book.mark([text if isinstance(text, str) else "" for text in texts])
    of_signal = np.array([[name == signal for name in SIGNALS] for signal in rules.signals])
    index = texts.index if isinstance(texts, pd.Series) else None
    return pd.DataFrame(marks @ of_signal, columns=list(SIGNALS), index=index)
