"""Measure how well signals and losses are read, on texts that nothing was made from.

Run ``python benchmarks/reading.py --data DIR``. Signals: the annotated texts that are ``eval-only``
and so entered no fit; `training/fit_signals.py` reports those of the other sources, each judged by
a fit without it. Losses: the rules were written while looking at one half of the annotated
sources; the other half (by checksum of the source's name) is reported. Beside them 200 texts of
two more sources, labelled by one reader: ``reading_labels.csv`` holds the checksum of each text
and its labels, never the text.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from detractor.gestures import LOSS_KINDS
from detractor.losses import read_losses
from detractor.scoring import score
from detractor.signals import read_signals

FLAGS = {
    "R": ["repeat_failure"],
    "E": ["escalation"],
    "C": ["request"],
    "L": ["loss"],
    "T": ["thanks"],
    "V": ["vulnerable", "safety"],
}
LABELS = Path(__file__).with_name("reading_labels.csv")


def report(name: str, truth: np.ndarray, found: np.ndarray) -> None:
    """Print precision, recall and the harmonic mean of one label."""
    right = (truth & found).sum()
    precision, recall = right / max(found.sum(), 1), right / max(truth.sum(), 1)
    mean = 2 * precision * recall / max(precision + recall, 1e-9)
    print(
        f"  {name:24} precision {precision:.2f} recall {recall:.2f} F1 {mean:.2f} of {truth.sum()}"
    )


def measure_flags(data: Path) -> None:
    """Compare signals and losses with the flags of the annotated texts."""
    table = pd.read_parquet(data / "annotated.parquet")
    flags = table["flags"].fillna("")
    unseen = table["use"].eq("eval-only").to_numpy()
    signals = read_signals(table["text"])
    print(f"signals, {unseen.sum()} texts of {table['source'][unseen].nunique()} sources")
    for flag, columns in FLAGS.items():
        truth = flags.str.contains(flag).to_numpy()[unseen]
        report(" or ".join(columns), truth, signals[columns].any(axis=1).to_numpy()[unseen])
    half = np.array([zlib.crc32(source.encode()) % 2 for source in table["source"]], dtype=bool)
    losses = read_losses(table["text"][half])[[f"loss_{kind}" for kind in LOSS_KINDS]]
    tangible = losses.drop(columns="loss_trust").any(axis=1).to_numpy()
    print(f"losses, {half.sum()} texts of {table['source'][half].nunique()} sources")
    report("any loss but trust", flags[half].str.contains("L").to_numpy(), tangible)


def measure_labels(data: Path) -> None:
    """Compare signals and losses with the labels of one reader on 200 other texts."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        labels = {row["sha256"]: set(row["labels"].split("|")) for row in csv.DictReader(file)}
    texts = pd.concat(
        [pd.read_parquet(data / f"{name}.parquet")["text"] for name in ("complaints", "tweets")]
    ).drop_duplicates()
    keys = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    chosen = [(text, labels[key]) for text, key in zip(texts, keys, strict=True) if key in labels]
    words = pd.Series([text for text, _ in chosen])
    print(f"labelled by one reader: {len(chosen)} texts of 2 sources")
    losses = read_losses(words)
    for kind in LOSS_KINDS:
        truth = np.array([kind in said for _, said in chosen])
        report(f"loss of {kind}", truth, losses[f"loss_{kind}"].to_numpy())
    signals = read_signals(words)
    for name in ("repeat_failure", "escalation", "request", "vulnerable", "thanks"):
        truth = np.array([name in said for _, said in chosen])
        report(name, truth, signals[name].to_numpy())


def measure_speed(data: Path, repeats: int = 5) -> None:
    """Print texts of about 60 words a second of one core's time, and beside `score`."""
    texts = pd.read_parquet(data / "annotated.parquet")["text"]
    texts = texts[texts.str.split().str.len().between(50, 70)]
    times: dict[str, float] = {}
    for _ in range(repeats + 1):  # the first compiles
        for name, read in (("signals", read_signals), ("score", score)):
            start = time.process_time()
            read(texts)
            times[name] = min(times.get(name, math.inf), time.process_time() - start)
    for name, spent in times.items():
        print(f"{name}: {len(texts) / spent:,.0f} texts a second")
    print(f"signals take {times['signals'] / times['score']:.2f} times the time of score")


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    if not (data / "annotated.parquet").exists():
        parser.exit(1, f"no annotated.parquet in {data}; nothing measured\n")
    measure_flags(data)
    measure_labels(data)
    measure_speed(data)


if __name__ == "__main__":
    main()
