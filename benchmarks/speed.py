"""Texts a second and peak memory of `score()` beside other readers, in one interleaved run.

    python benchmarks/speed.py --out DIR [--data reviews.parquet] [--only detractor,vader]

Every contender runs in its own process on its own core (two where two processes or threads are
measured), and the same task goes to one contender after the other, several times over, so that what
else the machine does hits all alike; on a busy machine, trust the figures by CPU time. A contender
that is not installed is named and left out. Another interpreter may serve one of them:
``--python minilm=/path/to/python``.

Writes ``speed.csv`` (every task), ``speed.md`` (the tables) and ``speed.png`` (needs matplotlib).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

HERE = Path(__file__).parent
CONTENDERS = ("detractor", "vader", "nltk_vader", "textblob", "fasttext", "sklearn", "minilm")
LENGTHS = (5, 60, 500)
BATCHES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
MODES = {"1 process": (1, 1), "2 processes": (2, 1), "2 threads": (1, 2)}
OURS = "detractor"
SMALL_BATCH = 100  # below it, the fixed cost of a call shows


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is timed: so many texts of a length, in one call, in a mode."""

    words: int = 60
    batch: int = 10_000
    mode: str = "1 process"


@dataclass
class Worker:
    """A process that holds one contender, and what it said of itself."""

    name: str
    core: int
    python: str
    about: dict[str, Any] = field(default_factory=dict)

    def start(self) -> None:
        """Start the process."""
        environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        source = str(HERE.parent / "src")
        if self.name == OURS:
            environment["PYTHONPATH"] = os.pathsep.join([source, environment.get("PYTHONPATH", "")])
        else:
            environment.pop("PYTHONPATH", None)
        command = [self.python, str(HERE / "speed_worker.py"), self.name, str(self.core)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.name == "minilm" else None,
            text=True,
            env=environment,
        )

    def is_ready(self) -> bool:
        """Wait until the contender is loaded; False where it cannot be."""
        self.about = self.about or self.read()
        return "missing" not in self.about

    def send(self, task: dict[str, Any]) -> None:
        """Ask for a task."""
        stream: TextIO = self.process.stdin  # type: ignore[assignment]
        stream.write(json.dumps(task) + "\n")
        stream.flush()

    def read(self) -> dict[str, Any]:
        """Wait for the answer."""
        stream: TextIO = self.process.stdout  # type: ignore[assignment]
        line = stream.readline()
        return dict(json.loads(line)) if line else {"missing": "its process ended"}

    def stop(self) -> None:
        """Let the process end."""
        self.process.communicate()


def tasks(options: argparse.Namespace) -> list[Task]:
    """List what is measured: batch sizes at 60 words, lengths at two sizes, and the modes."""
    batches = [size for size in BATCHES if size <= options.largest]
    wide = min(100_000, options.largest)
    listed = [Task(batch=size) for size in batches]
    listed += [Task(words=words, batch=min(10_000, wide)) for words in LENGTHS]
    listed += [Task(words=5, batch=max(batches)), Task(words=500, batch=1)]
    listed += [Task(batch=wide, mode=mode) for mode in MODES]
    return list(dict.fromkeys(listed))


