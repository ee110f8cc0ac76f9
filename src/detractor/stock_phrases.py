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
    r"|level|met|meet|bother|mishap|hiccup|misunderstanding|confusion|discomfort|whatever|also|all|just)"
)
"""Words of which an apology that names no trouble is made."""

_DOUBT = re.compile(
    r"\b(?:if|should|any\w*|may|might|could|would|some|such|you|whatever|feel|felt)\b",
    re.IGNORECASE,
)
_SORRY = re.compile(r"\b(?:sorry|apolog|regret)", re.IGNORECASE)
_FOR_THE_FILE = re.compile(
    r"\b(?:numbers?|reference|ref|e-?mail|address|post ?code|zip|name|account|phone|booking|dm"
    r"|message|details|code|receipt|photos?|pictures?|screenshots?)\b",
    re.IGNORECASE,
)
"""Asked for of every customer: such a question does not show that the trouble was read."""


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


def asks_how(text: str) -> bool:
    """Say whether a sentence asks about the trouble, not for what finds a customer in the files.

    Examples
    --------
    >>> asks_how("Does it happen on start?"), asks_how("Could you send your order number?")
    (True, False)
    """
    return "?" in text and not _FOR_THE_FILE.search(text)
