"""The model card: what a model saw, how good it is, where it fails, what it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from detractor.behaviour import macro_failure_rate
from detractor.fairness import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

WEAK_BEHAVIOUR = 0.10
"""A phenomenon that fails more often than this is listed among the known failures; a choice."""

WEAK_AUC = 0.80
"""A group ordered worse than this is listed among the known failures; a choice."""

INTENDED = """\
Decision support for people who answer customer feedback: it orders texts, a person decides. It
reads English feedback of a few words to a few pages, written by customers to a company.

- `detractor`: the author would not recommend the company.
- `anger`: the author is angry, accusing or furious; sadness and disappointment are not anger.
- `churn_risk`: the text states or clearly implies that the author means to leave. It is no
  forecast of behaviour; `rank` combines it with a forecast of your own.
"""

NOT_INTENDED = """\
- Refusing redress, closing accounts, or any decision about a person without a person.
- Judging employees by what customers write about them.
- Other languages, other kinds of text (news, chat between friends, medical notes), or texts the
  status calls `unsupported` or `not_feedback`.
- Measuring sarcasm: it is read literally more often than not.
"""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The measurements that go into a card; what is missing is said to be missing.

    Parameters
    ----------
    discrimination : mapping
        From a title ("anger, by source kept away from the fit") to a table of
        `detractor.evaluation.discrimination`.
    calibration : mapping
        From a title to a table of `detractor.evaluation.calibration`.
    recalibration : DataFrame, optional
        Of `detractor.evaluation.calibration_curve_by_labels`.
    behaviour : DataFrame, optional
        Of `detractor.behaviour.behaviour`.
    fairness : DataFrame, optional
        Of `detractor.fairness.fairness`; rows of users' own texts are counted, never quoted.
    known_failures : sequence of str
        What a person found, a sentence each.
    """

    discrimination: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    calibration: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    recalibration: pd.DataFrame | None = None
    behaviour: pd.DataFrame | None = None
    fairness: pd.DataFrame | None = None
    known_failures: Sequence[str] = ()


def write_card(header: Mapping[str, object], evidence: Evidence | None = None) -> str:
    """Write the card of a model as Markdown.

    Parameters
    ----------
    header : mapping
        Of the model file: `name`, `sources` (a list of mappings with `source`, `domain`, `rows`,
        `licence`, `use`), and whatever else it records; nested settings become a list.
    evidence : Evidence, optional
        What was measured.

    Examples
    --------
    >>> card = write_card({"name": "small", "sources": [{"source": "shop", "licence": "CC0"}]})
    >>> card.splitlines()[0]
    '# Model card: small'
    >>> "| shop | CC0 |" in card
    True
    """
    found = evidence or Evidence()
    sections = {
        "Intended use": INTENDED,
        "Not for": NOT_INTENDED,
        "How it was made": _settings(header),
        "What it saw": _sources(header),
        "How well it orders texts": _tables(found.discrimination),
        "Calibration": _calibration(found),
        "Behaviour": _behaviour(found.behaviour),
        "Fairness": _fairness(found.fairness),
        "Known failures": "\n".join(f"- {line}" for line in _failures(found)) or _MISSING,
    }
    parts = [f"# Model card: {header.get('name', 'unnamed')}"]
    parts += [f"## {title}\n\n{body.strip()}" for title, body in sections.items()]
    return "\n\n".join(parts) + "\n"


_MISSING = "Not measured."


def _settings(header: Mapping[str, object]) -> str:
    rest = {key: value for key, value in header.items() if key not in _OWN_SECTION}
    return "\n".join(_bullets(rest)) or "Not recorded."


_OWN_SECTION = {"name", "sources", "golden", "golden_texts"}  # the last two are tests, not news


def _bullets(values: Mapping[str, object], indent: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}- {key}:"
            yield from _bullets(value, indent + "  ")
        else:
            yield f"{indent}- {key}: {_cell(value)}"


def _sources(header: Mapping[str, object]) -> str:
    sources = header.get("sources")
    if not isinstance(sources, Sequence) or not sources:
        return "Not recorded."
    table = pd.DataFrame(list(sources))
    seen = f"{len(table)} sources"
    if "rows" in table:
        seen += f", {int(table['rows'].sum()):,} texts"
    return f"{seen}. No text is stored in the model.\n\n{_markdown(table)}"


def _tables(tables: Mapping[str, pd.DataFrame]) -> str:
    parts = [f"### {title}\n\n{_markdown(_indexed(table))}" for title, table in tables.items()]
    return "\n\n".join(parts) or _MISSING


def _calibration(found: Evidence) -> str:
    parts = [_tables(found.calibration)]
    if found.recalibration is not None:
        parts.append("### What labels of your own buy\n\n" + _markdown(found.recalibration))
    return "\n\n".join(parts)


def _behaviour(table: pd.DataFrame | None) -> str:
    if table is None:
        return _MISSING
    share = macro_failure_rate(table)
    shown = table[["phenomenon", "kind", "head", "n", "failures", "failure_rate"]]
    return (
        f"{share:.1%} of the cases fail, averaged over {table['phenomenon'].nunique()} phenomena "
        f"(templates written for this project, not used in training).\n\n{_markdown(shown)}"
    )


def _fairness(table: pd.DataFrame | None) -> str:
    if table is None:
        return _MISSING
    shown = table.drop(columns=["lowest", "highest"], errors="ignore")
    return (
        f"Swapping who somebody is moves a score by at most {table['largest_shift'].max():.3f} "
        f"(tolerance {TOLERANCE}).\n\n{_markdown(shown)}"
    )


def _failures(found: Evidence) -> Iterator[str]:
    yield from found.known_failures
    for title, table in found.discrimination.items():
        for group, auc in table["auc"][table["auc"] < WEAK_AUC].items():
            yield f"{title}: `{group}` is ordered with an area under the curve of only {auc:.2f}."
    if found.behaviour is not None:
        weak = found.behaviour[found.behaviour["failure_rate"] > WEAK_BEHAVIOUR]
        for row in weak.sort_values("failure_rate", ascending=False).itertuples():
            yield (
                f"{row.phenomenon} ({row.head}): {row.failure_rate:.0%} fail, "
                f'such as "{_cell(row.worst)}"'
            )
    if found.fairness is not None:
        moved = found.fairness[found.fairness["largest_shift"] > TOLERANCE]
        for row in moved.itertuples():
            yield (
                f"{row.attribute} moves `{row.head}` by up to {row.largest_shift:.2f} "
                f"({row.source})."
            )


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis("group").reset_index()


def _markdown(table: pd.DataFrame) -> str:
    lines = [list(map(_cell, table.columns)), ["---"] * table.shape[1]]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value).replace("|", "\\|").replace("\n", " ")
