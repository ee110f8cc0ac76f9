"""The rules by which a model passes, the suite itself, and suites of a user's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detractor.behaviour import SHIFT, behaviour, behaviour_cases, judge, macro_failure_rate
from detractor.errors import ConfigError, SchemaError
from detractor.schema import HEADS


class Constant:
    """A reader that gives every text the same probabilities."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Repeat the values."""
        return pd.DataFrame({head: [value] * len(texts) for head, value in self.values.items()})


class Lookup:
    """A reader of anger that knows its texts."""

    def __init__(self, table: dict[str, float]) -> None:
        self.table = table

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Look each text up."""
        return pd.DataFrame({"anger": [self.table[text] for text in texts]})


def cases(expected: str, *, against: str | None = None) -> pd.DataFrame:
    row = ("test", "kind", "anger", expected, "after", against)
    return pd.DataFrame(
        [row], columns=["phenomenon", "kind", "head", "expected", "text", "against"]
    )


@pytest.mark.parametrize(
    ("expected", "before", "after", "failed"),
    [
        ("low", 0.0, 0.49, False),
        ("low", 0.0, 0.5, True),
        ("high", 0.0, 0.51, False),
        ("high", 0.0, 0.5, True),
        ("same", 0.40, 0.40 + SHIFT - 1e-9, False),
        ("same", 0.40, 0.34, True),
        ("up", 0.40, 0.41, False),
        ("up", 0.40, 0.40, True),
        ("up", 0.96, 0.955, False),
        ("up", 0.96, 0.94, True),
        ("down", 0.60, 0.59, False),
        ("down", 0.60, 0.60, True),
        ("down", 0.04, 0.045, False),
        ("down", 0.04, 0.06, True),
    ],
)
def test_rules(expected: str, before: float, after: float, failed: bool) -> None:
    judged = judge(Lookup({"before": before, "after": after}), cases(expected, against="before"))
    assert judged["failed"].tolist() == [failed]


def test_abstaining_fails() -> None:
    judged = judge(Lookup({"after": float("nan")}), cases("low"))
    assert judged["failed"].all()


def test_a_blind_model_fails_one_side_of_each_and_no_invariance() -> None:
    table = behaviour(Constant(detractor=0.2, anger=0.2, churn_risk=0.2))
    rates = table.groupby("kind")["failure_rate"]
    assert rates.max()["invariance"] == 0
    assert rates.min()["direction"] == 1
    assert set(table.loc[table["kind"] == "minimum", "failure_rate"]) == {0.0, 1.0}
    assert (table.loc[table["failures"] == 0, "worst"] == "").all()
    assert 0 < macro_failure_rate(table) < 1


def test_only_the_heads_a_model_has() -> None:
    assert set(behaviour(Constant(detractor=0.5))["head"]) == {"detractor"}


def test_a_model_without_heads_or_rows_is_refused() -> None:
    with pytest.raises(SchemaError, match="needs any of"):
        behaviour(Constant(positive=0.5))

    class Short(Constant):
        def predict_proba(self, texts: list[str]) -> pd.DataFrame:
            return super().predict_proba(texts[1:])

    with pytest.raises(SchemaError, match="give one each"):
        behaviour(Short(anger=0.5))


def test_the_suite() -> None:
    suite = behaviour_cases()
    assert suite.equals(behaviour_cases())
    assert set(suite["head"]) == set(HEADS)
    assert suite["phenomenon"].nunique() >= 40
    assert not suite["text"].str.contains("[{}]").any()
    minimum = suite[suite["kind"] == "minimum"]
    sides = minimum.groupby(["head", "text"])["expected"].nunique()
    assert (sides == 1).all(), "a line is expected on both sides"
    assert np.all(suite["against"].isna() == (suite["kind"] == "minimum"))


def test_a_users_own_suite(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        """
        lines_per_template = 2
        [fill]
        dish = ["soup", "pie"]
        [[minimum]]
        name = "cold food"
        expect = { anger = "high" }
        templates = ["The {dish} was cold."]
        """
    )
    table = behaviour(Constant(anger=0.9), suite=path)
    assert table[["phenomenon", "n", "failures"]].to_numpy().tolist() == [["cold food", 2, 0]]


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ("not toml", "as TOML"),
        ('[[minimum]]\nname="a"\nexpect={angr="low"}\ntemplates=["x"]', "did you mean 'anger'"),
        ('[[minimum]]\nname="a"\nexpect={anger="hi"}\ntemplates=["x"]', "side 'hi'"),
        ('[[minimum]]\nname="a"\nexpect={anger="low"}\ntemplates=["{q}"]', "no list fills"),
        ('[[invariance]]\nname="a"\nchange="typos"', "did you mean 'typo'"),
        ('[[invariance]]\nname="a"\nchange="typo"\non="odd"', "list of lines 'odd'"),
        ('[[direction]]\nname="a"\nhead="anger"\nmoves="sideways"', "direction 'sideways'"),
    ],
)
def test_mistakes_in_a_suite_are_named(tmp_path: Path, suite: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(suite)
    with pytest.raises(ConfigError, match=message):
        behaviour_cases(path)


def test_a_missing_suite_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        behaviour_cases(tmp_path / "none.toml")
