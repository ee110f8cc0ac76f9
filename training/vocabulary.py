"""Choose the words that the default model may see: shared by several sources, and no names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detractor.compilation import compiled
from detractor.tokens import (
    CAPITALS,
    INITIAL_CAPITAL,
    OPENS_SENTENCE,
    WORD,
    characters,
    encode,
    hash_word,
    tokenize_into,
)

MINIMUM_SOURCES = 3
MINIMUM_COUNT = 12
NAME_SHARE = 0.4  # of mid-sentence uses; ordinary words lie below .1, names and brands above .6
SOMETIMES_NAME_SHARE = 0.15


class Words(NamedTuple):
    """All tokens of many texts, one row a token."""

    text: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@compiled
def _fill(buffer, offsets, tables, text, hashes, starts, ends, flags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    count = 0
    for row in range(offsets.size - 1):
        begin, end = offsets[row], offsets[row + 1]
        size = tokenize_into(
            buffer, begin, end, tables, hashes[count:], starts[count:], ends[count:], flags[count:]
        )
        text[count : count + size] = row
        count += size
    return count


def read_words(texts: Iterable[str]) -> Words:
    """List the tokens of all texts."""
    buffer, offsets = encode(list(texts))
    size = buffer.size + 1
    text = np.empty(size, dtype=np.int32)
    hashes = np.empty(size, dtype=np.uint64)
    starts, ends = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    flags = np.empty(size, dtype=np.uint8)
    n = _fill(buffer, offsets, characters(), text, hashes, starts, ends, flags)
    return Words(
        text[:n].copy(), hashes[:n].copy(), flags[:n].copy(), starts[:n].copy(), ends[:n].copy()
    )


def read_identity() -> tuple[dict[int, int], set[int]]:
    """Read which words stand for which, and which are never seen, as hashes."""
    file = resources.files("detractor") / "data" / "identity.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    same: dict[int, int] = {}
    for group in table["same"].values():
        first, *others = (hash_word(word) for word in group.split())
        same |= dict.fromkeys(others, first)
    neutral = {hash_word(word) for group in table["neutral"].values() for word in group.split()}
    return same, neutral


def count_words(texts: pd.Series, sources: pd.Series) -> pd.DataFrame:
    """Count each word: uses, sources, and how often it has a capital in mid-sentence."""
    words = read_words(texts)
    source = pd.factorize(sources)[0][words.text]
    is_word = (words.flags & WORD) > 0
    middle = is_word & ((words.flags & (OPENS_SENTENCE | CAPITALS)) == 0)
    capital = middle & ((words.flags & INITIAL_CAPITAL) > 0)
    table = pd.DataFrame(
        {
            "hash": words.hashes,
            "source": source,
            "middle": middle,
            "capital": capital,
            "word": is_word,
        }
    )
    per_source = table.groupby(["hash", "source"]).agg(
        count=("word", "size"),
        middle=("middle", "sum"),
        capital=("capital", "sum"),
        word=("word", "max"),
    )
    per_word = per_source.reset_index().groupby("hash").agg(
        count=("count", "sum"), sources=("source", "size"), middle=("middle", "sum"),
        capital=("capital", "sum"), word=("word", "max"),
    )  # fmt: skip
    per_word["capital_share"] = per_word["capital"] / per_word["middle"].clip(lower=1)
    first = pd.Series(np.arange(len(words.hashes))).groupby(words.hashes).first()
    per_word["example"] = first.reindex(per_word.index)
    return per_word
