"""Business hours: when a promised reply is due, and how long one took, in the customer's zone.

Nothing here reads the wall clock, so any past night can be replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from numbers import Number
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.errors import ParameterError

MICROSECONDS = 3_600_000_000
"""In one hour."""

Times: TypeAlias = "pd.Series[Any]"

OFFSET_AT_END = r"(?:Z|[+-]\d\d:?\d\d)$"
SPREADS_ZONES = int(pd.__version__.split(".")[0]) < 3
"""Whether `to_datetime` gives the zone that one text names to later ones that name none."""


@dataclass(frozen=True, kw_only=True)
class BusinessHours:
    """When the team works.

    Parameters
    ----------
    opens, closes : float
        Hours of the local day, 0 to 24; the same on every working day. 9 to 17 is an assumption.
    weekdays : tuple of int
        Working days, Monday 0 to Sunday 6. Monday to Friday is an assumption.
    holidays : tuple of str
        Days off, as ISO 8601 dates.
    zone : str
        IANA name of the team's time zone; times without a zone are read in it.

    Raises
    ------
    ParameterError
        When a value is outside its range.

    Examples
    --------
    >>> BusinessHours(opens=8, closes=20).hours_a_day
    12
    >>> BusinessHours(opens=17, closes=9)
    Traceback (most recent call last):
        ...
    detractor.errors.ParameterError: opens=17 to closes=9: need 0 <= opens < closes <= 24
    """

    opens: float = 9
    closes: float = 17
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[str, ...] = ()
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= 24:
            raise ParameterError(
                f"opens={self.opens} to closes={self.closes}: need 0 <= opens < closes <= 24"
            )
        if not self.weekdays or not set(self.weekdays) <= set(range(7)):
            raise ParameterError(
                f"weekdays={self.weekdays}: name at least one, Monday 0 to Sunday 6"
            )
        if not is_zone(self.zone):
            raise ParameterError(f"zone={self.zone!r}: use an IANA name such as 'Europe/Berlin'")
        for day in self.holidays:
            if not _is_date(day):
                raise ParameterError(f"holiday {day!r}: use an ISO 8601 date such as '2026-12-25'")

    @property
    def hours_a_day(self) -> float:
        """Working hours in one working day."""
        return self.closes - self.opens

    @property
    def busdays(self) -> np.busdaycalendar:
        """The working days, in numpy's form."""
        mask = [day in self.weekdays for day in range(7)]
        return np.busdaycalendar(weekmask=mask, holidays=_days(self.holidays))


def is_zone(name: object) -> bool:
    """Say whether this names a time zone.

    Examples
    --------
    >>> is_zone("Europe/Berlin"), is_zone("Berlin"), is_zone(None)
    (True, False, False)
    """
    try:
        ZoneInfo(cast(str, name))
    except (KeyError, ValueError, TypeError, OSError):
        return False
    return True


