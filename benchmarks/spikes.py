"""Count the false alarms of quiet series, and hold doubled series against the stated delay.

    python benchmarks/spikes.py [--years 1000] [--doubled 2000] [--rates 3 10]

Quiet series have one rate for four years, on days that vary by chance, in clumps (negative
binomial, variance twice the mean) or with the week (the volume of feedback as exposure). Doubled
series are drawn alike and double on some day of the week after 250 days; `Watch.delay` states
within how many days nine of ten are found, and the share that is found within them is counted from
the first doubled day. No delay is stated where nine of ten are not found before the doubled rate
has become the usual one.
"""

from __future__ import annotations

import argparse

import numpy as np

from detractor.spikes import Watch, watch_series

RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
KINDS = ("chance", "clumped", "weekly")
WEEK = np.array([1.3, 1.2, 1.1, 1.1, 1.1, 0.6, 0.6])
DAYS, LEAD, AFTER = 1461, 250, 187


def draw(expected: np.ndarray, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Draw daily counts around what is expected of an average day, and the exposure."""
    volumes = np.full(len(expected), 100.0)
    if kind == "weekly":
        week = np.resize(np.roll(WEEK, rng.integers(7)), len(expected))
        volumes = np.maximum(rng.poisson(100 * week), 1).astype(float)
    means = expected * volumes / 100
    counts = rng.negative_binomial(means, 0.5) if kind == "clumped" else rng.poisson(means)
    return counts.astype(float), volumes


def false_alarms(daily: float, kind: str, years: int) -> float:
    """Count the alarms in 100 years of quiet series."""
    rng = np.random.default_rng(5)
    series, expected = -(-years // 4), np.full(DAYS, daily)
    alarms = sum(len(watch_series(*draw(expected, kind, rng))) for _ in range(series))
    return 100 * alarms / (series * DAYS / 365.25)


def stated(daily: float, kind: str) -> float:
    """Give the delay that is promised."""
    if kind == "weekly":
        return Watch().delay(daily * WEEK)
    return Watch().delay(daily, dispersion=2.0 if kind == "clumped" else 1.0)


def delays(daily: float, kind: str, series: int) -> np.ndarray:
    """Measure the days until a doubled rate is found, infinite where it is not."""
    rng = np.random.default_rng(6)
    expected = np.r_[np.full(LEAD, daily), np.full(AFTER, 2 * daily)]
    found = []
    for _ in range(series):
        alarms = watch_series(*draw(expected, kind, rng))["found"]
        later = alarms[alarms >= LEAD]
        found.append(later.iloc[0] - LEAD + 1 if len(later) else np.inf)
    return np.array(found)


def main() -> None:
    """Print the table; an asterisk marks what is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=1000, help="series-years for each cell")
    parser.add_argument("--doubled", type=int, default=2000, help="doubled series for each cell")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="usual daily counts")
    asked = parser.parse_args()
    print(
        "a day, days | false alarms in 100 series-years | delay stated, share found within it, all"
    )
    for daily in asked.rates:
        for kind in KINDS:
            false, promised = false_alarms(daily, kind, asked.years), stated(daily, kind)
            waited = delays(daily, kind, asked.doubled)
            within = (waited <= promised).mean()
            kept = false <= 1 and (within >= 0.9 or np.isinf(promised))
            print(
                f"{daily:4.1f} {kind:8s} | {false:4.2f} | {promised:4.0f} days,"
                f" {'' if np.isinf(promised) else format(within, '.1%')}"
                f" of {np.isfinite(waited).mean():.1%}, median {np.median(waited):.0f}"
                f"{'' if kept else ' *'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
