"""List what may be offered to one customer: a fix, a word of concern, perhaps a surprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from detractor.gestures import Gesture
from detractor.playbook import Playbook

_CENT = 0.005


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the rules look at in one customer.

    Parameters
    ----------
    lane : str
        One of the lanes of the playbook.
    losses : tuple of str
        The kinds of loss, the weightiest first.
    loss : float
        What was lost in money; 0 where that is not known.
    stake : float
        What leaving would cost: value times the chance of leaving times freshness.
    recoverability : float
        The chance that a plain contact keeps the customer, 0 to 1.
    given : mapping
        How often each gesture was given in the past year.

    Examples
    --------
    >>> Case(lane="standard", losses=("money",), loss=12.0).stake
    0.0
    """

    lane: str = "standard"
    losses: tuple[str, ...] = ()
    loss: float = 0.0
    stake: float = 0.0
    recoverability: float = 0.3
    given: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One fix, one concern and perhaps a wow; what they give, cost and save; and who may decide.

    `decided_by` is the lowest role whose authority covers what is given, or "" where none does.

    Examples
    --------
    >>> from detractor.playbook import load_playbook
    >>> offer = offers(Case(losses=("money",), loss=10.0, stake=100.0), load_playbook())[0]
    >>> offer.fix.name, offer.pay_back, offer.decided_by
    ('refund what was paid', 10.0, 'agent')
    """

    fix: Gesture
    concern: Gesture
    wow: Gesture | None
    pay_back: float
    cost: float
    saving: float
    decided_by: str

    @property
    def gestures(self) -> tuple[Gesture, ...]:
        """The gestures, in the order of their layers.

        Examples
        --------
        >>> from detractor.playbook import load_playbook
        >>> [gesture.layer for gesture in offers(Case(), load_playbook())[0].gestures][:2]
        ['fix', 'concern']
        """
        return tuple(gesture for gesture in (self.fix, self.concern, self.wow) if gesture)


def offers(case: Case, playbook: Playbook) -> list[Offer]:
    """List every offer that the playbook allows, in the order of the playbook.

    The fix pays back at least the loss, and the offer at most `pay_back_cap` times that; where the
    loss is not known in money, at most `goodwill`. In the senior lane, where a recovery has failed
    before, it must hold both an apology and compensation (Joireman et al. 2013). What the cheapest
    offer costs is owed to the customer anyway, so only what an offer costs beyond it lowers its
    saving.

    Examples
    --------
    >>> from detractor.playbook import load_playbook
    >>> found = offers(Case(losses=("goods",), loss=40.0, stake=90.0), load_playbook())
    >>> sorted({offer.fix.name for offer in found})
    ['repair at our cost', 'send it again']
    """
    limits = playbook.limits
    most = case.loss * limits.pay_back_cap if case.loss else limits.goodwill
    fixes = _fixes(case, playbook)
    concerns = list(_allowed(case, playbook, "concern"))
    wows = [None, *_allowed(case, playbook, "wow")]
    made: list[tuple[Gesture, Gesture, Gesture | None, float, float]] = []
    for fix, concern, wow in product(fixes, concerns, wows):
        gestures = [gesture for gesture in (fix, concern, wow) if gesture]
        pay_back = sum(gesture.given(case.loss) for gesture in gestures)
        if not case.loss - _CENT <= pay_back <= most + _CENT:
            continue
        if case.lane == "senior" and not _apologizes_and_compensates(gestures, pay_back):
            continue
        cost = sum(gesture.spent(case.loss) for gesture in gestures)
        made.append((fix, concern, wow, pay_back, cost))
    owed = min((cost for *_, cost in made), default=0.0)
    return [
        Offer(
            fix=fix,
            concern=concern,
            wow=wow,
            pay_back=round(pay_back, 2),
            cost=round(cost, 2),
            saving=_kept(case, (fix, concern, wow)) - (cost - owed),
            decided_by=_decider(pay_back, (fix, concern, wow), case, playbook),
        )
        for fix, concern, wow, pay_back, cost in made
    ]


def _apologizes_and_compensates(gestures: Iterable[Gesture], pay_back: float) -> bool:
    return pay_back > _CENT and any(gesture.apology for gesture in gestures)


def _allowed(case: Case, playbook: Playbook, layer: str) -> Iterator[Gesture]:
    given = case.given or {}
    for gesture in playbook.gestures:
        if gesture.layer != layer or (gesture.lanes and case.lane not in gesture.lanes):
            continue
        if gesture.losses and not set(gesture.losses) & set(case.losses):
            continue
        if gesture.per_year is None or given.get(gesture.name, 0) < gesture.per_year:
            yield gesture


def _fixes(case: Case, playbook: Playbook) -> list[Gesture]:
    """Keep the fixes that pay the loss back; a fallback only where no kind matches the loss."""
    fixes = [
        fix for fix in _allowed(case, playbook, "fix") if fix.given(case.loss) >= case.loss - _CENT
    ]
    return [fix for fix in fixes if not fix.fallback] or fixes


def _kept(case: Case, gestures: Iterable[Gesture | None]) -> float:
    """Say what the stake is worth after a contact with these gestures."""
    leaves = 1 - case.recoverability
    for gesture in gestures:
        leaves *= 1 - (gesture.lift if gesture else 0.0)
    return case.stake * (1 - leaves)


def _decider(
    pay_back: float, gestures: Iterable[Gesture | None], case: Case, playbook: Playbook
) -> str:
    lowest = max(
        (
            playbook.rank_of(gesture.approval)
            for gesture in gestures
            if gesture and gesture.approval
        ),
        default=0,
    )
    if case.lane == "senior":
        lowest = max(lowest, playbook.rank_of(playbook.level("senior").owner))
    for role in playbook.roles[lowest:]:
        if role.authority >= pay_back - _CENT:
            return role.name
    return ""
