import os
import subprocess
import sys

import pytest

SCRIPT = """
import numpy as np, numba
from detractor import vector_instructions as machine, vectors as plain

compiled = numba.njit(error_model="numpy")

def arithmetic(words, numbers, scale, out, sums, fractions):
    first, second = load(numbers, 0), load(numbers, 16)
    store(out, 0, (first + second) << 2)
    store(out, 16, (first - load(words, 5)) >> 1)
    store(out, 32, clip(first, np.int16(-900), np.int16(1000)))
    store(out, 48, multiply_high(first, second))
    pairs = multiply_pairs(clip(first, np.int16(0), np.int16(16383)), second)
    of_three = totals(pairs, pairs + pairs, multiply_pairs(second, shorts(np.int16(3))))
    store(sums, 0, of_three)
    started = triple(scale[0], scale[1], scale[2])
    store(fractions, 0, positive(load(scale, 0) * np.float32(0.3) - started * started + scale[3]))

def spell(text, starts, out):
    for place in range(starts.size):
        count, low, high, capitals, stretched = letters(text, starts[place], text.size - 16)
        out[place, 0], out[place, 1], out[place, 2] = count, low, high
        out[place, 3], out[place, 4] = capitals, stretched

def bind(function, module):
    names = {name: getattr(module, name) for name in dir(module)} | {"np": np}
    return type(function)(function.__code__, names)

rng = np.random.default_rng(7)
text = b"Sooo GOOD, aaargh! Unbelievablyunbelievably it's X Caf\\xc3\\xa9 zz" + bytes(16)
text = np.frombuffer(text, np.uint8)
places = np.arange(text.size - 16)
forms = [
    [wrap(bind(function, module)) for function in (arithmetic, spell)]
    for module, wrap in ((plain, lambda function: function), (machine, compiled))
]
for turn in range(50):
    given = (
        rng.integers(-128, 128, 40).astype(np.int8),
        rng.integers(-(2**15), 2**15, 40).astype(np.int16),
        rng.normal(size=4).astype(np.float32),
    )
    found = []
    for calculate, read in forms:
        out = np.zeros(64, np.int16), np.zeros(4, np.float32), np.zeros(4, np.float32)
        spelt = np.zeros((places.size, 5), np.uint64)
        calculate(*given, *out)
        read(text, places, spelt)
        found.append([array.tobytes() for array in (*out, spelt)])
    assert found[0] == found[1], turn
print("same")
"""


@pytest.mark.parametrize("processor", ["", "generic"])
def test_machine_code_does_what_numpy_does(processor: str) -> None:
    environment = {**os.environ, "NUMBA_CPU_NAME": processor} if processor else dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.strip() == "same", done.stderr
