"""Simulate fixes, and count how often the 95 % intervals of `judge_fix` hold the truth.

    python benchmarks/fixes.py [--runs 1000] [--only selected]

Every setting draws daily counts of a theme and of the 19 themes beside it, from rates that are
known. Where a setting says "selected", each of the 20 themes is a candidate and the fix is made to
the one that looks worst in the 56 days before, which may be chance. Where it says "unlike", the
themes are of very different sizes (their logarithms have this standard deviation); elsewhere all
have the same rate. A setting's line says how often each interval holds the true ratio, and what the
verdicts were.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np

from detractor.fixes import FIXED, WORSE, judge_fix
from detractor.rate_changes import Side

DAYS = {"usual": 120, "before": 56, "after": 56}
THEMES = 20


class Setting(NamedTuple):
    """What is true in a simulation."""

    daily: float = 1.0
    effect: float = 1.0
    outbreak: float = 1.0
    drift: float = 1.0
    clumped: float = 0.0
    feedback: float = 100.0
    selected: str = ""
    unlike: float = 0.0

    def __str__(self) -> str:
        plain = Setting()
        told = [f"{self.daily:g} a day", f"effect {self.effect:g}"]
        told += [
            f"{name} {value}"
            for name, value in zip(self._fields[2:], self[2:], strict=True)
            if value != getattr(plain, name)
        ]
        return ", ".join(told)


SETTINGS = (
    *(Setting(daily, effect) for daily in (0.2, 1, 5, 20) for effect in (0.25, 0.5, 1, 1.5)),
    *(Setting(daily, 0.5, outbreak=3) for daily in (0.2, 1, 5)),
    *(Setting(daily, effect, drift=0.6) for daily in (0.5, 5) for effect in (0.5, 1)),
    *(Setting(daily, effect, clumped=0.5) for daily in (1, 5) for effect in (0.5, 1)),
    *(Setting(daily, 1, selected="largest") for daily in (0.2, 1, 5)),
    *(Setting(daily, 1, selected="risen most") for daily in (0.2, 1, 5)),
    *(Setting(daily, 0.5, selected="risen most") for daily in (0.2, 1, 5)),
    *(Setting(daily, 0.5, outbreak=3, selected="risen most") for daily in (0.2, 1, 5)),
    *(
        Setting(daily, 0.5, selected=chosen, unlike=1)
        for chosen in ("", "largest", "risen most")
        for daily in (1, 5)
    ),
)


class Drawn(NamedTuple):
    """The days of the theme that is fixed and of all others together, and what is true of it."""

    theme: dict[str, Side]
    others: dict[str, Side]
    peers: list[float]
    risen: float


def draw(setting: Setting, rng: np.random.Generator) -> Drawn:
    """Draw the days of all themes, and choose the one that is fixed."""
    counts, volumes = {}, {}
    sizes = np.exp(setting.unlike * rng.standard_normal(THEMES) - setting.unlike**2 / 2)
    sizes[0] = 1
    for side, days in DAYS.items():
        volume = np.maximum(rng.poisson(setting.feedback * weekday(days)), 1).astype(float)
        rates = sizes * setting.daily / setting.feedback
        rates *= setting.drift if side == "after" else 1.0
        rates[0] *= setting.outbreak if side != "usual" else 1.0
        expected = np.outer(rates, volume)
        if setting.clumped:
            expected *= rng.gamma(1 / setting.clumped, setting.clumped, expected.shape)
        counts[side], volumes[side] = rng.poisson(expected).astype(float), volume
    fixed = choose(setting, {side: table.sum(axis=1) for side, table in counts.items()})
    # Drawn after the choice, which cannot know what the fix will do.
    counts["after"][fixed] = rng.poisson(expected[fixed] * setting.effect)
    rest = {side: np.delete(table, fixed, axis=0) for side, table in counts.items()}
    return Drawn(
        {side: Side(events=counts[side][fixed], exposure=volumes[side]) for side in DAYS},
        {side: Side(events=rest[side].sum(axis=0), exposure=volumes[side]) for side in DAYS},
        rest["usual"].sum(axis=1).tolist(),
        setting.outbreak if fixed == 0 else 1.0,
    )


def weekday(days: int) -> np.ndarray:
    """Give the volume of each day against the mean: weekends are quiet."""
    return np.resize([1.2, 1.2, 1.2, 1.1, 1.1, 0.6, 0.6], days)


def choose(setting: Setting, totals: dict[str, np.ndarray]) -> int:
    """Choose the theme to fix: the first, or the one that looks worst."""
    if not setting.selected:
        return 0
    if setting.selected == "largest":
        return int(totals["before"].argmax())
    return int((totals["before"] / (totals["usual"] + 0.5)).argmax())


def run(setting: Setting, runs: int) -> None:
    """Print one line."""
    rng = np.random.default_rng(7)
    held = {"ratio": 0, "against_others": 0, "against_usual": 0}
    verdicts = {FIXED: 0, WORSE: 0}
    for _ in range(runs):
        drawn = draw(setting, rng)
        fix = judge_fix(drawn.theme, drawn.others, peers=drawn.peers)
        truth = {
            "ratio": setting.effect * setting.drift,
            "against_others": setting.effect,
            "against_usual": setting.effect * setting.drift * drawn.risen,
        }
        for name, true in truth.items():
            interval = getattr(fix, name)
            held[name] += interval.low <= true <= interval.high
        for verdict in verdicts:
            verdicts[verdict] += fix.verdict == verdict
    shares = "  ".join(f"{name} {100 * count / runs:5.1f}" for name, count in held.items())
    said = "  ".join(f"{name} {100 * count / runs:5.1f}" for name, count in verdicts.items())
    print(f"{setting!s:58s} {shares}   | {said}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--only", default="", help="settings that say this")
    arguments = parser.parse_args()
    began = time.process_time()
    print(f"share of {arguments.runs} runs whose interval holds the truth | verdicts, in %")
    for setting in SETTINGS:
        if arguments.only in str(setting):
            run(setting, arguments.runs)
    print(f"{time.process_time() - began:.0f} s CPU")


if __name__ == "__main__":
    main()
