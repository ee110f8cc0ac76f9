"""Replace personal data in a text by marks such as "[email]", for reports, logs and evidence.

Patterns and check digits only: no names, no addresses, no model. It lowers risk and proves nothing;
a text that must be anonymous needs more (run a full recogniser before it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """Personal data in the original text.

    Examples
    --------
    >>> mask_personal_data("Mail jo@acme.test now").spans
    (Span(start=5, end=17, kind='email'),)
    """

    start: int
    end: int
    kind: str


class Masked(NamedTuple):
    """A text with marks in the place of personal data, and where that stood in the original.

    Examples
    --------
    >>> Masked("Call [phone]", (Span(5, 17, "phone"),)).text
    'Call [phone]'
    """

    text: str
    spans: tuple[Span, ...] = ()


def mask_personal_data(text: str) -> Masked:
    """Replace personal data by the name of its kind in brackets.

    Kinds: email, url, handle, ip, iban, card, id (of a person, by a state), phone, number (six
    digits or more, or letters with them: orders, accounts, tickets). Card numbers, IBANs and ids
    count only where their check digits agree; else they may still be a number or phone. Prices,
    dates, years, times and quantities stay. Masking twice is masking once.

    Examples
    --------
    >>> mask_personal_data("Order 20418833: call +44 20 7946 0018. I paid $1,250.00 in 2026.").text
    'Order [number]: call [phone]. I paid $1,250.00 in 2026.'
    >>> mask_personal_data("IBAN DE89 3704 0044 0532 0130 00, jo.doe@acme.test").text
    'IBAN [iban], [email]'
    """
    spans = tuple(sorted(_find(text)))
    if not spans:
        return Masked(text)
    out, done = [], 0
    for start, end, kind in spans:
        out += [text[done:start], f"[{kind}]"]
        done = end
    return Masked("".join([*out, text[done:]]), spans)


EXCERPT_LENGTH = 240
"""Characters of a text that a person reads first."""


def excerpt(text: object) -> str:
    r"""Give the beginning of a text on one line, personal data masked; "" for what is no text.

    Examples
    --------
    >>> excerpt("Call me:\n+44 20 7946 0018")
    'Call me: [phone]'
    """
    if not isinstance(text, str):
        return ""
    # Masked before it is cut, so that no half of a number is left at the end.
    line = mask_personal_data(" ".join(text[: 4 * EXCERPT_LENGTH].split())).text
    return line if len(line) <= EXCERPT_LENGTH else line[: EXCERPT_LENGTH - 1].rstrip() + "…"


@dataclass(frozen=True)
class _Rule:
    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[re.Match[str]], bool] = bool
    clues: tuple[str, ...] = ()

    def may_match(self, lowered: str, digits: int) -> bool:
        """Tell cheaply that nothing can match, as in most texts."""
        if self.clues and not any(clue in lowered for clue in self.clues):
            return False
        return digits >= _FEWEST_DIGITS.get(self.kind, 0)


_FEWEST_DIGITS = {"ip": 1, "iban": 2, "card": 13, "id": 6, "phone": 7, "number": 6}


def _find(text: str) -> Iterator[Span]:
    """Find what every rule finds, until none finds more in what the others left.

    Each stretch between marks is read as if it stood alone, as it will be when the result is masked
    again; that is why masking twice changes nothing.
    """
    lowered, digits = text.lower(), sum(map(str.isdecimal, text))
    rules = [rule for rule in _RULES if rule.may_match(lowered, digits)]
    if not rules:
        return
    stretches = [(start, text[start:end]) for start, end in _between_marks(text)]
    found = True
    while found:
        found = False
        for rule in rules:
            rest = []
            while stretches:
                offset, stretch = stretches.pop()
                spans = [m.span() for m in rule.pattern.finditer(stretch) if rule.holds(m)]
                if not spans:
                    rest.append((offset, stretch))
                    continue
                found = True
                done = 0
                for start, end in spans:
                    yield Span(offset + start, offset + end, rule.kind)
                    stretches.append((offset + done, stretch[done:start]))
                    done = end
                stretches.append((offset + done, stretch[done:]))
            stretches = [(offset, stretch) for offset, stretch in rest if stretch]


def _between_marks(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for match in _MARK.finditer(text):
        yield done, match.start()
        done = match.end()
    yield done, len(text)


# ------------------------------------------------------------------ check digits


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdecimal()]


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_card(match: re.Match[str]) -> bool:
    digits = _digits(match[0])
    return 13 <= len(digits) <= 19 and digits[0] in range(2, 7) and _luhn(digits)


# ISO 13616 registry, as far as commonly met: length of an IBAN by country.
_IBAN_LENGTHS = {
    length: codes.split()
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI NL", 19: "SI", 20: "AT BA EE LT LU XK",
        21: "CH HR LI LV", 22: "BG DE GB GE IE ME RS", 23: "AE GI IL",
        24: "AD CZ ES MD PK RO SA SE SK TN", 25: "PT", 26: "IS", 27: "FR GR IT MC SM",
        28: "AL AZ CY HU LB PL", 29: "BR", 30: "JO KW", 31: "MT",
    }.items()
}  # fmt: skip
_IBAN_LENGTH = {code: length for length, codes in _IBAN_LENGTHS.items() for code in codes}


def _is_iban(match: re.Match[str]) -> bool:
    account = re.sub("[ -]", "", match[0]).upper()
    if not account.isascii() or len(account) != _IBAN_LENGTH.get(account[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97 == 1


def _iban_pattern() -> str:
    """Write one alternative a length, so that the words after an account are not swallowed."""
    forms = (
        rf"(?:{'|'.join(codes)})\d\d(?:[ -]?[A-Z0-9]){{{length - 4}}}"
        for length, codes in _IBAN_LENGTHS.items()
    )
    return rf"(?<![^\W_])(?:{'|'.join(forms)})(?![^\W_])"


def _is_ssn(match: re.Match[str]) -> bool:
    area, group, serial = match[0][:3], match[0][4:6], match[0][7:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _is_cpf(match: re.Match[str]) -> bool:
    digits = _digits(match[0])
    for length in (9, 10):
        total = sum(d * w for d, w in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != digits[length]:
            return False
    return len(set(digits)) > 1


def _is_dni(match: re.Match[str]) -> bool:
    number = match[0].upper().replace("-", "").replace(" ", "")
    value = int(number[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[value % 23] == number[-1]


def _is_nir(match: re.Match[str]) -> bool:
    digits = re.sub(r"\s", "", match[0]).upper().replace("2A", "19").replace("2B", "18")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)  # fmt: skip # noqa: E501


def _is_codice_fiscale(match: re.Match[str]) -> bool:
    code = match[0].upper()
    if not code.isascii():  # case folding lets the Kelvin sign through
        return False
    values = [int(c) if c.isdigit() else ord(c) - ord("A") for c in code]
    total = sum(_ODD_VALUES[v] for v in values[0:15:2]) + sum(values[1:15:2])
    return total % 26 == values[15]


def _is_aadhaar(match: re.Match[str]) -> bool:
    """Check by Verhoeff's scheme: the dihedral group of order ten."""
    permuted = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, digit in enumerate(reversed(_digits(match[0]))):
        for _ in range(place % 8):
            digit = permuted[digit]
        flip = -1 if check >= 5 else 1
        turned = (check % 5 + flip * (digit % 5)) % 5
        check = turned + 5 * ((check >= 5) != (digit >= 5))
    return check == 0


