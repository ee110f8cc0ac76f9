"""Silent customers who share an exposure."""

import pandas as pd
import pytest

from detractor.errors import ParameterError
from detractor.exposure import affected

FEEDBACK = pd.DataFrame({"customer_id": ["a", "b"], "batch": [7, 8]})
MENTIONS = pd.DataFrame({"theme": ["mould"], "position": [0]})


def test_the_silent_come_most_at_risk_first() -> None:
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "c", "d", "e"],
            "batch": [7, 7, 7, 8],
            "value": [9.0, 10.0, 500.0, 1.0],
        }
    )
    found = affected("mould", orders, mentions=MENTIONS, feedback=FEEDBACK, by=["batch"])
    assert found["customer_id"].tolist() == ["d", "c"]
    assert found["rate"].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert found["risk"].tolist() == pytest.approx([500 / 3, 10 / 3])


def test_mistakes_are_named() -> None:
    orders = pd.DataFrame({"customer_id": ["c"], "batch": [7]})
    with pytest.raises(ParameterError, match="by is empty"):
        affected("mould", orders, mentions=MENTIONS, feedback=FEEDBACK, by=[])
    with pytest.raises(ParameterError, match="nobody mentions 'rust'"):
        affected("rust", orders, mentions=MENTIONS, feedback=FEEDBACK, by=["batch"])
