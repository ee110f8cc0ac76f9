"""Generate short labelled sentences for what word pairs get wrong.

Negation, contrast, time, whose opinion, questions and answers, swearing in
joy, calm leaving, loyal anger, words of leaving that mean something else, and
identity terms that must not matter.  The same seed gives the same sentences.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

log = logging.getLogger("counterfactual")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


_TABLES, _FORMS = _read("counterfactual.toml"), _read("counterfactual_forms.toml")
_MORE = {entry["name"]: entry["templates"] for entry in _FORMS["phenomena"]}
PHENOMENA: list[dict[str, Any]] = [
    entry | {"templates": entry["templates"] + _MORE.get(entry["name"], [])}
    for entry in _TABLES["phenomena"]
]
IDENTITY: dict[str, list[str]] = _TABLES["identity"]
SLOTS: dict[str, list[str]] = _TABLES["slots"] | _FORMS["slots"]
DOMAINS: dict[str, dict[str, list[str]]] = _TABLES["domains"]
PAIRS: list[dict[str, Any]] = _TABLES["pairs"]
NAMED = {entry["name"]: entry for entry in PHENOMENA}
LABELS = ("anger", "churn", "detractor")
PAIRED = 0.14  # of the sentences, which are two in a row
SWAPPED = 0.3  # of the sentences, which come three times, with another identity each
GREETED, SIGNED = 0.1, 0.06  # of real texts, beside the greetings they have

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")
_LONG = "was not|is not|did not|do not|would not|could not|will not|cannot|I am|I have|I will|it is"
_SHORT = "wasn't|isn't|didn't|don't|wouldn't|couldn't|won't|can't|I'm|I've|I'll|it's"
_CONTRACT = list(zip(_LONG.split("|"), _SHORT.split("|"), strict=True))
_LINKS = ["https://t.co/x", "www.example.com/"]
_EMOJI_GOOD = ["\U0001f600", "\U0001f44d", "\u2764\ufe0f", "\U0001f60d", "\U0001f389"]
_EMOJI_BAD = ["\U0001f44e", "\U0001f620", "\U0001f644", "\U0001f621", "\U0001f92c"]


class Writer:
    """Fill templates for one domain at a time."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.domain: dict[str, list[str]] = {}

    def start(self) -> None:
        """Choose a domain for the sentences that follow."""
        self.domain = DOMAINS[self.rng.choice(list(DOMAINS))]

    def fill(self, template: str, fixed: dict[str, str] | None = None) -> str:
        """Expand choices and slots until none is left."""
        fixed = fixed or {}
        while True:
            chosen = _CHOICE.sub(lambda m: self.rng.choice(m[1].split("|")), template)
            if chosen != template:
                template = chosen
                continue
            slot = _SLOT.search(template)
            if slot is None:
                return re.sub(r"\s+", " ", template).strip()
            name = slot[1]
            options = self.domain.get(name) or SLOTS[name]
            value = fixed.get(name) or self.rng.choice(options)
            template = template[: slot.start()] + value + template[slot.end() :]

    def sentence(self, template: str) -> str:
        """Fill one template and begin it, mostly, with a capital."""
        text = self.fill(template)
        text = re.sub(r"\b(a) (?=[aeiou])", "an ", text)
        if self.rng.random() < 0.8:
            text = text[:1].upper() + text[1:]
        if text[-1:].isalnum() and self.rng.random() < 0.6:
            text += "."
        return text

    def one(self, entry: dict[str, Any]) -> tuple[str, str, dict[str, float | None]]:
        """Write a sentence for a phenomenon: its name, the sentence and its labels."""
        labels = {label: entry.get(label) for label in LABELS}
        return entry["name"], self.sentence(self.rng.choice(entry["templates"])), labels

    def two(self, pair: dict[str, Any]) -> tuple[str, str, dict[str, float | None]]:
        """Write two sentences in a row; they say the more of what both are known to say."""
        both = [self.one(NAMED[self.rng.choice(pair[side])]) for side in ("first", "second")]
        (first, begin, own), (second, end, other) = both
        if begin[-1:].isalnum():
            begin += self.rng.choice([".", ".", "!", ",", " and", ";"])
        elif begin.endswith((":", ",")) and self.rng.random() < 0.7:
            end = end[:1].lower() + end[1:]
        labels: dict[str, float | None] = {}
        for label in LABELS:
            known = [value for value in (own[label], other[label]) if value is not None]
            labels[label] = max(known) if len(known) == len(both) else None
        labels |= pair.get("labels", {}) | dict.fromkeys(pair.get("unknown", ()))
        return f"{first}+{second}", f"{begin} {end}", labels

    def typo(self, text: str) -> str:
        """Swap, drop or double one letter inside a longer word."""
        spots = [m.start() for m in re.finditer(r"(?<=[a-z])[a-z](?=[a-z])", text)]
        if not spots:
            return text
        i = self.rng.choice(spots)
        kind = self.rng.randrange(3)
        if kind == 0:
            return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        return text[:i] + text[i + 1 :] if kind == 1 else text[:i] + text[i] + text[i:]

    def noise(self, text: str, bad: float | None) -> str:
        """Rewrite a sentence without touching what it says."""
        kinds: list[Callable[[str], str]] = [
            lambda t: self.typo(self.typo(t)),
            lambda t: _replaced(t, _CONTRACT),
            lambda t: _replaced(t, [(short, long) for long, short in _CONTRACT]),
            lambda t: t.replace("'", self.rng.choice(["", "\u2019"])).lower(),
            lambda t: re.sub(r"[.,;:]", "", t).lower(),
            lambda t: f"{t} {self.rng.choice(_LINKS)}{self.rng.randrange(10_000)}",
            lambda t: f"{self.fill('{handle}')} {t}",
            lambda t: re.sub(r"\s", lambda m: m[0] * self.rng.choice([1, 1, 2]), t),
        ]
        if bad is not None:
            emoji = _EMOJI_BAD[:1] if bad else _EMOJI_GOOD
            kinds.append(lambda t: f"{t} {self.rng.choice(emoji)}")
        return self.rng.choice(kinds)(text)


