"""Let a queue that learns from its outcomes compete with one that keeps its prior, night by night.

Each night a queue may contact 5 % of the customers of `world.py`. The learning queue gives a tenth
of its calls to chance, holds as many customers out, logs who stayed, and fits `UpliftModel` to that
log every ten nights; its prediction takes the place of the prior as far as the evidence weighs.
Customers and their probabilities are the same every night, only the dice differ, so this shows how
fast a queue learns, not how customers change. Money is expected money, costs taken off; regret is
what an oracle that knows every probability would have kept beyond it.

    python benchmarks/learning.py --data DIR [--out DIR] [--customers 20000] --scores FILE
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from world import World, load_pool, load_values, make_world

from detractor.policy import Policy
from detractor.ranking import rank
from detractor.uplift import UpliftModel

NIGHTS, REFIT = 90, 10
CAPACITY, EXPLORED = 0.05, 0.10
FEATURES = ["prior", "p_leaves", "freshness", "detractor", "anger", "churn_risk", "trend", "texts"]


def known(world: World) -> pd.DataFrame:
    """Rank once with the prior; one row a customer, with what is true beside what is known."""
    policy = Policy(holdout_share=0, must_contact=(), cost_per_contact=world.truth.contact_cost)
    queue = rank(world.feedback, policy=policy, as_of=world.as_of)
    queue["prior"] = queue["p_leaves"] * queue["recoverability"] * queue["freshness"]
    truth = world.customers.rename(columns={"p_leaves": "true_leaves"})
    columns = ["customer_id", "true_leaves", "p_leaves_contacted", "saving"]
    return queue.merge(truth[columns], on="customer_id")


def best(customers: pd.DataFrame, added: np.ndarray, calls: int, cost: float) -> np.ndarray:
    """Pick the customers of most expected money, none of which is a loss."""
    money = customers["value"].to_numpy() * added - cost
    order = np.argsort(-money, kind="stable")[:calls]
    return order[money[order] > 0]


def compete(world: World, seed: int) -> pd.DataFrame:
    """Give money and harmed customers of each queue, night by night."""
    customers, dice = known(world), np.random.default_rng(seed)
    size, cost = len(customers), world.truth.contact_cost
    calls = int(CAPACITY * size)
    chance = int(EXPLORED * calls)
    saving = customers["saving"].to_numpy()
    harmed = (customers["p_leaves_contacted"] > customers["true_leaves"]).to_numpy()
    prior = customers["prior"].to_numpy()
    oracle = np.sort(saving)[::-1][:calls].clip(0).sum()
    added, log, weight, lines = prior, [], 0.0, []
    fixed = best(customers, prior, calls, cost)
    for night in range(1, NIGHTS + 1):
        drawn = dice.permutation(size)[: 2 * chance]
        arms = np.repeat([1, 0], chance)
        p = np.where(
            arms == 1,
            customers["p_leaves_contacted"].iloc[drawn],
            customers["true_leaves"].iloc[drawn],
        )
        log.append((drawn, arms, dice.random(2 * chance) >= p))
        free = ~np.isin(np.arange(size), drawn)
        rest = np.flatnonzero(free)
        picked = rest[best(customers.iloc[rest], added[rest], calls - chance, cost)]
        reached = np.concatenate([picked, drawn[:chance]])
        lines.append(
            {
                "night": night,
                "prior_only": saving[fixed].sum(),
                "learning": saving[reached].sum(),
                "oracle": oracle,
                "prior_harmed": harmed[fixed].mean(),
                "learning_harmed": harmed[picked].mean() if len(picked) else 0.0,
                "weight": weight,
            }
        )
        if night % REFIT == 0:
            rows, treated, stayed = (np.concatenate(part) for part in zip(*log, strict=True))
            model = UpliftModel(learner="shrunken")
            model.fit(customers.iloc[rows][FEATURES], stayed, treatment=treated)
            learned, weight = model.predict(customers[FEATURES]), model.weight
            added = (1 - weight) * prior + weight * learned
    return pd.DataFrame(lines)


def plot(nights: pd.DataFrame, path: Path) -> None:
    """Draw the regret of both queues."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    for name in ("prior_only", "learning"):
        axes.plot(nights["night"], (nights["oracle"] - nights[name]).cumsum(), label=name)
    axes.set(xlabel="night", ylabel="regret against the oracle", title="A queue that learns")
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main() -> None:
    """Run, print every tenth night, and draw the regret."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--scores", type=Path, required=True, help="from unseen_scores.py")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not (arguments.data / "annotated.parquet").exists():
        print(f"no annotated.parquet in {arguments.data}")
        return
    pool, values = load_pool(arguments.data, arguments.scores), load_values(arguments.data)
    world = make_world(arguments.seed, pool=pool, values=values, customers=arguments.customers)
    nights = compete(world, arguments.seed)
    totals = nights[["prior_only", "learning", "oracle"]].cumsum().add_prefix("total_")
    nights = nights.join(totals)
    ahead = nights[nights["learning"] > nights["prior_only"]]["night"]
    passed = nights[nights["total_learning"] > nights["total_prior_only"]]["night"]
    print(nights[nights["night"] % REFIT == 0].round(3).to_string(index=False))
    print("first night ahead:", ahead.min(), "| total ahead from night:", passed.min())
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        plot(nights, arguments.out / "regret.png")


if __name__ == "__main__":
    main()
