"""Does a model read what people mean? Small tests of one phenomenon each, on any model.

After the method of CheckList (Ribeiro et al., ACL 2020). The rules by which a case passes:

- *minimum functionality*: the probability lies on the expected side of one half;
- *invariance*: a harmless change moves no probability by more than `SHIFT`;
- *direction*: a telling change moves the probability in the stated direction. Where it is already
  beyond `SATURATED` on that side, it may instead stay within `SLACK`.

A model that abstains (NaN) fails the case. A model is tested on the heads it has; a peer with one
sentiment score is tested on `detractor` alone. The three constants are choices of this project.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from detractor.errors import ConfigError, suggestion
from detractor.intervals import wilson
from detractor.reader import read
from detractor.rewording import CHANGES
from detractor.schema import HEADS
from detractor.templates import expand, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from detractor.reader import Reader

HALF = 0.5
SHIFT = 0.05
SATURATED = 0.95
SLACK = 0.01

CASE_COLUMNS = ("phenomenon", "kind", "head", "expected", "text", "against")
"""One case: `text` is judged, alone or `against` the line it was made from."""


class _Case(NamedTuple):
    phenomenon: str
    kind: str
    head: str
    expected: str
    text: str
    against: str | None = None


def behaviour_cases(suite: str | Path | None = None) -> pd.DataFrame:
    """List the cases of a suite: ours, or the user's own TOML file of the same form.

    Returns
    -------
    DataFrame
        `CASE_COLUMNS`; `expected` is low, high, same, up or down.

    Raises
    ------
    ConfigError
        If the file cannot be read, or names an unknown head, change, side, slot or list of lines.

    Examples
    --------
    >>> cases = behaviour_cases()
    >>> cases.loc[cases["phenomenon"] == "benign negation", "text"].nunique() >= 100
    True
    """
    tables = load_toml("behaviour.toml", suite)
    cases = [*_minimum(tables), *_invariance(tables), *_direction(tables)]
    return pd.DataFrame(cases, columns=list(CASE_COLUMNS)).drop_duplicates(ignore_index=True)


def behaviour(model: Reader, *, suite: str | Path | None = None) -> pd.DataFrame:
    """Test how a model reads each phenomenon.

    Parameters
    ----------
    model : Reader
        Anything with ``predict_proba(list of str) -> DataFrame`` of one or more of `HEADS`.
    suite : path, optional
        A TOML file of the form of ``detractor/data/behaviour.toml``; ours by default.

    Returns
    -------
    DataFrame
        One row a phenomenon and head: `n`, `failures`, `failure_rate`, its 95 % interval `low` and
        `high`, and `worst`, the failing text that is furthest off. Sorted as in the suite.

    Raises
    ------
    ConfigError, SchemaError
        If the suite has mistakes; if the model's answer is no table of probabilities.

    Examples
    --------
    >>> from detractor.reader import SentimentReader
    >>> table = behaviour(SentimentReader(lambda text: 1.0 if "good" in text else -1.0))
    >>> rates = table.set_index("phenomenon")["failure_rate"]
    >>> float(rates["plainly bad"])
    0.0
    >>> float(rates["not good"]) > 0
    True
    """
    judged = judge(model, behaviour_cases(suite))
    rows = [
        _summary(keys, group)
        for keys, group in judged.groupby(["phenomenon", "kind", "head"], sort=False)
    ]
    return pd.DataFrame(rows)


def judge(model: Reader, cases: pd.DataFrame) -> pd.DataFrame:
    """Judge each case of `behaviour_cases`: the failures, with the figures, to learn from.

    Returns
    -------
    DataFrame
        The cases of the heads the model has, with `probability`, `before` (of `against`), `failed`
        and `miss` (how far on the wrong side; NaN where the model abstains).

    Examples
    --------
    >>> from detractor.reader import SentimentReader
    >>> judged = judge(SentimentReader(lambda text: 1.0), behaviour_cases())
    >>> judged.loc[judged["failed"], "expected"].unique().tolist()
    ['high', 'up']
    """
    texts = pd.unique(pd.concat([cases["text"], cases["against"].dropna()]))
    table = read(model, [str(text) for text in texts])
    judged = cases[cases["head"].isin(table.columns)].reset_index(drop=True)
    columns = table.columns.get_indexer(pd.Index(judged["head"]))
    values = table.to_numpy()
    judged["probability"] = values[table.index.get_indexer(pd.Index(judged["text"])), columns]
    origins = judged["against"].fillna(judged["text"])
    judged["before"] = values[table.index.get_indexer(pd.Index(origins)), columns]
    judged["miss"] = _misses(judged)
    judged["failed"] = ~(judged["miss"] <= 0)
    return judged


def macro_failure_rate(table: pd.DataFrame) -> float:
    """Average the failure rates of `behaviour` over phenomena, each counting once.

    Examples
    --------
    >>> macro_failure_rate(pd.DataFrame({"phenomenon": ["a", "a", "b"],
    ...                                  "failure_rate": [0.0, 0.2, 0.3]}))
    0.2
    """
    return float(table.groupby("phenomenon")["failure_rate"].mean().mean())


def _misses(judged: pd.DataFrame) -> NDArray[np.float64]:
    after, before = judged["probability"].to_numpy(), judged["before"].to_numpy()
    misses = np.full(len(judged), np.nan)
    for expected, rule in _RULES.items():
        chosen = judged["expected"].to_numpy() == expected
        misses[chosen] = rule(after[chosen], before[chosen])
    return misses


def _rise(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    tiny = np.finfo(float).tiny
    needed = np.where(before > SATURATED, -SLACK, tiny)
    return needed - (after - before)


_Rule = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]
_RULES: dict[str, _Rule] = {
    "low": lambda after, before: after - np.nextafter(HALF, 0),
    "high": lambda after, before: np.nextafter(HALF, 1) - after,
    "same": lambda after, before: np.abs(after - before) - SHIFT,
    "up": _rise,
    "down": lambda after, before: _rise(1 - after, 1 - before),
}


def _summary(keys: tuple[Hashable, ...], group: pd.DataFrame) -> dict[str, Any]:
    failures, n = int(group["failed"].sum()), len(group)
    share = wilson(failures, n)
    misses = group["miss"].fillna(np.inf).to_numpy()
    worst = group["text"].iloc[int(misses.argmax())] if failures else ""
    return dict(zip(("phenomenon", "kind", "head"), keys, strict=True)) | {
        "n": n,
        "failures": failures,
        "failure_rate": share.estimate,
        "low": share.low,
        "high": share.high,
        "worst": worst,
    }


def _minimum(tables: dict[str, Any]) -> Iterator[_Case]:
    fill, limit = tables.get("fill", {}), int(tables.get("lines_per_template", 1))
    for test in tables.get("minimum", []):
        for head, side in test["expect"].items():
            _check(head, HEADS, "head", test["name"])
            _check(side, ("low", "high"), "side", test["name"])
            for template in test["templates"]:
                for line in expand(template, fill, limit=limit):
                    yield _Case(test["name"], "minimum", head, side, line)


def _invariance(tables: dict[str, Any]) -> Iterator[_Case]:
    for test in tables.get("invariance", []):
        _check(test["change"], CHANGES, "change", test["name"])
        for line in _lines(tables, test.get("on", "mixed"), test["name"]):
            changed = CHANGES[test["change"]](line)
            if changed != line:
                for head in HEADS:
                    yield _Case(test["name"], "invariance", head, "same", changed, line)


def _direction(tables: dict[str, Any]) -> Iterator[_Case]:
    for test in tables.get("direction", []):
        _check(test["head"], HEADS, "head", test["name"])
        _check(test["moves"], ("up", "down"), "direction", test["name"])
        for line in _lines(tables, test["on"], test["name"]):
            for change in test["changes"]:
                changed = change.replace("{text}", line).replace("{upper}", line.upper())
                if changed != line:
                    yield _Case(
                        test["name"], "direction", test["head"], test["moves"], changed, line
                    )


def _lines(tables: dict[str, Any], name: str, test: str) -> list[str]:
    lists = tables.get("lines", {})
    _check(name, lists, "list of lines", test)
    return list(lists[name])


def _check(value: str, known: Any, what: str, test: str) -> None:  # noqa: ANN401
    if value not in known:
        raise ConfigError(f"test {test!r} has {what} {value!r}; {suggestion(value, known)}")
