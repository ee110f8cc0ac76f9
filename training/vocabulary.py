"""Choose the words that the default model may see: shared by several sources, and no names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

import numpy as np
import pandas as pd
from misspellings import mine, swap
from numpy.typing import NDArray

from detractor.characters import characters, encode
from detractor.compilation import compiled
from detractor.network import FUNCTION_ROWS, build_lexicon, read_rows
from detractor.tokens import (
    BEFORE_IS,
    CAPITALS,
    CODE,
    ELLIPSIS,
    FULL_STOP,
    INITIAL_CAPITAL,
    OPENS_SENTENCE,
    WORD,
    hash_word,
    tokenize_into,
)
from detractor.vocabulary import (
    ENDS,
    NEGATES,
    SCOPE,
    SOMETIMES_NAME,
    UNKNOWN,
    UNREAL,
    KnownWords,
)

MINIMUM_SOURCES = 3  # a word that only one company's customers use is its brand, place or product
MINIMUM_COUNT = 12
ENGLISH = """
the and to a of i is was it in for my they you not that this have with on be we are but so as at had
all me no from very were will would been has or an if when can do get just there what which out up
your our their he she his her them who how than too also only because after about by did don't it's
"""
ENGLISH_SHARE = 0.15
NAME_SHARE = 0.4  # of mid-sentence uses; ordinary words lie below .1, names and brands above .6
SOMETIMES_NAME_SHARE = 0.15
ACRONYM_SHARE = 0.75  # of uses in capitals: HSBC, KLM, JFK
NOT_ACRONYMS = "tv atm id uk er ac ife asap sms otp gps vip icu ceo mri csr ui pc hq omg ok pin"
NOT_NAMES = """
i'm i've i'd i'll im ive ill id i dear furthermore god oh ok okay wow yup yep hi hello moreover
however additionally therefore lastly overall wifi uk
"""
NEGATED = """
do does did is was are were has have had could would should must need might
"""  # with n't: these and "not"
CONTRACTIONS = {
    "can't": "can not", "won't": "will not", "ain't": "is not", "cannot": "can not",
    "i'm": "i am", "i've": "i have", "i'd": "i would", "i'll": "i will", "you're": "you are",
    "they're": "they are", "we're": "we are", "we've": "we have", "you've": "you have",
    "they've": "they have", "you'll": "you will", "they'll": "they will", "we'll": "we will",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "let's": "let us",
}  # fmt: skip
CONTRACTIONS |= {f"{word}'s": f"{word} is" for word in BEFORE_IS.split()}
CONTRACTIONS |= {f"{verb}n't": f"{verb} not" for verb in NEGATED.split()}
CARRIED = SCOPE - 1  # words that a negation reaches after one of saying: not where none came before
NEGATORS = (
    "not no nope nah never nobody none nothing neither nor without hardly barely scarcely "
    "noone zero nowhere opposite reverse contrary"
)
NEGATING_PHRASES = {
    "far from": SCOPE, "anything but": SCOPE, "less than": SCOPE, "used to": SCOPE,
    "way from": SCOPE, "devoid of": SCOPE, "lacking in": SCOPE, "at all": 2, "one bit": 2,
    "true that": CARRIED,
}  # fmt: skip
SAYING = "say call think thought believe claim describe"  # "nobody would call the room clean"
NEGATING_PHRASES |= {
    f"{verb} {further}": CARRIED for verb in SAYING.split() for further in ("that", "the", "it")
}
ONCE = "expected expecting hoped hoping wished supposed previously formerly"
ENDERS = "but although though however because yet until unless except"
MINIMUM_NEGATED = 25
WITH_APOSTROPHE_ONLY = "i'd i'll we're we'll it's let's"  # without it they are other words


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


def read_identity() -> tuple[dict[int, int], set[int], set[int]]:
    """Read which words stand for which, which are never seen, and which may be names: as hashes."""
    file = resources.files("detractor") / "data" / "identity.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    same: dict[int, int] = {}
    for group in table["same"].values():
        first, *others = (hash_word(word) for word in group.split())
        same |= dict.fromkeys(others, first)
    neutral = {hash_word(word) for group in table["neutral"].values() for word in group.split()}
    brands = {hash_word(word) for word in table["capitalised"]["brand"].split()}
    return same, neutral, brands


def is_english(words: Words, n: int) -> NDArray[np.bool_]:
    """Say which of n texts are written in English, by their share of its commonest words."""
    common = np.array([hash_word(word) for word in ENGLISH.split()], dtype=np.uint64)
    spoken = (words.flags & WORD) > 0
    total = np.bincount(words.text[spoken], minlength=n)
    known = np.bincount(words.text[spoken & np.isin(words.hashes, common)], minlength=n)
    return np.asarray((total < 4) | (known >= ENGLISH_SHARE * total))


def count_words(texts: pd.Series, sources: pd.Series) -> pd.DataFrame:
    """Count each word: uses, sources, and how often it has a capital in mid-sentence."""
    words = read_words(texts)
    english = is_english(words, len(texts))[words.text]
    words = Words(*(column[english] for column in words))
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
            "shouted": (words.flags & CAPITALS) > 0,
            "word": is_word,
        }
    )
    per_source = table.groupby(["hash", "source"]).agg(
        count=("word", "size"),
        middle=("middle", "sum"),
        capital=("capital", "sum"),
        shouted=("shouted", "sum"),
        word=("word", "max"),
    )
    per_word = per_source.reset_index().groupby("hash").agg(
        count=("count", "sum"), sources=("source", "size"), middle=("middle", "sum"),
        capital=("capital", "sum"), shouted=("shouted", "sum"), word=("word", "max"),
    )  # fmt: skip
    per_word["shouted_share"] = per_word["shouted"] / per_word["count"]
    per_word["capital_share"] = per_word["capital"] / per_word["middle"].clip(lower=1)
    buffer = b"".join(text.encode("utf-8", "surrogatepass") for text in texts)
    first = pd.Series(np.arange(len(words.hashes))).groupby(words.hashes).first()
    at = first.reindex(per_word.index).to_numpy()
    per_word["form"] = [
        buffer[begin:end].decode("utf-8", "replace").lower()
        for begin, end in zip(words.starts[at], words.ends[at], strict=True)
    ]
    return per_word


def add_own(counts: pd.DataFrame, own: Iterable[str]) -> pd.DataFrame:
    """Count words of our templates as if they were shared, where real texts seldom hold them."""
    forms = {hash_word(word): word for word in own}
    counts = counts.copy()
    rare = counts.index.isin(list(forms))
    for column, least in (("count", MINIMUM_COUNT), ("sources", MINIMUM_SOURCES)):
        counts.loc[rare, column] = counts.loc[rare, column].clip(lower=least)
    unseen = [value for value in forms if value not in counts.index]
    new = pd.DataFrame(0, index=np.array(unseen, counts.index.dtype), columns=counts.columns)
    new = new.assign(form=[forms[value] for value in unseen], word=True)
    new = new.assign(count=MINIMUM_COUNT, sources=MINIMUM_SOURCES)
    return pd.concat([counts, new.astype(counts.dtypes)])


class Chosen(NamedTuple):
    """The vocabulary of a model, and the written form of each row for training."""

    words: KnownWords
    forms: list[str]  # of row 1 and up; never shipped


def choose(counts: pd.DataFrame) -> Chosen:
    """Choose words: shared by several sources, frequent enough, no names, no codes (O2, PS5)."""
    same, neutral, brands = read_identity()
    double = {hash_word(form.replace("'", mark)) for form in CONTRACTIONS for mark in ("'", "")}
    double -= {hash_word(form.replace("'", "")) for form in WITH_APOSTROPHE_ONLY.split()}
    allowed = {hash_word(word) for word in NOT_NAMES.split()}
    is_class = counts.index < 20
    shared = (counts["sources"] >= MINIMUM_SOURCES) & (counts["count"] >= MINIMUM_COUNT)
    seen = (counts["middle"] >= 3) & counts["word"] & ~counts.index.isin(allowed)
    name = seen & (counts["capital_share"] >= NAME_SHARE)
    words = {hash_word(word) for word in NOT_ACRONYMS.split()}
    name |= counts["word"] & (counts["shouted_share"] >= ACRONYM_SHARE) & ~counts.index.isin(words)
    sometimes = set(counts.index[seen & (counts["capital_share"] >= SOMETIMES_NAME_SHARE)]) | brands
    kept = counts[(shared | is_class) & ~name & ~counts.index.isin([*neutral, CODE])]
    kept = kept.sort_values("count", ascending=False, kind="stable")
    own = kept[~kept.index.isin([*same, *double])]
    rows = {int(value): row for row, value in enumerate(own.index, 1)}
    rows |= {word: rows[first] for word, first in same.items() if first in rows}
    marked = {
        value: (row | (SOMETIMES_NAME if value in sometimes else 0), UNKNOWN)
        for value, row in rows.items()
    }
    for form, parts in CONTRACTIONS.items():
        first, second = (rows[hash_word(part)] for part in parts.split())
        marked[hash_word(form)] = first, second
        if form not in WITH_APOSTROPHE_ONLY.split():
            marked[hash_word(form.replace("'", ""))] = first, second
    forms = own["form"].tolist()
    wrong = swap(forms, counts["form"]) | mine(counts, forms)
    for form, word in swap(CONTRACTIONS, forms).items():
        marked.setdefault(hash_word(form), marked[hash_word(word)])
    for form, word in wrong.items():  # a name where it has a capital: "Mraks" may be one
        row = marked[hash_word(word)][0]
        marked.setdefault(hash_word(form), (row | SOMETIMES_NAME, UNKNOWN))
    negated = np.arange(len(forms) + 1, dtype=np.int32)
    for forms_of, meaning in ((NEGATORS, NEGATES), (ONCE, UNREAL), (ENDERS, ENDS)):
        hashes = map(hash_word, forms_of.split())
        negated[[rows[value] for value in hashes if value in rows]] = meaning
    negated[[rows[mark] for mark in range(FULL_STOP, ELLIPSIS + 1) if mark in rows]] = ENDS
    known = np.array(list(marked), np.uint64), np.array(list(marked.values()), np.int32)
    phrases = [
        [*map(hash_word, phrase.split()), further] for phrase, further in NEGATING_PHRASES.items()
    ]
    return Chosen(KnownWords(*known, negated, np.array(phrases, np.uint64)), forms)


def choose_negated(chosen: Chosen, texts: list[str]) -> Chosen:
    """Give those words a second row that stand after a negation often enough in the texts."""
    words, n = chosen.words, len(chosen.forms) + 1
    candidates = np.append(words.negated, np.arange(n, 2 * n, dtype=np.int32))
    candidates[FUNCTION_ROWS + 1 : n] += np.where(candidates[FUNCTION_ROWS + 1 : n] > 0, n, 0)
    lexicon = build_lexicon(words._replace(negated=candidates))
    uses = np.bincount(read_rows(texts, lexicon)[0], minlength=2 * n)[n:]
    own = np.flatnonzero(uses >= MINIMUM_NEGATED)
    negated = words.negated.copy()
    negated[own] = n + np.arange(len(own))
    end = np.arange(n, n + len(own), dtype=np.int32)
    forms = [*chosen.forms, *(f"not {chosen.forms[row - 1]}" for row in own)]
    return Chosen(words._replace(negated=np.concatenate([negated, end])), forms)
