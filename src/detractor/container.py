"""A file of arrays and one JSON header, read without running anything.

The format is safetensors; the header stands in the file's metadata under the key ``detractor`` and
holds a checksum of the arrays.
"""

from __future__ import annotations

import json
import zlib
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detractor.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


def write_container(arrays: Arrays, header: Mapping[str, Any]) -> bytes:
    """Write arrays and a header as the content of a file.

    Examples
    --------
    >>> content = write_container({"ones": np.ones(2)}, {"format": 1})
    >>> arrays, header = read_container(content, "ones", formats=1)
    >>> arrays["ones"].tolist(), header["format"]
    ([1.0, 1.0], 1)
    """
    from safetensors.numpy import save as pack

    whole = dict(header) | {"checksum": checksum(arrays)}
    return bytes(pack(arrays, {"detractor": json.dumps(whole, sort_keys=True)}))


def read_container(content: bytes, name: str, *, formats: int) -> tuple[Arrays, dict[str, Any]]:
    """Read arrays and header of a file, after checks of its format, checksum and finiteness.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        What the errors call it.
    formats : int
        The version of the format that is read.

    Raises
    ------
    ModelFileError
        If it is no such file, has another format, or was damaged.

    Examples
    --------
    >>> read_container(b"x" * 100, "strange", formats=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    detractor.errors.ModelFileError: strange is no model file of detractor (...); save it anew
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        arrays: Arrays = unpack(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        header = json.loads(metadata["detractor"])
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            f"{name} is no model file of detractor ({error}); save it anew"
        ) from error
    found = header.get("format") if isinstance(header, dict) else None
    if found != formats:
        raise ModelFileError(
            f"{name} has format {found!r}, this version reads {formats}; "
            "train or save the model anew"
        )
    if header.get("checksum") != checksum(arrays):
        raise ModelFileError(f"{name} is damaged: its checksum differs; copy it anew")
    for key, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelFileError(f"{name} is damaged: {key} holds values that are not finite")
    return arrays, header


@contextmanager
def fitted_together(name: str) -> Iterator[None]:
    """Turn whatever goes wrong while parts of a file are put together into one clear error.

    A `ModelFileError` passes as it is.

    Raises
    ------
    ModelFileError

    Examples
    --------
    >>> with fitted_together("odd"):
    ...     {}["heads"]
    Traceback (most recent call last):
        ...
    detractor.errors.ModelFileError: odd does not fit together ('heads'); save it anew
    """
    try:
        yield
    except ModelFileError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"{name} does not fit together ({error}); save it anew") from error


def checksum(arrays: Arrays) -> int:
    """Sum up names and bytes of all arrays (CRC-32): it tells damage, not malice.

    Examples
    --------
    >>> checksum({})
    0
    """
    total = 0
    for key in sorted(arrays):
        total = zlib.crc32(
            np.ascontiguousarray(arrays[key]).tobytes(), zlib.crc32(key.encode(), total)
        )
    return total


def carried(name: str) -> Traversable:
    """Find a file that the package carries: in the wheel, or beside the sources of a checkout.

    Raises
    ------
    ModelFileError
        If there is none.

    Examples
    --------
    >>> carried("default.safetensors").is_file()
    True
    """
    file = resources.files("detractor") / "models" / name
    if not file.is_file():
        file = Path(__file__).parents[2] / "models" / name
    if not file.is_file():
        raise ModelFileError(f"the package carries no {name}; reinstall detractor")
    return file
