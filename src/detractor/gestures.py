"""The parts of a playbook: roles, gestures, service levels and the limits of pay-back."""

from __future__ import annotations

from dataclasses import dataclass

LAYERS = ("fix", "concern", "wow")
KINDS = ("replace", "repair", "refund", "credit", "time", "upgrade", "personal")
LOSS_KINDS = ("money", "time", "goods", "event", "trust", "safety")
PLANNED_LANES = ("must_contact", "senior", "standard")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on what is paid back.

    Parameters
    ----------
    pay_back_cap : float
        Times the loss, from 1; 1.5 because more does not please further (Haesevoets et al. 2017).
    goodwill : float
        Most to give where no loss in money is known: assumption.
    hour_worth : float
        What an hour of the customer's time is taken to be worth: assumption.
    currency : str
        The currency of this playbook, such as "GBP"; a sum in another is left to a person. With ""
        every sum is taken to be in yours.

    Examples
    --------
    >>> Limits().pay_back_cap
    1.5
    """

    pay_back_cap: float = 1.5
    goodwill: float = 20.0
    hour_worth: float = 15.0
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Role:
    """Somebody who may give up to `authority` to one customer without asking.

    Examples
    --------
    >>> Role(name="agent", authority=50.0).authority
    50.0
    """

    name: str
    authority: float


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """By when a lane is answered (business hours), through what channel, and by whom.

    Examples
    --------
    >>> ServiceLevel(lane="senior", hours=8.0, channel="phone", owner="care manager").hours
    8.0
    """

    lane: str
    hours: float
    channel: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """One thing that may be done for a customer.

    Parameters
    ----------
    layer : {"fix", "concern", "wow"}
        Take the pain away; show concern; something unexpected.
    kind : str
        One of `KINDS`.
    losses : tuple of str
        The kinds of loss it makes good (`LOSS_KINDS`); empty fits any customer.
    lanes : tuple of str
        Only for customers of these lanes; empty is any.
    of_loss, worth : float
        What the customer receives: so many times the loss, and a fixed sum.
    cost_share, cost, handling : float
        What it costs you: a share of ``of_loss`` times the loss, a fixed sum (the same as `worth`
        unless said), and the work around it.
    lift : float
        Share of the remaining risk of leaving that it takes away, 0 to 1.
    fallback : bool
        Only where no other fix matches the kind of loss.
    apology : bool
        It carries an apology.
    approval : str
        The role that must agree, whatever the cost.
    per_year, stock : int, optional
        Most for one customer in a year, and most in one plan.

    Examples
    --------
    >>> card = Gesture(name="card", layer="wow", kind="personal", handling=3.0, lift=0.02)
    >>> card.given(loss=100.0), card.spent(loss=100.0)
    (0.0, 3.0)
    """

    name: str
    layer: str
    kind: str
    losses: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    of_loss: float = 0.0
    worth: float = 0.0
    cost_share: float = 1.0
    cost: float | None = None
    handling: float = 0.0
    lift: float = 0.0
    fallback: bool = False
    apology: bool = False
    approval: str = ""
    per_year: int | None = None
    stock: int | None = None

    def given(self, loss: float) -> float:
        """Say what the customer receives for a loss, in money.

        Examples
        --------
        >>> Gesture(name="refund", layer="fix", kind="refund", of_loss=1.1).given(loss=10.0)
        11.0
        """
        return self.of_loss * loss + self.worth

    def spent(self, loss: float) -> float:
        """Say what that costs you.

        Examples
        --------
        >>> again = Gesture(name="again", layer="fix", kind="replace", of_loss=1, cost_share=0.5)
        >>> again.spent(loss=10.0)
        5.0
        """
        fixed = self.worth if self.cost is None else self.cost
        return self.of_loss * loss * self.cost_share + fixed + self.handling


@dataclass(frozen=True, kw_only=True)
class FirstLines:
    """How a person may open the first message: one line for each kind of loss.

    ``{thing}`` stands for what was lost or missed, ``{amount}`` for the sum, ``{hours}`` for the
    wait; a line whose words are not known falls back to `trouble`. `again` follows where it was
    not the first time.

    Examples
    --------
    >>> FirstLines().goods.format(thing="suitcase")
    'I am sorry about your suitcase.'
    """

    safety: str = "I am sorry. Before anything else: are you safe now?"
    goods: str = "I am sorry about your {thing}."
    event: str = "I am sorry about your {thing}, and what it cost you."
    money: str = "I am sorry about the {amount} that you are out of pocket."
    time: str = "I am sorry that you were kept for {hours}."
    trust: str = "I am sorry that you could not rely on what we told you."
    trouble: str = "I am sorry for the trouble we caused you."
    again: str = "And I am sorry that it was not the first time."
