"""Let a queue that learns from its outcomes compete with the same queue as shipped, night by night.

Each night a queue may contact 5 % of the customers of `world.py`. Both begin with `Policy` as it
is. Whenever its log has doubled, the learning queue learns two things from it:

- how texts and forecast foretell leaving (`fit_policy`), from customers whom nobody called: the
  year of one customer in 90 ends each night, and it is known who left;
- what a contact saves (`RecoveryModel`), from lots: some customers around the cut of the queue are
  drawn each night, half of whom are called, in place of a tenth of the calls. The queue as shipped
  draws no lots, so it spends every call on its best customers.

Customers and their probabilities are the same every night, only the dice differ, so this shows how
fast a queue learns, not how customers change. Money is expected money, costs taken off; regret is
what an oracle that knows every probability would have kept beyond it. ``--woken`` takes the rule
away by which content customers are let lie, so that sleeping dogs have to be learned.

    python benchmarks/learning.py --data DIR --scores FILE [--out DIR] [--customers 20000]
        [--seeds 0 1] [--woken]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from queues import DEVELOPMENT, PLAIN, contacted_by_us, our_queue
from world import Truth, World, load_pool, load_values, make_world

from detractor.departures import fit_policy
from detractor.errors import ParameterError
from detractor.policy import Policy
from detractor.recoveries import RecoveryModel

NIGHTS, LAST = 90, 10
FITTED = (5, 10, 20, 40, 80)
"""After these nights."""
CAPACITY, LOTS = 0.05, 0.10
AROUND = (0.8, 1.6)
"""Lots are drawn among the customers at these positions, as shares of the calls."""


@dataclass
class Log:
    """What the nights have shown: who left of those not called, and what came of the lots."""

    left: dict[str, bool] = field(default_factory=dict)
    drawn: list[pd.DataFrame] = field(default_factory=list)

    def learn(self, world: World, policy: Policy) -> Policy:
        """Fit what foretells leaving, and then what a contact saves."""
        try:
            left = pd.Series(self.left)
            policy = fit_policy(
                world.feedback, left, as_of=world.as_of, policy=policy, contacts=world.contacts
            ).policy
        except ParameterError:  # too few have left so far
            pass
        lots = pd.concat(self.drawn)
        rows = our_queue(world, policy).set_index("customer_id").loc[lots["customer_id"]]
        model = RecoveryModel().fit(rows, lots["stayed"], treatment=lots["called"])
        return replace(policy, saving_model=model)


def draw_lots(queue: pd.Index, calls: int, dice: np.random.Generator) -> tuple[pd.Index, pd.Index]:
    """Give whom to call without doubt, and a lot, of which the first half is called."""
    chance = round(LOTS * calls)
    around = queue[slice(*(round(share * calls) for share in AROUND))]
    lot = around[dice.permutation(len(around))[: 2 * chance]]
    sure = queue.difference(lot, sort=False)
    return sure[: calls - (len(lot) + 1) // 2], lot


def compete(world: World, seed: int, policy: Policy) -> Iterator[dict[str, float]]:
    """Give money and harmed customers of each queue, night by night."""
    dice, people = np.random.default_rng(seed), world.customers.set_index("customer_id")
    calls = round(CAPACITY * len(people))
    harmed = people["p_leaves_contacted"] > people["p_leaves"]
    oracle = people["saving"].nlargest(calls).clip(lower=0).sum()
    fixed = contacted_by_us(our_queue(world, policy), calls, policy)
    ends = dice.permutation(len(people)) % NIGHTS
    log, learned = Log(), policy
    queue = contacted_by_us(our_queue(world, learned), 2 * calls, learned)
    for night in range(NIGHTS):
        sure, lot = draw_lots(queue, calls, dice)
        called = np.arange(len(lot)) < (len(lot) + 1) // 2
        reached = sure.append(lot[called])
        p = np.where(called, people["p_leaves_contacted"][lot], people["p_leaves"][lot])
        stayed = dice.random(len(lot)) >= p
        log.drawn.append(pd.DataFrame({"customer_id": lot, "called": called, "stayed": stayed}))
        ended = people.index[ends == night].difference(reached)
        left = dice.random(len(ended)) < people["p_leaves"][ended]
        log.left |= dict(zip(lot[~called], ~stayed[~called], strict=True)) | left.to_dict()
        yield {
            "night": night + 1,
            "as_shipped": people["saving"][fixed].sum() / oracle,
            "learning": people["saving"][reached].sum() / oracle,
            "harmed_as_shipped": harmed[fixed].mean(),
            "harmed_learning": harmed[reached].mean(),
        }
        if night + 1 in FITTED:
            learned = log.learn(world, policy)
            queue = contacted_by_us(our_queue(world, learned), 2 * calls, learned)


def sum_up(nights: pd.DataFrame) -> dict[str, float]:
    """Say from when on the learning queue has kept more in all, and what each kept."""
    behind = nights["learning"].cumsum() <= nights["as_shipped"].cumsum()
    last = nights["night"] > NIGHTS - LAST
    return {
        "as_shipped": nights["as_shipped"].mean(),
        "learning": nights["learning"].mean(),
        "first_night": nights["learning"].iloc[0],
        "last_nights": nights.loc[last, "learning"].mean(),
        "ahead_from_night": nights["night"][behind].max() + 1 if behind.any() else 1,
        "harmed_as_shipped": nights["harmed_as_shipped"].mean(),
        "harmed_last_nights": nights.loc[last, "harmed_learning"].mean(),
    }


def plot(nights: pd.DataFrame, path: Path) -> None:
    """Draw the regret of both queues, a thin line a world."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, colour in (("as_shipped", "tab:grey"), ("learning", "tab:blue")):
        regret = (1 - nights.pivot(index="night", columns="seed", values=name)).cumsum()
        axes.plot(regret, color=colour, linewidth=0.6, alpha=0.5)
        axes.plot(regret.mean(axis=1), color=colour, label=name.replace("_", " "))
    axes.set(xlabel="night", ylabel="regret, in nights of the oracle")
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run, sum up a world a line, and draw the regret."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True, help="from unseen_scores.py")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--development", type=int, choices=range(len(DEVELOPMENT)))
    parser.add_argument("--woken", action="store_true")
    asked = parser.parse_args()
    if not (asked.data / "annotated.parquet").exists():
        parser.exit(0, f"no annotated.parquet in {asked.data}: nothing to do\n")
    pool, values = load_pool(asked.data, asked.scores), load_values(asked.data)
    truth = Truth() if asked.development is None else DEVELOPMENT[asked.development]
    policy = replace(PLAIN, quiet_below=0.0) if asked.woken else PLAIN
    tables = []
    for seed in asked.seeds:
        world = make_world(seed, pool=pool, values=values, customers=asked.customers, truth=truth)
        nights = pd.DataFrame(compete(world, seed, policy)).assign(seed=seed)
        summary = {name: round(float(value), 3) for name, value in sum_up(nights).items()}
        print(seed, *(f"{name} {value}" for name, value in summary.items()), sep=" | ", flush=True)
        tables.append(nights)
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            name = "woken" if asked.woken else "regret"
            pd.concat(tables).to_csv(asked.out / f"{name}.csv", index=False)
            plot(pd.concat(tables), asked.out / f"{name}.png")


if __name__ == "__main__":
    main()
