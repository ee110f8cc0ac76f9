"""Compile a function to machine code once, and keep the code where it can be kept."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function with numba, without the GIL, cached on disk where that is possible.

    The code is kept beside the module, or where ``NUMBA_CACHE_DIR`` points, or in the user's cache
    directory: the first of them that can be written. Where none can, the function is compiled anew
    in each process. No fast-math and no fused multiply-add: results are the same to the bit on
    every machine.

    Examples
    --------
    >>> @compiled
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """
    for cache in (True, False):
        try:
            decorated = numba.njit(nogil=True, cache=cache, error_model="numpy")(function)
        except RuntimeError:  # numba: "cannot cache function: no locator available for file"
            continue
        return cast("Function", functools.wraps(function)(decorated))
    raise AssertionError("numba refuses a cache only when one was asked for")
