"""Find customers who are angry or about to leave, and say whom to contact first, with what.

Every name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detractor.artifact import load
    from detractor.classifier import DetractorClassifier
    from detractor.model import FeedbackModel
    from detractor.policy import Policy
    from detractor.ranking import rank
    from detractor.schema import Columns
    from detractor.scoring import Score, score

__version__ = "0.1.0"

_HOMES = {
    "Columns": "schema",
    "DetractorClassifier": "classifier",
    "FeedbackModel": "model",
    "Policy": "policy",
    "Score": "scoring",
    "load": "artifact",
    "rank": "ranking",
    "score": "scoring",
}
__all__ = [
    "Columns",
    "DetractorClassifier",
    "FeedbackModel",
    "Policy",
    "Score",
    "load",
    "rank",
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
