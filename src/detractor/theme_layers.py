"""Fit themes to clauses, and match clauses with themes that are known.

Themes are fitted in layers. The first layer is fitted on all texts; texts that it does not cover
make the next one. A layer never changes once it is fitted, so a text keeps its theme whatever is
added to the table later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.clustering import choose_starts, group, merge_near
from detractor.meanings import word_meanings
from detractor.mentions import POSITION, THEME
from detractor.theme_words import content_stems, surface_words
from detractor.word_space import FEWEST_TEXTS, WordSpace, fit_space, pairs_of, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from detractor.theme_reading import Reading

COVERED = 0.3
"""Cosine from which a text speaks of a theme."""
SAME, SAME_AS_SEED = 0.92, 0.85
"""Cosine from which two groups are one theme, and from which one is what the user asked for."""
NEAR = 0.5
"""Groups whose names state one cause are one theme if nearer than this share of all pairs."""
CHUNK = 50_000

PRIMARY = "primary"
MATCHED = {
    POSITION: "int64",
    THEME: "object",
    "start": "int64",
    "end": "int64",
    "similarity": "float64",
    PRIMARY: "bool",
}
"""Columns of the mentions, with their kinds."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Themes that were fitted together: a space, and directions in it.

    Parameters
    ----------
    space : WordSpace
        Where words lie.
    middles : array, shape (k, dimensions)
        The direction of each group.
    themes : tuple of str
        The theme each group belongs to; several groups of one cause have one theme.
    """

    space: WordSpace
    middles: NDArray[np.float32]
    themes: tuple[str, ...]

    def near(self, one: str, other: str) -> bool:
        """Tell whether two themes are nearer to each other than half of all pairs are."""
        likeness = self.middles @ self.middles.T
        pairs = likeness[np.triu_indices(len(likeness), 1)]
        places = self.themes.index(one), self.themes.index(other)
        return bool(likeness[places] >= np.quantile(pairs, NEAR))

    def only(self, themes: Set[str]) -> Layer:
        """Give the layer with some of its themes."""
        kept = [i for i, theme in enumerate(self.themes) if theme in themes]
        return Layer(self.space, self.middles[kept], tuple(self.themes[i] for i in kept))

    def renamed(self, names: Mapping[str, str]) -> Layer:
        """Give the layer with other theme identities."""
        return replace(self, themes=tuple(names.get(theme, theme) for theme in self.themes))


def no_mentions() -> pd.DataFrame:
    """Give a table of no mentions.

    Examples
    --------
    >>> len(no_mentions())
    0
    """
    return pd.DataFrame(columns=list(MATCHED)).astype(MATCHED)


def seed_layer(reading: Reading, seeds: Mapping[str, Sequence[str]]) -> Layer:
    """Make a layer of the user's themes alone, to stand before those already known."""
    space = fit_space(reading.documents(), kept=_seed_words(seeds))
    return Layer(space, _seed_places(space, seeds), tuple(seeds))


def default_count(texts: int) -> int:
    """Say how many groups to start from: three times the fourth root of the number of texts.

    19 for 1,500 texts, 53 for 100,000: more feedback tells finer themes apart, slowly. Groups that
    turn out to be near each other are joined afterwards. (Assumption.)

    Examples
    --------
    >>> [default_count(n) for n in (50, 1_500, 100_000)]
    [8, 19, 53]
    """
    fourth_root: float = float(texts) ** 0.25
    return max(2, round(3 * fourth_root))


def fit_layer(
    reading: Reading,
    *,
    count: int | None = None,
    smallest: int = 5,
    seeds: Mapping[str, Sequence[str]] | None = None,
) -> Layer:
    """Find the groups of some texts.

    Parameters
    ----------
    reading : Reading
        The clauses of the texts.
    count : int, optional
        How many groups; by default `default_count`, less what is joined.
    smallest : int
        A group that is nearest for fewer texts is dropped.
    seeds : mapping of theme to phrases, optional
        Themes that shall exist.

    Returns
    -------
    Layer
        Its themes are called after the seeds, the others "0", "1" and so on.
    """
    seeds = seeds or {}
    documents = reading.documents()
    space = fit_space(documents, kept=_seed_words(seeds))
    counts = space.count(documents)
    places = space.place(counts, reading.text_words())
    known = np.flatnonzero(places.any(axis=1))
    pinned = _seed_places(space, seeds)
    if len(known) < 2 * smallest:
        return Layer(space, pinned, tuple(seeds))
    wanted = (count or default_count(len(known))) - (len(seeds) if count else 0)
    shared = np.asarray((counts > 0).sum(axis=0)).ravel() >= FEWEST_TEXTS
    starts = choose_starts(places[known], counts[known][:, shared], count=wanted, fixed=pinned)
    if not len(starts):
        return Layer(space, pinned, tuple(seeds))
    middles = group(places[known], starts, held=len(seeds))
    if count is None:
        middles = _join(places[known], middles, held=len(seeds))
    sizes = np.bincount((places[known] @ middles.T).argmax(axis=1), minlength=len(middles))
    kept = (sizes >= smallest) | (np.arange(len(middles)) < len(seeds))
    names = (*seeds, *(str(i) for i in range(int(kept.sum()) - len(seeds))))
    return Layer(space, middles[kept], names)


