"""Did it help: what became of the customers who were contacted, against those held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from detractor.clock import BusinessHours
from detractor.contact_logs import OutcomeColumns, read_contact_log
from detractor.intervals import (
    Interval,
    mean_difference,
    mean_interval,
    proportion_difference,
    quantile_interval,
    wilson,
)
from detractor.markup import LEFT, element, escape, join, table
from detractor.policy import ServiceHours
from detractor.schema import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DETRACTOR_RATING, PROMOTER_RATING = 6, 9
"""Highest rating of a detractor and lowest of a promoter: the net promoter score's definition."""

FEW = 50
"""Customers with a known outcome below which an arm is called too few. Money then has no range: no
form held in simulation (benchmarks/interval_coverage.py)."""

OPEN = Interval(float("nan"), float("-inf"), float("inf"))
"""Nothing can be said."""

CONTACTED, HOLDOUT = "contacted", "holdout"

DOUBLINGS = 30
"""Beyond the mean cost times so many doublings of a return's own doubt, costs say nothing of it."""

TABLE_COLUMNS = ("measure", "split", "group", "estimate", "low", "high", "n")


@dataclass(frozen=True, repr=False)
class OutcomeReport:
    """What the contacts achieved.

    Attributes
    ----------
    table : DataFrame
        One row a measure and group: measure, split ("all", or the column), group, estimate, low,
        high (95 %), n (customers behind the estimate). Times are business hours, shares 0 to 1,
        money in your currency; effects on it have open ends where an arm has fewer than 50, for
        so few do not show how long the tail is.
    warnings : tuple of str
        What the figures cannot bear.
    set_aside : DataFrame
        Rows that were not counted, with a `reason`.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["contacted"] * 3, "stayed": [True, True, False]})
    >>> report = measure_outcomes(contacts)
    >>> report.interval("recovery_rate").estimate.__round__(2)
    0.67
    >>> report
    recovery rate: 67 % (21 % to 94 %) (n 3)
    Beware: no randomised holdout: what would have happened without a contact is not known
    """

    table: pd.DataFrame
    warnings: tuple[str, ...]
    set_aside: pd.DataFrame

    def __repr__(self) -> str:
        lines = [f"{label}: {told} (n {n:,})" for label, told, n in self._told()]
        lines += [f"Beware: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [[label, told, f"{n:,}"] for label, told, n in self._told()]
        title = "What the contacts achieved, with 95 % intervals"
        shown = table(["figure", "estimate", "customers"], rows, caption=title, style=LEFT)
        notes = (element("li", warning) for warning in self.warnings)
        beware = element("div", "Beware:", element("ul", *notes)) if self.warnings else escape("")
        return join([shown, beware])

    def _told(self) -> list[tuple[str, str, int]]:
        """Say each figure of all customers: its name, its interval in words, its count."""
        whole = self.table[self.table["split"] == "all"]
        return [
            (measure.replace("_", " "), _in_words(measure, self.interval(measure)), int(n))
            for measure, n in zip(whole["measure"].astype(str), whole["n"], strict=True)
        ]

    def interval(self, measure: str, *, split: str = "all", group: str = "all") -> Interval:
        """Give one figure; NaN where it was not measured."""
        table = self.table
        hit = table[
            (table["measure"] == measure) & (table["split"] == split) & (table["group"] == group)
        ]
        if hit.empty:
            return Interval(float("nan"), float("nan"), float("nan"))
        row = hit.iloc[0]
        return Interval(float(row["estimate"]), float(row["low"]), float(row["high"]))


def _in_words(measure: str, figure: Interval) -> str:
    """Write an estimate and its interval, shares in per cent, effects with their sign."""
    ends = "no range" if np.isinf(figure[1:]).all() else "{} to {}"
    sign = "+" if measure in EFFECTS and measure != "return_on_cost" else ""
    form = f"{{:{sign}.0%}}" if measure in SHARES else f"{{:{sign},.4g}}"
    said = [form.format(value).replace("%", " %") for value in figure]
    return f"{said[0]} ({ends.format(*said[1:])})"


class _Figure(NamedTuple):
    interval: Interval
    n: int


def measure_outcomes(
    contacts: pd.DataFrame,
    *,
    columns: OutcomeColumns | None = None,
    calendar: BusinessHours | None = None,
    service: ServiceHours | None = None,
) -> OutcomeReport:
    """Measure what recovery contacts achieved, with an interval and a count for every figure.

    What happened to contacted customers is described for all of them. Effects compare contacted
    with held-out customers, and only those whose arm chance decided. They are split by what was
    known before (theme, region), never by role or gesture: those were chosen for a reason, so a
    difference between them is no effect.

    Parameters
    ----------
    contacts : DataFrame
        One row a customer of the programme, the held-out ones included.
    columns : OutcomeColumns, optional
        The names of the columns.
    calendar : BusinessHours, optional
        When the team works.
    service : ServiceHours, optional
        Business hours within which each lane was to be contacted.

    Raises
    ------
    SchemaError
        If the column of the arm is missing.

    Examples
    --------
    >>> contacts = pd.DataFrame(
    ...     {"arm": ["contacted", "holdout"] * 50, "stayed": [True, True, True, False] * 25}
    ... )
    >>> report = measure_outcomes(contacts)
    >>> [round(figure, 2) for figure in report.interval("effect_on_staying")]
    [0.5, 0.35, 0.63]
    >>> report.warnings
    ()
    """
    names = columns or OutcomeColumns()
    require(contacts, names.arm)
    arm = contacts[names.arm].astype(str).str.strip().str.lower()
    known = arm.isin((CONTACTED, HOLDOUT))
    aside = contacts[~known].assign(reason=f"{names.arm} is neither {CONTACTED!r} nor {HOLDOUT!r}")
    rows = read_contact_log(contacts[known], names, calendar, service or ServiceHours())
    rows["is_contacted"] = (arm[known] == CONTACTED).to_numpy()
    table = pd.DataFrame(_lines(rows, names), columns=list(TABLE_COLUMNS))
    return OutcomeReport(table, tuple(_warnings(rows) + _small_groups(rows, names)), aside)


def _lines(rows: pd.DataFrame, names: OutcomeColumns) -> list[tuple[Any, ...]]:
    contacted = rows[rows["is_contacted"]]
    fair = rows[rows["is_random"]]
    groups = [name for name in names.groups if name in rows]
    decided = [name for name in (names.lane, names.role, names.gesture) if name in rows]
    lines: list[tuple[Any, ...]] = []
    for measures, part, splits in (
        (DESCRIPTIONS, contacted, decided + groups),
        (EFFECTS, fair, groups),
    ):
        for split, group, cell in _cells(part, splits):
            for measure, compute in measures.items():
                figure = compute(cell)
                if figure.n:
                    lines.append((measure, split, group, *figure.interval, figure.n))
    return lines


def _cells(rows: pd.DataFrame, splits: list[str]) -> list[tuple[str, str, pd.DataFrame]]:
    cells = [("all", "all", rows)]
    for split in splits:
        cells += [(split, str(group), cell) for group, cell in rows.groupby(split, sort=True)]
    return cells


def _share(values: pd.Series[Any]) -> _Figure:
    known = values.dropna()
    return _Figure(wilson(float(known.sum()), len(known)), len(known))


def _mean_of(name: str, *, bounded: bool = False) -> Callable[[pd.DataFrame], _Figure]:
    def compute(rows: pd.DataFrame) -> _Figure:
        return _Figure(mean_interval(rows[name], bounded=bounded), int(rows[name].notna().sum()))

    return compute


def _median_of(name: str) -> Callable[[pd.DataFrame], _Figure]:
    return lambda rows: _Figure(quantile_interval(rows[name]), int(rows[name].notna().sum()))


def _recovered(rows: pd.DataFrame) -> _Figure:
    """Count who stayed and, where that is known, did not complain again."""
    return _share(rows["stays"] * (1 - rows["complains"].fillna(0)))


def _promoters(rows: pd.DataFrame) -> _Figure:
    before = rows[rows["its_score_before"] <= DETRACTOR_RATING]
    after = before["its_score_after"].dropna()
    return _share((after >= PROMOTER_RATING).astype(float))


def _change(rows: pd.DataFrame) -> _Figure:
    change = rows["its_score_after"] - rows["its_score_before"]
    return _Figure(mean_interval(change, bounded=True), int(change.notna().sum()))


def _arms(rows: pd.DataFrame, values: pd.Series[Any]) -> tuple[Floats, Floats]:
    numbers, contacted = values.to_numpy(dtype=np.float64), rows["is_contacted"].to_numpy()
    known = ~np.isnan(numbers)
    return numbers[known & contacted], numbers[known & ~contacted]


def _share_effect(name: str) -> Callable[[pd.DataFrame], _Figure]:
    def compute(rows: pd.DataFrame) -> _Figure:
        treated, control = _arms(rows, rows[name])
        if not (len(treated) and len(control)):
            return _Figure(Interval(np.nan, -1.0, 1.0), 0)
        counts = (treated.sum(), len(treated)), (control.sum(), len(control))
        return _Figure(proportion_difference(*counts), len(treated) + len(control))

    return compute


def _mean_effect(
    values: Callable[[pd.DataFrame], pd.Series[Any]], *, money: bool = False
) -> Callable[..., _Figure]:
    def compute(rows: pd.DataFrame) -> _Figure:
        treated, control = _arms(rows, values(rows))
        if min(len(treated), len(control)) < 2:
            return _Figure(OPEN, 0)
        found = mean_difference(treated, control)
        shown = _where_seen(found, treated, control) if money else found
        return _Figure(shown, len(treated) + len(control))

    return compute


def _where_seen(found: Interval, treated: Floats, control: Floats) -> Interval:
    """Keep a range of money only where both arms show how long its tail is."""
    if min(len(treated), len(control)) < FEW:
        return OPEN._replace(estimate=found.estimate)
    return found


def _kept_value(rows: pd.DataFrame) -> pd.Series[Any]:
    return rows["stays"] * rows["its_value"]


def _return_on_cost(rows: pd.DataFrame) -> _Figure:
    """Money kept for each unit of money spent: the effect on value over the mean cost."""
    paid = rows["is_contacted"] & rows["its_cost"].notna()
    kept = _kept_value(rows).where(paid | ~rows["is_contacted"])
    treated, control = _arms(rows, kept)
    cost = rows["its_cost"][paid & kept.notna()].to_numpy(dtype=np.float64)
    if min(len(treated), len(control)) < 2 or cost.sum() <= 0:
        return _Figure(OPEN, 0)
    found = _where_seen(_gain_per_cost(treated, cost, control), treated, control)
    return _Figure(found, len(treated) + len(control))


def _gain_per_cost(treated: Floats, cost: Floats, control: Floats) -> Interval:
    """Give the ratio of gain to cost by Fieller's argument (1954).

    It holds every return that would leave no difference between the treated, less the return on
    what they cost, and the control.
    """
    mean = cost.mean()
    estimate = float((treated.mean() - control.mean()) / mean)

    def left(rate: float) -> Interval:
        return mean_difference(treated - rate * cost, control)

    def end(side: int) -> float:
        # The difference's range moves down past 0 as the return rises.
        step = (left(estimate)[side] or 1.0) / mean
        for _ in range(DOUBLINGS):
            step *= 2
            if left(estimate + step)[side] * step <= 0:
                return float(brentq(lambda rate: left(rate)[side], estimate, estimate + step))
        return float(np.copysign(np.inf, step))

    return Interval(estimate, end(1), end(2))


DESCRIPTIONS: dict[str, Callable[[pd.DataFrame], _Figure]] = {
    "recovery_rate": _recovered,
    "complained_again": lambda rows: _share(rows["complains"]),
    "hours_to_contact": _median_of("to_contact"),
    "hours_to_resolution": _median_of("to_resolution"),
    "within_service_level": lambda rows: _share(rows["in_time"]),
    "score_before": _mean_of("its_score_before", bounded=True),
    "score_after": _mean_of("its_score_after", bounded=True),
    "score_change": _change,
    "promoters_made": _promoters,
    "cost": _mean_of("its_cost"),
}
"""What became of contacted customers; hours are medians, the rest shares or means."""

EFFECTS: dict[str, Callable[[pd.DataFrame], _Figure]] = {
    "effect_on_staying": _share_effect("stays"),
    "effect_on_complaints": _share_effect("complains"),
    "effect_on_score": _mean_effect(lambda rows: rows["its_score_after"]),
    "effect_on_spend": _mean_effect(lambda rows: rows["its_spend"], money=True),
    "money_kept": _mean_effect(_kept_value, money=True),
    "return_on_cost": _return_on_cost,
}
"""Contacted against held out, where chance decided; money is per customer."""

SHARES = frozenset(
    {
        "recovery_rate",
        "complained_again",
        "within_service_level",
        "promoters_made",
        "effect_on_staying",
        "effect_on_complaints",
    }
)
"""The measures that are shares, or differences of shares."""


def _warnings(rows: pd.DataFrame) -> list[str]:
    fair = rows[rows["is_random"]]
    held = int((~fair["is_contacted"]).sum())
    if not held:
        return ["no randomised holdout: what would have happened without a contact is not known"]
    found = []
    for arm, part in (
        (CONTACTED, fair[fair["is_contacted"]]),
        (HOLDOUT, fair[~fair["is_contacted"]]),
    ):
        known = int(part["stays"].notna().sum())
        if known < FEW:
            told = f"{known} randomised {arm} customers with a known outcome"
            found.append(f"{told}; fewer than {FEW} give money no range")
    left_out = int((~rows["is_random"]).sum())
    if left_out:
        found.append(f"{left_out} rows not decided by chance are left out of the effects")
    for name in ("its_value", "its_score_before"):
        # 99 %, since several columns are looked at.
        gap = mean_difference(*_arms(fair, fair[name]), confidence=0.99)
        if gap.excludes(0.0):
            label = name.removeprefix("its_")
            found.append(f"the arms differ in {label} by {gap.estimate:.3g}: check the randomising")
    lost = _share_effect("is_lost")(fair.assign(is_lost=fair["stays"].isna().astype(float)))
    if lost.n and lost.interval.excludes(0.0):
        gap_text = f"{lost.interval.estimate:+.0%}"
        found.append(f"outcomes are missing unequally ({gap_text} among the contacted)")
    return found


def _small_groups(rows: pd.DataFrame, names: OutcomeColumns) -> list[str]:
    """Warn of groups in which no interval can see how skewed the values are."""
    fair = rows[rows["is_random"]]
    found = []
    for split in names.groups:
        if split in fair and not fair["is_contacted"].all():
            sizes = fair.groupby([split, "is_contacted"]).size().unstack(fill_value=0)
            few = int((sizes.min(axis=1) < FEW).sum())
            if few:
                found.append(
                    f"{split}: {few} of {len(sizes)} groups have fewer than {FEW} contacted or "
                    "held out; money has no range there"
                )
    return found
