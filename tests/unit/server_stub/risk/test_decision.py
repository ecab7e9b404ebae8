"""The decision over facts: each rule at its edge, its words, and laws that hold for any rules."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_stub.risk.decision import CLEAR, RiskFacts, Seen, decide, distance_m
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
from wallet_sdk.protocol.money import Currency

EUR, JPY = Currency.EUR, Currency.JPY
MINUTE = Window(subject=Subject.DEVICE, length_s=60)
SHOP_DAY = Window(subject=Subject.MERCHANT, length_s=86_400)
LISBON, PORTO, TOKYO = TerminalId(1), TerminalId(2), TerminalId(3)
PLACES = MappingProxyType(
    {
        LISBON: Place(latitude_e6=38_722_252, longitude_e6=-9_139_337),
        PORTO: Place(latitude_e6=41_157_944, longitude_e6=-8_629_105),
        TOKYO: Place(latitude_e6=35_689_487, longitude_e6=139_691_706),
    }
)
FACTS = RiskFacts(
    merchant_id=MerchantId(1),
    terminal_id=LISBON,
    wallet_id=WalletId(1),
    amount_minor=1_000,
    currency=EUR,
    grade=Grade.VERIFIED,
    code=CodeKind.REQUEST,
    made_at_s=1_000_000,
    device_age_s=10**6,
    usage={MINUTE: (), SHOP_DAY: (), DAY: ()},
)


def used(count: int, amount_minor: int = 0, *, borne_minor: int = 0, code: CodeKind = CodeKind.REQUEST) -> Usage:
    """Earlier payments in euro."""
    return Usage(code=code, currency=EUR, count=count, amount_minor=amount_minor, borne_minor=borne_minor)


def velocity(count_max: int = 2, *, mode: Mode = Mode.ENFORCE) -> Velocity:
    """At most so many a minute from one device."""
    return Velocity(name="fast", mode=mode, window=MINUTE, count_max=count_max)


def cap(payment_max_minor: int | None, day_max_minor: int | None, *, codes: frozenset[CodeKind]) -> Cap:
    """For every grade."""
    return Cap(
        name="cap",
        mode=Mode.ENFORCE,
        grades=frozenset(Grade),
        codes=codes,
        currency=EUR,
        payment_max_minor=payment_max_minor,
        day_max_minor=day_max_minor,
    )


AMOUNT = AmountWindow(name="much", mode=Mode.ENFORCE, window=SHOP_DAY, currency=EUR, amount_max_minor=5_000)
YOUNG = NewDevice(name="young", mode=Mode.ENFORCE, age_s=3_600, currency=EUR, payment_max_minor=500)
DENIED = Denied(name="denied", mode=Mode.ENFORCE)
EXPOSED = OfflineExposure(name="exposed", mode=Mode.ENFORCE, window=SHOP_DAY, currency=EUR, amount_max_minor=2_000)
TRAVEL = Travel(name="travel", mode=Mode.ENFORCE, speed_max_km_h=900, distance_min_m=5_000)
ALL_CODES = frozenset(CodeKind)


def reason_of(rule: Rule, facts: RiskFacts) -> Reason | None:
    """Why one rule refuses, None when it does not."""
    refusal = decide(RiskPolicy(rules=(rule,), places=PLACES), facts).refusal
    return None if refusal is None else refusal.reason


@pytest.mark.parametrize(
    ("rule", "facts", "reason"),
    [
        (velocity(), replace(FACTS, usage={MINUTE: (used(1),)}), None),
        (velocity(), replace(FACTS, usage={MINUTE: (used(1), used(1, code=CodeKind.OFFLINE))}), Reason.DEVICE_VELOCITY),
        (velocity(0), FACTS, Reason.DEVICE_VELOCITY),
        (AMOUNT, replace(FACTS, usage={SHOP_DAY: (used(9, 4_000),)}), None),
        (AMOUNT, replace(FACTS, usage={SHOP_DAY: (used(9, 4_001),)}), Reason.MERCHANT_AMOUNT),
        (AMOUNT, replace(FACTS, currency=JPY, amount_minor=10**9), None),
        (cap(1_000, None, codes=ALL_CODES), FACTS, None),
        (cap(999, None, codes=ALL_CODES), FACTS, Reason.PAYMENT_CAP),
        (cap(999, None, codes=frozenset({CodeKind.STATIC_CODE})), FACTS, None),
        (cap(999, None, codes=ALL_CODES), replace(FACTS, currency=JPY), None),
        (replace(cap(999, None, codes=ALL_CODES), grades=frozenset({Grade.BASIC})), FACTS, None),
        (cap(None, 3_000, codes=ALL_CODES), replace(FACTS, usage={DAY: (used(1, 2_000),)}), None),
        (cap(None, 3_000, codes=ALL_CODES), replace(FACTS, usage={DAY: (used(1, 2_001),)}), Reason.DAY_CAP),
        (
            cap(None, 3_000, codes=frozenset({CodeKind.REQUEST})),
            replace(FACTS, usage={DAY: (used(1, 2_001, code=CodeKind.OFFLINE),)}),
            None,
        ),
        (YOUNG, replace(FACTS, device_age_s=3_600), None),
        (YOUNG, replace(FACTS, device_age_s=3_599), Reason.NEW_DEVICE),
        (YOUNG, replace(FACTS, device_age_s=0, amount_minor=500), None),
        (DENIED, FACTS, None),
        (DENIED, replace(FACTS, denied=("token",)), Reason.DENYLISTED),
        (EXPOSED, replace(FACTS, usage={SHOP_DAY: (used(1, borne_minor=5_000),)}), None),
        (EXPOSED, replace(FACTS, uncovered_minor=500, usage={SHOP_DAY: (used(1, borne_minor=1_500),)}), None),
        (
            EXPOSED,
            replace(FACTS, uncovered_minor=501, usage={SHOP_DAY: (used(1, borne_minor=1_500),)}),
            Reason.OFFLINE_EXPOSURE,
        ),
        (TRAVEL, FACTS, None),
        (TRAVEL, replace(FACTS, last_seen=Seen(terminal_id=PORTO, at_s=FACTS.made_at_s - 1_100)), None),
        (
            TRAVEL,
            replace(FACTS, last_seen=Seen(terminal_id=PORTO, at_s=FACTS.made_at_s - 1_090)),
            Reason.IMPOSSIBLE_TRAVEL,
        ),
        (TRAVEL, replace(FACTS, last_seen=Seen(terminal_id=TOKYO, at_s=FACTS.made_at_s)), Reason.IMPOSSIBLE_TRAVEL),
        (TRAVEL, replace(FACTS, last_seen=Seen(terminal_id=LISBON, at_s=FACTS.made_at_s)), None),
        (TRAVEL, replace(FACTS, last_seen=Seen(terminal_id=TerminalId(99), at_s=FACTS.made_at_s)), None),
    ],
)
def test_each_rule_at_its_edge(rule: Rule, facts: RiskFacts, reason: Reason | None) -> None:
    """What is allowed to the last cent, second and metre, and what is one more."""
    assert reason_of(rule, facts) is reason


def test_a_decision_explains_itself() -> None:
    """Every broken rule in words, with what was found and what is allowed."""
    facts = replace(FACTS, usage={MINUTE: (used(2),), SHOP_DAY: (used(2, 4_500),)}, denied=("token", "terminal"))
    decision = decide(RiskPolicy(rules=(DENIED, velocity(), AMOUNT)), facts)
    assert [(found.rule, found.text) for found in decision.findings] == [
        ("denied", "token, terminal on the denylist"),
        ("fast", "3 payments in 60 s, at most 2"),
        ("much", "55.00 EUR in 86400 s, at most 50.00 EUR"),
    ]
    assert decision.refusal is decision.findings[0]


def test_a_shadow_rule_is_written_down_and_refuses_nothing() -> None:
    """So a rule can be watched before it is trusted."""
    facts = replace(FACTS, usage={MINUTE: (used(9),)})
    decision = decide(RiskPolicy(rules=(velocity(mode=Mode.SHADOW),)), facts)
    assert [found.reason for found in decision.findings] == [Reason.DEVICE_VELOCITY]
    assert decision.refusal is None


def test_without_rules_everything_is_clear() -> None:
    """And nothing needs to be known."""
    assert decide(RiskPolicy(), FACTS) is CLEAR
    assert not RiskPolicy().windows
    assert not RiskPolicy().follows_devices


def test_a_policy_says_what_it_needs_to_know() -> None:
    """The windows of its rules and no other; a day for a day's cap only."""
    policy = RiskPolicy(rules=(velocity(), AMOUNT, EXPOSED, YOUNG, cap(1, None, codes=ALL_CODES)))
    assert policy.windows == {MINUTE, SHOP_DAY}
    assert RiskPolicy(rules=(cap(None, 1, codes=ALL_CODES), TRAVEL)).windows == {DAY}
    assert RiskPolicy(rules=(TRAVEL,)).follows_devices


