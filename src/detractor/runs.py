"""What a run over files keeps: a lock, counts that add up, a report for people and programs."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detractor.errors import JobError
from detractor.schema import HEADS, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

BINS = 20
"""Bins of equal width in which the probabilities of a run are counted, to compare nights."""


@contextlib.contextmanager
def exclusive(output: Path) -> Iterator[None]:
    """Hold a lock on an output for as long as the block runs; the system frees it at any death.

    Parameters
    ----------
    output : Path
        The lock is a hidden file beside it.

    Raises
    ------
    JobError
        Another run holds the lock, or there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     output = Path(folder) / "scored.csv"
    ...     with exclusive(output), exclusive(output):  # doctest: +ELLIPSIS
    ...         pass
    Traceback (most recent call last):
        ...
    detractor.errors.JobError: another run is writing ...
    """
    import fcntl

    path = output.with_name(f".{output.name}.lock")
    try:
        descriptor = _same_file(path)
    except OSError as error:
        raise JobError(f"cannot write beside {str(output)!r}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JobError(
                f"another run is writing {str(output)!r}; wait for it or name another output"
            ) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _same_file(path: Path) -> int:
    """Open a lock file; open it again if a run that just ended took it away meanwhile."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)


@dataclass(frozen=True)
class Tally:
    """Counts of a part of a run; those of two parts add up to those of both.

    Examples
    --------
    >>> import pandas as pd
    >>> part = Tally.of(pd.DataFrame({"status": ["ok", "empty"], "anger": [0.99, None]}), 1)
    >>> (part + part).rows, (part + part).statuses, (part + part).bins["anger"][-1]
    (4, {'ok': 2, 'empty': 2}, 2)
    """

    rows: int = 0
    set_aside: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    bins: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame, set_aside: int) -> Tally:
        """Count the rows of a scored table, and the rows set aside before it was scored."""
        import numpy as np

        statuses = frame[STATUS].value_counts(sort=False).to_dict() if STATUS in frame else {}
        bins = {
            head: np.histogram(frame[head].dropna(), bins=BINS, range=(0, 1))[0].tolist()
            for head in HEADS
            if head in frame
        }
        return cls(len(frame), set_aside, {str(k): int(v) for k, v in statuses.items()}, bins)

    def __add__(self, other: Tally) -> Tally:
        bins = {
            head: [
                a + b
                for a, b in zip(
                    self.bins.get(head, [0] * BINS), other.bins.get(head, [0] * BINS), strict=True
                )
            ]
            for head in {**self.bins, **other.bins}
        }
        return Tally(
            self.rows + other.rows,
            self.set_aside + other.set_aside,
            dict(Counter(self.statuses) + Counter(other.statuses)),
            bins,
        )


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did.

    Parameters
    ----------
    inputs : list of str
        The files read.
    output, rejects : str, optional
        The files written; `rejects` only where rows were set aside.
    model : str
        The fingerprint of what turned rows into rows.
    tally : Tally
        Rows, statuses, and how the probabilities are spread.
    seconds : float
        Of this call; a resumed run did part of its work before.
    parts, parts_reused : int
        Pieces in which the output was written, and how many an earlier call had finished.

    Examples
    --------
    >>> report = RunReport(
    ...     inputs=["a.csv"], output="b.csv", model="m", tally=Tally(2000, 1), seconds=0.5, parts=1
    ... )
    >>> print(report.sentence())
    2,000 rows in 0.5 s (4,000 a second) to b.csv; 1 set aside
    """

    inputs: list[str]
    output: str | None
    model: str
    tally: Tally
    seconds: float
    parts: int
    parts_reused: int = 0
    rejects: str | None = None

    def sentence(self) -> str:
        """Tell a person in one line."""
        rows = self.tally.rows
        text = f"{rows:,} rows in {self.seconds:,.1f} s"
        if not self.parts_reused and self.seconds > 0:
            text += f" ({rows / self.seconds:,.0f} a second)"
        if self.output:
            text += f" to {self.output}"
        if self.parts_reused:
            text += f", {self.parts_reused} of {self.parts} parts from an earlier run"
        unread = {k: v for k, v in self.tally.statuses.items() if k != "ok"}
        text += "".join(f"; {count:,} {status}" for status, count in sorted(unread.items()))
        if self.tally.set_aside:
            text += f"; {self.tally.set_aside:,} set aside"
            text += f", see {self.rejects}" if self.rejects else ""
        return text

    def as_json(self) -> str:
        """Tell a program."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunReport:
        """Read what `as_json` wrote.

        Raises
        ------
        JobError
            The text is no run report.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(**{**fields, "tally": Tally(**fields["tally"])})
        except (ValueError, TypeError, KeyError) as error:
            raise JobError(f"not a run report: {error}") from error


def population_shift(before: list[int], after: list[int]) -> float:
    """Measure how far a distribution moved: the population stability index of two counts in bins.

    Half a count is added to each bin, so that an empty one does not make it infinite. By custom of
    credit scoring, below 0.1 is steady and above 0.25 has shifted.

    Examples
    --------
    >>> population_shift([10, 90], [10, 90]), round(population_shift([10, 90], [50, 50]), 2)
    (0.0, 0.85)
    """
    import numpy as np

    old, new = np.array(before, float) + 0.5, np.array(after, float) + 0.5
    old, new = old / old.sum(), new / new.sum()
    return float(np.sum((new - old) * np.log(new / old)))