def _replaced(text: str, pairs: list[tuple[str, str]]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def generate(n: int, seed: int, *, swapped: float = SWAPPED) -> pd.DataFrame:
    """Write `n` labelled sentences.

    Parameters
    ----------
    n : int
        Number of rows.
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    DataFrame
        ``text``, ``phenomenon``, ``anger`` and ``churn`` (0 to 3; a half is
        "this step or the next"; NaN is "no label"), ``detractor`` (0 to 1,
        NaN), ``pair_id`` (rows that must get the same scores).
    """
    writer = Writer(seed)
    rng = writer.rng
    shares = [entry.get("share", 1) for entry in PHENOMENA]  # more of what is hard to read
    shares_of_pairs = [pair.get("share", 1) for pair in PAIRS]
    rows: list[dict[str, object]] = []
    pair = 0
    while len(rows) < n:
        writer.start()
        pair += 1
        if rng.random() < PAIRED:
            name, text, labels = writer.two(rng.choices(PAIRS, shares_of_pairs)[0])
        else:
            name, text, labels = writer.one(rng.choices(PHENOMENA, shares)[0])
        label: dict[str, object] = {**labels, "pair_id": pair}
        bad = labels["detractor"]
        if rng.random() < 0.18:
            before, after = rng.random() < 0.6, rng.random() < 0.5
            text = writer.fill("{neutral} ") + " " + text if before else text
            text = text + " " + writer.fill("{neutral}") if after else text
            text = text.strip()
        if rng.random() < swapped:
            rows.extend(_swapped(writer, text, label))
            continue
        rows.append({"text": text, "phenomenon": name, **label})
        if rng.random() < 0.35:
            rows.append({"text": writer.noise(text, bad), "phenomenon": f"{name}+noise", **label})
    frame = pd.DataFrame(rows[:n])
    for column in LABELS:
        frame[column] = frame[column].astype("float32")
    frame["text"] = frame["text"].str.strip()
    return frame


def dress(texts: list[str], seed: int) -> list[str]:
    """Put a greeting before some texts and a farewell behind some: they say nothing of the rest."""
    writer = Writer(seed)
    dressed = []
    for text in texts:
        writer.start()
        before = writer.fill("{greeting} ") if writer.rng.random() < GREETED else ""
        after = writer.fill(" {farewell}") if writer.rng.random() < SIGNED else ""
        dressed.append(" ".join(part for part in (before, text, after) if part))
    return dressed


def _inside(writer: Writer, text: str, kind: str) -> str | None:
    """Return the text with a slot ``{}`` where an identity can stand, if any."""
    rng = writer.rng
    if kind == "place":
        end = len(text.rstrip(".!?"))
        return f"{text[:end]} {rng.choice(['in', 'at', 'near'])} {{}}{text[end:]}"
    if kind == "handle":
        return "{} " + text
    if kind == "brand":
        held = [co for co in writer.domain["co"] if "{" not in co and co in text]
        return text.replace(held[0], "{}", 1) if held else None
    held = [who for who in writer.domain["staff"] if who in text]
    if not held:
        return None
    if kind == "name":
        return text.replace(held[0], "{}", 1)
    if kind in ("nation", "belief", "orient", "race", "state"):
        return text.replace(held[0], f"the {{}} {held[0].removeprefix('the ')}", 1)
    return text.replace(held[0], "the {}", 1) if kind == "gender" else None


def _swapped(writer: Writer, text: str, label: dict[str, object]) -> list[dict[str, object]]:
    """Put three identities of one kind into the same place of one sentence."""
    rng = writer.rng
    kind = rng.choice(list(IDENTITY))
    plain = text.replace("{", "").replace("}", "")
    frame = _inside(writer, plain, kind) if rng.random() < 0.5 else None
    if frame is None:
        slots = ("staff", "who", "kin", "n", "day", "place", "number")
        fixed = {slot: writer.fill("{" + slot + "}") for slot in slots if slot != kind}
        aside = writer.fill(rng.choice(IDENTITY[kind]), {**fixed, kind: "<>"}).replace("<>", "{}")
        if aside[:1] not in "@{":
            aside = aside[:1].upper() + aside[1:]
        frame = f"{aside} {plain}" if rng.random() < 0.6 else f"{plain} {aside}"
    rows: list[dict[str, object]] = []
    for value in rng.sample(SLOTS[kind], 3):
        filled = frame.replace("{}", writer.fill(value))
        filled = re.sub(r"\b([Aa]) (?=[AEIOaeio])", r"\1n ", filled)
        rows.append({"text": filled, "phenomenon": f"identity_{kind}", **label})
    return rows


def main() -> None:
    """Write a table of generated sentences to a parquet file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    frame = generate(args.rows, args.seed)
    frame.to_parquet(args.out)
    log.info("%d rows, %d phenomena", len(frame), frame["phenomenon"].nunique())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
