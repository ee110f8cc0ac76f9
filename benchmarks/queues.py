"""Let queues compete in the world of `world.py` for the most money kept with the same calls.

Run ``python benchmarks/queues.py --data DIR --scores FILE [--out DIR] [--customers 20000]
[--seeds 5]``; `unseen_scores.py` writes the scores.

The ceiling is an oracle that knows every customer's true probabilities with and without contact,
not the dice. All queues see the same scores; a queue that names fewer customers than there are
calls leaves calls unused. Money is expected money: no dice are thrown to compare queues.

Two queues learn from an earlier year of the same company, in which nobody was called and it is
known who left: ours by `fit_policy`, and a rival of value times what gradient boosting makes of
ratings, dates, VADER and the company's forecast. The same rival is also given our scores.

Formula and defaults were chosen in worlds with other seeds and curves than the one reported here
(`DEVELOPMENT`). Where to look was known from earlier runs of the reported one, though.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from world import Truth, World, draw_stays, load_pool, load_values, make_world

from detractor.capacity import choose
from detractor.departures import fit_policy
from detractor.policy import Policy
from detractor.ranking import rank
from detractor.schema import HEADS

SHARES = (0.01, 0.05, 0.20)
OURS = "detractor"
OURS_FITTED = "detractor, fitted to last year"
PAST = 1000
"""Seed of the year before, in which nobody is called, so that all teach."""
DEVELOPMENT = (
    Truth(base_hazard=0.09, base_spread=0.9, intent_hazard=(0, 0.2, 0.6, 1.4),
          anger_hazard=(0, 0.02, 0.1, 0.25), text_shape=3.0, forecast_error=0.5, window_days=100,
          window_shape=1.2, best_recovery=0.35),
    Truth(base_hazard=0.04, base_spread=0.4, intent_hazard=(0, 0.08, 0.3, 0.6),
          anger_hazard=(0, 0.1, 0.3, 0.5), rating_hazard=0.2, text_shape=8.0, forecast_error=1.2,
          value_error=0.5, window_days=45, window_shape=0.7, best_recovery=0.5),
    Truth(base_hazard=0.12, base_spread=0.6, intent_hazard=(0, 0.05, 0.25, 0.7),
          anger_hazard=(0, 0.1, 0.25, 0.6), rating_hazard=0.3, text_shape=2.0, forecast_error=0.8,
          value_error=0.4, window_days=150, window_shape=1.0, best_recovery=0.4, provoked=0.05),
)  # fmt: skip
"""Other companies, on which choices are made: ``--development 0`` and so on."""
KNOWN = [
    "value", "p_leaves", "recoverability", "freshness", "detractor", "anger", "churn_risk", "trend",
    "failed_recoveries", "texts",
]  # fmt: skip
PLAIN = Policy(holdout_share=0, must_contact=())
"""The defaults, without a control group and without duties, which no rival queue has either."""

Order = Callable[[pd.DataFrame], pd.Series]
"""From feedback to a number a customer, the highest called first."""


def _by_customer(feedback: pd.DataFrame) -> pd.core.groupby.DataFrameGroupBy:
    return feedback.groupby("customer_id")


RIVALS: dict[str, Order] = {
    "at random": lambda f: (
        _by_customer(f).size() * 0 + np.random.default_rng(0).random(f["customer_id"].nunique())
    ),
    "newest first": lambda f: _by_customer(f)["date"].max().astype("int64"),
    "lowest rating": lambda f: -_by_customer(f)["rating"].min(),
    "VADER": lambda f: -_by_customer(f)["vader"].min(),
    "value": lambda f: _by_customer(f)["value"].first(),
    "churn risk (text)": lambda f: _by_customer(f)["churn_risk"].max(),
    "churn risk (forecast)": lambda f: _by_customer(f)["churn_probability"].first().fillna(0.1),
    "value x churn (text)": lambda f: (
        _by_customer(f)["value"].first() * _by_customer(f)["churn_risk"].max()
    ),
    "value x churn (forecast)": lambda f: (
        _by_customer(f)["value"].first() * _by_customer(f)["churn_probability"].first().fillna(0.1)
    ),
    "value x VADER": lambda f: (
        _by_customer(f)["value"].first() * (1 - _by_customer(f)["vader"].min())
    ),
}


def contacted_by(order: Order, world: World, calls: int) -> pd.Index:
    """Call the customers with the highest numbers; ties go to the first name."""
    score = order(world.feedback).sort_index()
    return score.sort_values(ascending=False, kind="stable").index[:calls]


def our_queue(world: World, policy: Policy = PLAIN) -> pd.DataFrame:
    """Rank once; `contacted_by_us` chooses for any number of calls."""
    return rank(world.feedback, policy=policy, as_of=world.as_of, contacts=world.contacts)


def contacted_by_us(queue: pd.DataFrame, calls: int, policy: Policy = PLAIN) -> pd.Index:
    """Call whom the queue says."""
    return pd.Index(queue["customer_id"][choose(queue, policy=replace(policy, capacity=calls))])


def who_left(past: World) -> pd.Series:
    """Throw the dice of a year without a call."""
    nobody = np.zeros(len(past.customers), dtype=bool)
    return pd.Series(~draw_stays(past, nobody, PAST), index=past.customers["customer_id"])


def learn_beliefs(past: World) -> Policy:
    """Fit our policy to who left."""
    left = who_left(past)
    return fit_policy(
        past.feedback, left, as_of=past.as_of, policy=PLAIN, contacts=past.contacts
    ).policy


def learned_rival(past: World, *, heads: Sequence[str] = ()) -> Order:
    """Order by value times P(leaves), as gradient boosting learns it from who left."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    def read(feedback: pd.DataFrame) -> pd.DataFrame:
        customers = _by_customer(feedback)
        features = customers.agg(
            forecast=("churn_probability", "first"),
            worst=("rating", "min"),
            latest=("rating", "last"),
            texts=("rating", "size"),
            tone=("vader", "min"),
            mean_tone=("vader", "mean"),
            tenure=("tenure_years", "first"),
            purchases=("purchases", "first"),
        )
        days = (past.as_of - customers["date"].max()).dt.total_seconds() / 86_400
        return features.assign(days=days, **{head: customers[head].max() for head in heads})

    features = read(past.feedback)
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=50, random_state=0
    ).fit(features, who_left(past).loc[features.index])

    def order(feedback: pd.DataFrame) -> pd.Series:
        asked = read(feedback)
        leaves = pd.Series(model.predict_proba(asked)[:, 1], index=asked.index)
        return _by_customer(feedback)["value"].first() * leaves

    return order


