"""Compare the integer programme of `plan` with a greedy choice and with brute force.

Run ``python benchmarks/planning.py [--queues 1000] [--customers 15] [--large 10000]``.

Queues, losses and stocks are drawn at random with a seed; budgets are a third of what the best
offers would cost. Greedy is the usual one for this problem: from "left to a person", buy the step
that saves most for its cost, until nothing fits. Brute force tries every choice of six customers.
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from detractor.allocation import Options, allocate
from detractor.offers import Case, offers
from detractor.planning import plan
from detractor.playbook import Playbook, load_playbook

KINDS = [("money",), ("time",), ("goods",), ("event",), ("trust",), ()]


def draw_cases(random: np.random.Generator, customers: int) -> list[Case]:
    """Draw customers with a stake, a kind of loss and, for most, its amount."""
    return [
        Case(
            lane=str(random.choice(["standard", "senior", "must_contact"], p=[0.8, 0.1, 0.1])),
            losses=KINDS[random.integers(len(KINDS))],
            loss=float(np.round(random.lognormal(3, 1), 2)) if random.random() < 0.6 else 0.0,
            stake=float(np.round(random.lognormal(5, 1), 2)),
            recoverability=float(random.uniform(0.15, 0.45)),
        )
        for _ in range(customers)
    ]


def list_options(cases: list[Case], playbook: Playbook) -> Options:
    """Lay out the options of all customers as `plan` does, dominated ones included."""
    scarce = [gesture for gesture in playbook.gestures if gesture.stock is not None]
    rows = []
    for number, case in enumerate(cases):
        rows.append((number, -1, 0, *(0 for _ in scarce)))
        for offer in offers(case, playbook):
            if offer.decided_by:
                takes = (int(item in offer.gestures) for item in scarce)
                rows.append((number, round(100 * offer.saving), round(100 * offer.cost), *takes))
    table = np.array(rows, dtype=np.int64)
    return Options(customer=table[:, 0], saving=table[:, 1], needs=csr_array(table[:, 2:]))


def choose_greedily(options: Options, available: np.ndarray) -> np.ndarray:
    """Upgrade the customer whose next step saves most for its cost, until nothing fits."""
    needs = options.needs.toarray()
    chosen = np.flatnonzero(np.diff(options.customer, prepend=-1))
    left = available.copy()
    while True:
        now = chosen[options.customer]
        gain = options.saving - options.saving[now]
        change = needs - needs[now]
        possible = (gain > 0) & (change <= left).all(axis=1)
        if not possible.any():
            return chosen
        worth = np.where(possible, gain / np.maximum(change[:, 0], 1), -1.0)
        step = int(worth.argmax())
        left -= change[step]
        chosen[options.customer[step]] = step


def choose_by_force(options: Options, available: np.ndarray) -> int:
    """Find the largest saving of all choices that fit."""
    needs = options.needs.toarray()
    groups = [np.flatnonzero(options.customer == one) for one in np.unique(options.customer)]
    return max(
        int(options.saving[list(rows)].sum())
        for rows in itertools.product(*groups)
        if (needs[list(rows)].sum(axis=0) <= available).all()
    )


def thin(options: Options, keep: int) -> Options:
    """Keep the first options of each customer, so that brute force ends."""
    begins = np.flatnonzero(np.diff(options.customer, prepend=-1))
    place = np.arange(options.customer.size) - begins[options.customer]
    kept = np.flatnonzero(place < keep)
    return Options(
        customer=options.customer[kept], saving=options.saving[kept], needs=options.needs[kept]
    )


def scarcity(options: Options, playbook: Playbook, share: float) -> np.ndarray:
    """Allow a share of what everybody's best option would cost."""
    most = np.zeros(options.customer.max() + 1, dtype=np.int64)
    np.maximum.at(most, options.customer, options.needs.toarray()[:, 0])
    stocks = [gesture.stock for gesture in playbook.gestures if gesture.stock is not None]
    return np.array([int(share * most.sum()), *stocks])


def compare(queues: int, customers: int, playbook: Playbook) -> None:
    """Print how much more the programme saves than greedy, and that it equals brute force."""
    margins, exact, tried = [], 0, 0
    for seed in range(queues):
        random = np.random.default_rng(seed)
        options = list_options(draw_cases(random, customers), playbook)
        available = scarcity(options, playbook, 1 / 3)
        best = int(options.saving[allocate(options, available)].sum())
        greedy = int(options.saving[choose_greedily(options, available)].sum())
        margins.append(best / greedy - 1)
        if seed % 10 == 0:
            small = thin(list_options(draw_cases(random, 6), playbook), 4)
            few = scarcity(small, playbook, 1 / 3)
            tried += 1
            exact += choose_by_force(small, few) == int(small.saving[allocate(small, few)].sum())
    share = np.array(margins)
    print(f"{queues} queues of {customers} customers, budget a third:")
    print(f"  saves {share.mean():.2%} more than greedy on average, from {share.min():.2%}")
    print(f"  to {share.max():.2%}; more in {(share > 0).mean():.1%} of the queues")
    print(f"  equals brute force in {exact} of {tried} small queues")


def measure_time(customers: int) -> None:
    """Print how long a large queue takes, by processor and by clock."""
    random = np.random.default_rng(0)
    texts = np.array(
        ["You charged me $30 twice.", "I waited two hours.", "Lost my bag.", "You lied.", "Bad."]
    )
    queue = pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "expected_saving": random.lognormal(4, 1, customers).round(2),
            "lane": random.choice(
                ["standard", "senior", "must_contact"], customers, p=[0.8, 0.1, 0.1]
            ),
            "evidence": random.choice(texts, customers),
            "loss_amount": random.lognormal(3, 1, customers).round(2),
        }
    )
    plan(queue.head(100), budget=100)
    for budget in (None, 8.0 * customers):
        wall, processor = time.perf_counter(), time.process_time()
        plan(queue, budget=budget)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"{customers} customers, budget {budget}: {processor:.1f} s of one core's time,")
        print(f"  {wall:.1f} s by the clock")


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queues", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=15)
    parser.add_argument("--large", type=int, default=10_000)
    arguments = parser.parse_args()
    playbook = load_playbook()
    few = tuple(
        replace(item, stock=5) if item.stock is not None else item for item in playbook.gestures
    )
    compare(arguments.queues, arguments.customers, replace(playbook, gestures=few))
    measure_time(arguments.large)


if __name__ == "__main__":
    main()
