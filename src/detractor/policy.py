"""What a care team decides beforehand: its means, its promises, its beliefs about customers."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.clock import BusinessHours
from detractor.errors import ConfigError, ParameterError, reason, suggestion

Floats = npt.NDArray[np.float64]

MUST_RULES = ("vulnerable", "safety", "escalation", "deadline")
"""What may put a customer into the must-contact lane: three signals, and a legal deadline."""


@runtime_checkable
class SavingModel(Protocol):
    """What `Policy` asks of a model of the saving.

    `detractor.recoveries.RecoveryModel` is one, for lots drawn from a queue, and
    `detractor.uplift.UpliftModel`, for lots drawn among all customers.

    Examples
    --------
    >>> class Flat:
    ...     weight = 0.4
    ...     def predict(self, customers):
    ...         return np.full(len(customers), 0.05)
    >>> isinstance(Flat(), SavingModel)
    True
    """

    @property
    def weight(self) -> float:
        """How much the evidence behind the model weighs against the prior, 0 to 1."""

    def predict(self, customers: pd.DataFrame) -> Floats:
        """Tell each customer's added probability of staying if contacted, -1 to 1."""


@dataclass(frozen=True, kw_only=True)
class ServiceHours:
    """Within how many business hours each lane is answered.

    Vendors report that leaders answer within 24 to 48 hours, which is about 8 to 16 working hours;
    the numbers are assumptions.

    Examples
    --------
    >>> ServiceHours(must_contact=2).standard
    16
    """

    must_contact: float = 4
    senior: float = 8
    standard: float = 16


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The means, rules and beliefs by which customers are ranked.

    Signs and orders of magnitude come from research where it is named; every other number is an
    assumption, to be replaced by what your own contacts teach (`saving_model`).

    Parameters
    ----------
    capacity : int, optional
        Most contacts tonight; no limit when not given. So for `hours` of work and `budget`.
    hours, budget : float, optional
        Most working hours and money tonight.
    hours_per_contact, cost_per_contact : float
        Half an hour, and 10 in your currency: assumptions.
    senior_factor : float
        How much longer and dearer a contact in the senior lane is: assumption.
    minimum_saving : float
        Contact nobody below this expected saving, the must-contact lane aside.
    anger_half_life_days : float
        45: a wish for revenge fades, but is still high at two months (Gregoire, Tripp and Legoux
        2009); the number is an assumption.
    churn_half_life_days : float
        180: avoidance does not fade (same source), but whoever meant to go has gone by then or
        has stayed; the number is an assumption. Dissatisfaction fades at the same pace.
    window_half_life_days : float
        60: how fast the chance to make good passes after a text. That quick answers keep more is
        vendors' experience; the number is an assumption.
    answered_weight : float
        What a text still counts after the customer was contacted about it: assumption.
    prior_recovered, prior_lost : float
        Beta(6, 14), mean 0.30, for the share of leavers that a contact keeps: the published
        default of the expected-maximum-profit measure for churn (Verbraken, Verbeke, Baesens 2013).
    severity_effect, failure_effect, tenure_effect, purchases_effect : float
        Shifts of recoverability in log odds: down with severity (Soares and Proenca 2015) and with
        each failed recovery; up with years of tenure and past purchases, by log(1 + n) (Knox and
        van Oest 2014). The signs are theirs, the sizes assumptions.
    base_churn : float
        P(leaves) of a customer of whom nothing is known: assumption. A control group of 65,000
        lost 6.4 % in three months (Ascarza, Iyengar and Schleicher 2016).
    forecast_weight, text_weight : float
        What your own forecast and what the texts say count, each as log odds beyond `base_churn`.
        Half and half is the logarithmic pool of two opinions (Genest and Zidek 1986) with equal
        weights, which estimated ones seldom beat (Clemen 1989); `fit_policy` estimates them from
        who left, and takes them only where they foretell better.
    anger_weight, detractor_weight : float
        How far anger, and dissatisfaction without a word of leaving, each predict leaving on their
        own: anger mediates behaviour (Bougie, Pieters and Zeelenberg 2003); sizes are assumptions.
    typical : tuple of float
        The `detractor`, `anger` and `churn_risk` of ordinary feedback, towards which old texts
        fade: assumption.
    trend_weight : float
        Log odds added when risk rises from 0 to 1, taken away when it falls: assumption.
    reach_weight : float
        Share of a customer's value added at full anger for bad word of mouth, which anger drives
        (Wetzer, Zeelenberg and Pieters 2007). 0, since the size is unknown and firms that answer
        the loudest first are unfair to the quiet.
    default_value : float
        200: the customer value that the expected-maximum-profit measure takes by default.
    rating_range : tuple of float
        Worst and best rating. Use (1, 5) for stars.
    detractor_rating : float
        Highest rating of a detractor: 6 of 10 by the definition of the net promoter score. Use 2
        for stars.
    high : float
        From here on a probability counts as high (quadrants, complaints).
    quiet_below : float
        A customer whose texts, as written, all have anger and intent below this, who never
        complained and asks for nothing, is let lie: unasked outreach raised churn from 6.4 to
        10.0 % (Ascarza and others 2016). The threshold is an assumption. Who complained long ago
        is no sleeping dog; there is only less left to make good.
    repeat_days : float
        Complaints, or a contact and a complaint, this close together are one trouble: assumption.
    signal_days : float
        How long a signal in a text calls for its lane: assumption.
    quarantine_days : float
        No second contact within, unless the customer complains again: assumption.
    must_contact : tuple of str
        Which of `MUST_RULES` apply.
    service_hours : ServiceHours
        Within how many business hours each lane is answered.
    calendar : BusinessHours
        When the team works.
    agents : tuple of str
        Authors that are not the customer, compared without case.
    holdout_share : float
        Share of the standard lane left alone at random, so that the effect can be measured:
        assumption.
    seed : int
        Draws the holdout; the same customers every night.
    saving_model : SavingModel, optional
        Replaces the prior of recoverability as far as its `weight` goes.

    Raises
    ------
    ParameterError
        When a value is outside its range; names it.

    Examples
    --------
    >>> Policy(capacity=20).prior_recoverability
    0.3
    >>> Policy(holdout_share=2)
    Traceback (most recent call last):
        ...
    detractor.errors.ParameterError: holdout_share=2: must lie in 0 to 1
    """

    capacity: int | None = None
    hours: float | None = None
    budget: float | None = None
    hours_per_contact: float = 0.5
    cost_per_contact: float = 10.0
    senior_factor: float = 2.0
    minimum_saving: float = 0.0
    anger_half_life_days: float = 45.0
    churn_half_life_days: float = 180.0
    window_half_life_days: float = 60.0
    answered_weight: float = 0.25
    prior_recovered: float = 6.0
    prior_lost: float = 14.0
    severity_effect: float = 0.5
    failure_effect: float = 1.0
    tenure_effect: float = 0.2
    purchases_effect: float = 0.1
    base_churn: float = 0.1
    forecast_weight: float = 0.5
    text_weight: float = 0.5
    anger_weight: float = 0.3
    detractor_weight: float = 0.15
    typical: tuple[float, float, float] = (0.25, 0.1, 0.05)
    trend_weight: float = 1.0
    reach_weight: float = 0.0
    default_value: float = 200.0
    rating_range: tuple[float, float] = (0.0, 10.0)
    detractor_rating: float = 6.0
    high: float = 0.5
    quiet_below: float = 0.5
    repeat_days: float = 90.0
    signal_days: float = 90.0
    quarantine_days: float = 14.0
    must_contact: tuple[str, ...] = MUST_RULES
    service_hours: ServiceHours = field(default_factory=ServiceHours)
    calendar: BusinessHours = field(default_factory=BusinessHours)
    agents: tuple[str, ...] = ("agent", "staff", "support", "company", "bot")
    holdout_share: float = 0.05
    seed: int = 0
    saving_model: SavingModel | None = None

    def __post_init__(self) -> None:
        mistakes = self._mistakes()
        if mistakes:
            raise ParameterError("; ".join(mistakes))

    def _mistakes(self) -> list[str]:
        found = []
        for names, (low, high) in RANGES.items():
            for name in names.split():
                value = getattr(self, name)
                if value is not None and not (_is_number(value) and low <= value <= high):
                    found.append(f"{name}={value!r}: must {_range_words(low, high)}")
        if not self.rating_range[0] < self.rating_range[1]:
            found.append(f"rating_range={self.rating_range}: the worst must lie below the best")
        if len(self.typical) != 3 or not all(0 < share < 1 for share in self.typical):
            found.append(f"typical={self.typical}: three numbers between 0 and 1")
        for rule in self.must_contact:
            if rule not in MUST_RULES:
                found.append(f"must_contact {rule!r}: {suggestion(rule, MUST_RULES)}")
        return found

    @property
    def prior_recoverability(self) -> float:
        """Share of leavers that a contact keeps, before anything is known of the customer."""
        return self.prior_recovered / (self.prior_recovered + self.prior_lost)

    def text_risk(self, detractor: Floats, anger: Floats, churn_risk: Floats) -> Floats:
        """Join the three heads into the risk that a text speaks of, 0 to 1.

        Each head could make the customer leave on its own, so what is left is the product of what
        each leaves (a noisy or).

        Examples
        --------
        >>> one = np.array([1.0])
        >>> Policy(detractor_weight=0.1, anger_weight=0.5).text_risk(one, one, one * 0)
        array([0.55])
        """
        calm = (1 - self.detractor_weight * detractor) * (1 - self.anger_weight * anger)
        return 1 - calm * (1 - churn_risk)

    @classmethod
    def from_toml(cls, source: str | Path) -> Policy:
        r"""Read a policy from a TOML file, or from TOML given as text with a line break in it.

        Keys are the parameters; `[service_hours]` and `[calendar]` are tables.

        Raises
        ------
        ConfigError
            Lists every mistake.

        Examples
        --------
        >>> Policy.from_toml("capacity = 20\n[service_hours]\nstandard = 8\n").capacity
        20
        >>> Policy.from_toml("capcity = 20\n")
        Traceback (most recent call last):
            ...
        detractor.errors.ConfigError: unknown key 'capcity'; did you mean 'capacity'?
        """
        text = str(source)
        if "\n" not in text:
            try:
                text = Path(source).read_text(encoding="utf-8")
            except OSError as error:
                raise ConfigError(
                    f"cannot read the policy {str(source)!r}: {reason(error)}"
                ) from error
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"the policy is not TOML: {error}") from error
        return cls.from_mapping(table)

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> Policy:
        """Build a policy from plain data, as TOML or JSON hold it.

        Raises
        ------
        ConfigError
            Lists every mistake.

        Examples
        --------
        >>> Policy.from_mapping({"calendar": {"opens": 8}}).calendar.opens
        8
        """
        mistakes: list[str] = []
        settings = _known(cls, table, mistakes, prefix="")
        settings.pop("saving_model", None)
        for name, part in (("service_hours", ServiceHours), ("calendar", BusinessHours)):
            if name in settings:
                settings[name] = _build(part, settings[name], mistakes, prefix=name + ".")
        policy = _build(cls, settings, mistakes, prefix="")
        if mistakes:
            raise ConfigError("; ".join(dict.fromkeys(mistakes)))
        return policy  # type: ignore[no-any-return]


RANGES = {
    "capacity hours budget minimum_saving cost_per_contact default_value": (0, math.inf),
    "severity_effect failure_effect tenure_effect purchases_effect": (0, math.inf),
    "trend_weight reach_weight forecast_weight text_weight": (0, math.inf),
    "repeat_days signal_days quarantine_days": (0, math.inf),
    "hours_per_contact anger_half_life_days": (1e-6, math.inf),
    "churn_half_life_days window_half_life_days": (1e-6, math.inf),
    "prior_recovered prior_lost": (1e-6, math.inf),
    "senior_factor": (1, math.inf),
    "answered_weight anger_weight detractor_weight high quiet_below holdout_share": (0, 1),
    "base_churn": (1e-6, 1 - 1e-6),
    "detractor_rating": (-math.inf, math.inf),
    "seed": (0, 2**53),
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not math.isnan(float(value))


def _range_words(low: float, high: float) -> str:
    if high == math.inf:
        return f"be a number of at least {low:g}" if low > -math.inf else "be a number"
    return f"lie in {low:g} to {high:g}"


def _known(
    kind: type[Any], table: Mapping[str, Any], mistakes: list[str], *, prefix: str
) -> dict[str, Any]:
    names = [part.name for part in fields(kind)]
    unknown = [key for key in table if key not in names]
    mistakes += [f"unknown key {prefix + key!r}; {suggestion(key, names)}" for key in unknown]
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
        if key not in unknown
    }


def _build(kind: type[Any], table: object, mistakes: list[str], *, prefix: str) -> Any:  # noqa: ANN401
    if not isinstance(table, Mapping):
        mistakes.append(f"{prefix.rstrip('.')} must be a table, not {table!r}")
        return None if kind is Policy else kind()
    try:
        return kind(**_known(kind, table, mistakes, prefix=prefix))
    except (ParameterError, TypeError) as error:
        mistakes.append(f"{prefix}{error}")
        return kind()