def hindsight(world: World, teacher: World) -> pd.Series:
    """Tell the saving of each customer as a forest would that saw the truth of another such world.

    It reads the columns of our queue, and shows how much of the oracle's knowledge they hold: what
    is beyond it, no queue could know.
    """
    from sklearn.ensemble import RandomForestRegressor

    def read(seen: World) -> tuple[pd.DataFrame, pd.Series]:
        queue = our_queue(seen).set_index("customer_id")
        people = seen.customers.set_index("customer_id").loc[queue.index]
        features = queue[KNOWN].assign(
            since=(seen.as_of - queue["last_date"]).dt.days,
            complaint_since=(seen.as_of - queue["evidence_date"]).dt.days,
        )
        return features.astype(float), people["p_leaves"] - people["p_leaves_contacted"]

    forest = RandomForestRegressor(
        30, min_samples_leaf=20, max_features=0.5, max_samples=0.5, random_state=0
    )
    features, added = read(teacher)
    seen, _ = read(world)
    saving = forest.fit(features, added).predict(seen) * seen["value"] - world.truth.contact_cost
    return pd.Series(saving, index=seen.index)


def judge(world: World, contacted: pd.Index, calls: int) -> dict[str, float]:
    """Weigh a choice of customers by what is true of them."""
    people = world.customers.set_index("customer_id")
    chosen = people.loc[contacted]
    best = people["saving"].nlargest(calls)
    saved = (chosen["p_leaves"] - chosen["p_leaves_contacted"]).sum()
    return {
        "calls": len(chosen),
        "money": chosen["saving"].sum(),
        "share": chosen["saving"].sum() / best[best > 0].sum(),
        "calls_per_saved": len(chosen) / saved if saved > 0 else np.inf,
        "harmed": (chosen["p_leaves_contacted"] > chosen["p_leaves"]).mean(),
    }


