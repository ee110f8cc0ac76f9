"""Tell people at once of customers who cannot wait: recorded exactly once, told until it is heard.

An alert is a row of the store with the key customer and trouble, written in one transaction with
the place up to which the source was read. Telling comes after, and is repeated until it works; the
key goes along, so that a receiver can drop what it has heard before a crash.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from detractor.errors import ParameterError
from detractor.privacy import excerpt
from detractor.schema import HEADS, SIGNALS, STATUS, Columns

if TYPE_CHECKING:
    import pandas as pd

    from detractor.storage import Store

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
URGENT = ("vulnerable", "safety", "escalation")
"""Signals that cannot wait for the night."""
ATTEMPTS = 6
"""With waits of 1, 2, 4, 8 and 16 seconds between them, about half a minute."""


class Sink(Protocol):
    """Where alerts go: a callable that raises `OSError` where it could not tell."""

    def __call__(self, alert: dict[str, Any]) -> None:
        """Tell one alert."""


def to_stdout(alert: dict[str, Any]) -> None:
    """Print an alert as a JSON line.

    Examples
    --------
    >>> to_stdout({"customer": "ann", "trouble": "safety"})
    {"customer": "ann", "trouble": "safety"}
    """
    sys.stdout.write(json.dumps(alert, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class FileSink:
    """Append alerts to a file as JSON lines; one that stands there already is not written again.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sink = FileSink(Path(folder) / "alerts.jsonl")
    ...     for _ in range(2):
    ...         sink({"id": "ann/safety"})
    ...     print(sink.path.read_text(), end="")
    {"id": "ann/safety"}
    """

    path: Path

    def __call__(self, alert: dict[str, Any]) -> None:
        """Append one alert."""
        line = json.dumps(alert, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self.path.open("a+b") as file:
            file.seek(0)
            if any(_same_id(known, alert) for known in file):
                return
            if file.tell() and not _ends_line(file):  # a kill left half a line
                line = b"\n" + line
            file.write(line)


def _same_id(line: bytes, alert: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(line)["id"] == alert["id"])
    except (ValueError, KeyError, TypeError):
        return False


def _ends_line(file: Any) -> bool:  # noqa: ANN401
    file.seek(-1, 2)
    return bool(file.read(1) == b"\n")


@dataclass(frozen=True)
class WebhookSink:
    """Send alerts to a URL as JSON, with the alert's id as `Idempotency-Key`.

    Parameters
    ----------
    url : str
        Of http or https.
    seconds : float
        To wait for an answer; any but 2xx counts as not heard.

    Raises
    ------
    ParameterError
        The URL is not of the web.

    Examples
    --------
    >>> WebhookSink("https://desk.example/alerts").seconds
    10.0
    """

    url: str
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ParameterError(f"a webhook begins with http:// or https://, not {self.url!r}")

    def __call__(self, alert: dict[str, Any]) -> None:
        """Send one alert."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(alert["id"])}
        request = urllib.request.Request(self.url, json.dumps(alert).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self.seconds):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"the webhook answered {error.code}") from error


def open_sink(to: str) -> Sink:
    """Choose a sink: ``-`` is standard output, a URL a webhook, anything else a file.

    Examples
    --------
    >>> open_sink("alerts.jsonl")
    FileSink(path=PosixPath('alerts.jsonl'))
    """
    if to == "-":
        return to_stdout
    return WebhookSink(to) if "://" in to else FileSink(Path(to))


def find_alerts(
    scored: pd.DataFrame, *, columns: Columns, signals: tuple[str, ...] = URGENT
) -> pd.DataFrame:
    """List the customers whose texts say what cannot wait, one row a customer and trouble.

    Parameters
    ----------
    scored : DataFrame
        With scores and the columns of `read_signals`.
    columns : Columns
        What the columns are called.
    signals : tuple of str
        What cannot wait; see `schema.SIGNALS`.

    Returns
    -------
    DataFrame
        `customer`, `trouble`, `evidence` (the beginning of the first such text, personal data
        masked), its date where there is one, and the scores.

    Examples
    --------
    >>> import pandas as pd
    >>> scored = pd.DataFrame({"customer_id": ["ann", "ann"], "text": ["It burnt", "It burnt me"],
    ...                        "safety": True, "anger": 0.5})
    >>> find_alerts(scored, columns=Columns())[["customer", "trouble", "evidence"]]
      customer trouble  evidence
    0      ann  safety  It burnt
    """
    import pandas as pd

    check_signals(signals)
    found = []
    present = [name for name in signals if name in scored]
    urgent = scored[scored[present].any(axis=1)] if present else scored.iloc[:0]
    for row in urgent.to_dict("records"):
        if row.get(STATUS, "ok") != "ok":
            continue
        facts = {"evidence": excerpt(row.get(columns.text))}
        facts |= {head: row[head] for head in HEADS if head in row}
        if columns.date in row:
            facts["date"] = str(row[columns.date])
        customer = str(row[columns.customer])
        found += [{"customer": customer, "trouble": s, **facts} for s in present if row[s]]
    frame = pd.DataFrame(found, columns=None if found else ["customer", "trouble"])
    return frame.drop_duplicates(["customer", "trouble"], ignore_index=True)


@dataclass
class Teller:
    """Tell the store's pending alerts; repeat with growing waits; give up into dead letters.

    Parameters
    ----------
    store : Store
        Holds the alerts.
    sink : Sink
        Where they go.
    clock : callable
        Seconds that only grow.
    dead_letters : Path, optional
        A file to which alerts are written that could not be told.
    """

    store: Store
    sink: Sink
    clock: Callable[[], float] = time.monotonic
    dead_letters: Path | None = None
    _tries: dict[str, int] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)

    def tell(self) -> int:
        """Tell what is pending and due; return how many were heard."""
        pending = self.store.read("alerts", state=PENDING)
        return sum(self._tell(row) for row in pending.to_dict("records"))

    def _tell(self, row: dict[Any, Any]) -> bool:
        alert = {"id": f"{row['customer']}/{row['trouble']}", **row}
        alert.pop("state")
        name = alert["id"]
        if self._due.get(name, 0.0) > self.clock():
            return False
        try:
            self.sink(alert)
        except OSError as error:
            self._postpone(alert, error)
            return False
        self._mark(alert, DELIVERED)
        return True

    def _postpone(self, alert: dict[str, Any], error: OSError) -> None:
        name = alert["id"]
        self._tries[name] = self._tries.get(name, 0) + 1
        if self._tries[name] < ATTEMPTS:
            self._due[name] = self.clock() + 2.0 ** (self._tries[name] - 1)
            return
        if self.dead_letters is not None:
            FileSink(self.dead_letters)({**alert, "error": str(error)})
        self._mark(alert, DEAD)

    def _mark(self, alert: dict[str, Any], state: str) -> None:
        import pandas as pd

        row = {name: value for name, value in alert.items() if name != "id"}
        self.store.write("alerts", pd.DataFrame([{**row, "state": state}]))


def check_signals(names: tuple[str, ...]) -> None:
    """Refuse a signal that no text is read for.

    Examples
    --------
    >>> check_signals(("safety",))
    """
    for name in names:
        if name not in SIGNALS:
            raise ParameterError(f"no signal {name!r}; there are {', '.join(SIGNALS)}")
