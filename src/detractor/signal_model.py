"""The learned half of the signals: sums over words, pairs of words, and the rules met.

Rules are sure of what they name and miss what nobody thought of; words and pairs of words know the
rest. The sum is in whole numbers, so it is the same in any batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from detractor.characters import character_span
from detractor.container import carried, fitted_together, read_container, write_container
from detractor.errors import ModelFileError
from detractor.features import feature_owners, sum_weights
from detractor.schema import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from detractor.container import Arrays

FORMAT = 4
FILE = "signals.safetensors"
GOLDEN_TEXTS = (
    "Third no-show this month and nobody called. Give me my money back or I call a lawyer.",
    "The technician was friendly and the problem was gone in ten minutes, thank you!",
)
_WIDTHS = {
    "words": np.int8,
    "rules": np.int16,
    "word_scales": np.float64,
    "rule_scales": np.float64,
    "intercepts": np.float64,
}


@dataclass(frozen=True, kw_only=True)
class SignalModel:
    """Weights of words and of rules for the signals that were learned.

    Parameters
    ----------
    signals, rule_names : tuple of str
        The signals, and the rules in the order of the columns of their marks.
    words : array of int8, columns of features by signals
        Times `word_scales`, over the root of the number of features of a text.
    rules : array of int16, rules by signals
        Times `rule_scales`.
    intercepts : array of float
        Below 0: a text without words shows nothing. A signal is shown from a sum of 0.

    Examples
    --------
    >>> load_signal_model().signals
    ('repeat_failure', 'request', 'loss', 'thanks')
    """

    signals: tuple[str, ...]
    rule_names: tuple[str, ...]
    words: NDArray[np.int8]
    rules: NDArray[np.int16]
    word_scales: NDArray[np.float64]
    rule_scales: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    header: Mapping[str, Any] = field(default_factory=dict)

    def sums(self, texts: Sequence[str], marks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Compute the sum of each text for each signal; it shows the signal from 0 upwards.

        Examples
        --------
        >>> model = load_signal_model()
        >>> marks = np.zeros((1, len(model.rule_names)), dtype=bool)
        >>> model.sums([""], marks).max() < 0
        np.True_
        """
        of_words, counts = sum_weights(texts, self.words)
        of_rules = marks.astype(np.int64) @ self.rules.astype(np.int64)
        words = of_words / np.sqrt(np.maximum(counts, 1))[:, None]
        told: NDArray[np.float64] = (
            words * self.word_scales + of_rules * self.rule_scales + self.intercepts
        )
        return told

    def strongest(self, text: str, signal: str) -> tuple[int, int]:
        """Find the word that speaks most for a signal, with those it makes pairs with.

        Returns
        -------
        tuple of int
            Start and end in characters of the text.

        Examples
        --------
        >>> load_signal_model().strongest("Well, thanks Ann", "thanks")
        (6, 12)
        """
        columns, owners, spans = feature_owners(text, len(self.words))
        parts = self.words[columns, self.signals.index(signal)].astype(np.int64)
        totals = np.bincount(owners, weights=parts, minlength=len(spans))
        return character_span(text, *spans[int(totals.argmax())])


@cache
def load_signal_model() -> SignalModel:
    """Read the file that the package carries, with the checks of `detractor.artifact.load`.

    Raises
    ------
    ModelFileError
        If it is missing, was damaged, or does not compute here what it computed when written.

    Examples
    --------
    >>> load_signal_model() is load_signal_model()
    True
    """
    return read_signal_model(carried(FILE).read_bytes(), FILE)


def read_signal_model(content: bytes, name: str) -> SignalModel:
    """Read the content of a file; `name` is what the errors call it.

    Raises
    ------
    ModelFileError
        As `load_signal_model`.

    Examples
    --------
    >>> read_signal_model(write_signal_model(load_signal_model()), "copy").words.dtype
    dtype('int8')
    """
    arrays, header = read_container(content, name, formats=FORMAT)
    with fitted_together(name):
        model = SignalModel(
            signals=tuple(header["signals"]),
            rule_names=tuple(header["rules"]),
            header=header,
            **arrays,
        )
        _check_shapes(model, arrays)
        golden = [row["sums"] for row in header["golden"]]
        if [row["text"] for row in header["golden"]] != list(GOLDEN_TEXTS):
            raise ValueError("other golden texts")
        if not np.array_equal(_golden_sums(model), np.array(golden)):
            raise ModelFileError(f"{name} sums its golden texts differently here; reinstall it")
    return model


def write_signal_model(model: SignalModel) -> bytes:
    """Write a model as the content of a file.

    Examples
    --------
    >>> len(write_signal_model(load_signal_model())) < 2**20
    True
    """
    header = dict(model.header) | {
        "format": FORMAT,
        "signals": list(model.signals),
        "rules": list(model.rule_names),
        "golden": [
            {"text": text, "sums": row}
            for text, row in zip(GOLDEN_TEXTS, _golden_sums(model).tolist(), strict=True)
        ],
    }
    return write_container({key: getattr(model, key) for key in _WIDTHS}, header)


def _check_shapes(model: SignalModel, arrays: Arrays) -> None:
    """Hold every column inside the table: compiled code does not look."""
    columns, outputs = model.words.shape
    shapes = dict.fromkeys(_WIDTHS, (outputs,)) | {
        "words": (columns, outputs),
        "rules": (len(model.rule_names), outputs),
    }
    if outputs != len(model.signals) or not set(model.signals) <= set(SIGNALS):
        raise ValueError(f"signals {model.signals}")
    if columns & (columns - 1) or not columns:
        raise ValueError(f"{columns} columns, no power of two")
    for key, width in _WIDTHS.items():
        if arrays[key].dtype != width or arrays[key].shape != shapes[key]:
            raise ValueError(f"{key} of type {arrays[key].dtype} and shape {arrays[key].shape}")
    if model.intercepts.max(initial=-np.inf) >= 0:
        raise ValueError("a text without words would show a signal")


def _golden_sums(model: SignalModel) -> NDArray[np.float64]:
    marks = np.zeros((len(GOLDEN_TEXTS), len(model.rule_names)), dtype=np.bool_)
    marks[0] = True
    return model.sums(GOLDEN_TEXTS, marks)
