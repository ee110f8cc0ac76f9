import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.artifact import load
from detractor.compilation import compile_all
from detractor.network import Lexicon, Network, read_parts, read_rows, read_texts

TEXTS = ["Not once did they call back!", "", "😡 AWFUL, slooow service...", "fine " * 300, "?"]


@pytest.fixture(scope="module")
def reader() -> tuple[Lexicon, Network]:
    found = load().reader
    assert found is not None
    return found.lexicon, found.network


@given(st.lists(st.text(alphabet=st.characters(), max_size=80), min_size=1, max_size=5))
def test_a_text_reads_the_same_in_any_batch(texts: list[str]) -> None:
    found = load().reader
    assert found is not None
    together = read_texts(texts, found.lexicon, found.network)
    for row, text in enumerate(texts):
        alone = read_texts([text], found.lexicon, found.network)
        assert (alone.logits[0] == together.logits[row]).all()
        assert (alone.counts[0] == together.counts[row]).all()


@pytest.mark.parametrize("text", TEXTS)
def test_parts_sum_to_the_logit(reader: tuple[Lexicon, Network], text: str) -> None:
    parts = read_parts(text, *reader)
    logits = read_texts([text], *reader).logits[0]
    assert parts.contributions.sum(axis=0) + parts.bias == pytest.approx(logits, abs=1e-4)


def test_words_are_counted(reader: tuple[Lexicon, Network]) -> None:
    counts = read_texts(["the parcel was zzqx 😡 42", "😡"], *reader).counts
    assert counts[0].tolist() == [4, 3, 2, 1]
    assert counts[1].tolist() == [0, 0, 0, 1]


def test_names_are_one_unknown_word(reader: tuple[Lexicon, Network]) -> None:
    lexicon, _ = reader
    rows, _, bounds = read_rows(["We met Zoltan Ubumwe there", "We met Wilhelmina there"], lexicon)
    first, second = (rows[a:b].tolist() for a, b in pairwise(bounds))
    assert first == second


def test_plain_python_gives_the_bits_of_machine_code() -> None:
    code = (
        "import sys, detractor\n"
        "from detractor.network import read_texts\n"
        "reader = detractor.load().reader\n"
        f"texts = {TEXTS[:3] + TEXTS[4:]!r}\n"
        "found = read_texts(texts, reader.lexicon, reader.network)\n"
        "assert 'numba' not in sys.modules\n"
        "print(found.logits.tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    compile_all()
    found = load().reader
    assert found is not None
    logits = read_texts(TEXTS[:3] + TEXTS[4:], found.lexicon, found.network).logits
    assert done.stdout.strip() == logits.tobytes().hex()


def test_a_cache_that_cannot_be_written_is_done_without() -> None:
    code = (
        "from detractor.compilation import compile_all\n"
        "from detractor import score\n"
        "compile_all()\n"
        "print(score(['late again'])['status'].item())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": "/proc/nowhere", "HOME": "/proc/nowhere"},
    )  # fmt: skip
    assert done.stdout.strip() == "ok"


def test_rows_and_bounds_fit_together(reader: tuple[Lexicon, Network]) -> None:
    rows, marks, bounds = read_rows(TEXTS, reader[0])
    assert bounds[-1] == rows.size == marks.size
    assert (np.diff(bounds) >= 0).all()
