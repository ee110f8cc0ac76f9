"""Compare the words that the compiled pass sees with those of nltk's TweetTokenizer.

    python benchmarks/tokens.py --data FOLDER [--texts 5000]

FOLDER holds the parquet files that `training/README.md` lists. For every word that nltk finds in a
text it is asked whether the pass has a word with the very same span. Where not, the difference is
counted under its cause; all causes but "anything else" are differences on purpose.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

import pandas as pd
from nltk.tokenize import TweetTokenizer

from detractor.text import coerce
from detractor.tokens import WORD, tokenize

CAUSES: dict[str, re.Pattern[str]] = {
    "addresses and handles are nothing": re.compile(r"@|://|www\.|\.(com|co|org|net|uk)\b", re.I),
    "hashtags are words": re.compile(r"#"),
    "numbers with letters are numbers": re.compile(r"\d"),
    "compounds are several words": re.compile(r"[-\u2013\u2014/&+_]"),
    "markup": re.compile(r"[<>]"),
    "letters of other scripts": re.compile(r"[^\x00-\x7f\u2018\u2019]"),
}
LETTER = re.compile(r"[^\W\d_]")
EXAMPLES = 6


def spans_of_nltk(text: str, tokenizer: TweetTokenizer) -> list[tuple[int, int]]:
    """Find the places of nltk's tokens that hold a letter; one that is rewritten has no place."""
    spans, position = [], 0
    for token in tokenizer.tokenize(text):
        place = text.find(token, position)
        if place < 0:
            continue
        position = place + len(token)
        if LETTER.search(token):
            spans.append((place, position))
    return spans


def our_spans(text: str) -> set[tuple[int, int]]:
    """Give the spans of our words, in characters."""
    tokens = tokenize(text)
    words = (tokens.flags & WORD) > 0
    raw = text.encode("utf-8", "surrogatepass")
    place = {0: 0}
    done = 0
    for number, letter in enumerate(text):
        done += len(letter.encode("utf-8", "surrogatepass"))
        place[done] = number + 1
    assert done == len(raw)
    pairs = zip(tokens.starts[words].tolist(), tokens.ends[words].tolist(), strict=True)
    return {(place[start], place[end]) for start, end in pairs}


def cause_of(text: str, start: int, end: int) -> str:
    """Name the first cause that fits a word on which the two differ."""
    if "\u2019" in text[max(start - 1, 0) : end + 1]:
        return "typographic apostrophes are apostrophes"
    found = (name for name, rule in CAUSES.items() if rule.search(text[start:end]))
    return next(found, "anything else")


def compare(texts: list[str]) -> tuple[int, Counter[str], dict[str, list[str]]]:
    """Count nltk's words, and those that are no word of ours, by cause."""
    tokenizer = TweetTokenizer()
    total, differ, examples = 0, Counter[str](), dict[str, list[str]]()
    for text in texts:
        ours = our_spans(text)
        for start, end in spans_of_nltk(text, tokenizer):
            total += 1
            if (start, end) in ours:
                continue
            word = text[start:end]
            cause = cause_of(text, start, end)
            differ[cause] += 1
            shown = examples.setdefault(cause, [])
            if len(shown) < EXAMPLES and len(word) <= 20:
                shown.append(word)
    return total, differ, examples


def main() -> None:
    """Print one line a cause."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    parser.add_argument("--texts", type=int, default=5000, help="texts of each table")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"no folder {given.data}: the labelled tables are not part of the project")
    for name in ("reviews", "tweets"):
        table = pd.read_parquet(given.data / f"{name}.parquet")
        if "language" in table:
            table = table[table["language"].isna() | table["language"].eq("en")]
        sampled = table["text"].dropna().sample(given.texts, random_state=given.seed)
        total, differ, examples = compare(coerce(sampled).texts)
        agreed = total - differ.total()
        on_purpose = differ.total() - differ["anything else"]
        print(f"{name}: {given.texts} texts, {total} words of nltk, {agreed / total:.2%} the same")
        for cause, count in differ.most_common():
            print(f"  {count / total:7.3%}  {cause}: {', '.join(examples.get(cause, []))}")
        print(f"  without the differences on purpose {agreed / (total - on_purpose):.2%}")


if __name__ == "__main__":
    main()