places = st.builds(
    Place,
    latitude_e6=st.integers(-90_000_000, 90_000_000),
    longitude_e6=st.integers(-180_000_000, 180_000_000),
)


@given(places, places)
def test_distance_is_symmetric_and_at_most_half_the_globe(one: Place, other: Place) -> None:
    """Also across the date line and over a pole."""
    assert distance_m(one, other) == distance_m(other, one)
    assert distance_m(one, one) == 0
    assert 0 <= distance_m(one, other) <= 20_016_000


def test_distance_against_published_ones() -> None:
    """Great-circle distances of Lisbon to Porto, 274 km, and to Tokyo, 11,141 km (to the kilometre of an ellipsoid)."""
    assert 272_000 < distance_m(PLACES[LISBON], PLACES[PORTO]) < 276_000
    assert 11_120_000 < distance_m(PLACES[LISBON], PLACES[TOKYO]) < 11_180_000


counts = st.integers(0, 20)
rules_drawn = st.lists(
    st.one_of(
        st.builds(velocity, counts, mode=st.sampled_from(Mode)),
        st.builds(lambda high, mode: replace(AMOUNT, amount_max_minor=high, mode=mode), counts, st.sampled_from(Mode)),
        st.just(DENIED),
        st.just(YOUNG),
        st.just(EXPOSED),
    ),
    max_size=6,
)
facts_drawn = st.builds(
    lambda amount, age, earlier, denied, uncovered: replace(
        FACTS,
        amount_minor=amount,
        device_age_s=age,
        usage={MINUTE: (used(earlier, earlier),), SHOP_DAY: (used(earlier, earlier, borne_minor=earlier),)},
        denied=denied,
        uncovered_minor=uncovered,
    ),
    st.integers(1, 1_000),
    st.integers(0, 10_000),
    counts,
    st.sampled_from([(), ("token",)]),
    st.integers(0, 3_000),
)


@given(rules_drawn, facts_drawn)
def test_rules_are_judged_each_by_itself(rules: list[Rule], facts: RiskFacts) -> None:
    """A decision is the sum of its rules: none hides another, and only those in force refuse."""
    together = decide(RiskPolicy(rules=tuple(rules)), facts)
    alone = [found for rule in rules for found in decide(RiskPolicy(rules=(rule,)), facts).findings]
    assert list(together.findings) == alone
    assert (together.refusal is not None) == any(found.mode is Mode.ENFORCE for found in alone)


@given(rules_drawn, facts_drawn, st.integers(1, 500))
def test_more_money_is_never_safer(rules: list[Rule], facts: RiskFacts, more_minor: int) -> None:
    """What is refused stays refused when the amount grows."""
    policy = RiskPolicy(rules=tuple(rules))
    dearer = replace(facts, amount_minor=facts.amount_minor + more_minor)
    assert {found.rule for found in decide(policy, facts).findings} <= {
        found.rule for found in decide(policy, dearer).findings
    }
