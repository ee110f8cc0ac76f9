"""The model file: arrays and a JSON header, read without running anything.

The header says the format's version, what the model saw, and a few golden texts with their scores,
which are scored again on loading: a machine that computes differently is refused, as is a file that
was damaged (`detractor.container`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detractor.calibration import Calibration
from detractor.container import carried, fitted_together, read_container, write_container
from detractor.errors import ModelFileError
from detractor.model import CompiledReader, FeedbackModel, Linear, build_reader
from detractor.network import LANES, LINES, Network
from detractor.schema import HEADS
from detractor.vocabulary import MOST_ROWS, SCOPE, SOMETIMES_NAME, UNREAL, KnownWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from detractor.container import Arrays

FORMAT = 7
DEFAULT = "default"
GOLDEN_TOLERANCE = 1e-9
GOLDEN_TEXTS = (
    "Third no-show this month and nobody called. I'm cancelling on Friday.",
    "The technician was friendly and the problem was gone in ten minutes!",
    "ABSOLUTE JOKE of a company, you lied to me!!!",
    "It used to be bad, but now everything works. Not a single complaint.",
)
LIMITS = {
    "mark": 16_383, "gain": 32_767, "across": 32_767, "offset": 8_191, "attention": 2_047,
    "value": 32_767,
}  # fmt: skip
"""The largest size of the fixed-point numbers, so that no sum of them passes its width."""
_SUM_OF_VALUES = 131_000  # times 16383, the most that a memory says: below 2**31


def save(model: FeedbackModel, path: str | Path) -> None:
    """Write a model to a file.

    Parameters
    ----------
    model : FeedbackModel
    path : str or Path
        Conventionally ends in ``.safetensors``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(load(), Path(folder) / "copy.safetensors")
    ...     load(Path(folder) / "copy.safetensors").classes
    ('detractor', 'anger', 'churn_risk')
    """
    header = dict(model.header) | {
        "format": FORMAT,
        "heads": list(HEADS),
        "golden": [
            {"text": text, "scores": scores}
            for text, scores in zip(GOLDEN_TEXTS, _golden_scores(model), strict=True)
        ],
    }
    Path(path).write_bytes(write_container(_arrays(model), header))


def load(path: str | Path | None = None) -> FeedbackModel:
    """Read a model file, or the default model that the package carries.

    Nothing in the file is executed. Pickled estimators are not read here: use ``joblib.load``, and
    only for files you trust.

    Parameters
    ----------
    path : str or Path, optional
        A file written by `save`, or the name of a model that the package carries.

    Returns
    -------
    FeedbackModel

    Raises
    ------
    ModelFileError
        If the file is missing, is no model of ours, was damaged, or scores its golden texts
        differently from when it was written.

    Examples
    --------
    >>> load("no-such-model")
    Traceback (most recent call last):
        ...
    detractor.errors.ModelFileError: no model file 'no-such-model'; the package carries 'default'
    """
    if path is None or path == DEFAULT:
        return _load_default()
    file = Path(path)
    if not file.is_file():
        raise ModelFileError(f"no model file {str(path)!r}; the package carries {DEFAULT!r}")
    return _read(file.read_bytes(), str(path))


@cache
def _load_default() -> FeedbackModel:
    name = f"{DEFAULT}.safetensors"
    return _read(carried(name).read_bytes(), name)


def _read(content: bytes, name: str) -> FeedbackModel:
    arrays, header = read_container(content, name, formats=FORMAT)
    with fitted_together(name):
        _check_shapes(arrays)
        model = _model(arrays, header)
        _check_golden(model, header, name)
    return model


def _check_shapes(arrays: Arrays) -> None:
    outputs = len(HEADS)
    expected: dict[str, tuple[int, ...]] = {"slopes": (outputs,), "intercepts": (outputs,)}
    if "words" in arrays:
        n_rows = arrays["words"].shape[0] - 1
        expected |= {
            "words": (n_rows + 1, LINES, LANES), "mark": (4, 2, LANES), "gain": (LANES,),
            "across": (LANES,), "offset": (LANES,), "negated": (n_rows,),
            "value": (outputs, LANES), "attention": (outputs, LANES),
            "bias": (outputs,), "start": (outputs,), "rows": (len(arrays["hashes"]), 2),
        }  # fmt: skip
        _check_numbers(arrays)
        _check_rows(arrays["rows"], arrays["negated"], n_rows)
        _check_phrases(arrays["phrases"])
    if "weights" in arrays:
        expected |= {"linear_intercepts": (outputs,), "blend": (outputs,)}
        if arrays["weights"].ndim != 2 or arrays["weights"].shape[1] != outputs:
            raise ValueError(f"weights of shape {arrays['weights'].shape}")
    for key, shape in expected.items():
        if arrays[key].shape != shape:
            raise ValueError(f"{key} of shape {arrays[key].shape}, not {shape}")


def _check_rows(rows: NDArray[Any], negated: NDArray[Any], n_rows: int) -> None:
    """Hold every row inside the table: compiled code does not look."""
    if rows.dtype != np.int32 or rows.ndim != 2 or rows.shape[1] != 2 or n_rows > MOST_ROWS:
        raise ValueError(f"rows of type {rows.dtype} and shape {rows.shape}, {n_rows} in all")
    single = rows[:, 1] == 0
    if np.count_nonzero(~single) > MOST_ROWS:
        raise ValueError(f"more than {MOST_ROWS} words that stand for two")
    plain = np.where(single[:, None], rows & ~SOMETIMES_NAME, rows)  # a pair is never a name
    if plain.size and not 0 <= plain.min() <= plain.max() < n_rows:
        raise ValueError(f"rows from {plain.min()} to {plain.max()} of {n_rows}")
    if negated.dtype != np.int32 or not UNREAL <= negated.min() <= negated.max() < n_rows:
        raise ValueError(f"negated rows from {negated.min()} to {negated.max()} of {n_rows}")


def _check_phrases(phrases: NDArray[Any]) -> None:
    if phrases.dtype != np.uint64 or phrases.shape[1:] != (3,):
        raise ValueError(f"phrases of type {phrases.dtype} and shape {phrases.shape}")
    if phrases[:, 2].max(initial=0) > SCOPE:
        raise ValueError(f"a phrase that reaches {phrases[:, 2].max()} words")


def _check_numbers(arrays: Arrays) -> None:
    widths = {"words": np.int8} | dict.fromkeys(LIMITS, np.int16)
    for key, width in widths.items():
        if arrays[key].dtype != width:
            raise ValueError(f"{key} of type {arrays[key].dtype}, not {np.dtype(width)}")
    for key, limit in LIMITS.items():
        if np.abs(arrays[key].astype(np.int64)).max(initial=0) > limit:
            raise ValueError(f"{key} above {limit}")
    if np.abs(arrays["value"].astype(np.int64)).sum(axis=1).max(initial=0) > _SUM_OF_VALUES:
        raise ValueError(f"value sums to more than {_SUM_OF_VALUES}")


def _check_golden(model: FeedbackModel, header: Mapping[str, Any], name: str) -> None:
    expected = np.array([golden["scores"] for golden in header["golden"]])
    texts = [golden["text"] for golden in header["golden"]]
    if np.abs(_scores(model, texts) - expected).max(initial=0.0) > GOLDEN_TOLERANCE:
        raise ModelFileError(f"{name} scores its golden texts differently here; reinstall it")


def _scores(model: FeedbackModel, texts: list[str]) -> NDArray[np.float64]:
    return model.calibrated(model.logits(texts)[0])


def _golden_scores(model: FeedbackModel) -> list[list[float]]:
    return [[float(score) for score in row] for row in _scores(model, list(GOLDEN_TEXTS))]


def _arrays(model: FeedbackModel) -> Arrays:
    arrays: Arrays = {
        "slopes": model.calibration.slopes, "intercepts": model.calibration.intercepts,
    }  # fmt: skip
    if model.reader is not None:
        arrays |= model.reader.network._asdict()
        arrays |= model.reader.words._asdict()
    if model.linear is not None:
        arrays |= {
            "weights": model.linear.weights, "linear_intercepts": model.linear.intercepts,
            "blend": model.linear.blend,
        }  # fmt: skip
    return {key: np.ascontiguousarray(array) for key, array in arrays.items()}


def _model(arrays: Arrays, header: Mapping[str, Any]) -> FeedbackModel:
    reader: CompiledReader | None = None
    if "words" in arrays:
        network = Network(**{key: arrays[key] for key in Network._fields})
        words = KnownWords(**{key: arrays[key] for key in KnownWords._fields})
        reader = build_reader(words, network)
    linear = None
    if "weights" in arrays:
        linear = Linear(arrays["weights"], arrays["linear_intercepts"], arrays["blend"])
    calibration = Calibration(arrays["slopes"], arrays["intercepts"])
    return FeedbackModel(calibration=calibration, reader=reader, linear=linear, header=header)
