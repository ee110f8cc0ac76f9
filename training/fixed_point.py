"""From the parameters that are fitted to the fixed-point form that the package reads, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from detractor.artifact import LIMITS
from detractor.network import LANES, LINES, MEMORIES, Network

F = np.float32


def to_network(parameters: list[Any], outputs: list[int]) -> Network:
    """Keep some outputs, in the fixed-point form that the package reads."""
    here, beside, token, mark, bias, gain, offset, value, attention, intercept, begin, across = (
        parameters
    )
    table = np.concatenate([here, beside, token], axis=1).reshape(len(here), LINES, LANES)
    table = np.concatenate([table, np.zeros((1, LINES, LANES))])  # the edges
    steps = {
        "words": (table, 64), "mark": ((mark + bias).reshape(4, 2, LANES), 2048),
        "gain": (gain, 8192), "across": (across, 8192), "offset": (offset, 1024),
        "value": (value[:, outputs].T, 2048), "attention": (attention[:, outputs].T, 256),
    }  # fmt: skip
    fixed: dict[str, Any] = {}
    for name, (array, step) in steps.items():
        limit = LIMITS.get(name, 127)
        numbers = np.clip(np.rint(array.astype(np.float64) * step), -limit, limit)
        fixed[name] = np.ascontiguousarray(numbers, dtype=np.int16 if name in LIMITS else np.int8)
    return Network(**fixed, bias=intercept[outputs].copy(), start=begin[outputs].copy())


def to_parameters(network: Network) -> list[Any]:
    """Undo `to_network`."""
    table = network.words[:-1].astype(F).reshape(len(network.words) - 1, -1) / 64
    ends = [4 * MEMORIES, 8 * MEMORIES]
    here, beside, token = (np.ascontiguousarray(part) for part in np.split(table, ends, axis=1))
    marked = network.mark.astype(F).reshape(len(network.mark), -1) / 2048
    value, attention = network.value.T.astype(F) / 2048, network.attention.T.astype(F) / 256
    return [
        here, beside, token, marked - marked[0], marked[0].copy(), network.gain.astype(F) / 8192,
        network.offset.astype(F) / 1024, np.ascontiguousarray(value),
        np.ascontiguousarray(attention), network.bias.copy(), network.start.copy(),
        network.across.astype(F) / 8192,
    ]  # fmt: skip