def _is_luhn(match: re.Match[str]) -> bool:
    return _luhn(_digits(match[0]))


_VERSION_BEFORE = re.compile(
    r"\b(?:version|release|beta|alpha|build|firmware|update[ds]?|patch|ios|android|driver|v)\b"
    r"[^\w]{0,3}(?:(?:is|was|to|number)\W)?\W{0,2}$",
    re.IGNORECASE,
)


def _is_address(match: re.Match[str]) -> bool:
    """Tell an address of the internet from the version of a program."""
    return not _VERSION_BEFORE.search(match.string, max(0, match.start() - 24), match.start())


def _is_ipv6(match: re.Match[str]) -> bool:
    import ipaddress

    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return False
    return sum(map(bool, match[0].split(":"))) >= 3


# ------------------------------------------------------------------ numbers that are no secret

_CURRENCY = r"[$\u20ac\u00a3\u00a5\u20b9]|\b(?:usd|eur|gbp|chf|inr|rs)\b\.?"
_MONEY_BEFORE = re.compile(rf"(?:{_CURRENCY})\s?$", re.IGNORECASE)
_UNIT_AFTER = re.compile(
    rf"[.,]\d|\s?(?:%|{_CURRENCY}|\b(?:dollars?|euros?|pounds?|rupees|bucks|miles|km|steps|people|"
    r"users|customers|times|points|views)\b)",
    re.IGNORECASE,
)


def _is_amount(match: re.Match[str]) -> bool:
    start, end = match.span()
    before = _MONEY_BEFORE.search(match.string, max(0, start - 6), start)
    return bool(before or _UNIT_AFTER.match(match.string, end))


def _is_number(match: re.Match[str]) -> bool:
    """Tell an identifier from an amount and from a date without dashes."""
    digits = match[0]
    if _is_amount(match):
        return False
    if len(digits) != 8 or not digits.isdecimal():
        return True
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    return not (1900 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31)


def _is_phone(match: re.Match[str]) -> bool:
    return 7 <= len(_digits(match[0])) <= 15 and not _is_amount(match)


