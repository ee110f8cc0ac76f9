"""Count the false alarms of quiet series, and the days until a doubled rate is found.

    python benchmarks/spikes.py [--years 1000]

Quiet series have one rate for four years, on days that vary by chance, in clumps (negative
binomial, variance twice the mean) or with the week (the volume of feedback as exposure). A doubled
series doubles after 250 days; the delay counts from the first doubled day, and a series that raises
no alarm in 200 days is "not found".
"""

from __future__ import annotations

import argparse

import numpy as np

from detractor.spikes import Watch, watch_series

RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
DAYS, LEAD, AFTER, DOUBLED = 1461, 250, 200, 200


def quiet(daily: float, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a quiet series and its exposure."""
    volumes = np.full(DAYS, 100.0)
    if kind == "weekly":
        week = np.resize([1.3, 1.2, 1.1, 1.1, 1.1, 0.6, 0.6], DAYS)
        volumes = np.maximum(rng.poisson(100 * week), 1).astype(float)
    expected = daily * volumes / 100
    if kind == "clumped":
        return rng.negative_binomial(expected, 0.5).astype(float), volumes
    return rng.poisson(expected).astype(float), volumes


def false_alarms(daily: float, kind: str, years: int) -> float:
    """Count the alarms in 100 years of quiet series."""
    rng = np.random.default_rng(5)
    series = -(-years // 4)
    alarms = sum(len(watch_series(*quiet(daily, kind, rng))) for _ in range(series))
    return 100 * alarms / (series * DAYS / 365.25)


def delays(daily: float) -> np.ndarray:
    """Measure the days until a doubled rate is found, NaN where it is not."""
    rng = np.random.default_rng(6)
    rates = np.r_[np.full(LEAD, daily), np.full(AFTER, 2 * daily)]
    found = []
    for _ in range(DOUBLED):
        alarms = watch_series(rng.poisson(rates).astype(float))["found"]
        later = alarms[alarms >= LEAD]
        found.append(later.iloc[0] - LEAD + 1 if len(later) else np.nan)
    return np.array(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=1000, help="series-years for each cell")
    years = parser.parse_args().years
    print(f"false alarms in 100 series-years (of {years}), days until a doubled rate is found")
    for daily in RATES:
        quiets = "  ".join(
            f"{kind} {false_alarms(daily, kind, years):4.2f}"
            for kind in ("chance", "clumped", "weekly")
        )
        waited = delays(daily)
        found = 1 - np.isnan(waited).mean()
        print(
            f"{daily:5.1f} a day: {quiets}   stated {Watch().delay(daily):6.1f} days, mean"
            f" {np.nanmean(waited):6.1f}, median {np.nanmedian(waited):5.1f}, found {found:.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
