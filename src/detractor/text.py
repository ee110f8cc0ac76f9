"""Turn whatever the caller holds into texts, with a defined outcome for every row.

A row that is no text never stops a batch and never becomes a word: it is set aside with a status.
pandas is not imported here, so that scoring one text does not pay for it.
"""

from __future__ import annotations

import codecs
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from detractor.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

EMPTY = "empty"
NOT_FEEDBACK = "not_feedback"

PLACEHOLDERS = frozenset(
    {"nan", "NaN", "<NA>", "NaT", "None", "null", "NULL", "#N/A", "N/A", "n/a", "NA"}
)
"""What exports write where a text is missing. Exact case, whole text. (Assumption: nobody means
something else by them.)"""

_LONGEST_PLACEHOLDER = max(map(len, PLACEHOLDERS))
_MISSING_TYPES = frozenset({"NoneType", "NAType", "NaTType"})
_CONVERTERS = ("tolist", "to_list", "to_pylist")  # numpy and pandas, polars, pyarrow
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Texts:
    """The texts of a batch, one for each input row, and the rows that hold none.

    Parameters
    ----------
    texts : list of str
        Exactly one plain `str` a row, "" where there is no text.
    set_aside : mapping of int to str
        Row position to status ("empty" or "not_feedback"), in order; usually empty.
    index : pandas.Index, optional
        The caller's row labels, where the input had any.

    Examples
    --------
    >>> batch = coerce(["Fine, thanks", None, 7])
    >>> batch.texts
    ['Fine, thanks', '', '']
    >>> batch.set_aside
    {1: 'empty', 2: 'not_feedback'}
    """

    texts: list[str]
    set_aside: Mapping[int, str] = field(default_factory=dict)
    index: pd.Index | None = None

    def __len__(self) -> int:
        return len(self.texts)


def coerce(feedback: object) -> Texts:
    r"""Read a list, array, Series, or any other one-dimensional collection as texts.

    The input is never changed. What each row becomes:

    ============================================== ================================
    row                                            outcome
    ============================================== ================================
    `str` and its subclasses                       the text, lone surrogates kept
    `bytes`, `bytearray`, `memoryview`             decoded: see `decode`
    `None`, NaN, `pd.NA`, `NaT`, blank, "nan"      "" with status "empty"
    numbers, dates, lists, any other object        "" with status "not_feedback"
    ============================================== ================================

    A single text or value makes a batch of one.

    Raises
    ------
    ParameterError
        For a table, an array of two or more dimensions, a mapping or a set: there is no saying
        which of their values are the texts, or in which order.

    Examples
    --------
    >>> coerce([b"caf\xe9", float("nan"), "None"]).texts
    ['café', '', '']
    >>> coerce([["nested"]]).set_aside
    {0: 'not_feedback'}
    """
    values, index = _values(feedback)
    texts, set_aside = _as_strings(values)
    set_aside |= _blank_rows(texts, set_aside)
    for row in set_aside:
        texts[row] = ""
    return Texts(texts, dict(sorted(set_aside.items())), index)


def is_single(feedback: object) -> bool:
    """Say whether this is one text, or one value in the place of a text, and not a collection.

    Examples
    --------
    >>> [is_single(value) for value in ("Late again.", b"x", None, 3.5, ["Late again."])]
    [True, True, True, True, False]
    """
    if isinstance(feedback, str | bytes | bytearray | memoryview | numbers.Number):
        return True
    if getattr(feedback, "ndim", None) == 0:
        return True
    return not isinstance(feedback, Iterable)


def decode(raw: bytes | bytearray | memoryview) -> str:
    r"""Decode bytes: by their byte order mark, else as UTF-8, else Windows-1252, else Latin-1.

    The last accepts anything, so no bytes are ever lost or refused.

    Examples
    --------
    >>> decode("naïve".encode()), decode(b"5 \x80"), decode(b"\x81")
    ('naïve', '5 €', '\x81')
    """
    content = bytes(raw)
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)]
    for encoding in (*marked, "utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def read_value(value: object) -> tuple[str, str | None]:
    """Read one value as a text, or as "" with the status that says why there is none.

    Examples
    --------
    >>> read_value("Late again."), read_value(4)
    (('Late again.', None), ('', 'not_feedback'))
    """
    if isinstance(value, str):
        text = str.__str__(value)  # what a subclass holds, whatever its own __str__ says
    elif isinstance(value, bytes | bytearray | memoryview):
        text = decode(value)
    else:
        return "", EMPTY if _is_missing(value) else NOT_FEEDBACK
    return ("", EMPTY) if _is_blank(text) else (text, None)


def _values(feedback: Any) -> tuple[list[Any], pd.Index | None]:  # noqa: ANN401, duck-typed
    """List the rows of the input, always in a new list."""
    if type(feedback) is list:
        return feedback.copy(), None
    if is_single(feedback):
        return [feedback.item() if hasattr(feedback, "item") else feedback], None
    _refuse_unordered(feedback)
    index = feedback.index if hasattr(feedback, "iloc") else None
    if hasattr(feedback, "to_numpy") and hasattr(feedback, "dtype"):  # pandas: its fastest way
        feedback = feedback.to_numpy(dtype=object) if index is not None else feedback
    for name in _CONVERTERS:
        if callable(convert := getattr(feedback, name, None)):
            return list(convert()), index
    return list(feedback), index


def _refuse_unordered(feedback: object) -> None:
    kind = type(feedback).__name__
    if hasattr(feedback, "columns"):
        raise ParameterError(f"a {kind} is no list of texts; pass one of its columns")
    if (dimensions := getattr(feedback, "ndim", 1)) > 1:
        shape = getattr(feedback, "shape", "?")
        raise ParameterError(
            f"{dimensions}-dimensional input of shape {shape} is no list of texts; pass one column"
        )
    if isinstance(feedback, Mapping | set | frozenset):
        raise ParameterError(f"a {kind} has no rows in order; pass a list of its texts")


def _as_strings(values: list[Any]) -> tuple[list[str], dict[int, str]]:
    """Make every row a plain string; one pass at C speed where all of them are already."""
    if set(map(type, values)) <= {str}:
        return values, {}
    set_aside = {}
    for row, value in enumerate(values):
        if type(value) is not str:
            values[row], status = read_value(value)
            if status is not None:
                set_aside[row] = status
    return values, set_aside


def _blank_rows(texts: list[str], known: Mapping[int, str]) -> dict[int, str]:
    short = _LONGEST_PLACEHOLDER
    suspects = [row for row, text in enumerate(texts) if len(text) <= short or text.isspace()]
    return {row: EMPTY for row in suspects if row not in known and _is_blank(texts[row])}


def _is_blank(text: str) -> bool:
    if len(text) <= _LONGEST_PLACEHOLDER:
        return text in PLACEHOLDERS or not text.strip()
    return text.isspace()


def _is_missing(value: object) -> bool:
    if type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, numbers.Number) or type(value).__name__ == "datetime64":
        try:
            return bool(value != value)
        except ArithmeticError:  # a signalling NaN of decimal
            return True
    return False
