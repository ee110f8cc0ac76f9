"""Commands that turn scores into acts: rank, plan, themes, outcomes, playbook."""

from __future__ import annotations

import sys
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
SHOWN = 20


@app.command(
    epilog="Example: detractor rank feedback.csv --text comment --customer customer_id "
    "--value annual_value --capacity 20"
)
def rank(
    files: Files,
    text: Annotated[Name, typer.Option(help="Column with the feedback.")] = None,
    customer: Annotated[Name, typer.Option(help="Column that tells customers apart.")] = None,
    value: Annotated[Name, typer.Option(help="Column with a customer's yearly value.")] = None,
    date: Annotated[Name, typer.Option(help="Column with the date of the text.")] = None,
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
    shown = chosen.head(max(SHOWN, 0)) if len(chosen) > SHOWN else chosen
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
