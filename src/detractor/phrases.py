"""Find phrases in texts: a small language for rules that people can read, and its compiled matcher.

A phrase is a row of steps. ``still .. not|no|waiting`` is the word *still*, up to three words of
any kind, then one of three words. Capitals, accents, commas and the shape of apostrophes make no
difference, and no phrase runs past the end of a sentence.

=============  ==================================================================================
``a|b|c``      one of these words
``charge*``    the word in its usual forms: charge, charges, charged, charging, charger
``@people``    a word of that list
``#``, ``$``   a number; an amount of money (also ``#th`` and ``#%``)
``word?``      the step may be missing
``..``, ``..5``  up to three words of any kind; up to five
``!a|b``       the next word is none of these; in front, the word before is none of these
``^``, ``.``   the sentence begins here; the sentence ends here
=============  ==================================================================================
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detractor.characters import character_span, characters, encode
from detractor.compilation import compile_all
from detractor.errors import ParameterError, suggestion
from detractor.matching import (
    ANY,
    BEGINS,
    COMPLETES,
    END,
    FOLLOWS,
    MAX_STEPS,
    NOT,
    OPTIONAL,
    PRECEDES,
    STOP,
    WORD,
    Machine,
    find_all,
    hash_table,
    mark_all,
)
from detractor.tokens import MONEY, NUMBER, ORDINAL, PERCENTAGE, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLASSES = {"#": NUMBER, "$": MONEY, "#th": ORDINAL, "#%": PERCENTAGE}
_ENDINGS = ("", "s", "es", "d", "ed", "ing", "r", "er", "ers", "ly", "ment", "ments", "ation")


class Found(NamedTuple):
    """A phrase found in ``text[start:end]``, and the number of the group it belongs to.

    Examples
    --------
    >>> Found(0, 5, 2).group
    2
    """

    start: int
    end: int
    group: int


def word_forms(word: str) -> set[str]:
    """List the usual forms of an English word, right or not: a form nobody writes costs nothing.

    Examples
    --------
    >>> sorted(form for form in word_forms("cancel") if form.endswith("ing"))
    ['canceling', 'cancelling']
    """
    forms = {word + ending for ending in _ENDINGS}
    doubled = word + word[-1]
    forms |= {doubled + ending for ending in ("ed", "ing", "er", "ation")}
    if word.endswith("e"):
        forms |= {word[:-1] + ending for ending in ("ing", "ation", "able")}
    if word.endswith("y"):
        forms |= {word[:-1] + ending for ending in ("ies", "ied", "ier")}
    return forms


@dataclass
class _Builder:
    """Collects words, sets of words and steps while phrases are read."""

    lists: Mapping[str, Sequence[str]]
    symbols: dict[int, int] = field(default_factory=dict)
    sets: dict[frozenset[int], int] = field(default_factory=dict)

    def words(self, step: str) -> Iterable[str]:
        for word in step.split("|"):
            if word.startswith("@"):
                name = word[1:]
                if name not in self.lists:
                    raise ParameterError(f"no list {name!r}; {suggestion(name, self.lists)}")
                yield from self.words("|".join(self.lists[name]))
            elif word.endswith("*"):
                yield from word_forms(word[:-1])
            elif word:
                yield word
                if "'" in word:
                    yield word.replace("'", "")

    def word_set(self, step: str) -> int:
        """Give the set of words that a step accepts its number."""
        hashes = {_hash(word) for word in self.words(step)}
        symbols = frozenset(self.symbols.setdefault(value, len(self.symbols)) for value in hashes)
        return self.sets.setdefault(symbols, len(self.sets))

    def steps(self, phrase: str) -> tuple[int, bool, list[tuple[int, int]]]:
        """Read a phrase: the set before it, whether it opens a sentence, its steps."""
        before, opens = ANY, False
        steps: list[tuple[int, int]] = []
        for step in phrase.split():
            if step == "^":
                opens = True
            elif step == ".":
                steps.append((STOP, ANY))
            elif step.startswith(".."):
                steps += [(OPTIONAL, ANY)] * int(step[2:] or 3)
            elif step.startswith("!"):
                if steps:
                    steps.append((NOT, self.word_set(step[1:])))
                else:
                    before = self.word_set(step[1:])
            elif step.endswith("?"):
                steps.append((OPTIONAL, self.word_set(step[:-1])))
            else:
                steps.append((WORD, self.word_set(step)))
        if not steps or steps[0][0] != WORD or steps[-1] == (OPTIONAL, ANY):
            raise ParameterError(f"phrase {phrase!r} must begin with a word and not end in a gap")
        if len(steps) > MAX_STEPS:
            raise ParameterError(f"phrase {phrase!r} has more than {MAX_STEPS} steps; shorten it")
        return before, opens, steps


def _variants(phrase: str) -> Iterable[str]:
    """Write a phrase that may end with a word or with the sentence as two phrases."""
    *start, last = phrase.split() or [""]
    words = last.split("|")
    if len(words) > 1 and "." in words:
        yield " ".join([*start, "."])
        yield " ".join([*start, "|".join(word for word in words if word != ".")])
    else:
        yield phrase


def _hash(word: str) -> int:
    if word in _CLASSES:
        return _CLASSES[word]
    tokens = tokenize(word)
    if len(tokens.hashes) != 1:
        raise ParameterError(f"{word!r} is not one word; write its words as steps")
    return int(tokens.hashes[0])


class PhraseBook:
    """Groups of phrases, compiled once and matched at several hundred thousand texts a second.

    Parameters
    ----------
    groups : sequence of sequences of str
        The phrases of each group, in the language of this module.
    lists : mapping, optional
        The words behind each ``@name``.

    Raises
    ------
    ParameterError
        A phrase begins with no word, ends in a gap, is too long, or names a list there is not.

    Examples
    --------
    >>> book = PhraseBook([["still .. not|no"], ["refund* me|us", "$ back"]])
    >>> book.find("Still there is no answer. Give me my $40 back!")
    [Found(start=0, end=17, group=0), Found(start=37, end=45, group=1)]
    >>> book.mark(["Still nothing", "They refunded us"]).tolist()
    [[False, False], [False, True]]
    """

    def __init__(
        self, groups: Sequence[Sequence[str]], *, lists: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.size = len(groups)
        self._machine = _build(groups, lists or {})

    def mark(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Say of each text which groups have a phrase in it.

        Examples
        --------
        >>> PhraseBook([["call me"]]).mark(["Do call me!", ""]).tolist()
        [[True], [False]]
        """
        found = np.zeros((len(texts), self.size), dtype=np.bool_)
        buffer, offsets = encode(texts)
        compile_all()
        mark_all(buffer, offsets, characters(), self._machine, found)
        return found

    def find(self, text: str) -> list[Found]:
        """Find every phrase in a text, the longest at each start, in order.

        Examples
        --------
        >>> PhraseBook([["call me", "call me back"]]).find("Call me back, or call me never.")
        [Found(start=0, end=12, group=0), Found(start=17, end=24, group=0)]
        """
        buffer, offsets = encode([text])
        compile_all()
        spans = find_all(buffer, offsets, characters(), self._machine)
        longest: dict[tuple[int, int], int] = {}
        for start, end, group in spans.tolist():
            longest[start, group] = max(end, longest.get((start, group), 0))
        return [
            Found(*character_span(text, start, end), group)
            for (start, group), end in sorted(longest.items())
        ]


