"""Read from a text what the scores do not say: a second failure, a threat, a request, a loss.

The rules are phrases in ``data/signals.toml``; `detractor.phrases` explains their language. For the
signals of `detractor.signal_model` a learned sum over words and rules decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from detractor.errors import ModelFileError
from detractor.phrases import PhraseBook, read_rules
from detractor.schema import SIGNALS
from detractor.signal_model import SignalModel, load_signal_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNED = "learned"
"""The rule of a span that no rule found."""


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
    shows: NDArray[np.bool_]  # (rules, SIGNALS): which signal each rule tells of
    book: PhraseBook
    model: SignalModel


@cache
def _rules() -> _Rules:
    rules, book = read_rules("signals")
    names = tuple(str(rule["name"]) for rule in rules)
    model = load_signal_model()
    if model.rule_names != names:
        raise ModelFileError("the file of signals was fitted with other rules; fit it anew")
    signals = tuple(str(rule["signal"]) for rule in rules)
    shows = np.array([[name == signal for name in SIGNALS] for signal in signals])
    return _Rules(names, signals, shows, book, model)


def find_signals(text: str) -> list[Span]:
    """Find every place in a text that shows a signal, in order of its start.

    A text has a span of a signal exactly where `read_signals` says that it shows it. Where no rule
    found one, the word that weighs most stands for it, and its rule is `LEARNED`.

    Examples
    --------
    >>> for span in find_signals("This is the third time. My lawyer will call."):
    ...     print(span.signal, span.start, span.end)
    repeat_failure 12 22
    escalation 27 33
    """
    rules = _rules()
    (row,) = _decide([text])
    shown = {name for name, flag in zip(SIGNALS, row, strict=True) if flag}
    spans = [
        Span(start, end, rules.signals[group], rules.names[group])
        for start, end, group in rules.book.find(text)
        if rules.signals[group] in shown
    ]
    unfounded = shown - {span.signal for span in spans}
    spans += [Span(*rules.model.strongest(text, name), name, LEARNED) for name in unfounded]
    return sorted(spans)


def read_signals(texts: Iterable[object]) -> pd.DataFrame:
    """Say of each text which signals it shows: one boolean column for each of `SIGNALS`.

    ``repeat_failure`` (the same trouble more than once, or several contacts), ``escalation`` (a
    regulator, lawyer, the press, or a warning to others), ``request`` (asks for an answer, help or
    money back), ``loss`` (money, time, goods or an event), ``vulnerable`` (health, bereavement,
    age, hardship), ``safety`` (danger, injury, assault) and ``thanks`` (to a person, or for a
    trouble put right). Words and rules are English; missing texts show nothing.

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
    shown = _decide([text if isinstance(text, str) else "" for text in texts])
    index = texts.index if isinstance(texts, pd.Series) else None
    return pd.DataFrame(shown, columns=list(SIGNALS), index=index)


def _decide(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Say of each text which signals it shows, in the order of `SIGNALS`."""
    rules = _rules()
    marks = rules.book.mark(texts)
    shown: NDArray[np.bool_] = marks @ rules.shows
    places = [SIGNALS.index(name) for name in rules.model.signals]
    shown[:, places] = rules.model.sums(texts, marks) >= 0
    return shown