def compete(worlds: list[World], past: World) -> pd.DataFrame:
    """Let every queue choose in every world at every capacity.

    The learning queues know who left in `past`; hindsight knows all its probabilities.
    """
    rows = []
    fitted = learn_beliefs(past)
    learned = {
        "value x leaving (learned)": learned_rival(past),
        "value x leaving (learned, our scores)": learned_rival(past, heads=HEADS),
    }
    for seed, world in enumerate(worlds):
        known, queue, knowing = hindsight(world, past), our_queue(world), our_queue(world, fitted)
        for share in SHARES:
            calls = round(share * len(world.customers))
            people = world.customers.set_index("customer_id")
            rivals = (RIVALS | learned).items()
            choices = {name: contacted_by(order, world, calls) for name, order in rivals}
            choices[OURS] = contacted_by_us(queue, calls)
            choices[OURS_FITTED] = contacted_by_us(knowing, calls, fitted)
            best, told = people["saving"].nlargest(calls), known.nlargest(calls)
            choices["(hindsight)"] = told[told > 0].index
            choices["oracle"] = best[best > 0].index
            rows += [
                {"seed": seed, "capacity": share, "queue": name, **judge(world, chosen, calls)}
                for name, chosen in choices.items()
            ]
    return pd.DataFrame(rows)


def beliefs() -> dict[str, Policy]:
    """Policies that believe something wrong."""
    return {
        "as shipped": PLAIN,
        "half-lives a third": replace(PLAIN, anger_half_life_days=15, churn_half_life_days=60),
        "half-lives threefold": replace(PLAIN, anger_half_life_days=135, churn_half_life_days=540),
        "prior 0.05": replace(PLAIN, prior_recovered=1, prior_lost=19),
        "prior 0.60": replace(PLAIN, prior_recovered=12, prior_lost=8),
        "forecast believed whole": replace(PLAIN, forecast_weight=1.0),
        "forecast not believed": replace(PLAIN, forecast_weight=0.0),
        "nobody let lie": replace(PLAIN, quiet_below=0.0),
        "text counts double": replace(PLAIN, text_weight=1.0),
        "text counts half": replace(PLAIN, text_weight=0.25),
        "with the duty to contact": replace(PLAIN, must_contact=Policy().must_contact),
    }


def with_labels(world: World) -> World:
    """Give the scores that a reader would who knows every label."""
    told = world.feedback
    scores = {
        "anger": np.array([0.02, 0.2, 0.9, 0.98])[told["anger_label"]],
        "churn_risk": np.array([0.02, 0.2, 0.9, 0.98])[told["intent_label"]],
        "detractor": np.where(told["rating"] <= 4, 0.95, 0.05),
    }
    return replace(world, feedback=told.assign(**scores))


def sensitivity(
    worlds: list[World], truth: Truth, remake: Callable[[Truth], list[World]]
) -> pd.DataFrame:
    """Ask what wrong beliefs, worse data and a harsher world cost, as share of the oracle."""
    cases = {name: (policy, worlds) for name, policy in beliefs().items()}
    cases["values off by a factor of e"] = (PLAIN, remake(replace(truth, value_error=1.0)))
    cases["a perfect reader"] = (PLAIN, [with_labels(world) for world in worlds])
    cases["texts tell half as much"] = (PLAIN, remake(replace(truth, text_shape=0.5)))
    for column in ("churn_probability", "rating", "value", "date"):
        poorer = [replace(w, feedback=w.feedback.drop(columns=column)) for w in worlds]
        cases[f"without {column}"] = (PLAIN, poorer)
    rows = []
    for name, (policy, where) in cases.items():
        queues = [our_queue(world, policy) for world in where]
        for share in SHARES:
            calls = round(share * len(where[0].customers))
            pairs = zip(where, queues, strict=True)
            found = [judge(w, contacted_by_us(q, calls, policy), calls)["share"] for w, q in pairs]
            rows.append({"case": name, "capacity": share, "share": float(np.mean(found))})
    table = pd.DataFrame(rows)
    return table.pivot(index="case", columns="capacity", values="share").loc[list(cases)]


