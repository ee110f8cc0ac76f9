"""Business hours are counted in the customer's own working day."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.clock import BusinessHours, add_business_hours, business_hours_between, read_times
from detractor.errors import ParameterError

SHIFTS = BusinessHours(opens=8, closes=20, weekdays=(0, 1, 2, 3, 4, 5), holidays=("2026-12-25",))


def moment(text: str) -> pd.Series:
    return pd.Series(pd.to_datetime([text]))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02 10:00", 2, "2026-03-02 12:00"),
        ("2026-03-02 10:00", 7, "2026-03-02 17:00"),
        ("2026-03-02 10:00", 8, "2026-03-03 10:00"),
        ("2026-03-02 03:00", 1, "2026-03-02 10:00"),
        ("2026-03-06 17:00", 1, "2026-03-09 10:00"),
        ("2026-03-07 12:00", 0, "2026-03-09 09:00"),
        ("2026-03-07 12:00", 16, "2026-03-10 17:00"),
    ],
    ids=["same day", "to closing", "overnight", "before opening", "at closing", "zero", "weekend"],
)
def test_a_reply_is_due_in_working_time(start: str, hours: float, due: str) -> None:
    assert add_business_hours(moment(start), hours).iloc[0] == pd.Timestamp(due)


def test_holidays_and_saturdays_follow_the_calendar() -> None:
    due = add_business_hours(moment("2026-12-24 19:00"), 2, SHIFTS)
    assert due.iloc[0] == pd.Timestamp("2026-12-26 09:00")


def test_the_working_day_runs_in_the_customers_zone() -> None:
    start = pd.Series(pd.to_datetime(["2026-03-02 12:00"] * 4, utc=True))
    zones = pd.Series(["America/New_York", "Asia/Tokyo", None, "Nowhere"])
    due = add_business_hours(start, 4, zones=zones)
    assert due.dt.strftime("%d %H:%M").tolist() == ["02 18:00", "03 04:00", "02 16:00", "02 16:00"]


def test_a_clock_change_does_not_move_the_opening_time() -> None:
    berlin = BusinessHours(zone="Europe/Berlin")
    friday = pd.Series(pd.to_datetime(["2026-03-27 16:00+01:00"], utc=True))
    assert add_business_hours(friday, 2, berlin).iloc[0] == pd.Timestamp("2026-03-30 10:00+02:00")


def test_missing_times_and_hours_stay_missing() -> None:
    start = pd.Series([pd.NaT, pd.Timestamp("2026-03-02 10:00")], index=["a", "b"])
    assert add_business_hours(start, [1, float("nan")]).isna().all()
    assert business_hours_between(start, start).isna().tolist() == [True, False]
    assert add_business_hours(start, 1).index.tolist() == ["a", "b"]


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.integers(0, 3_000_000).map(lambda seconds: seconds / 3600),
    st.sampled_from([BusinessHours(), SHIFTS, BusinessHours(opens=0, closes=24)]),
)
def test_counting_undoes_adding(start: datetime, hours: float, calendar: BusinessHours) -> None:
    begin = pd.Series([pd.Timestamp(start)])
    due = add_business_hours(begin, hours, calendar)
    assert due.iloc[0] >= begin.iloc[0]
    counted = business_hours_between(begin, due, calendar).iloc[0]
    assert counted == pytest.approx(hours, abs=1e-6)
    assert business_hours_between(due, begin, calendar).iloc[0] == -counted


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.to_datetime(["2026-03-02 08:00"])),
        pd.Series(pd.to_datetime(["2026-03-02 09:00+01:00"])),
        pd.Series(["2026-03-02T08:00Z"]),
        pd.Series(["2026-03-02 08:00"], dtype="category"),
        pd.Series([datetime(2026, 3, 2, 8, tzinfo=UTC)], dtype=object),
    ],
    ids=["naive", "aware", "text", "category", "python"],
)
def test_times_of_every_kind_are_read_alike(values: pd.Series) -> None:
    assert read_times(values).tolist() == [pd.Timestamp("2026-03-02 08:00", tz="UTC")]


@pytest.mark.parametrize(
    "value", ["31/03/2026", "soon", "", None, 20260331, float("nan"), "9999999"]
)
def test_what_is_no_time_is_missing(value: object) -> None:
    assert read_times(pd.Series([value])).isna().all()
    assert read_times(pd.Series([value, "x"], dtype=object)).isna().all()


def test_times_without_a_zone_are_read_in_the_one_given() -> None:
    local = pd.Series(pd.to_datetime(["2026-07-01 09:00", "2026-10-25 02:30", "2026-03-29 02:30"]))
    expected = ["07-01 07:00", "10-25 01:30", "03-29 01:00"]
    assert read_times(local, zone="Europe/Berlin").dt.strftime("%m-%d %H:%M").tolist() == expected
    texts = local.astype(str)
    assert read_times(texts, zone="Europe/Berlin").dt.strftime("%m-%d %H:%M").tolist() == expected


@pytest.mark.parametrize("order", [[0, 1], [1, 0]], ids=["zone first", "zone last"])
def test_a_zone_named_in_one_row_says_nothing_of_another(order: list[int]) -> None:
    texts = pd.Series(["2026-03-01T08:00+09:00", "2026-03-01T08:00"], dtype=object).iloc[order]
    read = read_times(texts).sort_index().dt.strftime("%d %H:%M").tolist()
    assert read == ["28 23:00", "01 08:00"]


@pytest.mark.parametrize(
    "settings",
    [
        {"opens": -1},
        {"closes": 25},
        {"weekdays": ()},
        {"weekdays": (7,)},
        {"zone": "Mars"},
        {"holidays": ("25.12.2026",)},
    ],
    ids=str,
)
def test_impossible_calendars_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="holiday" if "holidays" in settings else "="):
        BusinessHours(**settings)


def test_negative_hours_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"hours=-1\.0: must be 0 or more"):
        add_business_hours(moment("2026-03-02 10:00"), np.array([-1.0]))
