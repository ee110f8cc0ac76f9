"""Find root causes: what negative feedback is about, for whom, since when, and where.

::

    themes = find_themes(scored)                 # today
    themes = find_themes(scored, known=themes)   # tomorrow: the same themes, and new ones beside

Nothing is random, no text leaves the machine, and a text that had a theme yesterday has it today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.concentrations import concentrations
from detractor.errors import ParameterError, suggestion
from detractor.markup import LEFT, Html, element, join, table
from detractor.mentions import MENTIONS, POSITION, THEME
from detractor.privacy import mask_personal_data
from detractor.schema import HEADS, STATUS, Columns, require
from detractor.text import coerce
from detractor.theme_layers import MATCHED, PRIMARY, Layer
from detractor.theme_reading import read_clauses
from detractor.theme_recognition import LABELS, Recognised, Rule, recognise
from detractor.theme_statistics import describe_themes

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROW, SENTENCE = "row", "sentence"

_READABLE = (20, 300)  # characters of a sentence worth showing


@dataclass(frozen=True, kw_only=True)
class ThemeOptions(Rule):
    """How themes are looked for.

    Parameters
    ----------
    count : int, optional
        How many themes at first. By default it follows from the number of texts and how alike the
        groups are: see `detractor.theme_layers.default_count`.
    smallest : int
        A theme has at least so many texts.
    detractor_from : float
        Texts whose `detractor` probability is below this are not read for themes (0 to 1). Without
        that column all are read.
    seeds : mapping of str to sequence of str
        Themes you want to see, each with phrases that tell of it: {"billing": ["charged twice"]}.
    by : sequence of str
        Columns in which to look for concentrations: store, product, agent.
    evidence : int
        Sentences to show for each theme.

    Raises
    ------
    ParameterError
        If a number is outside its range.

    Examples
    --------
    >>> ThemeOptions(seeds={"billing": ["charged twice"]}).smallest
    5
    """

    detractor_from: float = 0.5
    by: Sequence[str] = ()
    evidence: int = 3

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ParameterError(f"count is at least 1, not {self.count}; leave it out to choose")
        if self.smallest < 1:
            raise ParameterError(f"smallest is at least 1 text, not {self.smallest}")
        if not 0 <= self.detractor_from <= 1:
            raise ParameterError(f"detractor_from lies in 0 to 1, not {self.detractor_from!r}")


@dataclass(frozen=True, eq=False)
class Themes:
    """What `find_themes` found.

    Parameters
    ----------
    table : DataFrame
        One row a theme, most mentioned first, indexed by `theme`: `name`, `status` ("new", "known",
        "retired" when nobody mentions it now, "returned" when somebody does again), `terms`,
        `evidence` (sentences, personal data masked), and what
        `detractor.theme_statistics.describe_themes` measures.
    mentions : DataFrame
        One row a text and theme: `row` (label of the input), `position`, `theme`, `start` and
        `end` (the clause that shows it best, offsets into the text), `similarity` (0 to 1),
        `primary` (the theme of the text as a whole) and `sentence` (the clause).
    where : DataFrame
        Concentrations in the columns asked for: see `detractor.concentrations`.
    layers : tuple of Layer
        What recognises the themes; pass the whole object as `known` next time.
    """

    table: pd.DataFrame
    mentions: pd.DataFrame
    where: pd.DataFrame
    layers: tuple[Layer, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        lines = [f"{len(self)} themes, {len(self.mentions)} mentions"]
        lines += [f"  {row.mentions:>6}  {row.name_}" for row in self._top().itertuples()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            [row["name"], f"{row[MENTIONS]:,}", _quotes(row["evidence"])]
            for row in self.table.head(10).to_dict("records")
        ]
        title = repr(self).partition("\n")[0]
        return table(["theme", "mentions", "they say"], rows, caption=title, style=LEFT)

    def _top(self) -> pd.DataFrame:
        return self.table.head(10).rename(columns={"name": "name_"})

    def primary(self) -> pd.Series:
        """Give the first theme of each row that has one, indexed by the row's position.

        Examples
        --------
        >>> find_themes(pd.DataFrame({"text": []})).primary().tolist()
        []
        """
        first = self.mentions[self.mentions[PRIMARY]]
        return first.set_index(POSITION)[THEME]


def _quotes(evidence: object) -> Html:
    sentences = evidence if isinstance(evidence, tuple) else ()  # missing: none is worth showing
    return join((element("q", sentence) for sentence in sentences), separator=" ")


def find_themes(
    scored: pd.DataFrame,
    *,
    columns: Columns | None = None,
    known: Themes | None = None,
    options: ThemeOptions | None = None,
) -> Themes:
    """Find the themes of negative feedback, clause by clause.

    Parameters
    ----------
    scored : DataFrame
        Feedback, best with the columns that `score` adds; rows that are no negative feedback are
        not read for themes, but the impacts compare with them.
    columns : Columns, optional
        What the columns are called.
    known : Themes, optional
        What was found before. Its themes keep identity, name and texts; what they do not cover
        makes new ones.
    options : ThemeOptions, optional
        Number, size, seeds, columns to compare.

    Returns
    -------
    Themes

    Raises
    ------
    SchemaError
        If the text column or a column to compare by does not exist.

    Examples
    --------
    >>> texts = ["My bag was lost.", "They lost my bag!", "Lost bag, nobody called."] * 4
    >>> texts += ["The flight was late.", "Late flight again.", "Flight two hours late!"] * 4
    >>> themes = find_themes(pd.DataFrame({"text": texts}))
    >>> themes
    2 themes, 24 mentions
          12  late flight again
          12  lost bag
    """
    columns, options = columns or Columns(), options or ThemeOptions()
    require(scored, columns.text, *options.by)
    selected = _negative(scored, columns, options)
    every = coerce(scored[columns.text]).texts
    texts = [every[i] for i in selected]
    recognised = recognise(
        read_clauses(texts),
        known=Recognised(known.layers, known.table[list(LABELS)]) if known else None,
        rule=options,
    )
    mentions = recognised.mentions
    mentions = mentions.assign(
        position=selected[mentions[POSITION]],
        row=scored.index.to_numpy()[selected[mentions[POSITION]]],
        sentence=np.array(
            [texts[i][a:b] for i, a, b in mentions[[POSITION, "start", "end"]].to_numpy()],
            dtype=object,
        ),
    )
    return _describe(
        mentions[[ROW, *MATCHED, SENTENCE]], recognised, scored, columns=columns, options=options
    )


def merge_themes(
    themes: Themes,
    into: str,
    *others: str,
    feedback: pd.DataFrame,
    columns: Columns | None = None,
) -> Themes:
    """Make several themes one, by hand; it lasts when the result is passed on as `known`.

    Parameters
    ----------
    themes : Themes
        What was found.
    into, *others : str
        The theme that stays, and those that become part of it.
    feedback : DataFrame
        The table the themes were found in, to count again.
    columns : Columns, optional
        What its columns are called.

    Raises
    ------
    ParameterError
        If a theme is not in the table.

    Examples
    --------
    >>> feedback = pd.DataFrame({"text": ["Lost bag.", "Bag was lost."] * 5
    ...     + ["Flight was late.", "Late flight."] * 5})
    >>> themes = find_themes(feedback)
    >>> merge_themes(themes, "late-flight", "lost-bag", feedback=feedback)
    1 themes, 20 mentions
          20  late flight
    """
    for theme in (into, *others):
        if theme not in themes.table.index:
            known = suggestion(theme, map(str, themes.table.index))
            raise ParameterError(f"no theme {theme!r}; {known}")
    joined = dict.fromkeys(others, into)
    mentions = themes.mentions.assign(theme=themes.mentions[THEME].replace(joined))
    primary = mentions.groupby([POSITION, THEME])[PRIMARY].transform("any")
    mentions = mentions.assign(primary=primary).sort_values(
        [POSITION, "similarity"], ascending=[True, False], kind="stable"
    )
    mentions = mentions.drop_duplicates([POSITION, THEME]).reset_index(drop=True)
    layers = tuple(layer.renamed(joined) for layer in themes.layers)
    labels = themes.table.loc[~themes.table.index.isin(others), list(LABELS)]
    recognised = Recognised(layers, labels)
    options = ThemeOptions(by=themes.where["column"].unique().tolist())
    return _describe(mentions, recognised, feedback, columns=columns or Columns(), options=options)


def _negative(scored: pd.DataFrame, columns: Columns, options: ThemeOptions) -> NDArray[np.intp]:
    """Choose the rows that are feedback, and negative as far as that is known."""
    readable = np.array([bool(text) for text in coerce(scored[columns.text]).texts], dtype=bool)
    if STATUS in scored.columns:
        readable &= (scored[STATUS] == "ok").to_numpy()
    if HEADS[0] in scored.columns:
        readable &= (scored[HEADS[0]] >= options.detractor_from).to_numpy()
    return np.flatnonzero(readable)


def _describe(
    mentions: pd.DataFrame,
    recognised: Recognised,
    feedback: pd.DataFrame,
    *,
    columns: Columns,
    options: ThemeOptions,
) -> Themes:
    """Count, and put names, statuses and evidence beside the figures."""
    figures = describe_themes(mentions, feedback, columns=columns)
    table = recognised.labels.join(figures)
    table[MENTIONS] = table[MENTIONS].fillna(0).astype("int64")
    table["evidence"] = _evidence(mentions, feedback, options.evidence).reindex(table.index)
    table = table.sort_values(MENTIONS, ascending=False, kind="stable")
    where = concentrations(mentions, feedback, by=options.by)
    return Themes(table, mentions, where, recognised.layers)


def _evidence(mentions: pd.DataFrame, feedback: pd.DataFrame, count: int) -> pd.Series:
    """Choose the clauses that show each theme best, in the original words, personal data masked."""
    shown = mentions[mentions[SENTENCE].map(len).between(*_READABLE)]
    shown = shown.assign(told=shown[SENTENCE].map(str.lower))
    if HEADS[1] in feedback.columns:
        anger = feedback[HEADS[1]].to_numpy(dtype=float)[shown[POSITION]]
        shown = shown.assign(similarity=shown["similarity"] * (0.5 + np.nan_to_num(anger)))
    best = shown.sort_values(["similarity", POSITION], ascending=[False, True], kind="stable")
    best = best.drop_duplicates([THEME, "told"]).groupby(THEME).head(count)
    if best.empty:
        return pd.Series(dtype=object)
    masked = best.assign(sentence=[mask_personal_data(each).text for each in best[SENTENCE]])
    return masked.groupby(THEME)[SENTENCE].agg(tuple)
