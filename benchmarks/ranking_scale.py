"""Rank millions of rows beside what pandas needs to group and sort the same table.

Run ``python benchmarks/ranking_scale.py [--customers 1000000] [--repeat 3]``. The rival sorts the
table by customer and date, takes five aggregates of each customer and sorts the customers: the
least that any queue would do. Both run in turns in one process, so that noise falls on both.
Memory is what either needs at its peak beside the table, each in its own process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from detractor.policy import Policy
from detractor.ranking import rank
from detractor.schema import HEADS, STATUS

ROWS_A_CUSTOMER = 5
POLICY = Policy(capacity=1000)


def make_table(customers: int, *, seed: int = 0) -> pd.DataFrame:
    """Draw feedback of so many customers, in no order, five rows each on average."""
    dice = np.random.default_rng(seed)
    rows = customers * ROWS_A_CUSTOMER
    owner = dice.integers(0, customers, rows)
    names = pd.Series([f"c{i:07d}" for i in range(customers)])
    value = dice.lognormal(6, 1.2, customers).round(2)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(dice.integers(0, 365 * 86400, rows), "s")
    table = pd.DataFrame({"customer_id": names.to_numpy()[owner], "date": days})
    table["value"] = value[owner]
    table["churn_probability"] = dice.beta(1, 8, customers)[owner]
    table["rating"] = dice.integers(0, 11, rows).astype(float)
    for head in HEADS:
        table[head] = dice.beta(0.4, 1.2, rows)
    table[STATUS] = "ok"
    table["text"] = "They said Tuesday. It is Friday."
    return table


def group_and_sort(table: pd.DataFrame) -> pd.DataFrame:
    """Do the least that any queue would do."""
    ordered = table.sort_values(["customer_id", "date"])
    found = ordered.groupby("customer_id").agg(
        value=("value", "last"),
        churn=("churn_risk", "max"),
        anger=("anger", "max"),
        last=("date", "last"),
        texts=("date", "size"),
    )
    found["risk"] = found["value"] * found["churn"]
    return found.sort_values("risk", ascending=False)


def rank_table(table: pd.DataFrame) -> pd.DataFrame:
    """Do all that `rank` does."""
    return rank(table, policy=POLICY)


CONTENDERS = {"pandas group and sort": group_and_sort, "rank": rank_table}


def peak_above_table(name: str, customers: int) -> float:
    """Measure in gigabytes, in a process that does nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (name, customers))


def _peak(name: str, customers: int) -> float:
    table = make_table(customers)
    CONTENDERS[name](table.head(1000))
    before, seen, done = _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen.append(_resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    CONTENDERS[name](table)
    done.set()
    watcher.join()
    return max(seen) - before


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e9


def measure(customers: int, repeat: int) -> pd.DataFrame:
    """Time both in turns: wall clock and processor seconds, the best of each."""
    table = make_table(customers)
    best = dict.fromkeys(CONTENDERS, (np.inf, np.inf))
    for _ in range(repeat):
        for name, run in CONTENDERS.items():
            wall, busy = time.perf_counter(), time.process_time()
            run(table)
            taken = time.perf_counter() - wall, time.process_time() - busy
            best[name] = tuple(map(min, best[name], taken))
    found = pd.DataFrame(best, index=["wall_s", "cpu_s"]).T
    return found.assign(
        customers=customers, rows=len(table), ratio=found["cpu_s"] / found["cpu_s"].iloc[0]
    )


def main() -> None:
    """Print seconds by size, their ratio, and peak memory at the largest size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory-only", action="store_true")
    asked = parser.parse_args()
    sizes = [asked.customers // 16, asked.customers // 4, asked.customers]
    if not asked.memory_only:
        print(pd.concat([measure(size, asked.repeat) for size in sizes]).round(2).to_string())
    for name in CONTENDERS:
        peak = peak_above_table(name, asked.customers)
        print(f"{name}: {peak:.2f} GB above the table (Linux only)")


if __name__ == "__main__":
    main()
