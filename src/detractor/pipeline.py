"""The main job from files to a queue: read, score, read signals, rank."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from detractor.chunks import Chunk, Reading, Reject
from detractor.jobs import FileJob, read_all, transform_files
from detractor.policy import Policy
from detractor.runs import RunReport
from detractor.schema import HEADS, SIGNALS, Columns, require
from detractor.streams import find_files

if TYPE_CHECKING:
    import pandas as pd

    from detractor.model import FeedbackModel
    from detractor.themes import Themes


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Which column to score, with which model.

    Parameters
    ----------
    text : str
        The column with the feedback.
    model : str, optional
        A model file; the one that detractor carries, if None.
    signals : bool
        Also read what a text asks for, threatens or thanks for (`schema.SIGNALS`).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"text": ["Late again, I am leaving"], "churn_risk": [0.9],
    ...                       "anger": [0.4], "detractor": [0.9]})
    >>> Scorer(signals=True)(frame)["request"].tolist()
    [False]
    """

    text: str = "text"
    model: str | None = None
    signals: bool = False

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add scores to a table that has none, and signals if asked for."""
        if set(HEADS) <= set(frame.columns):
            frame = _read_back(frame)
        else:
            from detractor.scoring import score

            require(frame, self.text)
            frame = score(frame, text=self.text, model=_load(self.model))
        missing = [name for name in SIGNALS if name not in frame]
        if self.signals and missing and self.text in frame:
            from detractor.signals import read_signals

            frame = frame.assign(**read_signals(frame[self.text])[missing])
        return frame

    def fingerprint(self) -> str:
        """Name what decides the scores: how the model scores its golden texts, and the column."""
        from detractor.artifact import GOLDEN_TEXTS
        from detractor.scoring import score

        scores = score(list(GOLDEN_TEXTS), model=_load(self.model))[list(HEADS)]
        digest = hashlib.sha256(scores.to_numpy(dtype="<f8").tobytes()).hexdigest()
        return f"{digest[:16]} {self.text}" + (" signals" if self.signals else "")


@cache
def _load(model: str | None) -> FeedbackModel:
    from detractor.artifact import load

    return load(model)


def _read_back(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn scores and signals that went through CSV from text into what they were."""
    import pandas as pd

    from detractor.attributes import read_flags

    numbers = {head: pd.to_numeric(frame[head], errors="coerce") for head in HEADS}
    flags = {s: read_flags(frame[s], unclear=False)[0] for s in SIGNALS if s in frame}
    return frame.assign(**numbers, **flags)


def score_files(job: FileJob, scorer: Scorer) -> RunReport:
    """Score files into a file, in bounded memory; see `jobs.transform_files`."""
    return transform_files(job, scorer, fingerprint=scorer.fingerprint())


def score_chunks(inputs: tuple[str, ...], reading: Reading, scorer: Scorer) -> Iterator[Chunk]:
    """Score files chunk by chunk as they are read."""
    for chunk in read_all(find_files(inputs), reading):
        yield Chunk(scorer(chunk.frame), chunk.rejects, chunk.end)


class Scored(NamedTuple):
    """A scored table, and the rows of its files that could not be read."""

    frame: pd.DataFrame
    rejects: list[Reject]


