"""Learn from and judge on labelled files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from detractor.chunks import Reading
from detractor.errors import ParameterError, suggestion
from detractor.schema import HEADS, require
from detractor.streams import find_files
from detractor.tables import read_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Labelled files: which columns hold text and truth.

    Parameters
    ----------
    inputs : tuple of str
        Paths or patterns.
    text : str
        The column with the feedback.
    labels : dict of str to str
        Head to column; 0 or 1, empty where unknown. Columns named like the heads, if empty.
    source : str, optional
        The column that says where a text is from; results are given by it, and calibration uses
        sources that the fit has not seen.
    reading : Reading
        How files are read.

    Examples
    --------
    >>> Labelled(inputs=("a.csv",), labels={"anger": "furious"}).text
    'text'
    """

    inputs: tuple[str, ...]
    text: str = "text"
    labels: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        for head in self.labels:
            if head not in HEADS:
                raise ParameterError(f"no head {head!r}; {suggestion(head, HEADS)}")

    def read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read the table, and the truth of each head as numbers."""
        import pandas as pd

        frames = [read_table(name, self.reading) for name in find_files(self.inputs)]
        frame = pd.concat(frames, ignore_index=True)
        labels = self.labels or {head: head for head in HEADS if head in frame}
        if not labels:
            raise ParameterError("no column is named like a head; say which hold the labels")
        require(frame, self.text, *labels.values(), *([self.source] if self.source else []))
        truth = {h: pd.to_numeric(frame[c], errors="coerce") for h, c in labels.items()}
        return frame, pd.DataFrame(truth, dtype="float64")


def fit_files(labelled: Labelled, output: str, *, base: str | None = None) -> dict[str, int]:
    """Fit a model to labelled files and write it.

    Parameters
    ----------
    labelled : Labelled
        What to learn from.
    output : str
        The model file, such as ``ours.safetensors``.
    base : str, optional
        A model to build on, or "default"; from nothing, if None.

    Returns
    -------
    dict of str to int
        How many labels each head had.
    """
    from detractor.artifact import load
    from detractor.classifier import DetractorClassifier

    frame, truth = labelled.read()
    groups = frame[labelled.source] if labelled.source else None
    classifier = DetractorClassifier(base=load(base) if base else None)
    classifier.fit(frame[labelled.text], truth, groups=groups).save(output)
    return {str(head): int(truth[head].notna().sum()) for head in truth}


def judge_files(labelled: Labelled, *, model: str | None = None) -> pd.DataFrame:
    """Score labelled files and measure how well: discrimination and calibration, by source.

    Returns
    -------
    DataFrame
        One row a head and source, "all" first.
    """
    import pandas as pd

    from detractor.evaluation import calibration, discrimination
    from detractor.scoring import score

    frame, truth = labelled.read()
    scores = score(frame[labelled.text], model=model)
    by = frame[labelled.source] if labelled.source else None
    tables = []
    for head in truth:
        known = truth[head].notna() & scores[head].notna()
        group = by[known] if by is not None else None
        facts = truth[head][known], scores[head][known]
        found, more = discrimination(*facts, by=group), calibration(*facts, by=group)
        found = found.join(more[[name for name in more if name not in found]])
        found.insert(0, "head", str(head))
        tables.append(found.rename_axis("source").reset_index())
    return pd.concat(tables, ignore_index=True)
