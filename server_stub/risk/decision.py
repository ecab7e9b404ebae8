"""The decision: a pure function of policy and facts, in which every rule that is broken says so by itself."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from server_stub.risk.policy import (
    DAY,
    AmountWindow,
    Cap,
    CodeKind,
    Denied,
    Mode,
    NewDevice,
    OfflineExposure,
    Place,
    Reason,
    RiskPolicy,
    Rule,
    Subject,
    Travel,
    Velocity,
    Window,
)
from server_stub.risk.usage import Usage
from wallet_sdk.protocol.ids import MerchantId, TerminalId, WalletId
from wallet_sdk.protocol.messages import Grade
from wallet_sdk.protocol.money import Currency, Money

#: Mean radius of the Earth. Source: IUGG, GRS 80.
_EARTH_RADIUS_M: Final = 6_371_009

_VELOCITY: Final = {
    Subject.DEVICE: Reason.DEVICE_VELOCITY,
    Subject.MERCHANT: Reason.MERCHANT_VELOCITY,
    Subject.TERMINAL: Reason.TERMINAL_VELOCITY,
}
_AMOUNT: Final = {
    Subject.DEVICE: Reason.DEVICE_AMOUNT,
    Subject.MERCHANT: Reason.MERCHANT_AMOUNT,
    Subject.TERMINAL: Reason.TERMINAL_AMOUNT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a device paid last, and when."""

    terminal_id: TerminalId
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """Everything a decision is made of.

    Attributes:
        made_at_s: when the payer agreed; an offline payment is claimed later.
        device_age_s: since the wallet was enrolled.
        denied: what of this payment is on the denylist, such as "token"; empty when nothing is.
        uncovered_minor: what the operator would bear.
        usage: for each window of the policy, what took effect in it before this payment.
        last_seen: None when the device has not paid before, or nobody follows devices.
    """

    merchant_id: MerchantId
    terminal_id: TerminalId
    wallet_id: WalletId
    amount_minor: int
    currency: Currency
    grade: Grade
    code: CodeKind
    made_at_s: int
    device_age_s: int
    denied: tuple[str, ...] = ()
    uncovered_minor: int = 0
    usage: Mapping[Window, tuple[Usage, ...]]
    last_seen: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule: what was found, what is allowed, in words."""

    rule: str
    mode: Mode
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Every broken rule, in the sequence of the file; shadow ones refuse nothing."""

    findings: tuple[Finding, ...] = ()

    @property
    def refusal(self) -> Finding | None:
        """The first rule in force that refuses, None when the payment may go on."""
        return next((found for found in self.findings if found.mode is Mode.ENFORCE), None)


#: What most payments get.
CLEAR: Final = Decision()


def decide(policy: RiskPolicy, facts: RiskFacts) -> Decision:
    """Hold the facts of one payment against every rule."""
    findings = tuple(found for rule in policy.rules if (found := _judge(rule, policy, facts)) is not None)
    return Decision(findings=findings) if findings else CLEAR


def distance_m(one: Place, other: Place) -> int:
    """Along the Earth's surface, in whole metres. Source: haversine formula."""
    north, north_too = (math.radians(place.latitude_e6 / 1e6) for place in (one, other))
    east = math.radians((other.longitude_e6 - one.longitude_e6) / 1e6)
    chord = math.sin((north_too - north) / 2) ** 2 + math.cos(north) * math.cos(north_too) * math.sin(east / 2) ** 2
    return round(2 * _EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord))))


def _judge(rule: Rule, policy: RiskPolicy, facts: RiskFacts) -> Finding | None:
    match rule:
        case Velocity():
            return _judge_velocity(rule, facts)
        case AmountWindow():
            return _judge_amount(rule, facts)
        case Cap():
            return _judge_cap(rule, facts)
        case NewDevice():
            return _judge_new_device(rule, facts)
        case Denied():
            return _judge_denied(rule, facts)
        case OfflineExposure():
            return _judge_exposure(rule, facts)
        case Travel():
            return _judge_travel(rule, policy.places, facts)
        case _:
            assert_never(rule)


def _judge_velocity(rule: Velocity, facts: RiskFacts) -> Finding | None:
    count = 1 + sum(used.count for used in facts.usage[rule.window])
    if count <= rule.count_max:
        return None
    text = f"{count} payments in {rule.window.length_s} s, at most {rule.count_max}"
    return _found(rule, _VELOCITY[rule.window.subject], text)