class _Phrase(NamedTuple):
    """A phrase as it is read: the set that must not stand before it, its steps, its group."""

    before: int
    opens: bool
    steps: list[tuple[int, int]]
    group: int


def _build(groups: Sequence[Sequence[str]], lists: Mapping[str, Sequence[str]]) -> Machine:
    builder = _Builder(lists)
    phrases = [
        _Phrase(*builder.steps(variant), group)
        for group, written in enumerate(groups)
        for phrase in written
        for variant in _variants(phrase)
    ]
    symbols = np.fromiter(builder.symbols, dtype=np.uint64, count=len(builder.symbols))
    members = np.zeros((len(symbols), len(builder.sets)), dtype=np.bool_)
    for words, number in builder.sets.items():
        members[list(words), number] = True
    flat = [step for phrase in phrases for step in phrase.steps]
    return Machine(
        slots=hash_table(symbols),
        symbols=symbols,
        bits=_pack(members),
        gates=_pack(_gates(phrases, members)),
        offsets=np.cumsum([0, *(len(phrase.steps) for phrase in phrases)]),
        kinds=np.array([kind for kind, _ in flat], dtype=np.int64),
        sets=np.array([number for _, number in flat], dtype=np.int64),
        groups=np.array([phrase.group for phrase in phrases], dtype=np.int64),
    )


def _gates(phrases: Sequence[_Phrase], members: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say of each word, of `END` and of `UNKNOWN` which phrases it lets pass at each gate."""
    gates = np.zeros((len(members) + 2, 4, len(phrases)), dtype=np.bool_)
    for number, (before, opens, steps, _) in enumerate(phrases):
        needed = [place for kind, place in steps if kind == WORD]
        gates[:-2, BEGINS, number] = members[:, needed[0]]
        gates[:-2, COMPLETES, number] = members[:, needed[-1]]
        gates[:, FOLLOWS, number] = True
        if len(steps) > 1 and steps[1][0] == WORD:
            gates[:-2, FOLLOWS, number] = members[:, steps[1][1]]
            gates[-2:, FOLLOWS, number] = False
        gates[:, PRECEDES, number] = not opens
        gates[END, PRECEDES, number] = True
        if before != ANY:
            gates[:-2, PRECEDES, number] &= ~members[:, before]
    return gates


def _pack(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Write the last axis as bits, 64 a number."""
    missing = -flags.shape[-1] % 64 or (0 if flags.shape[-1] else 64)
    padded = np.pad(flags, [(0, 0)] * (flags.ndim - 1) + [(0, missing)])
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8").astype(np.uint64)


def read_rules(name: str) -> tuple[list[dict[str, Any]], PhraseBook]:
    """Read the rules in ``data/<name>.toml`` and compile their phrases, one group a rule.

    Examples
    --------
    >>> rules, book = read_rules("signals")
    >>> rules[book.find("Thank you so much!")[0].group]["signal"]
    'thanks'
    """
    data = resources.files("detractor") / "data"
    lists = tomllib.loads((data / "words.toml").read_text("utf-8"))["lists"]
    rules = tomllib.loads((data / f"{name}.toml").read_text("utf-8"))["rule"]
    return rules, PhraseBook([rule["phrases"] for rule in rules], lists=lists)
