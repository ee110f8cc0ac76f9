"""Commands that read texts: score, explain, train, evaluate."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from detractor.cli_options import (
    SET_ASIDE,
    Delimiter,
    Encoding,
    Files,
    Format,
    Model,
    Out,
    Raw,
    Text,
    reading,
    report_rejects,
)

if TYPE_CHECKING:
    from detractor.labelled_files import Labelled

app = typer.Typer()


@app.command(epilog="Example: detractor score feedback.csv --text comment --out scored.csv")
def score(
    files: Files,
    text: Text = "text",
    out: Out = None,
    model: Model = None,
    signals: bool = typer.Option(
        False, "--signals", help="Also say what a text asks or threatens."
    ),
    resume: bool = typer.Option(False, "--resume", help="Go on where a killed run stopped."),
    form: Format = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    raw: Raw = False,
) -> None:
    """Add the probabilities detractor, anger, churn_risk, and a status, to every row.

    churn_risk is the intent to leave that the text states or clearly implies; it is no forecast.
    Rows that cannot be read go to OUT.rejects.csv with file, row and reason; OUT.report.json
    sums the run up. Files may be larger than memory.
    """
    from detractor.pipeline import Scorer

    scorer = Scorer(text=text, model=model, signals=signals)
    how = reading(form, delimiter, encoding)
    if out is None or out == "-":
        _score_to_stdout(files, how, scorer, raw=raw)
        return
    from detractor.jobs import FileJob
    from detractor.pipeline import score_files

    job = FileJob(
        inputs=tuple(files), output=out, reading=how, resume=resume, spreadsheet_safe=not raw
    )
    report = score_files(job, scorer)
    print(report.sentence(), file=sys.stderr)
    if report.tally.set_aside:
        raise typer.Exit(SET_ASIDE)


def _score_to_stdout(files: list[str], how: object, scorer: object, *, raw: bool) -> None:
    from detractor.files import csv_bytes, header_bytes
    from detractor.pipeline import score_chunks

    rejects = []
    for number, chunk in enumerate(score_chunks(tuple(files), how, scorer)):  # type: ignore[arg-type]
        header = b"" if number else header_bytes(chunk.frame)
        sys.stdout.buffer.write(header + csv_bytes(chunk.frame, spreadsheet_safe=not raw))
        rejects += chunk.rejects
    sys.stdout.flush()
    report_rejects(rejects)


@app.command(epilog="Example: detractor explain 'Third no-show. I am cancelling on Friday.'")
def explain(
    text: Annotated[str, typer.Argument(help="The text; - reads standard input.")],
    model: Model = None,
) -> None:
    """Say which phrases of a text make its scores; with the bias they sum to the logits."""
    from detractor.console import Column, layout, terminal_width
    from detractor.explanation import explain as explain_text
    from detractor.schema import HEADS

    why = explain_text(sys.stdin.read() if text == "-" else text, model=model)
    rows = [("probability", why.probabilities, ""), ("bias", why.bias, "")]
    rows += [("", vars(phrase), phrase.text) for phrase in why.phrases]
    columns = [Column("", [kind for kind, _, _ in rows])]
    for head in HEADS:
        signed = [f"{facts[head]:.2f}" if kind == "probability" else f"{facts[head]:+.2f}"
                  for kind, facts, _ in rows]  # fmt: skip
        columns.append(Column(head, signed, right=True))
    prose = Column("phrase", [phrase for _, _, phrase in rows])
    print(layout(columns, prose, width=terminal_width()))


Labels = Annotated[
    Optional[list[str]],  # noqa: UP045  # typer reads it at run time
    typer.Option("--label", help="HEAD=COLUMN, 0 or 1: anger=furious. Repeatable."),
]
Source = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--source", help="Column that says where a text is from."),
]


def _labelled(
    files: list[str], text: str, labels: list[str] | None, source: str | None
) -> Labelled:
    from detractor.labelled_files import Labelled

    pairs = dict(pair.partition("=")[::2] for pair in labels or [])
    return Labelled(inputs=tuple(files), text=text, labels=pairs, source=source)


@app.command(
    epilog="Example: detractor train labelled.csv --text comment --label churn_risk=left "
    "--base default --out ours.safetensors"
)
def train(
    files: Files,
    out: Annotated[str, typer.Option("--out", "-o", help="The model file to write.")],
    text: Text = "text",
    label: Labels = None,
    source: Source = None,
    base: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A model to build on; 'default' is the one detractor carries."),
    ] = None,
) -> None:
    """Fit a model to your own labelled texts."""
    from detractor.labelled_files import fit_files

    counts = fit_files(_labelled(files, text, label, source), out, base=base)
    told = ", ".join(f"{count:,} labels of {head}" for head, count in counts.items())
    print(f"learned from {told}; written to {out}", file=sys.stderr)


@app.command(
    epilog="Example: detractor evaluate labelled.csv --text comment --label anger=furious "
    "--source channel"
)
def evaluate(
    files: Files,
    text: Text = "text",
    label: Labels = None,
    source: Source = None,
    model: Model = None,
    out: Out = None,
) -> None:
    """Measure on your own labelled texts how well a model tells them apart, and its calibration."""
    from detractor.files import write_table
    from detractor.labelled_files import judge_files

    table = judge_files(_labelled(files, text, label, source), model=model)
    if out:
        write_table(table, out)
    else:
        print(table.round(3).to_string(index=False))
