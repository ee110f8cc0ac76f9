"""How often each interval holds the truth, in simulation; 95 % is promised.

Settings are those of small recovery programmes. Intervals of shares and counts swing with the grain
of whole numbers, so shares are drawn anew each round, and the figure is an average over them.

    python benchmarks/interval_coverage.py [--rounds 2000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from detractor.experiments import policy_value
from detractor.intervals import (
    Interval,
    bootstrap,
    mean_difference,
    mean_interval,
    proportion_difference,
    quantile_interval,
    rate_ratio,
    ratio_of_means,
    wilson,
)
from detractor.outcomes import measure_outcomes
from detractor.uplift_metrics import calibration_slope

Draw = Callable[[np.random.Generator], tuple[Interval, float]]
LOGNORMAL_MEAN = float(np.exp(0.5))


def share(n: int) -> Draw:
    """Draw a share and its count."""

    def draw(rng: np.random.Generator) -> tuple[Interval, float]:
        p = rng.uniform(0.05, 0.95)
        return wilson(rng.binomial(n, p), n), p

    return draw


def shares(n: int, m: int) -> Draw:
    """Draw two shares and their counts."""

    def draw(rng: np.random.Generator) -> tuple[Interval, float]:
        p, q = rng.uniform(0.1, 0.9, 2)
        return proportion_difference((rng.binomial(n, p), n), (rng.binomial(m, q), m)), p - q

    return draw


def rates(expected: float) -> Draw:
    """Draw two rates of few events."""

    def draw(rng: np.random.Generator) -> tuple[Interval, float]:
        ratio = rng.uniform(0.2, 1.5)
        events = rng.poisson(expected * ratio), rng.poisson(2 * expected)
        return rate_ratio((events[0], 100), (events[1], 200)), ratio

    return draw


def slope(rng: np.random.Generator) -> tuple[Interval, float]:
    """Draw a trial with a known slope of its predictions."""
    effect, treatment = rng.normal(size=400), rng.integers(0, 2, 400)
    outcome = 0.5 * effect * treatment + rng.normal(size=400) * (1 + treatment)
    return calibration_slope(outcome, effect, treatment), 0.5


def policy(rng: np.random.Generator) -> tuple[Interval, float]:
    """Draw a log and the value of a policy in it."""
    wanted, treatment = rng.integers(0, 2, 400), rng.random(400) < 0.7
    outcome = (rng.random(400) < 0.4 + 0.2 * treatment).astype(float)
    return policy_value(outcome, wanted, treatment.astype(int), propensity=0.7), 0.5


def returned(rng: np.random.Generator) -> tuple[Interval, float]:
    """Draw a programme and its return on cost: 100 of 500 kept at a cost of 10."""
    arm = np.where(rng.random(400) < 0.7, "contacted", "holdout")
    stayed = rng.random(400) < np.where(arm == "contacted", 0.8, 0.6)
    contacts = pd.DataFrame(
        {"arm": arm, "stayed": stayed, "annual_value": 500.0, "cost": rng.gamma(4, 2.5, 400)}
    )
    return measure_outcomes(contacts).interval("return_on_cost"), 10.0


SETTINGS: dict[str, Draw] = {
    "share, n 10": share(10),
    "share, n 60": share(60),
    "difference of shares, n 20 and 20": shares(20, 20),
    "difference of shares, n 80 and 15": shares(80, 15),
    "mean, normal, n 8": lambda rng: (mean_interval(rng.normal(size=8)), 0.0),
    "mean, lognormal, n 30": lambda rng: (
        mean_interval(rng.lognormal(size=30)),
        LOGNORMAL_MEAN,
    ),
    "mean, lognormal, n 300": lambda rng: (
        mean_interval(rng.lognormal(size=300)),
        LOGNORMAL_MEAN,
    ),
    "difference of means, n 12 and 30": lambda rng: (
        mean_difference(rng.normal(size=12), 3 * rng.normal(size=30)),
        0.0,
    ),
    "difference of lognormal means, n 60 and 30": lambda rng: (
        mean_difference(rng.lognormal(size=60), rng.lognormal(size=30)),
        0.0,
    ),
    "median, n 10": lambda rng: (quantile_interval(rng.exponential(size=10)), np.log(2)),
    "median, n 60": lambda rng: (quantile_interval(rng.exponential(size=60)), np.log(2)),
    "ninth decile, n 80": lambda rng: (
        quantile_interval(rng.exponential(size=80), 0.9),
        np.log(10),
    ),
    "rate ratio, 4 events": rates(4),
    "rate ratio, 20 events": rates(20),
    "ratio of means, n 30": lambda rng: (
        ratio_of_means(rng.normal(6, 2, 30), rng.normal(3, 0.5, 30)),
        2.0,
    ),
    "slope of calibration, n 400": slope,
    "value of a policy, n 400": policy,
    "return on cost, n 400": returned,
    "bootstrap of a mean, n 100": lambda rng: (
        bootstrap(np.mean, rng.exponential(size=100), replicates=200),
        1.0,
    ),
}


def main() -> None:
    """Print coverage by interval and setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    for name, draw in SETTINGS.items():
        rng = np.random.default_rng(0)
        many = rounds if "bootstrap" not in name and "return" not in name else rounds // 4
        held = [
            interval.low <= truth <= interval.high for interval, truth in map(draw, [rng] * many)
        ]
        print(f"{name} | {np.mean(held):.3f} | {many} rounds", flush=True)


if __name__ == "__main__":
    main()
