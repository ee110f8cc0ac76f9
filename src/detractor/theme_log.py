"""Remember failures and their fixes, so that the same one coming back is called a relapse.

The log is a plain table, one row an event; `write_log` and `read_log` keep it as TOML that a person
can read and edit, and any other store can hold the same table.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from detractor.errors import ConfigError, ParameterError
from detractor.mentions import THEME
from detractor.schema import require

if TYPE_CHECKING:
    from detractor.fixes import Fix

FOUND, FIX, VERIFIED, RELAPSED, RETIRED = "found", "fix", "verified", "relapsed", "retired"
EVENTS = (FOUND, FIX, VERIFIED, RELAPSED, RETIRED)
LOG_COLUMNS = (THEME, "date", "event", "note")


def new_log() -> pd.DataFrame:
    """Give a log with nothing in it.

    Examples
    --------
    >>> new_log().columns.tolist()
    ['theme', 'date', 'event', 'note']
    """
    return pd.DataFrame({name: pd.Series(dtype=object) for name in LOG_COLUMNS})


def note_event(
    log: pd.DataFrame, theme: str, event: str, *, date: object, note: str = ""
) -> pd.DataFrame:
    """Give the log with one more event; the same event of a day is noted once.

    Parameters
    ----------
    log : DataFrame
        As from `new_log` or `read_log`.
    theme : str
        Identity of the theme.
    event : str
        "found", "fix" (a fix went live), "verified" (it worked), "relapsed" or "retired".
    date : date
        Anything pandas reads as a date; the day is kept.
    note : str
        What was done, by whom.

    Raises
    ------
    ParameterError
        If the event is none of these, or the date is none.

    Examples
    --------
    >>> log = note_event(new_log(), "late-delivery", "fix", date="2026-02-03", note="new courier")
    >>> log.values.tolist()
    [['late-delivery', '2026-02-03', 'fix', 'new courier']]
    """
    require(log, *LOG_COLUMNS)
    if event not in EVENTS:
        raise ParameterError(f"no event {event!r}; there are {', '.join(EVENTS)}")
    day = pd.to_datetime(str(date), errors="coerce")
    if pd.isna(day):
        raise ParameterError(f"{date!r} is no date; write it as 2026-02-03")
    entry = [theme, day.date().isoformat(), event, note]
    row = pd.DataFrame([entry], columns=list(LOG_COLUMNS), dtype=object)
    joined = pd.concat([log[list(LOG_COLUMNS)], row], ignore_index=True) if len(log) else row
    joined = joined.drop_duplicates([THEME, "date", "event"], keep="last")
    return joined.sort_values(["date", THEME], kind="stable", ignore_index=True)


def state_of(log: pd.DataFrame, theme: str) -> str:
    """Give the latest event of a theme, "" where there is none.

    Examples
    --------
    >>> state_of(new_log(), "late-delivery")
    ''
    """
    events = log.loc[log[THEME] == theme, "event"]
    return str(events.iloc[-1]) if len(events) else ""


def note_verdict(log: pd.DataFrame, theme: str, fix: Fix, *, date: object) -> pd.DataFrame:
    """Note what came of a fix: verified where it worked, else nothing new.

    Examples
    --------
    >>> from detractor.intervals import Interval
    >>> from detractor.fixes import Fix
    >>> half = Interval(0.5, 0.3, 0.8)
    >>> fix = Fix(verdict="fixed", before=40, after=20, ratio=half, against_others=half,
    ...     against_usual=half, more_days=None, reason="")
    >>> state_of(note_verdict(new_log(), "late-delivery", fix, date="2026-05-01"), "late-delivery")
    'verified'
    """
    if fix.verdict != "fixed":
        return log
    ratio = fix.against_others
    note = f"rate ratio {ratio.estimate:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    return note_event(log, theme, VERIFIED, date=date, note=note)


def note_relapses(log: pd.DataFrame, spikes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell which alarms are relapses: a spike of a theme after its fix was verified.

    Parameters
    ----------
    log : DataFrame
        The log.
    spikes : DataFrame
        From `detractor.spikes.find_spikes`.

    Returns
    -------
    (DataFrame, DataFrame)
        The log with the relapses, and the spikes with a boolean column `relapse`.

    Examples
    --------
    >>> log = note_event(new_log(), "late", "verified", date="2026-03-01")
    >>> spikes = pd.DataFrame({"theme": ["late", "cold"], "found": ["2026-09-02", "2026-09-02"]})
    >>> log, marked = note_relapses(log, spikes)
    >>> marked["relapse"].tolist(), state_of(log, "late")
    ([True, False], 'relapsed')
    """
    cured = log[log["event"] == VERIFIED].groupby(THEME)["date"].min()
    since = pd.to_datetime(spikes[THEME].map(cured).astype("object"))
    relapse = (pd.to_datetime(spikes["found"]) > since).to_numpy(dtype=bool)
    for row in spikes[relapse].itertuples():
        note = "the same failure after a fix that had worked"
        log = note_event(log, str(row.theme), RELAPSED, date=row.found, note=note)
    return log, spikes.assign(relapse=relapse)


def write_log(log: pd.DataFrame, path: str | Path) -> None:
    """Write the log as TOML, one table an event, in order of time.

    Examples
    --------
    >>> import tempfile
    >>> log = note_event(new_log(), "late", "fix", date="2026-02-03", note='the "new" courier')
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_log(log, Path(folder) / "themes.toml")
    ...     read_log(Path(folder) / "themes.toml").equals(log)
    True
    """
    entries = [
        "\n".join(f"{name} = {_quoted(str(row[name]))}" for name in LOG_COLUMNS)
        for row in log.to_dict("records")
    ]
    text = "".join(f"[[event]]\n{entry}\n\n" for entry in entries)
    Path(path).write_bytes(text.encode("utf-8", errors="replace"))


def read_log(path: str | Path) -> pd.DataFrame:
    r"""Read a log that `write_log` or a person wrote.

    Raises
    ------
    ConfigError
        If the file is no TOML, or an event lacks its theme, date or kind; all mistakes are listed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "themes.toml"
    ...     _ = path.write_text('[[event]]\ntheme = "late"\ndate = 2026-02-03\nevent = "fix"\n')
    ...     read_log(path)["date"].tolist()
    ['2026-02-03']
    """
    try:
        stored = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    log, mistakes = new_log(), []
    for number, row in enumerate(stored.get("event", []), start=1):
        missing = [name for name in (THEME, "date", "event") if not row.get(name)]
        if missing:
            mistakes.append(f"event {number} lacks {', '.join(missing)}")
            continue
        try:
            log = note_event(
                log, str(row[THEME]), row["event"], date=row["date"], note=str(row.get("note", ""))
            )
        except ParameterError as error:
            mistakes.append(f"event {number}: {error}")
    if mistakes:
        raise ConfigError(f"{path}: " + "; ".join(mistakes))
    return log


def _quoted(text: str) -> str:
    """Write a TOML string: as in JSON, but without pairs of surrogates, and with DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
