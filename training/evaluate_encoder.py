"""Measure the encoder file on held-out texts: its loss, its speed, its use in a cascade.

Reads the table that ``evaluate_teacher.py`` writes, which has the labels, the
teacher's scores and a fast baseline's for every text.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path

import evaluate_teacher as et
import numpy as np
import onnxruntime as ort
import pandas as pd
from sklearn.metrics import average_precision_score

from detractor.wordpiece import WordPiece

log = logging.getLogger("evaluate_encoder")

SCORES = ("detractor", "anger_2", "churn_2")
CUTS = (0.01, 0.02, 0.05)
SHARES = (0.01, 0.02, 0.05, 0.10)


def read(folder: Path, texts: pd.Series) -> tuple[pd.DataFrame, float]:
    """Score texts one at a time on one thread.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.onnx``, ``vocab.txt`` and ``header.json``.
    texts : Series
        Raw texts.

    Returns
    -------
    scores : DataFrame
        Probabilities, columns ``e_detractor``, ``e_anger_2``, ``e_churn_2``.
    speed : float
        Texts per second of processor time.
    """
    header = json.loads((folder / "header.json").read_text("utf-8"))
    words = (folder / "vocab.txt").read_text("utf-8").splitlines()
    pieces = WordPiece(words, header["limit"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    session = ort.InferenceSession(str(folder / "encoder.onnx"), options)
    begun = time.process_time()
    rows = []
    for text in texts:
        ids = np.array([pieces.encode(text)], dtype=np.int32)
        rows.append(session.run(["logits"], {"ids": ids})[0][0])
    speed = len(rows) / (time.process_time() - begun)
    scores = 1 / (1 + np.exp(-np.array(rows, dtype="float64")))
    return pd.DataFrame(scores, index=texts.index, columns=[f"e_{s}" for s in SCORES]), speed


def order(fast: np.ndarray, slow: np.ndarray, cut: float, share: float) -> np.ndarray:
    """Rank by the fast score, then let the slow one re-rank around the cut.

    Parameters
    ----------
    fast, slow : ndarray
        Scores of the two models.
    cut : float
        Share of the texts that get attention.
    share : float
        Share of the texts the slow model may read.

    Returns
    -------
    ndarray
        Positions of the texts, best first.
    """
    ranked = np.argsort(-fast, kind="stable")
    size = round(share * len(fast))
    start = min(max(0, round(cut * len(fast)) - size // 2), len(fast) - size)
    window = ranked[start : start + size]
    ranked[start : start + size] = window[np.argsort(-slow[window], kind="stable")]
    return ranked


def cascade(frame: pd.DataFrame, fast: str, slow: str) -> dict[str, dict[str, float]]:
    """Compute precision at the top of the queue for each budget of slow reads."""
    out: dict[str, dict[str, float]] = {}
    for head in ("anger", "churn"):
        truth = (frame[head] >= 2).to_numpy()
        a = frame[f"{fast}{head}_2"].to_numpy()
        b = frame[f"{slow}{head}_2"].to_numpy()
        for cut in CUTS:
            k = round(cut * len(frame))
            row = {"fast": truth[np.argsort(-a, kind="stable")[:k]].mean()}
            for share in SHARES:
                row[f"cascade_{share:.0%}"] = truth[order(a, b, cut, share)[:k]].mean()
            row["slow"] = truth[np.argsort(-b, kind="stable")[:k]].mean()
            out[f"{head}@{cut:.0%}"] = {name: round(float(v), 4) for name, v in row.items()}
        out[f"{head}:ap"] = {
            "fast": round(float(average_precision_score(truth, a)), 4),
            "slow": round(float(average_precision_score(truth, b)), 4),
        }
    return out


def main() -> None:
    """Write the figures of one encoder file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heldout", type=Path, required=True, help="table of held-out scores")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--fast", default="tfidf_", help="prefix of the fast model's columns")
    parser.add_argument("--reviews", type=int, default=200, help="rated reviews a source")
    parser.add_argument("--annotated", type=int, default=10_000, help="annotated texts in all")
    args = parser.parse_args()
    frame = pd.read_parquet(args.heldout)
    rated = frame[frame["kind"].eq("review")].groupby("source").head(args.reviews)
    labelled = frame[frame["kind"].eq("annotated")]
    labelled = labelled.sample(min(args.annotated, len(labelled)), random_state=0)
    frame = pd.concat([labelled, rated]).reset_index(drop=True)
    scores, speed = read(args.encoder, frame["text"])
    frame = pd.concat([frame, scores], axis=1)
    labelled = frame[frame["kind"].eq("annotated")]
    drift = {s: float(np.abs(frame[f"e_{s}"] - frame[f"p_{s}"]).mean()) for s in SCORES}
    figures = {
        "texts": len(frame),
        "texts_per_cpu_second": round(speed, 1),
        "mean_shift_of_probability": {s: round(v, 4) for s, v in drift.items()},
        "teacher": et.table(frame, "p_"),
        "encoder": et.table(frame, "e_"),
        "fast": et.table(frame, args.fast),
        "cascade": cascade(labelled, args.fast, "e_"),
    }
    args.out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    frame.to_parquet(args.out.with_suffix(".parquet"))
    log.info("%s", json.dumps(figures, indent=1))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main()
