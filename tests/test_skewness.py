"""Ends of intervals for skewed values: they turn over, and lean to the side of the long tail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.skewness import Moments, moments, skewed_ends

SKEWNESS = st.floats(-2, 2, allow_nan=False)


@given(SKEWNESS, st.integers(2, 5000), st.booleans())
def test_ends_turn_over_with_the_skewness(skewness: float, n: int, bounded: bool) -> None:
    low, high = skewed_ends(2.0, skewness, n=n, bounded=bounded)
    back = skewed_ends(2.0, -skewness, n=n, bounded=bounded)
    assert back == pytest.approx((-high, -low), abs=1e-4)
    assert low <= 0 <= high


@given(st.floats(0.05, 0.3), st.integers(20, 5000))
def test_the_long_tail_gets_the_longer_side(skewness: float, n: int) -> None:
    low, high = skewed_ends(2.0, skewness, n=n, bounded=False)
    assert high > 2.0 > -low


def test_moments_by_hand() -> None:
    assert moments([1.0, np.nan]) == Moments(1, 1.0, 0.0, 0.0)
    assert moments([0.0, 0.0, 3.0]) == pytest.approx((3, 1.0, 1.0, 2**-0.5))
    assert np.isnan(moments([]).mean)
