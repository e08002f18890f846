"""How strict the gates are: a preset, its overrides, and the trainers that a window must suit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Self, cast

from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Severity
from take5.scoring.gates.rules import OFF, RULES, STRICTNESSES, Limits, Rule, Strictness
from take5.scoring.gates.trainability import known_trainer

FORMS = "off, warn, reject, NUMBER, warn:NUMBER or reject:NUMBER"


def preset(strictness: Strictness) -> Mapping[Code, Limits]:
    """Limits of every gate at a strictness."""
    return MappingProxyType({rule.code: rule.limits(strictness) for rule in RULES.values()})


@dataclass(frozen=True)
class GateConfig:
    """The limits in force.

    Parameters
    ----------
    strictness : {'loose', 'normal', 'strict'}
        The preset.
    overrides : tuple of str
        Overrides of the preset: ``GATE=off``; ``GATE=warn`` or ``GATE=reject`` (what it does at its limits);
        ``GATE=NUMBER`` (where it rejects); ``GATE=warn:NUMBER`` or ``GATE=reject:NUMBER``. The later one wins.
    trainers : tuple of str
        Trainers that must be able to train on a window; see :mod:`take5.scoring.gates.trainability`.

    Raises
    ------
    ParameterError
        If a value is none of these.
    """

    strictness: str = "normal"
    overrides: tuple[str, ...] = ()
    trainers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.strictness not in STRICTNESSES:
            raise ParameterError(f"strictness {self.strictness!r} must be one of {', '.join(STRICTNESSES)}")
        for trainer in self.trainers:
            known_trainer(trainer)
        _ = self.limits  # checks every override

    @classmethod
    def of(cls, strictness: str = "normal", overrides: Iterable[str] = (), trainers: Iterable[str] = ()) -> Self:
        """Build a configuration from any iterables."""
        return cls(strictness, tuple(overrides), tuple(trainers))

    @cached_property
    def limits(self) -> dict[Code, Limits]:
        """Limits of every gate."""
        limits = dict(preset(cast("Strictness", self.strictness)))
        for override in self.overrides:
            rule, value = _split(override)
            limits[rule.code] = _changed(rule, limits[rule.code], value, override)
        return limits

    def json(self) -> dict[str, object]:
        """What the verdicts depend on, for reports."""
        return {"strictness": self.strictness, "overrides": list(self.overrides), "trainers": list(self.trainers)}


def _split(override: str) -> tuple[Rule, str]:
    name, equals, value = override.partition("=")
    if not equals:
        raise ParameterError(f"gate {override!r} must be GATE=VALUE, as too_far=40; VALUE is {FORMS}")
    known = {str(code): rule for code, rule in RULES.items()}
    if name.strip() not in known:
        raise ParameterError(f"unknown gate {name.strip()!r}; choose one of {', '.join(known)}")
    return known[name.strip()], value.strip()


def _changed(rule: Rule, limits: Limits, value: str, override: str) -> Limits:
    """Apply an override to a gate's limits."""
    does, colon, number = value.rpartition(":")
    if value == "off":
        return OFF
    if value in tuple(Severity):
        return _only(rule, limits, Severity(value))
    if colon and does not in tuple(Severity):
        raise ParameterError(f"gate {override!r}: {does!r} must be warn or reject")
    severity = Severity(does) if does else (Severity.REJECT if rule.may_reject else Severity.WARN)
    _allowed(rule, severity)
    limit = _number(number, override)
    return limits._replace(warn=limit) if severity is Severity.WARN else limits._replace(reject=limit)


def _only(rule: Rule, limits: Limits, severity: Severity) -> Limits:
    """Do only this at the limit where the gate acts now, or else at normal or strict."""
    _allowed(rule, severity)
    levels = (limits, rule.normal, rule.strict)
    limit = next(limit for level in levels for limit in (level.reject, level.warn) if limit is not None)
    if severity is Severity.WARN:
        return Limits(warn=limit if limits.warn is None else limits.warn)
    return limits._replace(reject=limit)


def _allowed(rule: Rule, severity: Severity) -> None:
    if severity is Severity.REJECT and not rule.may_reject:
        raise ParameterError(f"gate {rule.code} compares with the whole session, so it can warn, not reject")


def _number(text: str, override: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ParameterError(f"gate {override!r}: {text!r} is not a number; VALUE is {FORMS}")
    return number


NORMAL = GateConfig()
"""The default: the preset "normal", and no trainer chosen."""