def read_scored(
    inputs: tuple[str, ...], *, reading: Reading, scorer: Scorer, columns: Columns
) -> Scored:
    r"""Read and score files, and keep what recovery needs: the known columns and the scores.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text("customer_id,anger,churn_risk,detractor,phone\nann,.4,.9,.8,1\n")
    ...     scored = read_scored(
    ...         (str(file),), reading=Reading(), scorer=Scorer(), columns=Columns()
    ...     )
    >>> list(scored.frame.columns)
    ['customer_id', 'anger', 'churn_risk', 'detractor']
    """
    import pandas as pd

    known = {getattr(columns, part.name) for part in fields(columns)}
    known |= {*HEADS, *SIGNALS, "status", scorer.text}
    frames, rejects = [], []
    for chunk in score_chunks(inputs, reading, scorer):
        frame = chunk.frame
        frames.append(frame[[name for name in frame.columns if name in known]])
        rejects += chunk.rejects
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return Scored(pd.concat(filled, ignore_index=True), rejects)


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How files become a queue.

    Parameters
    ----------
    scorer : Scorer
        How texts are scored, where the files hold no scores.
    columns : Columns
        What the columns are called.
    required : tuple of str
        Columns that the user named, so that a slip is an error and not a missing part.
    policy : Policy
        Means, rules and beliefs.
    as_of : str, optional
        The night to rank; the latest date in the files, if None.
    contacts : str, optional
        A file of whom you contacted and when.

    Examples
    --------
    >>> Ranking(policy=Policy(capacity=20)).policy.capacity
    20
    """

    scorer: Scorer = field(default_factory=Scorer)
    columns: Columns = field(default_factory=Columns)
    required: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    as_of: str | None = None
    contacts: str | None = None


class Ranked(NamedTuple):
    """A queue, the scored texts behind it, and the rows that could not be read."""

    queue: pd.DataFrame
    scored: pd.DataFrame
    rejects: list[Reject]


def rank_files(inputs: tuple[str, ...], reading: Reading, ranking: Ranking) -> Ranked:
    """Read, score and rank files: one row a customer, first to contact first."""
    from detractor.ranking import rank
    from detractor.tables import read_table

    first = next(read_all(find_files(inputs), reading))
    require(first.frame, *ranking.required)
    scored = read_scored(inputs, reading=reading, scorer=ranking.scorer, columns=ranking.columns)
    contacts = read_table(ranking.contacts) if ranking.contacts else None
    queue = rank(
        scored.frame,
        policy=ranking.policy,
        as_of=ranking.as_of,
        columns=ranking.columns,
        contacts=contacts,
    )
    return Ranked(queue, *scored)


def plan_file(queue: str, *, playbook: str | None, budget: float | None) -> pd.DataFrame:
    """Plan a queue that was written to a file."""
    from detractor.attributes import read_flags
    from detractor.planning import plan
    from detractor.playbook import load_playbook
    from detractor.ranking import CONTACT
    from detractor.tables import read_table

    frame = read_table(queue)
    require(frame, CONTACT, maker="`detractor rank`")
    frame = frame.assign(**{CONTACT: read_flags(frame[CONTACT], unclear=False)[0]})
    with silence():
        return plan(frame, playbook=load_playbook(playbook), budget=budget)


@contextmanager
def silence() -> Iterator[None]:
    """Drop what compiled code prints to standard output, which is kept for the result.

    The solver of the plan (HiGHS 1.12) reports some of its second thoughts by a bare ``printf``
    that no option turns off.

    Examples
    --------
    >>> with silence():
    ...     answer = 6 * 7
    >>> answer
    42
    """
    try:
        kept = os.dup(1)
    except OSError:  # a process without a standard output has none to keep clean
        yield
        return
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)  # what it holds back must not follow later
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def find_themes_in_files(
    inputs: tuple[str, ...], reading: Reading, ranking: Ranking, *, known: Themes | None = None
) -> tuple[Themes, list[Reject]]:
    """Read and score files, and find what they write about, by the names known before."""
    from detractor.themes import find_themes

    first = next(read_all(find_files(inputs), reading))
    require(first.frame, *ranking.required)
    frame, rejects = read_scored(
        inputs, reading=reading, scorer=ranking.scorer, columns=ranking.columns
    )
    said = by_customers(frame, ranking.columns, ranking.policy)
    return find_themes(said, columns=ranking.columns, known=known), rejects


def by_customers(scored: pd.DataFrame, columns: Columns, policy: Policy) -> pd.DataFrame:
    """Leave out what agents wrote: their apologies are no complaints.

    Examples
    --------
    >>> import pandas as pd
    >>> texts = pd.DataFrame({"text": ["late", "sorry"], "author": ["customer", "agent"]})
    >>> by_customers(texts, Columns(), Policy())["text"].tolist()
    ['late']
    """
    from detractor.attributes import by_agents

    if columns.author not in scored:
        return scored
    return scored[~by_agents(scored[columns.author], policy.agents)].reset_index(drop=True)
