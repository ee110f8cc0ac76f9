"""Commands that run by night or all day: nightly, serve, watch, report."""

from __future__ import annotations

import typer

app = typer.Typer()
