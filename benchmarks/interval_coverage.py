"""How often each interval holds the truth, in simulation; 95 % is promised, 93 to 97 % the bounds.

Settings are those of small recovery programmes. Intervals of shares and counts swing with the grain
of whole numbers, so shares are drawn anew each round, and the figure is an average over them. The
figures of `measure_outcomes` are held against programmes whose customers are drawn, at four sizes;
what is printed without a range, as money of few customers, is left out. What has a benchmark of its
own: fixes (benchmarks/fixes.py).

    python benchmarks/interval_coverage.py [--rounds 2000] [--only WORD]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from detractor.areas import area_interval
from detractor.bandit import Bandit
from detractor.concentrations import share_ratio
from detractor.drift import calibration_drift
from detractor.experiments import policy_value
from detractor.impacts import impacts
from detractor.intervals import (
    Interval,
    bootstrap,
    effect_interval,
    mean_difference,
    mean_interval,
    proportion_difference,
    quantile_interval,
    rate_ratio,
    ratio_of_means,
    wilson,
)
from detractor.movements import TREND_DAYS, trend
from detractor.outcomes import measure_outcomes
from detractor.policy import ServiceHours
from detractor.uplift_metrics import calibration_slope, curve_band, qini_curve

Dice = np.random.Generator
Draw = Callable[[Dice], tuple[Interval, float]]

LOGNORMAL_MEAN = float(np.exp(0.5))
SCORES = np.array([0.0, 5, 8, 9, 9, 10, 10])
"""Satisfied on the whole, with a tail: as skewed as scores come."""
SLOW = {"bandit": 2, "bootstrap": 4, "band": 2, "programme": 2}
"""Rounds are divided by this."""
LEAST, MOST = 0.93, 0.97


def share(n: int, *, least: float = 0.05, most: float = 0.95) -> Draw:
    """Draw a share and its count."""

    def draw(dice: Dice) -> tuple[Interval, float]:
        p = dice.uniform(least, most)
        return wilson(dice.binomial(n, p), n), p

    return draw


def shares(n: int, m: int, *, least: float = 0.1, most: float = 0.9) -> Draw:
    """Draw two shares and their counts."""

    def draw(dice: Dice) -> tuple[Interval, float]:
        p, q = dice.uniform(least, most, 2)
        return proportion_difference((dice.binomial(n, p), n), (dice.binomial(m, q), m)), p - q

    return draw


def part(n: int, m: int) -> Draw:
    """Draw the customers of one part of an uplift table."""

    def draw(dice: Dice) -> tuple[Interval, float]:
        p, q = dice.uniform(0.3, 0.95, 2)
        return effect_interval(dice.random(n) < p, dice.random(m) < q), p - q

    return draw


def mean(sample: Callable[[Dice], np.ndarray], truth: float, *, bounded: bool = False) -> Draw:
    """Draw values and take their mean."""
    return lambda dice: (mean_interval(sample(dice), bounded=bounded), truth)


def lognormal_gain(n: int, m: int) -> Draw:
    """Draw money of two groups of customers, and no effect."""
    return lambda dice: (mean_difference(dice.lognormal(size=n), dice.lognormal(size=m)), 0.0)


def score_gain(n: int, m: int) -> Draw:
    """Draw scores of two groups, and no effect."""
    return lambda dice: (mean_difference(dice.choice(SCORES, n), dice.choice(SCORES, m)), 0.0)


def quantile(n: int, level: float) -> Draw:
    """Draw waits and take one quantile."""
    truth = -float(np.log(1 - level))
    return lambda dice: (quantile_interval(dice.exponential(size=n), level), truth)


def rates(expected: float) -> Draw:
    """Draw two rates of few events."""

    def draw(dice: Dice) -> tuple[Interval, float]:
        ratio = dice.uniform(0.2, 1.5)
        events = dice.poisson(expected * ratio), dice.poisson(2 * expected)
        return rate_ratio((events[0], 100), (events[1], 200)), ratio

    return draw


def ratio(dice: Dice) -> tuple[Interval, float]:
    """Draw pairs and take the ratio of their means."""
    return ratio_of_means(dice.normal(6, 2, 30), dice.normal(3, 0.5, 30)), 2.0


def slope(dice: Dice, *, binary: bool) -> tuple[Interval, float]:
    """Draw a trial with a known slope of its predictions."""
    effect, treatment = dice.uniform(-0.3, 0.3, 400), dice.integers(0, 2, 400)
    expected = 0.5 + 0.5 * effect * treatment
    if binary:
        return calibration_slope(dice.random(400) < expected, effect, treatment), 0.5
    noise = dice.normal(size=400) * (1 + treatment)
    return calibration_slope(expected + noise, effect, treatment), 0.5


def policy(dice: Dice, *, money: bool) -> tuple[Interval, float]:
    """Draw a log and the value of a policy in it."""
    wanted, treatment = dice.integers(0, 2, 400), dice.random(400) < 0.7
    outcome = (dice.random(400) < 0.4 + 0.2 * treatment).astype(float)
    worth = dice.lognormal(size=400) if money else np.ones(400)
    value = policy_value(worth * outcome, wanted, treatment.astype(int), propensity=0.7)
    return value, 0.5 * (LOGNORMAL_MEAN if money else 1.0)


def drift(dice: Dice, *, n: int, shape: tuple[float, float]) -> tuple[Interval, float]:
    """Draw outcomes of predictions that are right."""
    predicted = dice.beta(*shape, n)
    return calibration_drift(predicted, dice.random(n) < predicted), 0.0


def band(dice: Dice, *, share: float) -> tuple[Interval, float]:
    """Draw a trial of 1,000 customers and read the band of its Qini curve at one share."""
    score, treatment = dice.random(1000), np.arange(1000) % 2
    outcome = dice.random(1000) < 0.5 + 0.2 * score * treatment
    curve = curve_band(qini_curve, outcome, score, treatment, points=11)
    row = curve.iloc[round(share * 10)]
    return Interval(row["gain"], row["low"], row["high"]), 500 * share * 0.2 * (1 - share / 2)


def area(
    dice: Dice, *, positives: int, negatives: int, truth: float, spread: float = 1.0
) -> tuple[Interval, float]:
    """Draw scores of two classes, and take the area under the curve."""
    apart = ndtri(truth) * np.hypot(1, spread)
    of, other = dice.normal(apart, spread, positives), dice.normal(size=negatives)
    return area_interval(of, other), truth


def gesture(dice: Dice, *, best: bool) -> tuple[Interval, float]:
    """Let a bandit choose gestures for ten nights, and take the share saved by one of them."""
    truth = dict(zip(("call", "letter", "refund"), dice.uniform(0.2, 0.6, 3), strict=True))
    bandit = Bandit(tuple(truth))
    for night in dice.integers(2**31, size=10):
        names = bandit.choose(30, seed=int(night))["gesture"]
        bandit = bandit.learn(names.tolist(), dice.random(30) < names.map(truth))
    rates = bandit.rates()
    name = max(rates, key=lambda name: rates[name].estimate) if best else "call"
    return rates[name], truth[name]


def impact(dice: Dice, *, figure: str) -> tuple[Interval, float]:
    """Draw ratings of 300 texts, a fifth of which speak of a theme that lowers them by 2."""
    late = dice.random(300) < 0.2
    scores = pd.Series(dice.integers(4, 11, 300) - 2.0 * late)
    mentions = pd.DataFrame({"theme": "late", "position": np.flatnonzero(late)})
    row = impacts(mentions, scores).loc["late"]
    truth = {"effect": -2.0, "without_gain": 0.4}[figure]
    return Interval(row[figure], row[f"{figure}_low"], row[f"{figure}_high"]), truth


def lift(
    dice: Dice, *, rows: int, others: int, shares: tuple[float, float]
) -> tuple[Interval, float]:
    """Draw a store where a theme is said more than elsewhere, which stands in a table by itself."""
    here, elsewhere = np.array(shares) * dice.uniform(0.7, 1.3, 2)
    counts = (dice.binomial(rows, here), rows), (dice.binomial(others, elsewhere), others)
    return share_ratio(*counts), here / elsewhere


def slope_of_theme(
    dice: Dice, *, weekly: float, weeks: int, factor: float, clumps: float = 1.0
) -> tuple[Interval, float]:
    """Draw the weeks of a theme whose share changes by a factor in 30 days."""
    days = (np.arange(weeks) - weeks / 2) * 7 / TREND_DAYS
    volumes = dice.poisson(200, weeks)
    means = weekly * volumes / 200 * factor**days
    if clumps > 1:
        means = dice.gamma(means / (clumps - 1), clumps - 1)
    return trend(dice.poisson(means), volumes), factor


SETTINGS: dict[str, Draw] = {
    "share, n 10": share(10),
    "share, n 60": share(60),
    "rare share, n 60": share(60, least=0, most=0.05),
    "difference of shares, n 20 and 20": shares(20, 20),
    "difference of shares, n 80 and 15": shares(80, 15),
    "difference of shares, n 380 and 20": shares(380, 20),
    "part of an uplift table, n 90 and 30": part(90, 30),
    "part of an uplift table, n 30 and 15": part(30, 15),
    "mean, normal, n 8": mean(lambda dice: dice.normal(size=8), 0.0),
    "mean, exponential, n 20": mean(lambda dice: dice.exponential(size=20), 1.0),
    "mean, lognormal, n 30": mean(lambda dice: dice.lognormal(size=30), LOGNORMAL_MEAN),
    "mean, lognormal, n 300": mean(lambda dice: dice.lognormal(size=300), LOGNORMAL_MEAN),
    "mean score, n 20": mean(lambda dice: dice.choice(SCORES, 20), SCORES.mean(), bounded=True),
    "mean score, n 60": mean(lambda dice: dice.choice(SCORES, 60), SCORES.mean(), bounded=True),
    "difference of means, n 12 and 30": lambda dice: (
        mean_difference(dice.normal(size=12), 3 * dice.normal(size=30)),
        0.0,
    ),
    "difference of mean scores, n 60 and 30": score_gain(60, 30),
    "difference of mean scores, n 380 and 20": score_gain(380, 20),
    "difference of lognormal means, n 60 and 30": lognormal_gain(60, 30),
    "difference of lognormal means, n 380 and 20": lognormal_gain(380, 20),
    "difference of lognormal means, n 950 and 50": lognormal_gain(950, 50),
    "median, n 10": quantile(10, 0.5),
    "median, n 60": quantile(60, 0.5),
    "ninth decile, n 80": quantile(80, 0.9),
    "rate ratio, 4 events": rates(4),
    "rate ratio, 20 events": rates(20),
    "ratio of means, n 30": ratio,
    "slope of calibration, numbers, n 400": partial(slope, binary=False),
    "slope of calibration, shares, n 400": partial(slope, binary=True),
    "value of a policy, shares, n 400": partial(policy, money=False),
    "value of a policy, money, n 400": partial(policy, money=True),
    "calibration drift, 5 %, n 100": partial(drift, n=100, shape=(1, 19)),
    "calibration drift, 50 %, n 30": partial(drift, n=30, shape=(4, 4)),
    "area .80, n 20 and 180": partial(area, positives=20, negatives=180, truth=0.8),
    "area .90, n 20 and 180": partial(area, positives=20, negatives=180, truth=0.9),
    "area .96, n 20 and 180": partial(area, positives=20, negatives=180, truth=0.96),
    "area .96, n 60 and 60": partial(area, positives=60, negatives=60, truth=0.96),
    "area .80, positives wide, n 20 and 180": partial(
        area, positives=20, negatives=180, truth=0.8, spread=1.6
    ),
    "area .80, positives narrow, n 20 and 180": partial(
        area, positives=20, negatives=180, truth=0.8, spread=0.6
    ),
    "gesture of a bandit, n 300": partial(gesture, best=False),
    "gesture of a bandit that does best, n 300": partial(gesture, best=True),
    "impact of a theme, n 300": partial(impact, figure="effect"),
    "impact of a theme, score without it, n 300": partial(impact, figure="without_gain"),
    "lift of a theme, shares .1 and .05, n 60 and 600": partial(
        lift, rows=60, others=600, shares=(0.1, 0.05)
    ),
    "lift of a theme, shares .5 and .3, n 50 and 400": partial(
        lift, rows=50, others=400, shares=(0.5, 0.3)
    ),
    "trend of a theme, 3 a week, 15 weeks": partial(slope_of_theme, weekly=3, weeks=15, factor=1),
    "trend of a theme, 20 a week, 30 weeks": partial(
        slope_of_theme, weekly=20, weeks=30, factor=1.3
    ),
    "trend of a theme, 20 a week in clumps of 2.5, 30 weeks": partial(
        slope_of_theme, weekly=20, weeks=30, factor=1.3, clumps=2.5
    ),
    "trend of a theme, 15 a week in clumps of 1.7, 16 weeks": partial(
        slope_of_theme, weekly=15, weeks=16, factor=0.7, clumps=1.7
    ),
    "band of a Qini curve at 30 %, n 1,000": partial(band, share=0.3),
    "band of a Qini curve at 80 %, n 1,000": partial(band, share=0.8),
    "bootstrap of a mean, n 100": lambda dice: (
        bootstrap(np.mean, dice.exponential(size=100)),
        1.0,
    ),
}

PROGRAMMES = ((60, 30), (380, 20), (950, 50), (400, 200))
"""Customers contacted and held out."""
IN_LANE, ON_THEME = 0.6, 0.4
PARTS = ("all", "must_contact", "late")
"""Whose figures are held against the truth: everybody, one lane, one theme."""
AFTER = np.array([2.0, 5, 7, 8, 9, 10])
BEFORE = np.arange(7.0)
OPENS = pd.Timestamp("2026-03-02T09:00")


class Programme(NamedTuple):
    """What is true of a programme: shares, the hours promised, and the share that a contact adds.

    Values and spend are lognormal, waits exponential.
    """

    stays: float
    complains: float
    promised: float
    saved: float = 0.2

    @property
    def figures(self) -> dict[str, float]:
        """Each figure of `measure_outcomes`."""
        return {
            "recovery_rate": (self.stays + self.saved) * (1 - self.complains),
            "complained_again": self.complains,
            "hours_to_contact": 2.0 * np.log(2),
            "hours_to_resolution": 3.0 * np.log(2),
            "within_service_level": 1 - np.exp(-self.promised / 2.0),
            "score_before": BEFORE.mean(),
            "score_after": AFTER.mean(),
            "score_change": AFTER.mean() - BEFORE.mean(),
            "promoters_made": 2 / 6,
            "cost": 10.0,
            "effect_on_staying": self.saved,
            "effect_on_complaints": 0.0,
            "effect_on_score": 2.0,
            "effect_on_spend": LOGNORMAL_MEAN,
            "money_kept": self.saved * LOGNORMAL_MEAN,
            "return_on_cost": self.saved * LOGNORMAL_MEAN / 10.0,
        }

    def draw(self, dice: Dice, sizes: tuple[int, int]) -> pd.DataFrame:
        """Draw its customers."""
        n = sum(sizes)
        contacted = np.arange(n) < sizes[0]

        def later(hours: float) -> pd.DatetimeIndex:
            waited = np.minimum(dice.exponential(hours, n), 7.9)
            return (OPENS + pd.to_timedelta(waited, unit="h").round("s")).where(contacted)

        return pd.DataFrame(
            {
                "arm": np.where(contacted, "contacted", "holdout"),
                "assigned_at": OPENS,
                "contacted_at": later(2.0),
                "resolved_at": later(3.0),
                "lane": np.where(dice.random(n) < IN_LANE, "must_contact", None),
                "theme": np.where(dice.random(n) < ON_THEME, "late", None),
                "cost": dice.gamma(4, 2.5, n),
                "annual_value": dice.lognormal(size=n),
                "stayed": dice.random(n) < self.stays + self.saved * contacted,
                "complaint_again": dice.random(n) < self.complains,
                "spend_after": (1 + contacted) * dice.lognormal(size=n),
                "score_before": dice.choice(BEFORE, n),
                "score_after": dice.choice(AFTER, n) - 2 * ~contacted,
            }
        )


def count_settings(rounds: int, wanted: str) -> Iterator[tuple[str, float, int]]:
    """Give the coverage of each setting, and in how many rounds."""
    for name, draw in SETTINGS.items():
        if wanted in name:
            dice = np.random.default_rng(0)
            many = rounds // next((slow for word, slow in SLOW.items() if word in name), 1)
            held = [found.low <= truth <= found.high for found, truth in map(draw, [dice] * many)]
            yield name, float(np.mean(held)), many


def count_figures(rounds: int, wanted: str) -> Iterator[tuple[str, float, int]]:
    """Give the coverage of each figure of `measure_outcomes`, of all customers and of parts."""
    for sizes in PROGRAMMES:
        title = f"programme of {sizes[0]} and {sizes[1]}"
        if wanted not in title:
            continue
        dice, many, held = np.random.default_rng(0), rounds // SLOW["programme"], []
        for _ in range(many):
            true = Programme(dice.uniform(0.4, 0.75), dice.uniform(0.1, 0.4), dice.uniform(1, 6))
            service = ServiceHours(must_contact=true.promised, standard=true.promised)
            table = measure_outcomes(true.draw(dice, sizes), service=service).table
            table = table[table["group"].isin(PARTS)].set_index(["group", "measure"])
            truth = table.index.get_level_values("measure").map(true.figures)
            holds = (table["low"] <= truth) & (truth <= table["high"])
            shown = np.isfinite(table[["low", "high"]]).any(axis=1)
            held.append(holds.astype(float).where(shown))
        for (group, name), share in pd.concat(held, axis=1).T.mean().dropna().items():
            yield f"{title}: {group}, {name}", share, many


def main() -> None:
    """Print coverage by interval and setting; an asterisk marks what falls outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--only", default="", help="part of the name of a setting")
    asked = parser.parse_args()
    for count in (count_settings, count_figures):
        for name, held, many in count(asked.rounds, asked.only):
            outside = "" if LEAST <= held <= MOST else " *"
            print(f"{name} | {held:.3f}{outside} | {many} rounds", flush=True)


if __name__ == "__main__":
    main()
