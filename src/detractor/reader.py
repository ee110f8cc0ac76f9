"""What evaluation asks of a model: anything that gives probabilities for texts can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from detractor.errors import SchemaError
from detractor.schema import HEADS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Reader(Protocol):
    """A model of any make: texts in, one row of probabilities a text out.

    The frame has one or more of the columns `HEADS`; a model is tested on those it has.
    """

    def predict_proba(self, texts: list[str], /) -> pd.DataFrame:
        """Give the probabilities of `HEADS`, one row a text, in order."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class SentimentReader:
    """A peer with one sentiment score, read as ``P(detractor) = (1 - polarity) / 2``.

    It speaks about the `detractor` head only; neutral (0) is a half.

    Parameters
    ----------
    polarity : callable
        From a text to a number from -1 (negative) to 1 (positive).

    Examples
    --------
    >>> SentimentReader(lambda text: -1.0 if "bad" in text else 1.0).predict_proba(["bad", "ok"])
       detractor
    0        1.0
    1        0.0
    """

    polarity: Callable[[str], float]

    def predict_proba(self, texts: list[str], /) -> pd.DataFrame:
        """Turn the polarity of each text into a probability."""
        return pd.DataFrame({HEADS[0]: [(1.0 - self.polarity(text)) / 2.0 for text in texts]})


def read(model: Reader, texts: Sequence[str]) -> pd.DataFrame:
    """Ask a model for the probabilities of texts and check what comes back.

    Returns
    -------
    DataFrame
        float64, indexed by the texts, with those of `HEADS` the model has. NaN where it abstains.

    Raises
    ------
    SchemaError
        If the model gives none of the heads or another number of rows.

    Examples
    --------
    >>> read(SentimentReader(lambda text: 0.0), ["fine"]).loc["fine", "detractor"]
    np.float64(0.5)
    """
    table = model.predict_proba(list(texts))
    heads = [head for head in HEADS if head in table.columns]
    if not heads:
        raise SchemaError(
            f"predict_proba gave columns {list(table.columns)}; it needs any of {HEADS}"
        )
    if len(table) != len(texts):
        raise SchemaError(
            f"predict_proba gave {len(table)} rows for {len(texts)} texts; give one each"
        )
    return pd.DataFrame(table[heads].to_numpy("float64"), index=pd.Index(texts), columns=heads)
