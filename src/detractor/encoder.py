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
from detractor.errors import MissingExtraError, ModelFileError
from detractor.model import FeedbackModel
from detractor.schema import HEADS
from detractor.wordpiece import WordPiece

FOLDER = "encoder"


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
        return logistic(logits * self.calibration.slopes + self.calibration.intercepts)

    def _read(self, text: str) -> NDArray[np.float32]:
        ids = np.array([self._pieces.encode(text)], dtype=np.int32)
        found: NDArray[np.float32] = self._session.run(["logits"], {"ids": ids})[0][0]
        return found


class CascadeModel:
    """The fast model for all texts, the encoder for the few whose place could change.

    Which texts those are depends on the fast scores of the text alone, never on its batch, so a
    text scores the same in any company. A text is read again where a fast logit of anger or intent
    to leave lies above `floor`: there the top of the queue is decided.

    Parameters
    ----------
    floor : float
        Of the calibrated fast logit. The default sends about one text in twenty of the
        complaint-rich texts that it was measured on; see ``benchmarks/cascade.py``.

    Examples
    --------
    >>> from detractor.scoring import score
    >>> score(["Fine, thanks."], model="cascade")["status"].tolist()
    ['ok']
    """

    def __init__(self, *, floor: float = 0.75, encoder: EncoderModel | None = None) -> None:
        self.floor = floor
        self._fast: FeedbackModel = load()
        self._encoder = encoder or EncoderModel()

    def logits(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
        """Compute calibrated logits, shape (n, 3), and the fast reader's counts of words."""
        raw, counts = self._fast.logits(texts)
        calibration = self._fast.calibration
        logits = raw * calibration.slopes + calibration.intercepts
        again = np.flatnonzero(logits[:, 1:].max(axis=1, initial=-np.inf) > self.floor)
        if again.size:
            closer, _ = self._encoder.logits([texts[row] for row in again.tolist()])
            slow = self._encoder.calibration
            # The mean of both: they err in different places.
            logits[again] = (logits[again] + closer * slow.slopes + slow.intercepts) / 2
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