def read_times(values: Times, *, zone: str = "UTC") -> Times:
    """Read times of any kind as UTC; what cannot be read becomes NaT.

    Strings must be ISO 8601: "03/04/2026" is two different days, so neither is guessed. A time
    that names no zone is read in `zone`; in the hour that a clock change repeats, the later one is
    meant.

    Parameters
    ----------
    values : Series
        Timestamps, Python datetimes or strings, with and without zones, mixed as they come.
    zone : str
        IANA name.

    Returns
    -------
    Series of datetime64[us, UTC]
        Same index and order.

    Examples
    --------
    >>> texts = pd.Series(["2026-03-02 09:00", "2026-03-02T09:00-05:00", "yesterday"])
    >>> read_times(texts, zone="Europe/Berlin").dt.strftime("%d %H:%M").tolist()
    ['02 08:00', '02 14:00', nan]
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return cast(Times, values.dt.tz_convert("UTC").dt.as_unit("us"))
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return cast(Times, _localize(values.dt.as_unit("us"), zone).dt.tz_convert("UTC"))
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us, UTC]")
    plain = values.astype(object)
    # pandas would read a number among strings as nanoseconds since 1970, or warn.
    plain = plain.where(~plain.map(lambda value: isinstance(value, Number)).astype(bool))
    if zone == "UTC" and not SPREADS_ZONES:
        return _read_iso(plain)
    named = values.astype(str).str.contains(OFFSET_AT_END, regex=True).to_numpy(dtype=bool)
    local = _localize(_read_iso(plain.where(~named)).dt.tz_localize(None), zone)
    return _read_iso(plain.where(named)).where(named, local.dt.tz_convert("UTC"))


def _read_iso(texts: Times) -> Times:
    times = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    return cast(Times, times.dt.as_unit("us"))


def add_business_hours(
    start: Times,
    hours: float | Sequence[float] | npt.NDArray[np.float64] | Times,
    calendar: BusinessHours | None = None,
    *,
    zones: Times | None = None,
) -> Times:
    """Find the moment at which that many working hours have passed.

    Parameters
    ----------
    start : Series of datetime64
        Without a zone, the calendar's zone is meant.
    hours : float or array of float
        Working hours, 0 or more.
    calendar : BusinessHours, optional
        `BusinessHours()` when not given.
    zones : Series of str, optional
        The zone in which each row's working day runs; the calendar's where missing or unknown.

    Returns
    -------
    Series of datetime64
        In the zone of `start` (none if it had none), never before it; NaT where a time or a number
        of hours is missing. A day's last minute counts to that day: due 17:00, not 09:00 the next.

    Raises
    ------
    ParameterError
        When hours are negative.

    Examples
    --------
    >>> friday = pd.Series(pd.to_datetime(["2026-03-06 16:00"]))
    >>> add_business_hours(friday, 4).iloc[0]
    Timestamp('2026-03-09 12:00:00')
    """
    calendar = calendar or BusinessHours()
    wanted = np.broadcast_to(np.asarray(hours, dtype=np.float64), len(start))
    if np.any(wanted < 0):
        raise ParameterError(f"hours={np.nanmin(wanted)}: must be 0 or more")

    def due(local: npt.NDArray[np.int64], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        return _add(local, wanted[rows], calendar)

    return _in_zones(start, calendar, zones, due, missing=np.isnan(wanted))


def business_hours_between(
    start: Times,
    end: Times,
    calendar: BusinessHours | None = None,
) -> Times:
    """Count the working hours from one time to another.

    Parameters
    ----------
    start, end : Series of datetime64
        Aligned row by row; without a zone, the calendar's zone is meant.
    calendar : BusinessHours, optional
        `BusinessHours()` when not given.

    Returns
    -------
    Series of float64
        Hours with the index of `start`; negative where the end comes first, NaN where one is
        missing.

    Examples
    --------
    >>> friday, monday = pd.to_datetime(["2026-03-06 16:00"]), pd.to_datetime(["2026-03-09 12:00"])
    >>> business_hours_between(pd.Series(friday), pd.Series(monday)).iloc[0]
    np.float64(4.0)
    """
    calendar = calendar or BusinessHours()
    worked = [
        _worked(_local_microseconds(times, calendar.zone), calendar) for times in (start, end)
    ]
    missing = start.isna().to_numpy() | end.isna().to_numpy()
    hours = np.where(missing, np.nan, (worked[1] - worked[0]) / MICROSECONDS)
    return pd.Series(hours, index=start.index)


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except (ValueError, TypeError):
        return False


def _localize(times: Times, zone: str) -> Times:
    repeated = np.zeros(len(times), dtype=bool)
    local = times.dt.tz_localize(zone, ambiguous=repeated, nonexistent="shift_forward")
    return cast(Times, local)


def _local_microseconds(times: Times, zone: str) -> npt.NDArray[np.int64]:
    """Tell the wall clock of a zone in microseconds since 1970; 0 where the time is missing."""
    if times.dt.tz is not None:
        times = times.dt.tz_convert(zone).dt.tz_localize(None)
    local = times.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(local), np.datetime64(0, "us"), local).astype(np.int64)


def _in_zones(
    start: Times,
    calendar: BusinessHours,
    zones: Times | None,
    due: Any,  # noqa: ANN401 - a closure over local microseconds and row numbers
    *,
    missing: npt.NDArray[np.bool_],
) -> Times:
    aware = _localize(start, calendar.zone) if start.dt.tz is None else start
    utc = np.empty(len(start), dtype="datetime64[us]")
    for zone, rows in _rows_by_zone(len(start), calendar.zone, zones):
        local = due(_local_microseconds(aware.iloc[rows], zone), rows)
        ends = pd.Series(local.astype("datetime64[us]"))
        utc[rows] = _localize(ends, zone).dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    utc[missing | start.isna().to_numpy()] = np.datetime64("NaT")
    result: Times = pd.Series(pd.DatetimeIndex(utc, tz="UTC"), index=start.index)
    if start.dt.tz is None:
        return cast(Times, result.dt.tz_convert(calendar.zone).dt.tz_localize(None))
    return cast(Times, result.dt.tz_convert(start.dt.tz))


def _rows_by_zone(
    count: int, default: str, zones: Times | None
) -> list[tuple[str, npt.NDArray[np.intp]]]:
    if zones is None:
        return [(default, np.arange(count))]
    codes, names = pd.factorize(zones.astype(object))
    # Unknown names share the default's code, which is one past the last.
    usable = [str(name) if is_zone(name) else default for name in names] + [default]
    return [
        (zone, np.flatnonzero(np.isin(codes % len(usable), at)))
        for zone in dict.fromkeys(usable)
        if (at := [i for i, name in enumerate(usable) if name == zone])
    ]


def _add(
    local: npt.NDArray[np.int64], hours: npt.NDArray[np.float64], calendar: BusinessHours
) -> npt.NDArray[np.int64]:
    length = round(calendar.hours_a_day * MICROSECONDS)
    opens = round(calendar.opens * MICROSECONDS)
    busdays = calendar.busdays
    day, clock = np.divmod(local, 24 * MICROSECONDS)
    closed = (clock >= opens + length) | ~np.is_busday(_days(day), busdaycal=busdays)
    first = np.busday_offset(_days(day + closed), 0, roll="forward", busdaycal=busdays)
    gone = np.where(closed, 0, np.clip(clock - opens, 0, length))
    total = gone + np.rint(np.nan_to_num(hours) * MICROSECONDS).astype(np.int64)
    # ceil(total / length) - 1: a full day ends at closing time, not at the next opening.
    whole = np.maximum(-(-total // length) - 1, 0)
    last = np.busday_offset(first, whole, busdaycal=busdays).astype(np.int64)
    return cast(npt.NDArray[np.int64], last * 24 * MICROSECONDS + opens + total - whole * length)


def _worked(local: npt.NDArray[np.int64], calendar: BusinessHours) -> npt.NDArray[np.int64]:
    """Count the working microseconds since 1970."""
    length = round(calendar.hours_a_day * MICROSECONDS)
    busdays = calendar.busdays
    day, clock = np.divmod(local, 24 * MICROSECONDS)
    before = np.busday_count(_days(np.zeros_like(day)), _days(day), busdaycal=busdays)
    today = np.clip(clock - round(calendar.opens * MICROSECONDS), 0, length)
    return cast(
        npt.NDArray[np.int64],
        before * length + today * np.is_busday(_days(day), busdaycal=busdays),
    )


def _days(day: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    return np.asarray(day).astype("datetime64[D]")