def _rule(
    kind: str, pattern: str, holds: Callable[[re.Match[str]], bool] = bool, *clues: str
) -> _Rule:
    return _Rule(kind, re.compile(pattern, re.IGNORECASE), holds, clues)


_BEFORE = r"(?<![\w.,/:+-])"
_AFTER = r"(?![\w/-]|[.,:]\d)"
_RULES = (
    _rule(
        "url",
        r"\b(?:(?:https?|ftp)://|www\.)[^\s<>\"'\[\]]*[^\s<>\"'\[\].,;:!?)]",
        bool,
        "://",
        "www.",
    ),
    _rule("email", r"(?<![\w.+-])[\w.+'-]{1,256}@[\w-]+(?:\.[\w-]+)+", bool, "@"),
    _rule(
        "email",
        r"(?<![\w.+-])[\w.+-]{1,64} ?[(\[]at[)\]] ?[\w-]{1,64} ?(?:\.|[(\[]dot[)\]]) ?"
        r"[a-z]{2,12}\b",
        bool,
        "(at)",
        "[at]",
    ),
    _rule("handle", r"(?<![\w@./+-])@[a-z_]\w{1,30}", bool, "@"),
    _rule("ip", r"(?<![\w.:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", _is_ipv6, ":"),
    _rule(
        "ip",
        r"(?<![\w.,])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}"
        r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|[.,]\d)",
        _is_address,
        ".",
    ),
    _rule("iban", _iban_pattern(), _is_iban),
    _rule(  # before cards: two check digits tell more than one
        "id",
        rf"{_BEFORE}[12] ?[0-9]{{2}} ?[0-9]{{2}} ?(?:[0-9]{{2}}|2[ab]) ?[0-9]{{3}} ?[0-9]{{3}}"
        rf" ?[0-9]{{2}}{_AFTER}",
        _is_nir,
    ),
    _rule("card", rf"{_BEFORE}[2-6](?:[ -]?\d){{12,18}}{_AFTER}", _is_card),
    _rule("id", rf"{_BEFORE}[0-9]{{3}}-[0-9]{{2}}-[0-9]{{4}}{_AFTER}", _is_ssn),
    _rule("id", rf"{_BEFORE}[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{3}}-[0-9]{{2}}{_AFTER}", _is_cpf),
    _rule("id", rf"{_BEFORE}(?:[0-9]{{8}}|[xyz]-?[0-9]{{7}})[ -]?[a-hj-np-tv-z]{_AFTER}", _is_dni),
    _rule(
        "id",
        r"\b[a-z]{6}[0-9]{2}[abcdehlmprst][0-9]{2}[a-z][0-9]{3}[a-z]\b",
        _is_codice_fiscale,
    ),
    _rule("id", rf"{_BEFORE}[2-9][0-9]{{3}} [0-9]{{4}} [0-9]{{4}}{_AFTER}", _is_aadhaar),
    _rule("id", rf"{_BEFORE}[0-9]{{3}} [0-9]{{3}} [0-9]{{3}}{_AFTER}", _is_luhn),
    _rule("id", rf"{_BEFORE}[0-9]{{6}}[-+][0-9]{{4}}{_AFTER}", _is_luhn),
    _rule("id", r"\b[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?(?:[0-9]{2} ?){3}[a-d]\b"),
    _rule(
        "phone", rf"(?<![\w.,/:+])(?:\+|00)[1-9](?:[ ()./-]{{0,3}}\d){{6,14}}{_AFTER}", _is_phone
    ),
    _rule(
        "phone",
        rf"{_BEFORE}(?:1[ .-])?(?:\(\d{{3}}\)|\d{{3}})[ .-]\d{{3}}[ .-]\d{{4}}{_AFTER}",
        _is_phone,
    ),
    _rule(
        "phone",
        rf"{_BEFORE}(?:\(0\d{{2,5}}\)|0\d{{2,5}})[ /-]\d{{3,8}}(?:[ -]\d{{2,5}})?{_AFTER}",
        _is_phone,
    ),
    _rule("phone", rf"{_BEFORE}0\d(?:[ .-]\d\d){{4}}{_AFTER}", _is_phone),
    _rule(
        "phone",
        rf"(?:(?<=call )|(?<=phone )|(?<=mobile )|(?<=cell )|(?<=tel )|(?<=tel: )|(?<=text ))"
        rf"\d{{3}}[ -]\d{{4}}{_AFTER}",
    ),
    _rule("phone", rf"{_BEFORE}0\d{{9,10}}{_AFTER}"),
    _rule("number", rf"{_BEFORE}\d{{3}}-\d{{7}}-\d{{7}}{_AFTER}"),
    _rule(
        "number",
        r"(?<![\w.,:/-])[a-z]{0,6}[#-]?\d{6,}(?![^\W\d_])",
        _is_number,
    ),
)
_MARK = re.compile(r"\[(?:" + "|".join(sorted({rule.kind for rule in _RULES})) + r")\]")
