"""What the user's table says of a customer beside the texts, each column with a stated rule.

A cell that cannot be used is never an error and never silent: it follows the rule of its column,
and a sentence counts how often.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from detractor.grouping import Flags, Floats

NO = ("false", "no", "n", "f", "0", "0.0", "")
YES = ("true", "yes", "y", "t", "1", "1.0")


@dataclass
class Notes:
    """The rules that a ranking had to apply, in plain sentences.

    Examples
    --------
    >>> notes = Notes()
    >>> notes.count(np.array([True, False]), "value{s} below 0 count{v} as 0")
    >>> notes.sentences
    ['1 value below 0 counts as 0']
    """

    sentences: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Keep a sentence."""
        self.sentences.append(sentence)

    def count(self, flags: Flags, sentence: str) -> None:
        """Keep a sentence about the flagged rows; `{s}` and `{v}` take noun and verb endings."""
        number = int(np.count_nonzero(flags))
        if number:
            one = number == 1
            self.say(f"{number:,} {sentence.format(s='' if one else 's', v='s' if one else '')}")


def read_numbers(values: pd.Series[Any]) -> Floats:
    """Read numbers of any kind; what is none, or not finite, is NaN.

    Examples
    --------
    >>> read_numbers(pd.Series(["12.5", "many", None, float("inf")]))
    array([12.5,  nan,  nan,  nan])
    """
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        read = pd.to_numeric(values.astype(object), errors="coerce")
        numbers = read.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def read_flags(values: pd.Series[Any], *, unclear: bool) -> tuple[Flags, Flags]:
    """Read yes and no of any kind: the flags, and which cells were unclear.

    A missing cell means no.

    Examples
    --------
    >>> flags, odd = read_flags(pd.Series(["Yes", "no", None, "maybe"]), unclear=True)
    >>> flags.tolist(), odd.tolist()
    ([True, False, False, True], [False, False, False, True])
    """
    if pd.api.types.is_bool_dtype(values.dtype):
        flags = values.to_numpy(dtype=bool, na_value=False)
        return flags, np.zeros(len(flags), dtype=bool)
    codes, kinds = pd.factorize(values.astype(object))
    words = [str(kind).strip().lower() for kind in kinds]
    meaning = np.array([word in YES or (word not in NO and unclear) for word in words] + [False])
    odd = np.array([word not in YES and word not in NO for word in words] + [False])
    return meaning[codes], odd[codes]


def read_values(values: pd.Series[Any], *, default: float, notes: Notes) -> Floats:
    """Read what customers are worth.

    Unknown values become the median of the known positive ones, `default` where there is none;
    negative values, such as returns beyond purchases, become 0.

    Examples
    --------
    >>> notes = Notes()
    >>> read_values(pd.Series([100, None, 300, -5]), default=200, notes=notes)
    array([100., 200., 300.,   0.])
    >>> notes.sentences[0]
    '1 customer without a value counts as the median, 200'
    """
    numbers = read_numbers(values)
    known = numbers[numbers > 0]
    typical = float(np.median(known)) if len(known) else default
    unknown = np.isnan(numbers)
    kind = "the median" if len(known) else "the default"
    notes.count(unknown, f"customer{{s}} without a value count{{v}} as {kind}, {typical:,.6g}")
    notes.count(numbers < 0, "negative value{s} count{v} as 0")
    return np.where(unknown, typical, np.maximum(numbers, 0))


def read_shares(values: pd.Series[Any], *, name: str, notes: Notes) -> Floats:
    """Read probabilities; those outside 0 to 1 are NaN.

    Examples
    --------
    >>> read_shares(pd.Series([0.2, 20]), name="churn_probability", notes=Notes())
    array([0.2, nan])
    """
    numbers = read_numbers(values)
    outside = (numbers < 0) | (numbers > 1)
    notes.count(outside, f"{name} outside 0 to 1 count{{v}} as unknown")
    return np.where(outside, np.nan, numbers)


def by_agents(authors: pd.Series[Any], agents: tuple[str, ...]) -> Flags:
    """Tell which texts an agent wrote, whatever the case and the blanks of the word.

    Examples
    --------
    >>> by_agents(pd.Series(["customer", " Agent", None]), ("agent",))
    array([False,  True, False])
    """
    codes, names = pd.factorize(authors.astype(object))
    known = np.array([*(str(name).strip().lower() in agents for name in names), False])
    flags: Flags = known[codes]  # a missing name has code -1, the last of them
    return flags


def rating_risk(ratings: Floats, scale: tuple[float, float]) -> Floats:
    """Tell P(detractor) from a rating alone; NaN where there is none, or one outside the scale.

    A logistic curve through what 13,570 airline reviews with a rating of 1 to 10 and a
    recommendation show: "not recommended" is 99 % at 1 to 3, 90 % at 4, 71 % at 5, 31 % at 6 and
    8 % at 7.

    Examples
    --------
    >>> rating_risk(np.array([3.0, 5.0, 6.0, 7.0, 11.0]), (0, 10)).round(2)
    array([0.98, 0.72, 0.35, 0.1 ,  nan])
    """
    low, high = scale
    tenth = (ratings - low) / (high - low) * 10
    tenth = np.where((tenth < 0) | (tenth > 10), np.nan, tenth)
    return 1 / (1 + np.exp(1.6 * (tenth - 5.6)))
