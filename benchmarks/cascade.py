"""What the cascade buys: quality and time against the fast model and the encoder alone.

    python benchmarks/cascade.py --data FOLDER

Judged on the annotated texts marked `eval-only`, which neither the fast model nor the encoder was
trained on. FOLDER holds `annotated.parquet`; it is not part of the project.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from detractor.artifact import load
from detractor.compilation import compile_all
from detractor.encoder import CascadeModel, EncoderModel

SHARES = (0.01, 0.02, 0.05, 0.10)  # of the texts that the encoder may read
FIRST = (0.01, 0.02, 0.05)


def precision_first(truth: NDArray[np.bool_], scores: NDArray[np.float64], share: float) -> float:
    """Measure the share of positives among the first texts of a queue."""
    count = max(1, round(share * len(truth)))
    return float(truth[np.argsort(-scores, kind="stable")[:count]].mean())


def row(
    name: str, logits: NDArray[np.float64], frame: pd.DataFrame, seconds: float
) -> dict[str, object]:
    """Measure one reader on the heads of the queue."""
    found: dict[str, object] = {"reader": name, "seconds": round(seconds, 3)}
    for head, column in ((1, "anger"), (2, "churn")):
        truth = (frame[column] >= 2).to_numpy()
        found[f"{column} AP"] = round(float(average_precision_score(truth, logits[:, head])), 4)
        for share in FIRST:
            name = f"{column} P@{share:.0%}"
            found[name] = round(precision_first(truth, logits[:, head], share), 3)
    return found


def main() -> None:
    """Print one row a reader."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    data = parser.parse_args().data / "annotated.parquet"
    if not data.is_file():
        raise SystemExit(f"no file {data}: the labelled tables are not part of the project")
    compile_all()
    frame = pd.read_parquet(data)
    frame = frame[frame["use"].eq("eval-only")].reset_index(drop=True)
    texts = frame["text"].tolist()
    fast, encoder = load(), EncoderModel()
    fast.logits(texts)
    rows = []
    started = time.perf_counter()
    raw = fast.logits(texts)[0]
    rows.append(row("fast", raw, frame, time.perf_counter() - started))
    started = time.perf_counter()
    rows.append(row("encoder", encoder.logits(texts)[0], frame, time.perf_counter() - started))
    for share in SHARES:
        cascade = CascadeModel.near_cut(texts, capacity=0.05, budget=share, encoder=encoder)
        started = time.perf_counter()
        found = row(f"cascade {share:.0%}", cascade.logits(texts)[0], frame, 0.0)
        bands = [tuple(round(end, 2) for end in band) for band in cascade.bands]
        rows.append(found | {"seconds": round(time.perf_counter() - started, 3), "bands": bands})
    print(f"{len(frame)} texts")
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
