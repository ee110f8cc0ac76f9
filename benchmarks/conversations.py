"""Judge `read_outcome` on threads labelled by one person, by `dialog_id` only.

Rules were written with the even rows of the labels in view; the figures to report are those of the
odd rows. Words of success are rare in these threads, so the figure for "recovered" says little.

    python benchmarks/conversations.py --data DIR
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from detractor.conversations import OUTCOMES, read_outcome

LABELS = Path(__file__).with_name("thread_outcomes.csv")


def main() -> None:
    """Print counts, accuracy, precision and recall for both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    path = parser.parse_args().data / "threads.parquet"
    if not path.exists():
        print(f"no {path}; pass the folder that holds threads.parquet")
        return
    threads = pd.read_parquet(path).drop_duplicates("dialog_id").set_index("dialog_id")
    labels = pd.read_csv(LABELS)
    turns = threads.loc[labels["dialog_id"], "turns"].map(json.loads)
    labels["read"] = [read_outcome(thread).outcome for thread in turns]
    for name, half in (("developed on", labels.iloc[::2]), ("reported", labels.iloc[1::2])):
        agree = half["read"] == half["outcome"]
        print(f"{name}: n {len(half)}, agreement {agree.mean():.3f}")
        for outcome in OUTCOMES:
            hit = (agree & (half["read"] == outcome)).sum()
            read, true = (half["read"] == outcome).sum(), (half["outcome"] == outcome).sum()
            print(f"  {outcome}: read {read}, labelled {true}, both {hit}")


if __name__ == "__main__":
    main()
