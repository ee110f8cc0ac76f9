"""The errors detractor raises: each names the value, the rule it breaks and the next step.

::

    DetractorError
    ├── SchemaError (ValueError)        a table lacks a column, or a column has the wrong kind
    ├── ParameterError (ValueError)     an argument is outside its range
    ├── ConfigError (ValueError)        a TOML file (policy, playbook, job) has mistakes
    ├── NotFittedError (ValueError)     a model is used before ``fit``
    ├── ModelFileError (ValueError)     a model file is damaged, foreign or of another version
    ├── InputFileError (OSError)        a file cannot be read as feedback
    ├── JobError (RuntimeError)         a run cannot start or continue
    └── MissingExtraError (ImportError) an optional dependency is not installed
"""

import difflib
from collections.abc import Iterable


class DetractorError(Exception):
    """Base of every error that detractor raises on purpose."""


class SchemaError(DetractorError, ValueError):
    """A table lacks a column, or a column holds the wrong kind of value."""


class ParameterError(DetractorError, ValueError):
    """An argument is outside the range it may take."""


class ConfigError(DetractorError, ValueError):
    """A configuration file has mistakes; the message lists every one."""


class NotFittedError(DetractorError, ValueError):
    """A model is used before ``fit``."""


class ModelFileError(DetractorError, ValueError):
    """A model file is damaged, foreign, or written by another version."""


class InputFileError(DetractorError, OSError):
    """A file cannot be read as feedback."""


class JobError(DetractorError, RuntimeError):
    """A run cannot start or continue."""


class MissingExtraError(DetractorError, ImportError):
    """An optional dependency is not installed.

    Examples
    --------
    >>> print(MissingExtraError("matplotlib", extra="plots"))
    this needs matplotlib, which is not installed; run: pip install 'detractor[plots]'
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"this needs {package}, which is not installed; run: pip install 'detractor[{extra}]'"
        )


def reason(error: Exception) -> str:
    """Say in words why a file could not be read, and what to do about it where that is plain.

    Examples
    --------
    >>> reason(FileNotFoundError(2, "No such file or directory", "ours.toml"))
    'there is no such file; check its name and folder'
    """
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    return str(error)


_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "there is no such file; check its name and folder",
    IsADirectoryError: "it is a directory; name a file in it",
    PermissionError: "you may not read it; ask its owner, or run as one who may",
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or list those there are.

    Examples
    --------
    >>> suggestion("comment", ["comments", "date"])
    "did you mean 'comments'?"
    >>> suggestion("x", ["comments", "date"])
    "there are 'comments', 'date'"
    """
    names = [str(candidate) for candidate in known]
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = ", ".join(repr(candidate) for candidate in names[:12])
    return f"there are {listed}" if names else "there are none"
