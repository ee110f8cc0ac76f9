"""Recognise known themes in clauses, find new ones in what is left, and name them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.mentions import POSITION, THEME
from detractor.theme_layers import (
    PRIMARY,
    Layer,
    fit_layer,
    match,
    no_mentions,
    seed_layer,
)
from detractor.theme_names import Name, name_themes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detractor.theme_reading import Reading

NEW, KNOWN, RETIRED, RETURNED = "new", "known", "retired", "returned"
LABELS = ("name", "status", "terms")

MOST_LAYERS = 8
LATE_SHARE = 500
"""A theme found beside known ones has at least one in so many of the texts. (Assumption.)"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How many themes to look for, how large, and which in any case."""

    count: int | None = None
    smallest: int = 5
    seeds: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Recognised:
    """Themes with what recognises them, what they are called, and where they were seen.

    Parameters
    ----------
    layers : tuple of Layer
        In the order in which they are tried.
    labels : DataFrame
        Indexed by theme: `name`, `status`, `terms`.
    mentions : DataFrame
        See `detractor.theme_layers.match`.
    """

    layers: tuple[Layer, ...]
    labels: pd.DataFrame
    mentions: pd.DataFrame = field(default_factory=no_mentions)


def recognise(reading: Reading, *, known: Recognised | None, rule: Rule) -> Recognised:
    """Match the known layers, then fit new ones until what is left makes no theme.

    Because it goes on until nothing is left to find, reading the same texts again with what was
    found changes nothing.

    Examples
    --------
    >>> from detractor.theme_reading import read_clauses
    >>> reading = read_clauses(["My bag was lost.", "They lost my bag!"] * 5)
    >>> recognise(reading, known=None, rule=Rule()).labels["name"].tolist()
    ['lost my bag']
    """
    labels = no_labels() if known is None else known.labels
    seeds = {theme: said for theme, said in rule.seeds.items() if theme not in labels.index}
    layers = [] if known is None else list(known.layers)
    if layers and seeds:
        layers.insert(0, seed_layer(reading, seeds))
        labels = pd.concat([labels, _identify({}, set(), seeds).set_index(THEME)])
        seeds = {}
    left = np.ones(len(reading.texts), dtype=bool)
    found = [no_mentions()]
    for layer in layers:
        found.append(_match_left(reading, layer, left))
        left[found[-1][POSITION]] = False
    fresh = no_labels()
    for _ in range(MOST_LAYERS):
        layer = _fit_left(reading, left, replace(rule, seeds=seeds), late=bool(layers))
        mentions = _match_left(reading, layer, left)
        every = pd.concat([labels, fresh])
        names = name_themes(
            _clauses(reading, mentions),
            others=[
                said for part in found for each in _clauses(reading, part).values() for said in each
            ],
            taken=set(every["name"]),
            ignored=reading.brands,
            near=layer.near,
        )
        named = _identify(names, set(every.index), seeds)
        if named.empty:
            break
        identities = {str(old): str(new) for old, new in named[THEME].items()}
        layers.append(layer.only(identities.keys()).renamed(identities))
        mentions = _match_left(reading, layers[-1], left)
        found.append(mentions)
        left[mentions[POSITION]] = False
        fresh = pd.concat([fresh, named.drop_duplicates(THEME).set_index(THEME)])
        seeds = {}
    mentions = pd.concat(found, ignore_index=True)
    return Recognised(tuple(layers), pd.concat([_dated(labels, mentions), fresh]), mentions)


def no_labels() -> pd.DataFrame:
    """Give labels of no theme.

    Examples
    --------
    >>> no_labels().columns.tolist()
    ['name', 'status', 'terms']
    """
    return pd.DataFrame(columns=list(LABELS), index=pd.Index([], name=THEME, dtype=object))


def _match_left(reading: Reading, layer: Layer, left: NDArray[np.bool_]) -> pd.DataFrame:
    """Match the texts that are left."""
    mentions = match(reading.part(left), layer)
    return mentions.assign(position=np.flatnonzero(left)[mentions[POSITION].to_numpy()])


def _fit_left(reading: Reading, left: NDArray[np.bool_], rule: Rule, *, late: bool) -> Layer:
    """Fit a layer to the texts that are left, of groups large enough to be themes."""
    smallest = max(rule.smallest, -(-len(left) // LATE_SHARE)) if late else rule.smallest
    part = reading.part(left)
    count = None if late else rule.count
    layer = fit_layer(part, count=count, smallest=smallest, seeds=rule.seeds)
    mentions = match(part, layer)
    sizes = mentions.loc[mentions[PRIMARY], THEME].value_counts()
    return layer.only({*sizes[sizes >= smallest].index, *rule.seeds})


def _identify(
    names: Mapping[str, Name], taken: set[str], seeds: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Give each new theme an identity made of its name; seeds keep theirs, named or not."""
    asked = {theme: Name(theme, tuple(said)) for theme, said in seeds.items()}
    identities: dict[str, str] = {}
    rows = []
    for theme, name in {**asked, **names}.items():
        if theme not in seeds and name.name not in identities:
            identities[name.name] = _identity(name.name, taken)
        identity = theme if theme in seeds else identities[name.name]
        taken.add(identity)
        rows.append((theme, identity, theme if theme in seeds else name.name, NEW, name.terms))
    return pd.DataFrame(rows, columns=["group", THEME, *LABELS]).set_index("group")


def _identity(name: str, taken: set[str]) -> str:
    """Make a short key of a name: letters, figures and hyphens."""
    plain = re.sub(r"[^\w]+", "-", name.split(",")[0]).strip("-") or "theme"
    numbered = (f"{plain}-{i}" for i in range(2, len(taken) + 3))
    return next(key for key in (plain, *numbered) if key not in taken)


def _clauses(reading: Reading, mentions: pd.DataFrame) -> dict[str, list[str]]:
    """Give the clauses of each theme."""
    texts = reading.texts
    rows = mentions[[POSITION, "start", "end"]].to_numpy()
    said = pd.Series([texts[i][start:end] for i, start, end in rows], dtype=object)
    return {str(theme): list(each) for theme, each in said.groupby(mentions[THEME].to_numpy())}


def _dated(labels: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Say of the themes known before whether anybody mentions them now."""
    seen = labels.index.isin(mentions[THEME])
    gone = (labels["status"] == RETIRED).to_numpy()
    status = np.select([seen & gone, seen], [RETURNED, KNOWN], RETIRED)
    return labels.assign(status=status)