def measured(
    workers: dict[str, list[Worker]], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Send every task to every contender in turn, and the whole round again."""
    for repeat in range(options.repeats):
        for task in tasks(options):
            processes, threads = MODES[task.mode]
            if threads > 1 and OURS not in workers:
                continue
            for name, crew in workers.items():
                if threads > 1 and name != OURS:
                    continue  # the others hold the interpreter's lock
                order = {
                    "words": task.words,
                    "batch": task.batch // processes,
                    "threads": threads,
                    "seconds": options.seconds,
                    "data": str(options.data) if options.data else None,
                }
                used = crew[2:] if threads > 1 else crew[:processes]
                for worker in used:
                    worker.send(order)
                answers = [worker.read() for worker in used]
                row = combined(answers)
                yield {"repeat": repeat, "contender": name, **asdict(task), **row}


def combined(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up what processes did side by side."""
    if any("missing" in answer for answer in answers):
        return {"texts_per_second": float("nan")}
    return {
        "batch_run": sum(answer["batch_run"] for answer in answers),
        "texts_per_second": sum(answer["texts"] / answer["seconds"] for answer in answers),
        "texts_per_cpu_second": sum(answer["texts"] for answer in answers)
        / sum(answer["cpu_seconds"] for answer in answers),
        "peak_mb": sum(answer["peak_mb"] for answer in answers),
        "above_idle_mb": sum(answer["above_idle_mb"] for answer in answers),
    }


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """Take the median over repeats, and how many times as fast ours was in the same round."""
    keys = ["words", "batch", "mode", "repeat"]
    clocks = {"texts_per_second": "by the clock", "texts_per_cpu_second": "by CPU time"}
    for rate, ratio in clocks.items():
        ours = rows[rows["contender"] == OURS].set_index(keys)[rate].rename("ours")
        rows = rows.assign(**{ratio: rows.join(ours, on=keys)["ours"] / rows[rate]})
    cells = rows.groupby(["contender", "words", "batch", "mode"], sort=False)
    return cells.median(numeric_only=True).drop(columns="repeat").reset_index()


def markdown(
    cells: pd.DataFrame, workers: dict[str, list[Worker]], options: argparse.Namespace
) -> str:
    """Write the tables."""
    single = cells[cells["mode"] == "1 process"]
    names = list(workers)
    wide = min(10_000, options.largest)
    at_length = single[single["batch"] == wide]
    sections = [
        f"# Speed\n\n{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; medians of {options.repeats} interleaved rounds; "
        "one core each.\n"
        f"Texts: {'from ' + options.data.name if options.data else 'synthetic'}.",
        "Versions: "
        + ", ".join(f"{n} {c[0].about['version']}".strip() for n, c in workers.items()),
    ]

    def table(title: str, frame: pd.DataFrame, columns: str, values: str, digits: int = 0) -> None:
        grid = frame.pivot(index="contender", columns=columns, values=values).reindex(names)
        if frame.columns.isin(["mode"]).any() and columns == "mode":
            grid = grid[[mode for mode in MODES if mode in grid]]
        sections.append(f"## {title}\n\n{as_markdown(grid.round(digits))}")

    table(
        f"Texts a second by words a text (batches of {wide:,})",
        at_length,
        "words",
        "texts_per_second",
    )
    table("Texts a CPU second, the same", at_length, "words", "texts_per_cpu_second")
    for ratio in ("by the clock", "by CPU time"):
        title = f"How many times as fast detractor is in the same rounds, {ratio}"
        table(title, at_length, "words", ratio, 1)
    at_60 = single[single["words"] == 60]
    whole = at_60[at_60["batch_run"] == at_60["batch"]]
    table("Texts a second by texts a call (60 words)", whole, "batch", "texts_per_second")
    table("Peak memory by texts a call, MB (60 words)", whole, "batch", "peak_mb")
    modes = cells[(cells["words"] == 60) & (cells["batch"] == min(100_000, options.largest))]
    table("Texts a second on one core and on two (60 words)", modes, "mode", "texts_per_second")
    if OURS in workers:
        one = single[(single["contender"] == OURS) & (single["batch"] == 1)]
        latency = [f"{1e6 / r.texts_per_second:.0f} µs ({r.words} words)" for r in one.itertuples()]
        sections.append("One warm `score(str)`: " + ", ".join(latency) + ".")
    sections.append("Empty: too slow for a batch of that size in the time, or not measured.")
    return "\n\n".join(sections) + "\n"


def as_markdown(grid: pd.DataFrame) -> str:
    """Write a table with one header row."""

    def shown(value: float) -> str:
        if pd.isna(value):
            return ""
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"

    heads = [f"{column:,}" if isinstance(column, int) else str(column) for column in grid.columns]
    rows = [
        [str(name), *map(shown, row)] for name, row in zip(grid.index, grid.to_numpy(), strict=True)
    ]
    lines = [["", *heads], ["---"] + ["---:"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plot(cells: pd.DataFrame, names: list[str], path: Path) -> None:
    """Draw speed by length and by batch size, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
    single = cells[cells["mode"] == "1 process"]
    by_length = single[single["batch"] == single.loc[single["words"] == 5, "batch"].min()]
    by_batch = single[(single["words"] == 60) & (single["batch_run"] == single["batch"])]
    views = (
        (by_length, "words", "words a text"),
        (by_batch, "batch", "texts a call, 60 words each"),
    )
    for axis, (frame, column, label) in zip(axes, views, strict=True):
        for name in names:
            line = frame[frame["contender"] == name].sort_values(column)
            style = {"lw": 2.6, "color": "black", "zorder": 5} if name == OURS else {"lw": 1.4}
            axis.plot(line[column], line["texts_per_second"], marker="o", ms=4, label=name, **style)
        axis.set(xscale="log", yscale="log", xlabel=label)
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[0].set_xticks(LENGTHS, [str(words) for words in LENGTHS])
    axes[0].set_ylabel("texts a second, one core")
    axes[1].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def start_workers(options: argparse.Namespace) -> dict[str, list[Worker]]:
    """Start two processes a contender, pinned to a core each, and one of ours on all cores."""
    pythons = dict(pair.split("=", 1) for pair in options.python)
    crews = {
        name: [
            Worker(name, core, pythons.get(name, sys.executable))
            for core in ((0, 1, -1) if name == OURS else (0, 1))
        ]
        for name in options.only
    }
    for crew in crews.values():
        for worker in crew:
            worker.start()
    workers = {}
    for name, crew in crews.items():
        if all(worker.is_ready() for worker in crew):
            workers[name] = crew
        else:
            print(f"{name} is left out; missing: {crew[0].about.get('missing')}", file=sys.stderr)
    return workers


def main() -> None:
    """Measure, then write the table, the summary and the plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--data", type=Path, help="Parquet file with a text column, instead")
    parser.add_argument("--only", type=lambda names: names.split(","), default=list(CONTENDERS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="time for a task, about")
    parser.add_argument("--largest", type=int, default=max(BATCHES), help="largest batch")
    parser.add_argument("--python", action="append", default=[], metavar="CONTENDER=PATH")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    workers = start_workers(options)
    rows = []
    for row in measured(workers, options):
        rows.append(row)
        print(
            f"{row['repeat']} {row['contender']:>10} {row['words']:>4} words x {row['batch']:>9,} "
            f"{row['mode']:<11} {row['texts_per_second']:>12,.0f}/s",
            file=sys.stderr,
        )
    for crew in workers.values():
        for worker in crew:
            worker.stop()
    table = pd.DataFrame(rows)
    table.round(3).to_csv(options.out / "speed.csv", index=False)
    cells = medians(table)
    summary = markdown(cells, workers, options)
    (options.out / "speed.md").write_text(summary, encoding="utf-8")
    print(summary)
    try:
        plot(cells, list(workers), options.out / "speed.png")
    except ImportError:
        print("no plot: matplotlib is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