def losses(world: World, share: float = 0.05) -> pd.DataFrame:
    """Show whom the oracle calls and we do not, and the reverse, by what is true of them."""
    calls = round(share * len(world.customers))
    people = world.customers.set_index("customer_id")
    ours, oracle = contacted_by_us(our_queue(world), calls), people["saving"].nlargest(calls).index
    last = world.feedback.groupby("customer_id").agg(
        intent=("intent_label", "max"),
        newest=("date", "max"),
        forecast=("churn_probability", "max"),
    )
    kinds = {
        "both": oracle.intersection(ours),
        "only the oracle": oracle.difference(ours),
        "only ours": ours.difference(oracle),
    }
    rows = {
        name: {
            "customers": len(who),
            "saving": people.loc[who, "saving"].sum(),
            "median value": people.loc[who, "true_value"].median(),
            "mean P(leaves)": people.loc[who, "p_leaves"].mean(),
            "decided to leave": (last.loc[who, "intent"] == 3).mean(),
            "no word of leaving": (last.loc[who, "intent"] == 0).mean(),
            "median days since": (world.as_of - last.loc[who, "newest"]).dt.days.median(),
        }
        for name, who in kinds.items()
    }
    return pd.DataFrame(rows).T


def plot(table: pd.DataFrame, file: Path) -> None:
    """Draw the share of the oracle of every queue at every capacity."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shares = table.pivot_table(index="queue", columns="capacity", values="share")
    shares = shares.drop(index=["oracle", "(hindsight)"]).sort_values(SHARES[1])
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for place, share in enumerate(SHARES):
        at = np.arange(len(shares)) + (place - 1) * 0.27
        axes.barh(at, shares[share], height=0.25, label=f"{share:.0%} of customers")
    axes.set_yticks(np.arange(len(shares)), shares.index)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("money kept, as a share of the oracle's")
    axes.legend()
    figure.savefig(file, dpi=120)
    plt.close(figure)


def main() -> None:
    """Run the competition and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True, help="from unseen_scores.py")
    parser.add_argument("--development", type=int, choices=range(len(DEVELOPMENT)))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    if not (asked.data / "annotated.parquet").exists():
        parser.exit(0, f"no annotated.parquet in {asked.data}: nothing to do\n")
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
    pool = load_pool(asked.data, asked.scores)
    values = load_values(asked.data)

    def make(seed: int, truth: Truth) -> World:
        return make_world(seed, pool=pool, values=values, customers=asked.customers, truth=truth)

    developing = asked.development is not None
    first = 3000 if developing else 0
    truth = DEVELOPMENT[asked.development] if developing else Truth()

    def remake(truth: Truth) -> list[World]:
        return [make(first + seed, truth) for seed in range(asked.seeds)]

    worlds = remake(truth)
    table = compete(worlds, make(first + PAST, truth))
    means = table.groupby(["capacity", "queue"]).mean().drop(columns="seed")
    spread = table.groupby(["capacity", "queue"])["share"].std().rename("share_sd")
    print(
        means.join(spread)
        .sort_values(["capacity", "share"], ascending=[True, False])
        .round(3)
        .to_string()
    )
    print(sensitivity(worlds, truth, remake).round(3).to_string())
    print(losses(worlds[0]).round(2).to_string())
    if asked.out:
        table.to_csv(asked.out / "queues.csv", index=False)
        plot(table, asked.out / "queues.png")


if __name__ == "__main__":
    main()
