"""Tell what fits every trouble from what names one: stock apologies, questions, everyday words."""

from __future__ import annotations

import re

_COMMON = re.compile(
    r"(?:after|again|because|before|being|every|more|never|nobody|other|over|still|times?|where|while"
    r"|without|regards|best|name|call\w*|staff|support|reviews?|tomorrow|week|days?|hours?|minutes?"
    r"|free)"
)
"""Words that texts about any trouble share, besides those of a general apology."""

_GENERAL = re.compile(
    r"(?:a|am|an|and|any|anything|are|as|at|be|been|by|but|can|could|did|do|does|for|from|had|has|have"
    r"|he|hear|heard|her|here|him|his|how|i|if|in|into|is|it|its|let|may|me|might|must|my|no|not|of|on"
    r"|once|one|or|our|out|shall|she|should|so|some|something|such|than|that|the|their|them|then|there"
    r"|these|they|this|those|to|today|too|up|us|very|was|we|were|what|when|which|who|will|with|would"
    r"|you|your|yours|yourself|re|ve|ll|s|t|m|d"
    r"|sorr\w+|apolog\w+|regret\w*|sincere\w*|deep\w*|tru(?:e|ly)|really|terribly|extremely|most|much"
    r"|inconvenien\w+|caus\w+|experienc\w+|service\w*|standards?|below|under|expect\w*|dissatisf\w+"
    r"|unhappy|happy|satisf\w+|disappoint\w+|concern\w*|feedback|comments?|message\w*|e|mail|email"
    r"|letter|contact\w*|get|gets|getting|got|touch|thank\w*|taking|time|writ\w+|wrote|query|issues?"
    r"|problems?|trouble|matter\w*|situation|occasion|learn\w*|read\w*|receiv\w+|feel|felt|want\w*"
    r"|way|team|department|passed|forward\w*|escalat\w+|logg\w+|important|valu\w+|customers?|guests?"
    r"|dear|sir|madam|hi|hello|please|accept|behalf|offer\w*|appreciat\w+|understand|understood|about"
    r"|frustrat\w+|upset\w*|annoy\w+|hope|know|see|arisen|arose|complaints?|above|quality|usual"
    r"|level|met|meet|fell|fall\w*|short|instance|bother|mishap|hiccup|misunderstanding|confusion"
    r"|discomfort|whatever|also|all|just)"
)
"""Words of which an apology that names no trouble is made."""

_DOUBT = re.compile(
    r"\b(?:if|should|any\w*|may|might|could|would|some|such|you|whatever|feel|felt)\b",
    re.IGNORECASE,
)
_SORRY = re.compile(r"\b(?:sorry|apolog|regret)", re.IGNORECASE)
_IN_TOUCH = re.compile(
    r"\b(?:will|'ll|\u2019ll|shall|going to|gonna|can|may|could|expect)\b.{0,60}"
    r"\b(?:(?:tele)?phone|ring|call|write|e-?mail|contact|respond|reply|answer|touch|get back"
    r"|come back|visit|speak|talk|chat|respon\w+|find you|dealt with|handled|reviewed"
    r"|look(?:ed)? into|hear from)\b"
    r"|\b(?:has|have) been (?:\w+ )?(?:logged|assigned|received|given|escalated|forwarded|passed"
    r"|shared|noted|registered|recorded|allocated|referred)\b"
    r"|\b(?:confirm|acknowledge)s? (?:the )?receipt\b|\bmy name is\b|\byour (?:agent|contact)\b"
    r"|\bthanks?(?: you)?\b.{0,30}\bfor\b",
    re.IGNORECASE,
)
"""A promise to be in touch, a matter that is passed on, thanks for writing."""
_ASKING = re.compile(
    r"\?|\b(?:please|pls|let (?:us|me) know|tell (?:us|me)|send (?:us|me)|dm (?:us|me)|share)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\b(?:and|so|in order)\b", re.IGNORECASE)
_PROCEDURE = re.compile(
    r"(?:private\w*|order\w*|booking\w*|account\w*|detail\w*|address|names?|numbers?|phone|telephone"
    r"|ref|reference|postcode|zip|dms?|direct|code|photos?|pictures?|screenshots?|send|share|provide"
    r"|give|reply|repl(?:ies|ied)|respon[ds]\w*|answer\w*|call\w*|ring|back|handl\w+|process\w*"
    r"|assign\w*|look\w*|investigat\w+|check\w*|review\w*|follow\w*|sort\w*|fix\w*|resolv\w+"
    r"|solv\w+|correct\w*|update\w*|inform\w*|advis\w+|assist\w*|help\w*|further|relevant"
    r"|appropriate|colleague\w*|members?|manager\w*|supervisor\w*|specialist\w*|agents?|person\w*"
    r"|staff|support|working|business|days?|hours?|minutes?|weeks?|months?|tomorrow|now|soon|shortly"
    r"|later|end|within|next|first|\w+day|morning|afternoon|evening|noon|possible|able|ask\w*|tell"
    r"|sure|make|making|taken?|go|going|forward|proper\w*|full\w*|case|ticket|file)"
)
"""Words of which a promise to be in touch or a question for the file is made, besides those of a
general apology: asked of and promised to every customer, they do not show what was read."""


def is_common(word: str) -> bool:
    """Say whether a word, in lower case, is shared by texts about any trouble.

    Examples
    --------
    >>> is_common("service"), is_common("suitcase")
    (True, False)
    """
    return bool(_COMMON.fullmatch(word) or _GENERAL.fullmatch(word))


def is_general(text: str) -> bool:
    """Say whether a sentence is made of words that fit every trouble.

    Examples
    --------
    >>> is_general("We are sorry for the inconvenience."), is_general("Sorry about the leak.")
    (True, False)
    """
    words = re.findall(r"[^\W\d_]{3,}", text.lower())
    return all(_GENERAL.fullmatch(word) for word in words)


def is_plain(text: str) -> bool:
    """Say whether a sentence names nothing and doubts nothing.

    Examples
    --------
    >>> is_plain("Sorry for the inconvenience."), is_plain("Sorry if you felt upset.")
    (True, False)
    """
    return is_general(text) and not _DOUBT.search(text)


def is_plain_apology(text: str) -> bool:
    """Say whether a sentence is sorry, names nothing and doubts nothing.

    Examples
    --------
    >>> is_plain_apology("Sorry about this!"), is_plain_apology("Thanks for the message.")
    (True, False)
    """
    return is_plain(text) and bool(_SORRY.search(text))


def is_procedure(text: str) -> bool:
    """Say whether a sentence promises or asks no more than one does in every trouble.

    Examples
    --------
    >>> is_procedure("A colleague will call you within two days."), is_procedure("Fee's off.")
    (True, False)
    """
    return all(map(_is_stock_clause, _JOINT.split(text)))


def _is_stock_clause(text: str) -> bool:
    if _IN_TOUCH.search(text) and not asks(text):
        return True
    words = re.findall(r"[^\W\d_]{3,}", text.lower())
    return all(_GENERAL.fullmatch(word) or _PROCEDURE.fullmatch(word) for word in words)


def asks(text: str) -> bool:
    """Say whether a sentence asks for something.

    Examples
    --------
    >>> asks("Please send us the number."), asks("We will be in touch.")
    (True, False)
    """
    return bool(_ASKING.search(text))