def match(reading: Reading, layer: Layer, *, covered: float = COVERED) -> pd.DataFrame:
    """Find the mentions of a layer's themes.

    A text mentions the theme that its whole is nearest to (`primary`), and those that its clauses
    are nearest to; a clause is read in the light of its text, half and half.

    Returns
    -------
    DataFrame
        One row a text and theme: `position` (the text's number in the reading), `theme`, `start`,
        `end` (of the clause that shows it best), `similarity` (0 to 1), `primary`.
    """
    if not len(layer.middles) or not len(reading):
        return no_mentions()
    counts = layer.space.count(reading.stems)
    wholes = layer.space.place((reading.membership() @ counts).tocsr(), reading.text_words())
    chunks = [
        _match_clauses(
            np.arange(begin, min(begin + CHUNK, len(reading))), reading, layer, counts, wholes
        )
        for begin in range(0, len(reading), CHUNK)
    ]
    return _best(pd.concat(chunks), reading, layer, covered)


def _match_clauses(
    clauses: NDArray[np.intp],
    reading: Reading,
    layer: Layer,
    counts: sp.csr_matrix,
    wholes: NDArray[np.float32],
) -> pd.DataFrame:
    """Give each clause its own nearest group, and its nearness to the first group of its text."""
    owner = reading.owner[clauses]
    places = layer.space.place(counts[clauses], reading.words[clauses])
    similar = unit(places + wholes[owner]) @ layer.middles.T
    similar[~places.any(axis=1)] = 0
    whole = wholes[owner] @ layer.middles.T
    rows = np.arange(len(clauses))
    parts = []
    for groups, primary in ((similar.argmax(axis=1), False), (whole.argmax(axis=1), True)):
        shown = similar[rows, groups]
        similarity = whole[rows, groups] if primary else shown
        parts.append(
            pd.DataFrame(
                {
                    POSITION: owner,
                    "group": groups,
                    "clause": clauses,
                    "shown": shown,
                    "similarity": similarity,
                    PRIMARY: primary,
                }
            )
        )
    return pd.concat(parts)


def _best(found: pd.DataFrame, reading: Reading, layer: Layer, covered: float) -> pd.DataFrame:
    """Keep one row a text and theme, with the clause that shows it best."""
    found = found[found["similarity"] >= covered]
    found = found.assign(theme=np.array(layer.themes, dtype=object)[found["group"]])
    found = found.sort_values(
        [POSITION, "shown", "clause"], ascending=[True, False, True], kind="stable"
    )
    grouped = found.groupby([POSITION, THEME], sort=False)
    best = grouped.first()
    best[PRIMARY] = grouped[PRIMARY].any()
    best["similarity"] = grouped["similarity"].max()
    best = best.reset_index()
    best[["start", "end"]] = reading.spans[best["clause"]]
    return best[list(MATCHED)].astype(MATCHED)


def _seed_stems(seeds: Mapping[str, Sequence[str]]) -> list[list[str]]:
    return [content_stems(said) for said in _said(seeds)]


def _said(seeds: Mapping[str, Sequence[str]]) -> list[str]:
    return [" . ".join((name, *phrases)) for name, phrases in seeds.items()]


def _seed_words(seeds: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Give the stems and pairs the user asked for; most texts may well speak of them."""
    return frozenset(word for stems in _seed_stems(seeds) for word in (*stems, *pairs_of(stems)))


def _seed_places(space: WordSpace, seeds: Mapping[str, Sequence[str]]) -> NDArray[np.float32]:
    words = word_meanings().count([surface_words(said) for said in _said(seeds)])
    return space.place(space.count(_seed_stems(seeds)), words)


def _join(
    places: NDArray[np.float32], middles: NDArray[np.float32], *, held: int
) -> NDArray[np.float32]:
    """Join groups that are nearly one, and let the rest settle."""
    sizes = np.bincount((places @ middles.T).argmax(axis=1), minlength=len(middles))
    owner = merge_near(middles, sizes, nearness=SAME, held=held, to_held=SAME_AS_SEED)
    kept = np.unique(owner)
    if len(kept) == len(middles):
        return middles
    return group(places, middles[kept], held=held)
