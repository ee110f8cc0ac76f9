"""Write `src/detractor/data/unicode.npz`: what the compiled tokeniser knows of each character.

Python's own tables change from version to version; a file does not, and scores must not.

Run it as ``python training/unicode_table.py src/detractor/data/unicode.npz``.
"""

import sys
import unicodedata
from pathlib import Path

import numpy as np

CLASSES = {
    "OTHER": 0, "LOWER": 1, "UPPER": 2, "DIGIT": 3, "APOSTROPHE": 4, "HYPHEN": 5, "EMOJI": 6,
    "MARK": 7, "IDEOGRAPH": 8, "STOP": 10, "COMMA": 11, "EXCLAIM": 12, "QUESTION": 13,
    "NEWLINE": 14, "CURRENCY": 15, "PERCENT": 16, "AT": 17, "HASH": 18, "UNDERSCORE": 19,
}  # fmt: skip
SINGLE = {
    "APOSTROPHE": "'\u2019\u02bc\u2018\u00b4`\u2032",
    "HYPHEN": "-\u2010\u2011",
    "STOP": ".\u2026\u3002\uff0e\u0964",
    "COMMA": ",;:\u2013\u2014\u3001\uff0c\uff1b\uff1a\u060c\u061b",
    "EXCLAIM": "!\uff01\u00a1",
    "QUESTION": "?\uff1f\u00bf\u061f",
    "NEWLINE": "\n\r\v\f\x85\u2028\u2029",
    "PERCENT": "%",
    "AT": "@",
    "HASH": "#",
    "UNDERSCORE": "_",
}
IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
PICTURES = ((0x2300, 0x23FF), (0x2600, 0x27BF), (0x2B05, 0x2B55))


def within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Say whether a code point lies in one of the ranges."""
    return any(low <= point <= high for low, high in ranges)


def classify(point: int) -> str:
    """Name the class of one character of the basic plane."""
    character = chr(point)
    for name, members in SINGLE.items():
        if character in members:
            return name
    category = unicodedata.category(character)
    if within(point, IDEOGRAPHS):
        return "IDEOGRAPH"
    if category in ("Mn", "Me", "Mc", "Cf"):
        return "MARK"
    if category == "So" and within(point, PICTURES):
        return "EMOJI"
    by_category = {"Lu": "UPPER", "Lt": "UPPER", "Nd": "DIGIT", "Sc": "CURRENCY"}
    return by_category.get(category, "LOWER" if category.startswith("L") else "OTHER")


def fold(point: int) -> int:
    """Lower-case a character and take its accent away: the form that is hashed."""
    if 0xAC00 <= point <= 0xD7A3:  # Hangul decomposes into letters, not into accents
        return point
    lowered = chr(point).lower()
    base = unicodedata.normalize("NFD", lowered)[0]
    return ord(base) if unicodedata.category(base).startswith("L") and ord(base) < 65536 else point


def main() -> None:
    """Write the two tables: the class of each character, and how far its folded form lies."""
    points = range(65536)
    classes = np.array([CLASSES[classify(point)] for point in points], dtype=np.uint8)
    shifts = np.array([(fold(point) - point) % 65536 for point in points], dtype=np.uint16)
    np.savez_compressed(Path(sys.argv[1]), classes=classes, shifts=shifts)


if __name__ == "__main__":
    main()
