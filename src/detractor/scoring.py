"""`score()`: texts in, three calibrated probabilities and a status out.

The path of a text: coerce (`text`), clean (`cleaning`), one compiled pass (`tokens`, `network`),
calibrate (`calibration`), and the table below. Nothing here imports pandas before a table is asked
for, so that an application pays only for what it uses.
"""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np

from detractor.artifact import load
from detractor.cleaning import clean_many
from detractor.errors import ParameterError, SchemaError
from detractor.explanation import Phrase, main_phrases
from detractor.language import judge
from detractor.markup import bars, element, join
from detractor.model import FeedbackModel
from detractor.schema import HEADS, SCORE_COLUMNS, STATUS, STATUSES, require
from detractor.text import coerce, is_single

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

BATCH = 16384
"""Texts read at a time: small enough to stay in the cache, large enough to cost nothing."""


TIERS = ("encoder", "cascade")


class Model(Protocol):
    """What scores texts: a `FeedbackModel`, or a tier of the extra `encoder`."""

    def logits(
        self, texts: Sequence[str], /
    ) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
        """Compute logits of shape (n, 3), and counts of words where there are any."""
        ...  # pragma: no cover

    def calibrated(self, logits: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Turn logits into probabilities."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Score:
    """What one text says.

    Parameters
    ----------
    detractor, anger, churn_risk : float
        Probabilities from 0 to 1 that the author is a detractor (0 to 6 of 10, would not
        recommend), is angry, and means to leave; NaN unless `status` is "ok". `churn_risk` is the
        intent that the text states or clearly implies, not a forecast of behaviour.
    status : str
        "ok", "empty", "unsupported" (a language or script the model cannot read) or
        "not_feedback" (a number, gibberish).

    Examples
    --------
    >>> s = score("Third no-show this month. I'm cancelling on Friday.")
    >>> s.status, s.churn_risk > 0.5
    ('ok', True)
    """

    detractor: float
    anger: float
    churn_risk: float
    status: str
    _explain: Callable[[], tuple[Phrase, ...]] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def evidence(self) -> tuple[Phrase, ...]:
        """The two or three phrases that moved the scores most, with spans of the original text.

        They are looked for when they are first asked for.
        """
        return self._explain()

    def to_dict(self) -> dict[str, Any]:
        """Give plain Python values, ready for JSON (NaN becomes None).

        Examples
        --------
        >>> score("").to_dict()["anger"] is None
        True
        """
        values = {head: getattr(self, head) for head in HEADS}
        known = {head: value if value == value else None for head, value in values.items()}
        evidence = [asdict(phrase) for phrase in self.evidence]
        return known | {"status": self.status, "evidence": evidence}

    def __getstate__(self) -> dict[str, Any]:
        # The model stays behind: what it has to say goes along instead.
        return dict(self.__dict__) | {"evidence": self.evidence, "_explain": tuple}

    def __repr__(self) -> str:
        known = (f"{head}={value:.3f}" for head, value in self._known().items())
        return f"Score({', '.join([*known, f'status={self.status!r}'])})"

    def _repr_html_(self) -> str:
        said = join((element("q", phrase.text) for phrase in self.evidence), separator=" · ")
        return element("div", bars(self._known()), element("p", said or self.status))

    def _known(self) -> dict[str, float]:
        values = {head: float(getattr(self, head)) for head in HEADS}
        return {head: value for head, value in values.items() if value == value}


@overload
def score(feedback: str, *, model: str | Path | Model | None = ...) -> Score: ...
@overload
def score(
    feedback: Sequence[Any] | pd.Series | pd.DataFrame | NDArray[Any],
    *,
    text: str = ...,
    model: str | Path | Model | None = ...,
    n_jobs: int = ...,
) -> pd.DataFrame: ...
def score(
    feedback: Any,
    *,
    text: str = "text",
    model: str | Path | Model | None = None,
    n_jobs: int = 1,
) -> Score | pd.DataFrame:
    """Score feedback for anger, churn risk and detraction.

    Parameters
    ----------
    feedback : str, or list, array or Series of texts, or DataFrame
        One text gives a `Score`; a collection gives a DataFrame with the same index and order, one
        row an input; a DataFrame gives its own columns and ours. The input is never changed.
    text : str
        The column that holds the texts, where a DataFrame is given.
    model : str, Path or a model, optional
        A model, the path of a model file, or one of the tiers "encoder" (a small transformer, a
        thousand times slower) and "cascade" (the default model for all, the encoder for the few
        near the cut); both need the extra `encoder`. The default model otherwise.
    n_jobs : int
        Threads; -1 for one a processor. Results do not depend on it.

    Returns
    -------
    Score or pandas.DataFrame
        Columns `detractor`, `anger`, `churn_risk` (0 to 1; NaN unless the status is "ok") and
        `status`. `churn_risk` is the intent to leave that the text states or clearly implies; it
        is not a forecast of behaviour.

    Raises
    ------
    SchemaError
        If the column is missing, or the frame has columns that ours would overwrite.
    ModelFileError
        If the model file cannot be used.

    Examples
    --------
    >>> score(["Great, thanks!", None])["status"].tolist()
    ['ok', 'empty']
    """
    chosen = _choose(model)
    if is_single(feedback):
        return _score_one(feedback, chosen)
    pandas = importlib.import_module("pandas")
    frame = feedback if isinstance(feedback, pandas.DataFrame) else None
    if frame is not None:
        _check_frame(frame, text)
        feedback = frame[text]
    batch = coerce(feedback)
    probabilities, statuses = score_texts(batch.texts, chosen, n_jobs=n_jobs)
    for row, status in batch.set_aside.items():
        statuses[row] = STATUSES.index(status)
    index = frame.index if frame is not None else batch.index
    columns: dict[str, Any] = {head: probabilities[:, k] for k, head in enumerate(HEADS)}
    columns[STATUS] = np.array(STATUSES, dtype=object)[statuses]
    table: pd.DataFrame = pandas.DataFrame(columns, index=index)
    if frame is None:
        return table
    kept = frame.drop(columns=[name for name in SCORE_COLUMNS if name in frame.columns])
    joined: pd.DataFrame = pandas.concat([kept, table], axis=1)
    return joined


def score_texts(
    texts: Sequence[str], model: Model, *, n_jobs: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Score plain strings: probabilities of shape (n, 3), and the position of each in `STATUSES`.

    Raises
    ------
    ParameterError
        If `n_jobs` is neither -1 nor at least 1.

    Examples
    --------
    >>> probabilities, statuses = score_texts(["I want to cancel.", ""], load())
    >>> probabilities.shape, statuses.tolist()
    ((2, 3), [0, 1])
    """
    if not isinstance(n_jobs, int) or (n_jobs != -1 and n_jobs < 1):
        raise ParameterError(f"n_jobs={n_jobs!r} is neither -1 nor a count of threads; try 1")
    starts = range(0, len(texts), BATCH)
    chunks = (texts[start : start + BATCH] for start in starts)
    if n_jobs == 1 or len(texts) <= BATCH:
        parts = [_score_chunk(chunk, model) for chunk in chunks]
    else:
        with ThreadPoolExecutor(None if n_jobs == -1 else n_jobs) as pool:
            parts = list(pool.map(lambda chunk: _score_chunk(chunk, model), chunks))
    if not parts:
        return np.empty((0, len(HEADS))), np.empty(0, dtype=np.int8)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _score_chunk(
    texts: Sequence[str], model: Model
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    logits, counts = model.logits(clean_many(texts))
    statuses = judge(texts, counts)
    probabilities = model.calibrated(logits)
    probabilities[statuses != 0] = np.nan
    return probabilities, statuses


def _score_one(feedback: object, model: Model) -> Score:
    batch = coerce(feedback)
    if batch.set_aside:
        return Score(np.nan, np.nan, np.nan, batch.set_aside[0])
    probabilities, statuses = _score_chunk(batch.texts, model)
    status = STATUSES[statuses[0]]
    source = model if isinstance(model, FeedbackModel) else load()  # tiers borrow its evidence
    explain = partial(main_phrases, batch.texts[0], source) if status == "ok" else tuple
    detractor, anger, churn_risk = probabilities[0].tolist()
    return Score(detractor, anger, churn_risk, status, explain)


def _choose(model: str | Path | Model | None) -> Model:
    if model in TIERS:
        encoder = importlib.import_module("detractor.encoder")
        tier: Model = encoder.tier(model)
        return tier
    if model is None or isinstance(model, str | PurePath):
        return load(model)
    if not hasattr(model, "logits"):
        raise ParameterError(
            f"model={model!r} is no model; give one that load() returned, a path, or one of {TIERS}"
        )
    return model


def _check_frame(frame: pd.DataFrame, text: str) -> None:
    require(frame, text)
    taken = [name for name in SCORE_COLUMNS if name in frame.columns]
    if taken and len(taken) < len(SCORE_COLUMNS):
        raise SchemaError(
            f"the table has a column {taken[0]!r} already, which score() would overwrite; rename it"
        )
