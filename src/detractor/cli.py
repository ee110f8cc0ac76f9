"""The command `detractor`: parse, one library call, print.

Exit codes: 0 done, 1 done but some rows were set aside, 2 nothing done.
"""

from __future__ import annotations

import logging
import sys
from importlib.metadata import PackageNotFoundError, version

import typer

from detractor import cli_operations, cli_reading, cli_recovery
from detractor.errors import DetractorError

NOTHING_DONE = 2

app = typer.Typer(
    name="detractor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (cli_reading.app, cli_recovery.app, cli_operations.app):
    app.registered_commands += commands.registered_commands
    app.registered_groups += commands.registered_groups


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        print(version("detractor"))
    except PackageNotFoundError:
        print("not installed")
    raise typer.Exit


@app.callback(
    epilog="Example: detractor rank feedback.csv --text comment --customer customer_id "
    "--value annual_value --capacity 20"
)
def common(
    show_version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Find customers who are angry or about to leave; say whom to contact first, and with what.

    Everything runs on this computer; nothing is sent anywhere. Exit codes: 0 done, 1 some rows
    set aside, 2 nothing done.
    """
    if not sys.stderr.isatty():  # lines with a time for cron; a terminal gets a bar
        logging.basicConfig(
            format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S", level=logging.INFO
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the command and give its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        What follows `detractor` on the command line; that of this process, if None.

    Examples
    --------
    >>> main(["rank", "no-such.csv"])
    2
    """
    try:
        app(arguments)
    except SystemExit as stop:  # so typer ends every command, also one that went well
        return int(stop.code or 0)
    except DetractorError as error:
        print(f"detractor: {error}", file=sys.stderr)
    return NOTHING_DONE