def _judge_amount(rule: AmountWindow, facts: RiskFacts) -> Finding | None:
    if facts.currency is not rule.currency:
        return None
    total_minor = facts.amount_minor + _sum_minor(facts.usage[rule.window], currency=rule.currency)
    if total_minor <= rule.amount_max_minor:
        return None
    text = _too_much(total_minor, rule.amount_max_minor, rule.currency, where=f"in {rule.window.length_s} s")
    return _found(rule, _AMOUNT[rule.window.subject], text)


def _judge_cap(rule: Cap, facts: RiskFacts) -> Finding | None:
    if facts.currency is not rule.currency or facts.grade not in rule.grades or facts.code not in rule.codes:
        return None
    if rule.payment_max_minor is not None and facts.amount_minor > rule.payment_max_minor:
        text = _too_much(facts.amount_minor, rule.payment_max_minor, rule.currency, where="in one payment")
        return _found(rule, Reason.PAYMENT_CAP, text)
    if rule.day_max_minor is None:
        return None
    same = (used for used in facts.usage[DAY] if used.code in rule.codes)
    total_minor = facts.amount_minor + _sum_minor(same, currency=rule.currency)
    if total_minor <= rule.day_max_minor:
        return None
    return _found(
        rule, Reason.DAY_CAP, _too_much(total_minor, rule.day_max_minor, rule.currency, where="of such codes in a day")
    )


def _judge_new_device(rule: NewDevice, facts: RiskFacts) -> Finding | None:
    young = facts.device_age_s < rule.age_s
    if not young or facts.currency is not rule.currency or facts.amount_minor <= rule.payment_max_minor:
        return None
    where = f"from a device {facts.device_age_s} s old, until it is {rule.age_s} s old"
    return _found(
        rule, Reason.NEW_DEVICE, _too_much(facts.amount_minor, rule.payment_max_minor, rule.currency, where=where)
    )


def _judge_denied(rule: Denied, facts: RiskFacts) -> Finding | None:
    if not facts.denied:
        return None
    return _found(rule, Reason.DENYLISTED, f"{', '.join(facts.denied)} on the denylist")


def _judge_exposure(rule: OfflineExposure, facts: RiskFacts) -> Finding | None:
    if facts.currency is not rule.currency or not facts.uncovered_minor:
        return None
    used = facts.usage[rule.window]
    borne_minor = facts.uncovered_minor + sum(one.borne_minor for one in used if one.currency is rule.currency)
    if borne_minor <= rule.amount_max_minor:
        return None
    where = f"borne for one merchant in {rule.window.length_s} s"
    return _found(
        rule, Reason.OFFLINE_EXPOSURE, _too_much(borne_minor, rule.amount_max_minor, rule.currency, where=where)
    )


def _judge_travel(rule: Travel, places: Mapping[TerminalId, Place], facts: RiskFacts) -> Finding | None:
    if facts.last_seen is None:
        return None
    here, there = places.get(facts.terminal_id), places.get(facts.last_seen.terminal_id)
    if here is None or there is None:
        return None
    metres = distance_m(there, here)
    seconds = abs(facts.made_at_s - facts.last_seen.at_s)
    # metres / seconds > km/h, without dividing: a device seen twice in one second has moved too fast
    if metres < rule.distance_min_m or metres * 3600 <= rule.speed_max_km_h * 1000 * seconds:
        return None
    return _found(rule, Reason.IMPOSSIBLE_TRAVEL, f"{metres} m in {seconds} s, faster than {rule.speed_max_km_h} km/h")


def _sum_minor(used: Iterable[Usage], *, currency: Currency) -> int:
    return sum(one.amount_minor for one in used if one.currency is currency)


def _too_much(found_minor: int, allowed_minor: int, currency: Currency, *, where: str) -> str:
    found, allowed = Money(minor=found_minor, currency=currency), Money(minor=allowed_minor, currency=currency)
    return f"{found} {where}, at most {allowed}"


def _found(rule: Rule, reason: Reason, text: str) -> Finding:
    return Finding(rule=rule.name, mode=rule.mode, reason=reason, text=text)
