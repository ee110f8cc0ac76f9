"""Commands that turn scores into acts: rank, plan, themes, outcomes, playbook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from detractor.cli_options import (
    ColumnNames,
    Delimiter,
    Encoding,
    Files,
    Format,
    Model,
    Out,
    Raw,
    columns,
    reading,
    report_rejects,
)

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer()

Name = Optional[str]  # noqa: UP045  # typer reads it at run time
TextColumn = Annotated[Name, typer.Option(help="Column with the feedback.")]
DateColumn = Annotated[Name, typer.Option(help="Column with the date of the text.")]
SHOWN = 20


@app.command(
    epilog="Example: detractor rank feedback.csv --text comment --customer customer_id "
    "--value annual_value --capacity 20"
)
def rank(
    files: Files,
    text: TextColumn = None,
    customer: Annotated[Name, typer.Option(help="Column that tells customers apart.")] = None,
    value: Annotated[Name, typer.Option(help="Column with a customer's yearly value.")] = None,
    date: DateColumn = None,
    column: ColumnNames = None,
    capacity: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=0, help="How many customers you can contact."),
    ] = None,
    policy: Annotated[Name, typer.Option(help="TOML file with means, rules and beliefs.")] = None,
    as_of: Annotated[Name, typer.Option(help="The night to rank, such as 2026-03-01.")] = None,
    contacts: Annotated[Name, typer.Option(help="File of whom you contacted and when.")] = None,
    out: Out = None,
    model: Model = None,
    form: Format = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    raw: Raw = False,
) -> None:
    """Say whom to contact first: by what a contact is expected to save, and within your means.

    Files with score columns are ranked as they are; others are scored first. Without --out the
    first customers are printed; --out queue.csv writes everyone, with every factor.
    """
    from dataclasses import replace

    from detractor.pipeline import Ranking, Scorer, rank_files
    from detractor.policy import Policy

    names, required = columns(
        {"text": text, "customer": customer, "value": value, "date": date}, column
    )
    rules = Policy.from_toml(policy) if policy else Policy()
    ranked = rank_files(
        tuple(files),
        reading(form, delimiter, encoding),
        Ranking(
            scorer=Scorer(text=names.text, model=model, signals=True),
            columns=names,
            required=tuple(required),
            policy=rules if capacity is None else replace(rules, capacity=capacity),
            as_of=as_of,
            contacts=contacts,
        ),
    )
    if out:
        from detractor.files import write_table

        write_table(ranked.queue, out, spreadsheet_safe=not raw)
    else:
        print(_queue_text(ranked.queue, names.customer))
    for sentence in ranked.queue.attrs.get("assumptions", []):
        print(f"note: {sentence}", file=sys.stderr)
    report_rejects(ranked.rejects)


def _queue_text(queue: pd.DataFrame, customer: str) -> str:
    """Set the customers to contact as a table."""
    from detractor.console import Column, layout, terminal_width

    chosen = queue[queue["contact"]]
    shown = chosen.head(SHOWN)
    saving = f"{chosen['expected_saving'].sum():,.0f}"
    title = f"{len(chosen):,} of {len(queue):,} customers to contact, expected to save {saving}"
    if not len(chosen):
        return title
    table = layout(
        [
            Column("#", [str(position) for position in shown["position"]], right=True),
            Column("customer", [str(name) for name in shown[customer]]),
            Column("saves", [f"{saved:,.0f}" for saved in shown["expected_saving"]], right=True),
            Column("lane", [str(lane).replace("_", " ") for lane in shown["lane"]]),
            Column(
                "by",
                [f"{when:%a %d %b %H:%M}" if when == when else "" for when in shown["respond_by"]],
            ),
        ],
        Column("why", [str(why) for why in shown["why"]]),
        width=terminal_width(),
    )
    more = len(chosen) - len(shown)
    rest = f"\n... and {more:,} more; --out queue.csv writes everyone" if more else ""
    return f"{title}\n\n{table}{rest}"


@app.command(epilog="Example: detractor plan queue.csv --budget 500 --out plan.csv")
def plan(
    queue: Annotated[str, typer.Argument(help="What 'detractor rank --out' wrote.")],
    playbook: Annotated[
        Name, typer.Option(help="TOML file of gestures; else the usual ones.")
    ] = None,
    budget: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0, help="Most to spend on gestures."),
    ] = None,
    out: Out = None,
    raw: Raw = False,
) -> None:
    """Propose what to do for each customer to contact: fix, concern, and something unexpected."""
    from detractor.files import write_table
    from detractor.pipeline import plan_file

    planned = plan_file(queue, playbook=playbook, budget=budget)
    if out:
        write_table(planned, out, spreadsheet_safe=not raw)
    else:
        print(_plan_text(planned))


def _plan_text(planned: pd.DataFrame) -> str:
    from detractor.console import Column, layout, terminal_width

    shown = planned.head(SHOWN)
    columns = [
        Column("customer", [str(name) for name in shown.iloc[:, 0]]),
        Column("costs", [f"{cost:,.0f}" for cost in shown["cost"]], right=True),
        Column("decided by", [str(role) for role in shown["decided_by"]]),
    ]
    prose = Column("what", [str(what) for what in shown["proposal"]])
    return layout(columns, prose, width=terminal_width())


@app.command(
    epilog="Example: detractor themes feedback.csv --text comment --date date --out themes.csv"
)
def themes(
    files: Files,
    text: TextColumn = None,
    date: DateColumn = None,
    column: ColumnNames = None,
    out: Out = None,
    model: Model = None,
    form: Format = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    known: Annotated[
        Optional[Path],  # noqa: UP045  # typer reads it at run time
        typer.Option(help="File that remembers the themes: read if it is there, then rewritten."),
    ] = None,
) -> None:
    """Find root causes: what customers write about, how often, and whether it spreads."""
    from detractor.pipeline import Ranking, Scorer, find_themes_in_files
    from detractor.theme_file import read_themes, write_themes

    names, required = columns({"text": text, "date": date}, column)
    found, rejects = find_themes_in_files(
        tuple(files),
        reading(form, delimiter, encoding),
        Ranking(
            scorer=Scorer(text=names.text, model=model, signals=True),
            columns=names,
            required=tuple(required),
        ),
        known=read_themes(known) if known and known.exists() else None,
    )
    if known:
        write_themes(found, known)
    if out:
        from detractor.files import write_table

        write_table(found.table.reset_index(), out)
    else:
        print(repr(found))
    report_rejects(rejects)


@app.command(epilog="Example: detractor outcomes contacts.csv --out outcomes.csv")
def outcomes(
    contacts: Annotated[str, typer.Argument(help="One row a customer contacted or held out.")],
    out: Out = None,
) -> None:
    """Measure whether contacts helped: against the customers held out, with intervals."""
    from detractor.files import write_table
    from detractor.outcomes import measure_outcomes
    from detractor.tables import read_table

    report = measure_outcomes(read_table(contacts))
    if out:
        write_table(report.table, out)
    else:
        print(report.table[report.table["split"] == "all"].round(3).to_string(index=False))
    for warning in report.warnings:
        print(f"note: {warning}", file=sys.stderr)


playbook_app = typer.Typer(help="Playbooks: what may be done for a customer.")
app.add_typer(playbook_app, name="playbook")


@playbook_app.callback()
def _playbooks() -> None:
    """Keep `check` a command of its own, though it is the only one."""


@playbook_app.command(epilog="Example: detractor playbook check ours.toml")
def check(
    file: Annotated[str, typer.Argument(help="The TOML file.")],
) -> None:
    """Name every mistake in a playbook with its line."""
    from detractor.playbook import load_playbook

    book = load_playbook(file)
    print(f"{len(book.gestures)} gestures, {len(book.roles)} roles: no mistakes")
