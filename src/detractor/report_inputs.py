"""What a report shows of a night: its tables, given or read from the folder of the night."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from detractor.attributes import by_agents, read_flags, read_numbers
from detractor.errors import InputFileError
from detractor.evaluation import reliability
from detractor.histories import ratings
from detractor.policy import Policy
from detractor.schema import HEADS, STATUS, Columns, require
from detractor.tables import read_table

QUEUE, PLAN, THEMES, ALERTS = "queue.csv", "plan.csv", "themes.csv", "alerts.csv"
RELIABILITY = "reliability.csv"
NOTES, DRIFT = "rank.json", "report.json"
# Files safe to open in a spreadsheet carry a mark before what it would run as a formula.
_GUARDED = re.compile(r"^'(?=[=+\-@\t\r])")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report shows; only the queue is needed.

    Parameters
    ----------
    queue : DataFrame
        From `detractor.rank`; its first column names the customer.
    plan : DataFrame, optional
        From `detractor.plan`, for the customers of the queue.
    themes : DataFrame, optional
        The table of `detractor.find_themes`.
    alerts : DataFrame, optional
        From `detractor.alerts.find_alerts`.
    reliability : DataFrame, optional
        From `detractor.evaluation.reliability`: what became of the probabilities.
    shift : mapping of str to float
        For each probability its population stability index since `compared_with`.
    compared_with : str
        The night before.
    as_of : str
        The night, such as 2026-03-01.
    title : str
        The heading.
    notes : sequence of str
        What had to be assumed, in sentences: `detractor.ranking.assumptions`.

    Examples
    --------
    >>> Report(queue=pd.DataFrame({"customer_id": ["ann"]})).title
    'Whom to contact first'
    """

    queue: pd.DataFrame
    plan: pd.DataFrame | None = None
    themes: pd.DataFrame | None = None
    alerts: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None
    shift: Mapping[str, float] = field(default_factory=dict)
    compared_with: str = ""
    as_of: str = ""
    title: str = "Whom to contact first"
    notes: Sequence[str] = ()


def read_night(folder: str | Path) -> Report:
    r"""Read what a night left in its folder; only its queue has to be there.

    Parameters
    ----------
    folder : str or Path
        As `detractor nightly` makes it.

    Raises
    ------
    InputFileError
        There is no queue, or a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "queue.csv").write_text("customer_id,why\nann,'- late again\n")
    ...     report = read_night(folder)
    >>> report.queue["why"].tolist(), report.plan is None
    (['- late again'], True)
    """
    base = Path(folder)
    if not (base / QUEUE).is_file():
        raise InputFileError(f"no {QUEUE} in {str(folder)!r}; give the folder of a ranked night")
    drift = _facts(base / DRIFT)
    return Report(
        queue=read_written(base / QUEUE),
        plan=_table(base / PLAN),
        themes=_table(base / THEMES),
        alerts=_table(base / ALERTS),
        reliability=_table(base / RELIABILITY),
        shift=drift.get("shift", {}),
        compared_with=drift.get("compared_with", ""),
        as_of=drift.get("as_of", base.resolve().name),
        notes=_facts(base / NOTES).get("assumptions", ()),
    )


def hold_against_ratings(
    scored: pd.DataFrame, *, columns: Columns | None = None, policy: Policy | None = None
) -> pd.DataFrame:
    """Hold P(detractor) of texts against the ratings that their authors gave beside them.

    Parameters
    ----------
    scored : DataFrame
        Scores, and the rating; texts of agents are left out.
    columns : Columns, optional
        What the columns are called.
    policy : Policy, optional
        The scale, up to which rating somebody is a detractor, and who is an agent.

    Returns
    -------
    DataFrame
        As from `detractor.evaluation.reliability`; empty where there are no ratings, or none
        above 5 on a longer scale: those are stars.

    Examples
    --------
    >>> scored = pd.DataFrame({"detractor": [0.9, 0.1], "rating": [2, 9], "status": "ok"})
    >>> hold_against_ratings(scored)[["predicted", "observed"]].to_numpy().tolist()
    [[0.1, 0.0], [0.9, 1.0]]
    """
    columns, policy = columns or Columns(), policy or Policy()
    require(scored, HEADS[0], maker="score()")
    rated = ratings(scored, columns)
    worst, best = policy.rating_range
    usable = (rated >= worst) & (rated <= best)
    if usable.any() and best > 5 >= rated[usable].max():
        usable[:] = False  # these look like stars, of which the policy knows nothing
    if STATUS in scored:
        usable &= (scored[STATUS] == "ok").to_numpy()
    if columns.author in scored:
        usable &= ~by_agents(scored[columns.author], policy.agents)
    truth = rated[usable] <= policy.detractor_rating
    return reliability(truth, scored[HEADS[0]].to_numpy()[usable])


def read_written(path: str | Path) -> pd.DataFrame:
    """Read a table that detractor wrote, without its guards against formulas.

    Raises
    ------
    InputFileError
        The file cannot be read.
    """
    frame = read_table(str(path))
    return frame.assign(**{str(name): frame[name].map(_unguard) for name in frame})


def _unguard(value: object) -> object:
    return _GUARDED.sub("", value) if isinstance(value, str) else value


def _table(path: Path) -> pd.DataFrame | None:
    return read_written(path) if path.is_file() else None


def _facts(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputFileError(f"cannot read {str(path)!r}: {error}") from error
    return facts if isinstance(facts, dict) else {}


def numbers(frame: pd.DataFrame, name: str) -> list[float]:
    """Read a column as numbers; NaN where there is none.

    Examples
    --------
    >>> numbers(pd.DataFrame({"value": ["12", ""]}), "value"), numbers(pd.DataFrame([{}]), "cost")
    ([12.0, nan], [nan])
    """
    if name not in frame:
        return [float("nan")] * len(frame)
    values: list[float] = read_numbers(frame[name]).tolist()
    return values


def flags(frame: pd.DataFrame, name: str) -> list[bool]:
    """Read a column as yes or no; no where there is none.

    Examples
    --------
    >>> flags(pd.DataFrame({"contact": ["true", "false"]}), "contact")
    [True, False]
    """
    if name not in frame:
        return [False] * len(frame)
    values: list[bool] = read_flags(frame[name], unclear=False)[0].tolist()
    return values


def words(frame: pd.DataFrame, name: str) -> list[str]:
    """Read a column as text; empty where there is none.

    Examples
    --------
    >>> words(pd.DataFrame({"lane": ["senior", None]}), "lane")
    ['senior', '']
    """
    if name not in frame:
        return [""] * len(frame)
    known = frame[name].notna().tolist()
    return [str(v) if there else "" for v, there in zip(frame[name].tolist(), known, strict=True)]


def moments(frame: pd.DataFrame, name: str) -> list[Any]:
    """Read a column as times in UTC; NaT where there is none.

    Examples
    --------
    >>> moments(pd.DataFrame({"respond_by": ["2026-03-01 09:30"]}), "respond_by")
    [Timestamp('2026-03-01 09:30:00+0000', tz='UTC')]
    """
    if name not in frame:
        return [pd.NaT] * len(frame)
    read = pd.to_datetime(frame[name], utc=True, errors="coerce", format="mixed")
    return read.tolist()


def day(at: pd.Timestamp) -> str:
    """Write a day.

    Examples
    --------
    >>> day(pd.Timestamp("2026-03-01"))
    '1 Mar 2026'
    """
    return f"{at.day} {at:%b %Y}"
