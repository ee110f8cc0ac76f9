"""Learn what words mean alone, for what is learned from few sentences: replies.

    python training/word_meanings.py --data FOLDER --base FOLDER [--out FILE]

Each word is read alone by a small sentence encoder (``--base``, as for `fit_teacher.py`); the
directions of most variance stay, and common words weigh little: a / (a + share of all words), a
.001 (Arora, Liang and Ma 2017). So two sentences that share no word can lie near each other, at the
price of a look-up: the encoder without the encoder, as in model2vec. The words are those of the
default model, without names, and those of `replies.txt` that are written small there.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import pandas as pd
import teacher as th
from fit_default import all_texts
from numpy.typing import NDArray
from safetensors.numpy import save_file
from vocabulary import choose, count_words

from detractor.compilation import compile_all
from detractor.meanings import DIMENSIONS, FILE

COMMON = 0.001
LONGEST = 16  # pieces of a word


def list_words(data: Path) -> pd.Series:
    """List the words and how often each is used."""
    texts = all_texts(data)
    counts = count_words(texts["text"], texts["source"])
    chosen = counts.set_index("form").reindex(choose(counts).forms)["count"]
    written = Path(__file__).with_name("replies.txt").read_text(encoding="utf-8")
    ours = pd.Series(1, index=sorted(set(re.findall(r"\b[a-z]+\b", written))))
    every = pd.concat([chosen[chosen.index.str.fullmatch("[a-z]+")], ours])
    marks = pd.Series(chosen.max(), index=list("0123456789£$€%"))
    every = pd.concat([every, marks])
    return every[~every.index.duplicated()].sort_index()


def reduce(states: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.int8]:
    """Keep the directions of most variance, each word at its weight, in whole numbers."""
    states = states - states.mean(axis=0)
    _, _, axes = np.linalg.svd(states, full_matrices=False)
    kept = states @ axes[:DIMENSIONS].T
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    kept *= (COMMON / (COMMON + counts / counts.sum()))[:, None]
    return np.asarray(np.rint(kept / np.abs(kept).max() * 127), dtype=np.int8)


def main() -> None:
    """Write the file of word vectors."""
    compile_all()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    parser.add_argument("--base", type=Path, required=True, help="folder of a sentence encoder")
    parser.add_argument("--out", type=Path, default=Path("src/detractor/data") / FILE)
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"no folder {given.data}: the labelled tables are not part of the project")
    counts = list_words(given.data)
    model, pieces = th.load_base(given.base)
    rows = th.encode(pd.Series(counts.index), pieces, LONGEST)
    states = th.embed(model, rows).astype(np.float64)
    words = "\n".join(counts.index).encode()
    save_file(
        {
            "words": np.frombuffer(words, dtype=np.uint8),
            "vectors": reduce(states, counts.to_numpy(dtype=np.float64)),
        },
        given.out,
    )


if __name__ == "__main__":
    main()
