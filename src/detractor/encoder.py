"""The second tier: a small encoder, slower than the default model and closer (extra `encoder`).

Six layers over word pieces in 8-bit weights, run by onnxruntime. A text's logits depend on that
text alone, to the bit: texts run one at a time, at their own length, on one thread each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detractor.artifact import load
from detractor.calibration import Calibration, logistic
from detractor.cleaning import clean_many
from detractor.errors import MissingExtraError, ModelFileError, ParameterError
from detractor.model import FeedbackModel
from detractor.schema import HEADS
from detractor.wordpiece import WordPiece

FOLDER = "encoder"
_QUEUED = ("anger", "churn_risk")  # the heads that a queue of angry and leaving customers is cut by
_PLACES = [HEADS.index(head) for head in _QUEUED]
BANDS = ((-0.01, 0.99), (-0.9, -0.08))
"""What `CascadeModel.near_cut` gives for the texts of ``benchmarks/cascade.py``."""


class EncoderModel:
    """A model that reads with the encoder; it has what `score` asks of a model.

    Parameters
    ----------
    folder : str or Path, optional
        With ``encoder.onnx``, ``vocab.txt`` and ``header.json``; the one that the package carries
        otherwise.
    threads : int
        Texts that are read at once. It changes the time, never a value.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    ModelFileError
        If a file is missing or is not the one that the header describes.

    Examples
    --------
    >>> from detractor.scoring import score
    >>> bool(score(["I am cancelling on Friday."], model="encoder")["churn_risk"].item() > 0.5)
    True
    """

    def __init__(self, folder: str | Path | None = None, *, threads: int = 1) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("onnxruntime", extra="encoder") from error
        files, self.header = _read_folder(Path(folder) if folder is not None else _carried())
        self.threads = threads
        slopes = np.array(self.header.get("slopes", [1.0] * len(HEADS)))
        intercepts = np.array(self.header.get("intercepts", [0.0] * len(HEADS)))
        self.calibration = Calibration(slopes, intercepts)
        self._fast: FeedbackModel = load()
        self._pieces = WordPiece(
            files["vocab.txt"].decode("utf-8").splitlines(), self.header["limit"]
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # a pattern would be planned for each new length
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            files["encoder.onnx"], options, providers=["CPUExecutionProvider"]
        )

    def logits(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
        """Compute raw logits, shape (n, 3), and the fast reader's counts of words."""
        counts = self._fast.logits(texts)[1]
        if self.threads > 1 and len(texts) > 1:
            with ThreadPoolExecutor(self.threads) as pool:
                rows = list(pool.map(self._read, texts))
        else:
            rows = [self._read(text) for text in texts]
        return np.array(rows, dtype=np.float64).reshape(len(texts), len(HEADS)), counts

    def calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn raw logits into probabilities."""
        return logistic(self.calibration.scale(logits))

    def _read(self, text: str) -> NDArray[np.float32]:
        ids = np.array([self._pieces.encode(text)], dtype=np.int32)
        found: NDArray[np.float32] = self._session.run(["logits"], {"ids": ids})[0][0]
        return found


class CascadeModel:
    """The fast model for all texts, the encoder for the few whose place could change.

    A text is read again where its fast logit of anger, or of intent to leave, is near the cut of
    what the team can take on: far above it or far below, a closer reading would seldom change who
    is contacted. That depends on the text alone, never on its batch: it scores the same in any
    company.

    Parameters
    ----------
    bands : two pairs of floats, optional
        From where to where a calibrated fast logit of anger, and of intent to leave, is near the
        cut. The default is `near_cut` of 1,130 complaint-rich texts with a capacity and a budget of
        one in twenty (``benchmarks/cascade.py``).
    encoder : EncoderModel, optional
        What reads them again; the one that the package carries otherwise.

    Raises
    ------
    ParameterError
        If `bands` are not one pair for each of the two heads, the lower end first.

    Examples
    --------
    >>> from detractor.scoring import score
    >>> score(["Fine, thanks."], model="cascade")["status"].tolist()
    ['ok']
    """

    def __init__(
        self, *, bands: Sequence[tuple[float, float]] = BANDS, encoder: EncoderModel | None = None
    ) -> None:
        if len(bands) != len(_QUEUED) or not all(low <= high for low, high in bands):
            raise ParameterError(
                f"bands={bands!r} are not one pair (low, high) for each of {', '.join(_QUEUED)}; "
                "near_cut(texts) finds them"
            )
        self.bands = tuple(bands)
        self._fast: FeedbackModel = load()
        self._encoder = encoder or EncoderModel()

    @classmethod
    def near_cut(
        cls,
        texts: Sequence[str],
        *,
        capacity: float = 0.05,
        budget: float = 0.05,
        encoder: EncoderModel | None = None,
    ) -> CascadeModel:
        """Set the bands by texts of your own, so that a stated share of them is read again.

        Parameters
        ----------
        texts : list of str
            A sample of what will be scored; some hundred texts or more.
        capacity : float
            Share of the texts, 0 to 1, whose customers can be contacted: where the cut is.
        budget : float
            Share of the texts, 0 to 1, that the encoder reads: those whose places are nearest to
            the cut.
        encoder : EncoderModel, optional
            The one that the package carries otherwise.

        Raises
        ------
        ParameterError
            If there is no text, or a share is not between 0 and 1.

        Examples
        --------
        >>> week = [f"The parcel is {days} days late, I want my money back." for days in range(40)]
        >>> CascadeModel.near_cut(week, capacity=0.1, budget=0.2).bands[0][0] < 0
        True
        """
        for name, share in (("capacity", capacity), ("budget", budget)):
            if not 0 <= share <= 1:
                raise ParameterError(f"{name}={share!r} is not a share from 0 to 1; try 0.05")
        if not len(texts):
            raise ParameterError("no text to set the bands by; give a sample of what is scored")
        fast = load()
        queued = fast.calibration.scale(fast.logits(clean_many(texts))[0])[:, _PLACES]
        places = np.argsort(np.argsort(-queued, axis=0, kind="stable"), axis=0) / len(texts)
        reach = float(np.quantile(np.abs(places - capacity).min(axis=1), budget))
        shares = np.clip([1 - capacity - reach, 1 - capacity + reach], 0, 1)
        lows, highs = np.quantile(queued, shares, axis=0)
        return cls(bands=list(zip(lows.tolist(), highs.tolist(), strict=True)), encoder=encoder)

    def logits(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
        """Compute calibrated logits, shape (n, 3), and the fast reader's counts of words."""
        raw, counts = self._fast.logits(texts)
        logits = self._fast.calibration.scale(raw)
        queued, (lows, highs) = logits[:, _PLACES], np.array(self.bands).T
        again = np.flatnonzero(((lows <= queued) & (queued <= highs)).any(axis=1))
        if again.size:
            closer, _ = self._encoder.logits([texts[row] for row in again.tolist()])
            # The mean of both: they err in different places.
            logits[again] = (logits[again] + self._encoder.calibration.scale(closer)) / 2
        return logits, counts

    def calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn the logits into probabilities."""
        return logistic(logits)


@cache
def tier(name: str) -> EncoderModel | CascadeModel:
    """Load one of the slower tiers that the package carries, once a process."""
    return EncoderModel() if name == "encoder" else CascadeModel()


def _carried() -> Path:
    carried = Path(str(resources.files("detractor"))) / "models" / FOLDER
    return carried if carried.is_dir() else Path(__file__).parents[2] / "models" / FOLDER


def _read_folder(folder: Path) -> tuple[dict[str, bytes], Mapping[str, Any]]:
    """Read the files that the header names, and check that they are the ones it describes."""
    try:
        header: Mapping[str, Any] = json.loads((folder / "header.json").read_text("utf-8"))
        files = {name: (folder / name).read_bytes() for name in header["sha256"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{folder} is no encoder of detractor ({error})") from error
    for name, expected in header["sha256"].items():
        found = hashlib.sha256(files[name]).hexdigest()
        if found != expected:
            raise ModelFileError(
                f"{folder / name} has sha256 {found[:12]}, its header says {expected[:12]}; "
                "copy it anew"
            )
    return files, header
