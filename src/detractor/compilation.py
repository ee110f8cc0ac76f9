"""Compile functions to machine code, but only once there is enough work to pay for it.

Importing numba and waking its compiled code takes longer than importing pandas. One short text does
not need that: until `COMPILE_AFTER` bytes have been read, the functions marked `compiled` run as
plain Python, on NumPy's fixed-size numbers, and give the same results to the bit; then all of them
are replaced by their compiled forms, for good.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILE_AFTER = 4096
"""Bytes of text read as plain Python, at some ten thousand a second, before numba is imported."""

_WIDE_VECTORS = "-vectorizer-maximize-bandwidth"
"""Tells LLVM to fill a register with the narrowest numbers of a loop, not with the widest: products
of 16-bit numbers summed in 32 bits run twice as wide, for a tenth off the time of the reader."""
_LLVM_WITH_WIDE_VECTORS = range(15, 23)  # an option that LLVM does not know would end the process

_waiting: list[tuple[Callable[..., Any], Callable[[], Any]]] = []
"""The marked functions, and what makes the form of each that replaces it."""
_lock = threading.RLock()
_work_done = 0
_is_compiled = False


def compiled(function: Function) -> Function:
    """Mark a function for compilation, without the GIL, cached on disk where that is possible.

    No fast-math and no fused multiply-add: results are the same to the bit on every machine. A
    marked function may call other marked functions by their global names. It works on the arrays
    it is given; one that makes arrays is marked `compiled_with_arrays`.

    Examples
    --------
    >>> @compiled
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """
    return _mark(function, partial(_compile, function, counted=False))


def compiled_with_arrays(function: Function) -> Function:
    """Mark a function that makes arrays of its own; numba counts the references to them.

    The counting costs a third of the time of a function that is called for every word.

    Examples
    --------
    >>> @compiled_with_arrays
    ... def zeros(n):
    ...     return np.zeros(n)
    >>> zeros(2).tolist()
    [0.0, 0.0]
    """
    return _mark(function, partial(_compile, function, counted=True))


def replaced_by(module: str) -> Callable[[Function], Function]:
    """Mark a function that has a twin in machine code, of the same name in another module.

    The module is imported when the first function is compiled, not before.

    Examples
    --------
    >>> callable(replaced_by("detractor.vector_instructions"))
    True
    """

    def mark(function: Function) -> Function:
        return _mark(function, lambda: getattr(importlib.import_module(module), function.__name__))

    return mark


def _mark(function: Function, make: Callable[[], Any]) -> Function:
    if _is_compiled:
        return make()  # type: ignore[no-any-return]
    _waiting.append((function, make))
    return function


def compile_all() -> None:
    """Replace every marked function by its compiled form, wherever detractor has bound it.

    A service or a long job calls this at its start. The machine code is kept beside the modules, or
    where ``NUMBA_CACHE_DIR`` points, or in the user's cache directory: the first of them that can
    be written. Where none can, each process compiles anew.

    Examples
    --------
    >>> compile_all()
    """
    global _is_compiled  # the one switch of the process: it is thrown once, under the lock
    with _lock:
        if _is_compiled:
            return
        _widen_vectors()
        done = {id(function): make() for function, make in _waiting}
        modules = [module for name, module in list(sys.modules.items()) if _is_ours(name)]
        for space in [vars(module) for module in modules] + [f.__globals__ for f, _ in _waiting]:
            for name, value in list(space.items()):
                if id(value) in done:
                    space[name] = done[id(value)]
        _waiting.clear()
        _is_compiled = True


def prepare(work: int) -> None:
    """Say that so many bytes are about to be read; compile when they add up to enough.

    Examples
    --------
    >>> prepare(20)
    """
    global _work_done  # a running total; a lost update only delays compilation by a call
    _work_done += work
    if _work_done > COMPILE_AFTER and not _is_compiled:
        compile_all()


def wrapping() -> AbstractContextManager[object]:
    """Let 64-bit hashes wrap around silently, as machine code does, while Python runs."""
    return nullcontext() if _is_compiled else np.errstate(over="ignore")


def _is_ours(name: str) -> bool:
    return name == "detractor" or name.startswith("detractor.")


def _widen_vectors() -> None:
    from llvmlite import binding

    if binding.llvm_version_info[0] in _LLVM_WITH_WIDE_VECTORS:
        binding.set_option("detractor", _WIDE_VECTORS)


def _compile(function: Callable[..., Any], *, counted: bool) -> Callable[..., Any]:
    import numba

    # `_nrt` is numba's own name for its counting of references.
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"} | (
        {} if counted else {"_nrt": False}
    )
    try:
        dispatcher: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available for file"
        dispatcher = numba.njit(**options)(function)
    return dispatcher
