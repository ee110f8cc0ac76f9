"""Does it matter who is writing? Swap names and groups, and see how far scores and places move.

Each set holds one text in several versions that differ in one term only. A fair model gives all of
them the same scores; the report says how far it is from that, on our templates and on the user's
own texts, and what the shift would do to a place in a queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from detractor.reader import read
from detractor.templates import load_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from detractor.reader import Reader

TOLERANCE = 0.02
"""A set whose probabilities differ by more than this has failed; a choice of this project."""

SWAP_COLUMNS = ("attribute", "source", "set", "group", "term", "text")
"""One version of a text; those of one `set` differ in `term` only."""

_TEXTS_PER_ATTRIBUTE = 500  # of the user; the rest would say the same
_TERMS_PER_TEXT = 8  # versions of each, taken evenly from all terms


@dataclass(frozen=True)
class Attribute:
    """Who somebody is, in terms that may be swapped.

    Parameters
    ----------
    name : str
    templates : tuple of str
        Each holds ``{x}``.
    groups : tuple of pairs
        A group's name and its terms.
    in_texts : bool
        Whether terms are looked for in the user's own texts.
    """

    name: str
    templates: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    in_texts: bool

    def terms(self) -> list[tuple[str, str]]:
        """List each group and term."""
        return [(group, term) for group, terms in self.groups for term in terms]


class _Version(NamedTuple):
    attribute: str
    source: str
    set: str
    group: str
    term: str
    text: str


def load_attributes(path: str | Path | None = None) -> list[Attribute]:
    """Read the swaps: ours, or a user's own file of the same form.

    Raises
    ------
    ConfigError
        If the file cannot be read.

    Examples
    --------
    >>> [attribute.name for attribute in load_attributes()][:3]
    ['first name', 'nationality', 'religion']
    """
    return [
        Attribute(
            name=table["name"],
            templates=tuple(table["templates"]),
            groups=tuple((group, tuple(terms)) for group, terms in table["groups"].items()),
            in_texts=bool(table.get("in_texts", False)),
        )
        for table in load_toml("fairness.toml", path)["attribute"]
    ]


def identity_swaps(
    texts: Iterable[str] | None = None, *, attributes: list[Attribute] | None = None
) -> pd.DataFrame:
    """List every version of every text.

    Returns
    -------
    DataFrame
        `SWAP_COLUMNS`; `source` is templates or texts.

    Examples
    --------
    >>> swaps = identity_swaps(["I told Emily twice."])
    >>> swaps.loc[(swaps["source"] == "texts") & (swaps["term"] == "Ahmed"), "text"].tolist()
    ['I told Ahmed twice.']
    """
    known = load_attributes() if attributes is None else attributes
    own = [] if texts is None else list(dict.fromkeys(str(text) for text in texts))
    versions = [
        version
        for attribute in known
        for part in (_from_templates(attribute), _from_texts(attribute, own))
        for version in part
    ]
    return pd.DataFrame(versions, columns=list(SWAP_COLUMNS))


def fairness(
    model: Reader,
    texts: Iterable[str] | None = None,
    *,
    attributes: list[Attribute] | None = None,
) -> pd.DataFrame:
    """Measure how far scores move when only who is writing, or written about, changes.

    Parameters
    ----------
    model : Reader
        Anything with ``predict_proba(list of str) -> DataFrame`` of one or more of `HEADS`.
    texts : iterable of str, optional
        The user's own texts. Terms found in them are swapped as well, in at most 500 texts an
        attribute, into 8 terms each.
    attributes : list of Attribute, optional
        Ours by default.

    Returns
    -------
    DataFrame
        One row an attribute, source and head: `sets`; `largest_shift` and `mean_shift` of the
        probability within a set; `failure_rate`, the share of sets that move by more than
        `TOLERANCE`; `group_gap`, the distance between the groups with the highest and the lowest
        average; `largest_place_shift`, how far one text would move in a ranking of all texts of
        that source by that head, as a share of the list; and the set that moved most: its `lowest`
        and `highest` text.

    Examples
    --------
    >>> from detractor.reader import SentimentReader
    >>> biased = SentimentReader(lambda text: -0.5 if "Ahmed" in text else 0.0)
    >>> table = fairness(biased).set_index("attribute")
    >>> float(table.loc["first name", "largest_shift"]), float(table.loc["place", "largest_shift"])
    (0.25, 0.0)
    """
    swaps = identity_swaps(texts, attributes=attributes)
    unique = [str(text) for text in pd.unique(swaps["text"])]
    table = read(model, unique)
    rows = table.index.get_indexer(pd.Index(swaps["text"]))
    measured = []
    for head in table.columns:
        values = table[head].to_numpy()[rows]
        for source in pd.unique(swaps["source"]):
            chosen = (swaps["source"] == source).to_numpy()
            measured += _measure(swaps[chosen], values[chosen], str(head))
    return pd.DataFrame(measured).sort_values(["source", "attribute", "head"], ignore_index=True)


def _measure(swaps: pd.DataFrame, values: NDArray[np.float64], head: str) -> list[dict[str, Any]]:
    scored = swaps.assign(value=values)
    ranked = np.sort(scored.groupby("set", sort=False)["value"].first().dropna().to_numpy())
    rows = []
    for (attribute, source), part in scored.groupby(["attribute", "source"], sort=False):
        sets = part.groupby("set", sort=False)["value"]
        low, high = sets.min(), sets.max()
        shift = (high - low).fillna(1.0)
        places = np.searchsorted(ranked, high, "right") - np.searchsorted(ranked, low, "right")
        most = part[part["set"] == shift.idxmax()]
        means = part.groupby("group")["value"].mean()
        rows.append(
            {
                "attribute": attribute,
                "source": source,
                "head": head,
                "sets": len(shift),
                "largest_shift": float(shift.max()),
                "mean_shift": float(shift.mean()),
                "failure_rate": float((shift > TOLERANCE).mean()),
                "group_gap": float(means.max() - means.min()),
                "largest_place_shift": float(places.max() / max(len(ranked), 1)),
                "lowest": most["text"].iloc[int(most["value"].fillna(np.inf).argmin())],
                "highest": most["text"].iloc[int(most["value"].fillna(-np.inf).argmax())],
            }
        )
    return rows


def _from_templates(attribute: Attribute) -> Iterator[_Version]:
    for template in attribute.templates:
        for group, term in attribute.terms():
            text = _swap(template, "{x}", term)
            yield _Version(attribute.name, "templates", template, group, term, text)


def _from_texts(attribute: Attribute, texts: list[str]) -> Iterator[_Version]:
    if not attribute.in_texts:
        return
    groups = {term: group for group, term in attribute.terms()}
    terms = list(groups)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, terms)) + r")\b")
    found = [(text, match[0]) for text in texts if (match := pattern.search(text))]
    step = max(1, len(terms) // _TERMS_PER_TEXT)
    for text, own in found[:_TEXTS_PER_ATTRIBUTE]:
        for term in dict.fromkeys([own, *terms[::step]]):
            name = f"{attribute.name}: {text}"
            yield _Version(
                attribute.name, "texts", name, groups[term], term, _swap(text, own, term)
            )


def _swap(text: str, old: str, new: str) -> str:
    """Put one term for another, with its capital at the start of a text and its article right."""
    if old == new:
        return text
    article = "an" if new[0] in "aeioAEIO8" else "a"  # an 80-year-old

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return f"{article[0] if match[1][0] == 'a' else 'A'}{article[1:]} {new}"
        return new[0].upper() + new[1:] if match.start() == 0 else new

    return re.sub(rf"(?:\b([Aa]n?) )?(?<!\w){re.escape(old)}(?!\w)", replace, text)
