"""Measure how well signals and losses are read, on texts that the rules were not written from.

Run ``python benchmarks/reading.py --data DIR``. The rules were written while looking at one half of
the annotated sources; the other half (by checksum of the source's name) is reported, and beside it
200 texts from two more sources, labelled by one reader: ``reading_labels.csv`` holds the checksum
of each text and its labels, never the text.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from detractor.gestures import LOSS_KINDS
from detractor.losses import read_losses
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
    """Compare signals with the flags of the annotated texts, by half of the sources."""
    table = pd.read_parquet(data / "annotated.parquet")
    flags = table["flags"].fillna("")
    half = np.array([zlib.crc32(source.encode()) % 2 for source in table["source"]])
    signals = read_signals(table["text"])
    losses = read_losses(table["text"])[[f"loss_{kind}" for kind in LOSS_KINDS]]
    for number, title in ((0, "sources the rules were written from"), (1, "sources held out")):
        rows = half == number
        print(f"{title}: {rows.sum()} texts of {table['source'][rows].nunique()} sources")
        for flag, columns in FLAGS.items():
            truth = flags.str.contains(flag).to_numpy()[rows]
            report(" or ".join(columns), truth, signals[columns].any(axis=1).to_numpy()[rows])
        truth = flags.str.contains("L").to_numpy()[rows]
        tangible = losses.drop(columns="loss_trust").any(axis=1).to_numpy()[rows]
        report("any loss but trust", truth, tangible)


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


def measure_speed(data: Path) -> None:
    """Print texts of about 60 words a second of one core's time."""
    texts = pd.read_parquet(data / "annotated.parquet")["text"]
    texts = texts[texts.str.split().str.len().between(50, 70)]
    read_signals(texts.head(100))
    start = time.process_time()
    read_signals(texts)
    print(f"signals: {len(texts) / (time.process_time() - start):,.0f} texts a second")


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
