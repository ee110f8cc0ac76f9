"""Run over files larger than memory: chunk by chunk, resumable at any moment, nothing twice.

Each chunk becomes a part in a folder beside the output: data, rejects, and last a small JSON file
that makes the part valid. When all parts are there they are joined, and the output takes its name.
A run killed at any point leaves valid parts only, and `resume` goes on after them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from detractor.chunks import Chunk, Reading, Reject
from detractor.errors import DetractorError, InputFileError, JobError, ParameterError
from detractor.files import (
    csv_bytes,
    header_bytes,
    join_parquet,
    json_bytes,
    output_format,
    whole_file,
    write_parquet,
)
from detractor.runs import RunReport, Tally, exclusive
from detractor.streams import STDIN, find_files
from detractor.tables import read_chunks

if TYPE_CHECKING:
    import pandas as pd

Transform = Callable[["pd.DataFrame"], "pd.DataFrame"]
LOG = logging.getLogger(__name__)
LOG_SECONDS = 30.0
AHEAD = 2
"""Chunks read before they are needed; each is held in memory."""


@dataclass(frozen=True, kw_only=True)
class FileJob:
    """Which files to read, and where to write.

    Parameters
    ----------
    inputs : tuple of str
        Paths or patterns; ``"-"`` is standard input.
    output : str
        Ends in .csv, .jsonl, .ndjson, .parquet or .pq.
    reading : Reading
        How the inputs are read.
    resume : bool
        Go on where an earlier run with the same inputs and settings was stopped.
    spreadsheet_safe : bool
        Neutralise CSV cells that a spreadsheet would run as a formula.

    Raises
    ------
    ParameterError
        The output has no known suffix, or standard input is to be resumed.

    Examples
    --------
    >>> FileJob(inputs=("feedback.csv",), output="scored.csv").resume
    False
    """

    inputs: tuple[str, ...]
    output: str
    reading: Reading = field(default_factory=Reading)
    resume: bool = False
    spreadsheet_safe: bool = True

    def __post_init__(self) -> None:
        output_format(self.output)
        if self.resume and STDIN in self.inputs:
            raise ParameterError("standard input cannot be resumed; write it to a file first")


def transform_files(job: FileJob, transform: Transform, *, fingerprint: str) -> RunReport:
    r"""Pass every chunk of the inputs through a function and write what comes out.

    Parameters
    ----------
    job : FileJob
        Inputs and output.
    transform : callable
        From a DataFrame to a DataFrame; the same rows must give the same rows.
    fingerprint : str
        Names the function and its model; parts made under another one are not reused.

    Returns
    -------
    RunReport
        Also written beside the output, as ``<output>.report.json``. Rows that could not be read
        are in ``<output>.rejects.csv`` with file, row and reason.

    Raises
    ------
    InputFileError
        An input cannot be read.
    JobError
        Another run writes the same output, or an earlier run cannot be resumed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, target = Path(folder) / "a.csv", Path(folder) / "b.csv"
    ...     _ = source.write_text("id\n1\n2\n")
    ...     job = FileJob(inputs=(str(source),), output=str(target))
    ...     report = transform_files(job, lambda rows: rows.assign(new="x"), fingerprint="x")
    ...     print(target.read_text())
    id,new
    1,x
    2,x
    <BLANKLINE>
    >>> report.tally.rows
    2
    """
    begun = time.monotonic()
    output = Path(job.output)
    files = find_files(job.inputs)
    if any(name != STDIN and output.exists() and output.samefile(name) for name in files):
        raise ParameterError(f"the output {job.output!r} is also an input; name another")
    try:
        with exclusive(output):
            store = _Store(job, _manifest(job, files, fingerprint))
            try:
                reused = store.run(files, transform)
            except DetractorError:
                store.forget_if_empty()
                raise
            tally, rejects = store.join()
            report = RunReport(
                inputs=files,
                output=job.output,
                model=fingerprint,
                tally=tally,
                seconds=round(time.monotonic() - begun, 3),
                parts=store.count,
                parts_reused=reused,
                rejects=rejects,
            )
            with whole_file(output.with_name(f"{output.name}.report.json")) as part:
                part.write_text(report.as_json(), encoding="utf-8")
            shutil.rmtree(store.folder)
            return report
    except InputFileError:
        raise
    except OSError as error:
        raise JobError(f"cannot write {job.output!r}: {error}") from error


def read_all(files: list[str], reading: Reading) -> Iterator[Chunk]:
    """Read files one after the other, the next chunk while the last is being worked on.

    Examples
    --------
    >>> list(read_all([], Reading()))
    []
    """
    return _ahead(chunk for name in files for chunk in read_chunks(name, reading))


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Draw chunks in a thread, up to `AHEAD` of them before they are asked for."""
    with ThreadPoolExecutor(1, "detractor-reader") as reader:
        drawn = deque(reader.submit(next, chunks, None) for _ in range(AHEAD))
        while chunk := drawn.popleft().result():
            drawn.append(reader.submit(next, chunks, None))
            yield chunk


def _manifest(job: FileJob, files: list[str], fingerprint: str) -> dict[str, object]:
    """Describe all that decides what the parts hold."""
    return {
        "version": 1,
        "inputs": [[name, *_identity(name)] for name in files],
        "reading": asdict(job.reading),
        "fingerprint": fingerprint,
        "spreadsheet_safe": job.spreadsheet_safe,
        "output": Path(job.output).name,
    }


