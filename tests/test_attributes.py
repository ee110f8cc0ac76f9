"""Cells of every kind are read by a stated rule, and what was odd is counted."""

import numpy as np
import pandas as pd
import pytest

from detractor.attributes import (
    Notes,
    rating_risk,
    read_flags,
    read_numbers,
    read_shares,
    read_values,
)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 0]),
        pd.Series([True, False]),
        pd.Series(["1", "0.0"]),
        pd.Series([1, pd.NA], dtype="Int64").fillna(0),
        pd.Series(["1", "0"], dtype="category"),
    ],
    ids=["int", "bool", "text", "nullable", "category"],
)
def test_numbers_and_flags_of_every_kind(values: pd.Series) -> None:
    assert read_numbers(values).tolist() == [1.0, 0.0]
    assert read_flags(values, unclear=True)[0].tolist() == [True, False]


def test_what_is_missing_is_no_and_what_is_unclear_is_as_asked() -> None:
    cells = pd.Series([None, np.nan, pd.NA, "", "perhaps"], dtype=object)
    assert read_flags(cells, unclear=True)[0].tolist() == [False] * 4 + [True]
    assert read_flags(cells, unclear=False)[0].tolist() == [False] * 5
    assert read_flags(pd.Series([True, None], dtype="boolean"), unclear=True)[0].tolist() == [
        True,
        False,
    ]


def test_values_follow_their_rules() -> None:
    notes = Notes()
    values = read_values(pd.Series([-5, np.nan, np.inf, 80, 120]), default=200, notes=notes)
    assert values.tolist() == [0, 100, 100, 80, 120]
    assert notes.sentences == [
        "2 customers without a value count as the median, 100",
        "1 negative value counts as 0",
    ]
    nothing = read_values(pd.Series([None, None], dtype=object), default=200, notes=Notes())
    assert nothing.tolist() == [200, 200]


def test_forecasts_outside_zero_to_one_are_unknown() -> None:
    notes = Notes()
    assert np.isnan(read_shares(pd.Series([-0.1, 1.1, 45]), name="p", notes=notes)).all()
    assert notes.sentences == ["3 p outside 0 to 1 count as unknown"]


def test_stars_and_tenths_tell_the_same() -> None:
    stars = rating_risk(np.array([1.0, 3.0, 5.0]), (1, 5))
    assert stars == pytest.approx(rating_risk(np.array([0.0, 5.0, 10.0]), (0, 10)))
    assert np.isnan(rating_risk(np.array([0.0, np.nan]), (1, 5))).all()
