"""Commands that run by night or all day: nightly, report, serve, watch."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from detractor.cli_options import Model

app = typer.Typer()

Name = Optional[str]  # noqa: UP045  # typer reads it at run time


@app.command(epilog="Example: detractor nightly examples/nightly.toml --as-of 2026-10-01")
def nightly(
    config: Annotated[str, typer.Argument(help="TOML file; see examples/nightly.toml.")],
    as_of: Annotated[Name, typer.Option(help="The night, such as 2026-03-01; else today.")] = None,
    skip: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="A step to leave out. Repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
) -> None:
    """Fetch, score, rank, plan, find themes, alert, report; go on where a killed run stopped."""
    from datetime import UTC, datetime

    from detractor.night_config import Config
    from detractor.nightly import Night, check_night

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    night = Night(Config.from_file(config), as_of or today, tuple(skip or ()))
    if dry_run:
        print("\n".join(check_night(night)))
        return
    notes = night.run()
    print(night.file("report.txt").read_text(encoding="utf-8") if "report" in notes else "done")
    if notes.get("score", {}).get("set_aside"):
        raise typer.Exit(1)


@app.command(epilog="Example: detractor report nights/2026-10-01 --out report.html")
def report(
    source: Annotated[str, typer.Argument(help="Folder of a night, or a queue that was written.")],
    out: Annotated[str, typer.Option("--out", "-o", help="The page to write.")] = "report.html",
    plan: Annotated[Name, typer.Option(help="Plan of the queue.")] = None,
    themes: Annotated[Name, typer.Option(help="Themes.")] = None,
    alerts: Annotated[Name, typer.Option(help="Alerts.")] = None,
    title: Annotated[Name, typer.Option(help="The heading.")] = None,
    model: Model = None,
) -> None:
    """Show a night as one page that opens anywhere: queue, plan, alerts, themes, calibration.

    The file needs no network and no server, and its search works on any computer with a browser;
    with scripts off it shows the first 200 customers. Marks show which words made the scores.
    """
    from dataclasses import replace
    from pathlib import Path

    from detractor.artifact import load
    from detractor.report import write_report
    from detractor.report_inputs import Report, read_night, read_written

    base = read_night(source) if Path(source).is_dir() else Report(queue=read_written(source))
    shown = replace(
        base,
        plan=read_written(plan) if plan else base.plan,
        themes=read_written(themes) if themes else base.themes,
        alerts=read_written(alerts) if alerts else base.alerts,
        title=title or base.title,
    )
    write_report(shown, out, model=load(model))
    print(f"{len(shown.queue):,} customers: {out}")


@app.command(epilog="Example: DETRACTOR_API_KEYS=secret detractor serve --host 0.0.0.0 --port 8000")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    model: Model = None,
) -> None:
    """Answer POST /score, /rank and /explain over HTTP; keys come from DETRACTOR_API_KEYS."""
    from detractor.artifact import load
    from detractor.service import create_app
    from detractor.service import serve as answer

    answer(create_app(load(model)), host=host, port=port)


@app.command(
    epilog="Example: detractor watch 'inbox/*.csv' --text comment --store sqlite:///detractor.db "
    "--to alerts.jsonl"
)
def watch(
    source: Annotated[str, typer.Argument(help="Pattern of files, or a table with --database.")],
    store: Annotated[str, typer.Option(help="Database that remembers what was told.")],
    text: Annotated[str, typer.Option(help="Column with the feedback.")] = "text",
    customer: Annotated[
        str, typer.Option(help="Column that tells customers apart.")
    ] = "customer_id",
    database: Annotated[Name, typer.Option(help="Database of the table to watch.")] = None,
    key: Annotated[str, typer.Option(help="Column of the table that grows with each row.")] = "id",
    to: Annotated[str, typer.Option(help="A file, a webhook's URL, or - for stdout.")] = "-",
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between looks.")] = 1.0,
    model: Model = None,
) -> None:
    """Tell within seconds of customers who cannot wait, each once, until stopped."""
    import signal
    import threading

    from detractor.alerts import Teller, open_sink
    from detractor.pipeline import Scorer
    from detractor.schema import Columns
    from detractor.storage import Store
    from detractor.watch import FolderSource, TableSource, Watcher

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Store(store) as memory:
        Watcher(
            store=memory,
            source=TableSource(database, source, key) if database else FolderSource(source),
            scorer=Scorer(text=text, model=model, signals=True),
            teller=Teller(memory, open_sink(to)),
            columns=Columns(text=text, customer=customer),
        ).run(stop, every=every)