def _identity(name: str) -> tuple[int, int, str]:
    """Tell a file from a changed one: size, time, and a digest of both ends."""
    if name == STDIN:
        return (0, 0, "")
    status = Path(name).stat()
    digest = hashlib.sha256()
    if Path(name).is_file():
        with Path(name).open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, status.st_size - (1 << 20)))
            digest.update(file.read(1 << 20))
    return (status.st_size, status.st_mtime_ns, digest.hexdigest())


class _Store:
    """The parts of one run, in a folder beside the output."""

    def __init__(self, job: FileJob, manifest: dict[str, object]) -> None:
        self.job = job
        self.output = Path(job.output)
        self.format = output_format(job.output)
        self.folder = self.output.with_name(f".{self.output.name}.parts")
        self.count = 0
        self.columns: list[str] | None = None
        self._claim(json.dumps(manifest, indent=2))

    def _claim(self, manifest: str) -> None:
        path = self.folder / "run.json"
        if self.job.resume and path.is_file():
            if path.read_text(encoding="utf-8") != manifest:
                raise JobError(
                    f"cannot resume {self.job.output!r}: the inputs, the model or the settings "
                    "changed since; run again without resume"
                )
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        with whole_file(path) as part:
            part.write_text(manifest, encoding="utf-8")

    def run(self, files: list[str], transform: Transform) -> int:
        """Make the parts that are missing; return how many were there."""
        reused = rows = 0
        last_line = began = time.monotonic()
        written: Future[None] | None = None
        with ThreadPoolExecutor(1, "detractor-writer") as writer:
            for number, chunk in enumerate(_with_progress(read_all(files, self.job.reading))):
                self.count = number + 1
                rows += len(chunk.frame)
                if self._path(number, "json").is_file():
                    reused += 1
                    continue
                frame = transform(chunk.frame)
                if written is not None:
                    written.result()
                written = writer.submit(self._save, number, frame, chunk.rejects)
                if time.monotonic() - last_line > LOG_SECONDS:
                    last_line = time.monotonic()
                    rate = rows / (last_line - began)
                    LOG.info("%s rows, %s a second", f"{rows:,}", f"{rate:,.0f}")
            if written is not None:
                written.result()
        return reused

    def forget_if_empty(self) -> None:
        """Leave nothing behind where not even the first part could be made."""
        if not self._path(0, "json").is_file():
            shutil.rmtree(self.folder)

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:06}.{kind}"

    def _save(self, number: int, frame: pd.DataFrame, rejects: list[Reject]) -> None:
        self._check_columns(frame)
        with whole_file(self._path(number, "data")) as part:
            if self.format == "parquet":
                write_parquet(frame, part)
            elif self.format == "jsonl":
                part.write_bytes(json_bytes(frame))
            else:
                part.write_bytes(csv_bytes(frame, spreadsheet_safe=self.job.spreadsheet_safe))
        if rejects:
            with whole_file(self._path(number, "rejects")) as part:
                part.write_bytes(csv_bytes(_rejects_frame(rejects)))
        facts = {"columns": list(frame.columns), "tally": asdict(Tally.of(frame, len(rejects)))}
        with whole_file(self._path(number, "json")) as part:
            part.write_text(json.dumps(facts), encoding="utf-8")

    def _check_columns(self, frame: pd.DataFrame) -> None:
        """Refuse a file whose columns differ from the first file's, where they must agree."""
        columns = list(frame.columns)
        if self.columns is None:
            first = self._path(0, "json")
            known = json.loads(first.read_text(encoding="utf-8")) if first.is_file() else {}
            self.columns = known.get("columns", columns)
        if columns != self.columns and self.format == "csv":
            odd = sorted(set(columns) ^ set(self.columns)) or "another order"
            raise InputFileError(
                f"the inputs do not have the same columns ({odd}); write JSON lines, "
                "which may differ from row to row, or run file by file"
            )

    def join(self) -> tuple[Tally, str | None]:
        """Put the parts together under their final names; tell counts and rejects."""
        tally = Tally()
        for number in range(self.count):
            facts = json.loads(self._path(number, "json").read_text(encoding="utf-8"))
            tally += Tally(**facts["tally"])
        data = [self._path(number, "data") for number in range(self.count)]
        columns = json.loads(self._path(0, "json").read_text(encoding="utf-8"))["columns"]
        with whole_file(self.output) as part:
            if self.format == "parquet":
                join_parquet(data, part)
            else:
                _concatenate(data, part, _header(columns) if self.format == "csv" else b"")
        rejects = self.output.with_name(f"{self.output.name}.rejects.csv")
        if not tally.set_aside:
            rejects.unlink(missing_ok=True)
            return tally, None
        parts = [self._path(number, "rejects") for number in range(self.count)]
        with whole_file(rejects) as part:
            _concatenate([p for p in parts if p.is_file()], part, _header(list(Reject._fields)))
        return tally, str(rejects)


def _header(columns: list[str]) -> bytes:
    import pandas as pd

    return header_bytes(pd.DataFrame(columns=columns))


def _rejects_frame(rejects: list[Reject]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rejects, columns=Reject._fields)


def _concatenate(parts: list[Path], target: Path, header: bytes) -> None:
    with target.open("wb") as whole:
        whole.write(header)
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole, 1 << 20)


def _with_progress(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Show a bar on a terminal, nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(unit=" rows", unit_scale=True, disable=None) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(len(chunk.frame))
