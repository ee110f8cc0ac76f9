"""Find customers who are angry or about to leave, and say whom to contact first, with what.

Every name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detractor.artifact import load
    from detractor.classifier import DetractorClassifier
    from detractor.explanation import explain
    from detractor.model import FeedbackModel
    from detractor.outcomes import measure_outcomes
    from detractor.planning import plan
    from detractor.policy import Policy
    from detractor.ranking import rank
    from detractor.recoveries import RecoveryModel
    from detractor.replies import check_reply
    from detractor.schema import Columns
    from detractor.scoring import Score, score
    from detractor.signals import read_signals
    from detractor.themes import find_themes
    from detractor.uplift import UpliftModel

__version__ = "0.1.0"

_HOMES = {
    "Columns": "schema",
    "DetractorClassifier": "classifier",
    "FeedbackModel": "model",
    "Policy": "policy",
    "RecoveryModel": "recoveries",
    "Score": "scoring",
    "UpliftModel": "uplift",
    "check_reply": "replies",
    "explain": "explanation",
    "find_themes": "themes",
    "load": "artifact",
    "measure_outcomes": "outcomes",
    "plan": "planning",
    "rank": "ranking",
    "read_signals": "signals",
    "score": "scoring",
}
__all__ = [
    "Columns",
    "DetractorClassifier",
    "FeedbackModel",
    "Policy",
    "RecoveryModel",
    "Score",
    "UpliftModel",
    "check_reply",
    "explain",
    "find_themes",
    "load",
    "measure_outcomes",
    "plan",
    "rank",
    "read_signals",
    "score",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401, any public name
    if name not in _HOMES:
        raise AttributeError(f"module 'detractor' has no attribute {name!r}")
    value = getattr(import_module(f"detractor.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
