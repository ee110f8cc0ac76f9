"""Commands that read texts: score, explain, train, evaluate."""

from __future__ import annotations

import sys

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
