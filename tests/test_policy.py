"""A policy is checked as a whole, and says everything that is wrong with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ConfigError, ParameterError
from detractor.policy import Policy, ServiceHours

SHARE = st.floats(0, 1)


def test_a_policy_reads_from_toml(tmp_path: object) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        'capacity = 20\nmust_contact = ["safety"]\nrating_range = [1, 5]\n'
        '[service_hours]\nmust_contact = 2\n[calendar]\nzone = "Europe/Berlin"\n',
        encoding="utf-8",
    )
    policy = Policy.from_toml(file)
    assert policy.capacity == 20
    assert policy.must_contact == ("safety",)
    assert policy.service_hours == ServiceHours(must_contact=2)
    assert policy.calendar.zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("capcity = 1\nhour = 2\n", "did you mean 'capacity'.*did you mean 'hours'"),
        ("[calendar]\nopen = 8\n", "unknown key 'calendar.open'; did you mean 'opens'"),
        ("[calendar]\nopens = 20\n", "calendar.opens=20 to closes=17"),
        ("calendar = 3\n\n", "calendar must be a table, not 3"),
        ("holdout_share = 2\nhigh = -1\n", "high=-1.*holdout_share=2|holdout_share=2.*high=-1"),
        ("capacity = \n", "not TOML"),
        ("no_such_file.toml", "cannot read the policy 'no_such_file.toml'"),
    ],
)
def test_every_mistake_in_a_file_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Policy.from_toml(text)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"capacity": -1}, "capacity=-1: must be a number of at least 0"),
        ({"capacity": "20"}, "capacity='20'"),
        ({"budget": float("nan")}, "budget=nan"),
        ({"rating_range": (5, 1)}, "the worst must lie below the best"),
        ({"typical": (0.1, 0.2)}, "three numbers between 0 and 1"),
        ({"must_contact": ("safty",)}, "did you mean 'safety'"),
    ],
    ids=str,
)
def test_what_is_outside_its_range_is_named(setting: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Policy(**setting)


@given(SHARE, SHARE, SHARE, SHARE)
def test_each_head_raises_the_risk(low: float, high: float, b: float, c: float) -> None:
    low, high = sorted([low, high])
    policy = Policy()

    def risk(*heads: float) -> float:
        return float(policy.text_risk(*np.array(heads)[:, None])[0])

    for at in range(3):
        heads = [b, c]
        less, more = (risk(*heads[:at], x, *heads[at:]) for x in (low, high))
        assert 0 <= less <= more <= 1 + 1e-12
