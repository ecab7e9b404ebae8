"""``risk.toml``: what it may say, and what is said about a slip of the hand."""

import re
from pathlib import Path

import pytest

from server_stub.risk.file import parse_risk, read_risk
from server_stub.risk.policy import (
    RULES_MAX,
    AmountWindow,
    Cap,
    CodeKind,
    Denied,
    Mode,
    NewDevice,
    OfflineExposure,
    Place,
    RiskPolicy,
    Subject,
    Travel,
    Velocity,
    Window,
)
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.messages import Grade
from wallet_sdk.protocol.money import Currency

FULL = """
mode = "shadow"
[[denylist]]
name = "revoked"
mode = "enforce"
[[cap]]
name = "printed codes"
codes = ["static_code"]
grades = ["BASIC"]
currency = "EUR"
payment_max_minor = 5000
day_max_minor = 50000
[[new_device]]
name = "first day"
age_s = 86400
currency = "EUR"
payment_max_minor = 10000
[[velocity]]
name = "fast"
by = "device"
window_s = 60
count_max = 5
[[amount]]
name = "much"
by = "terminal"
window_s = 3600
currency = "JPY"
amount_max_minor = 1000000
[[offline_exposure]]
name = "exposed"
window_s = 604800
currency = "EUR"
amount_max_minor = 20000
[[travel]]
name = "two cities"
speed_max_km_h = 900
distance_min_m = 20000
[[place]]
terminal = 1
latitude = 38.722252
longitude = -9.139
[[place]]
terminal = 2
latitude = -41
longitude = 174.9
"""


def test_every_kind_of_rule_is_read() -> None:
    """All there is to say, with the file's mode where a rule has none of its own."""
    policy = parse_risk(FULL)
    shadow, eur = Mode.SHADOW, Currency.EUR
    assert policy.rules == (
        Denied(name="revoked", mode=Mode.ENFORCE),
        Cap(
            name="printed codes",
            mode=shadow,
            grades=frozenset({Grade.BASIC}),
            codes=frozenset({CodeKind.STATIC_CODE}),
            currency=eur,
            payment_max_minor=5_000,
            day_max_minor=50_000,
        ),
        NewDevice(name="first day", mode=shadow, age_s=86_400, currency=eur, payment_max_minor=10_000),
        Velocity(name="fast", mode=shadow, window=Window(subject=Subject.DEVICE, length_s=60), count_max=5),
        AmountWindow(
            name="much",
            mode=shadow,
            window=Window(subject=Subject.TERMINAL, length_s=3_600),
            currency=Currency.JPY,
            amount_max_minor=1_000_000,
        ),
        OfflineExposure(
            name="exposed",
            mode=shadow,
            window=Window(subject=Subject.MERCHANT, length_s=604_800),
            currency=eur,
            amount_max_minor=20_000,
        ),
        Travel(name="two cities", mode=shadow, speed_max_km_h=900, distance_min_m=20_000),
    )
    assert dict(policy.places) == {
        1: Place(latitude_e6=38_722_252, longitude_e6=-9_139_000),
        2: Place(latitude_e6=-41_000_000, longitude_e6=174_900_000),
    }


@pytest.mark.parametrize(
    ("text", "where", "param"),
    [
        ("mode = 1", "the file: enforce or shadow is expected", "mode"),
        ("mode = [", "not TOML", None),
        ("speed = 1", "the file: there is no such word here", "speed"),
        ("[velocity]\nname = 'x'", "the file: write it as [[velocity]]", "velocity"),
        ("[[denylist]]", "denylist 1: a text of 1 .. 64 characters is expected", "name"),
        ("[[denylist]]\nname = 'a'\nby = 'device'", "denylist 1: there is no such word here", "by"),
        ("[[denylist]]\nname = 'a'\n[[denylist]]\nname = 'a'", "two rules have the name 'a'", "name"),
        (
            "[[velocity]]\nname = 'a'\nby = 'payer'",
            "velocity 1: device, merchant or terminal is expected",
            "by",
        ),
        (
            "[[velocity]]\nname = 'a'\nby = 'device'\nwindow_s = 5",
            "velocity 1: a whole number in 12 .. 2678400 is expected",
            "window_s",
        ),
        (
            "[[velocity]]\nname = 'a'\nby = 'device'\nwindow_s = 60\ncount_max = 2.5",
            "velocity 1: a whole number in 0 .. 1000000 is expected",
            "count_max",
        ),
        (
            "[[amount]]\nname = 'a'\nby = 'device'\nwindow_s = 60\ncurrency = 'EURO'",
            "amount 1: an ISO 4217 code known here is expected",
            "currency",
        ),
        (
            "[[cap]]\nname = 'a'\ncurrency = 'EUR'",
            "cap 1: payment_max_minor or day_max_minor is needed, or both",
            "payment_max_minor",
        ),
        ("[[cap]]\nname = 'a'\ncodes = []", "cap 1: a list of", "codes"),
        ("[[cap]]\nname = 'a'\ngrades = ['GOLD']", "cap 1: BASIC or VERIFIED is expected", "grades"),
        (
            "[[travel]]\nname = 'a'\nspeed_max_km_h = 900\ndistance_min_m = 0",
            "a travel rule needs two or more [[place]]",
            "place",
        ),
        ("[[place]]\nterminal = 1\nlatitude = 91", "place 1: degrees in -90 .. 90 are expected", "latitude"),
        ("[[place]]\nterminal = 1\nlatitude = nan", "place 1: degrees in -90 .. 90 are expected", "latitude"),
        (
            "[[place]]\nterminal = 1\nlatitude = 1\nlongitude = 1\n[[place]]\nterminal = 1",
            "place 2: terminal 1 has a place already",
            "terminal",
        ),
    ],
)
def test_a_slip_is_named_with_its_place(text: str, where: str, param: str | None) -> None:
    """Which rule, which word, and what would be right."""
    with pytest.raises(MisuseError) as caught:
        parse_risk(text)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, param)
    assert where in caught.value.message


def test_rules_are_bounded() -> None:
    """Nobody oversees more, and each costs time in every payment."""
    many = "".join(f"[[denylist]]\nname = '{number}'\n" for number in range(RULES_MAX + 1))
    with pytest.raises(MisuseError, match="at most 200"):
        parse_risk(many)


def test_the_example_of_the_page_is_good() -> None:
    """Whoever copies docs/risk.md has one rule of each kind in force, as the page says."""
    page = (Path(__file__).parents[4] / "docs" / "risk.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    policy = parse_risk(example)
    assert len({type(rule) for rule in policy.rules}) == len(policy.rules) == 7
    assert len(policy.places) == 2


def test_the_file_is_named_and_may_be_missing(tmp_path: Path) -> None:
    """No file, no rules; a broken one stops the server before it takes money."""
    path = tmp_path / "risk.toml"
    assert read_risk(path) == RiskPolicy()
    path.write_bytes(b"\xff")
    with pytest.raises(MisuseError, match="cannot be read"):
        read_risk(path)
    path.write_text("mode = 1")
    with pytest.raises(MisuseError, match="the file: enforce"):
        read_risk(path)
    path.write_text(FULL)
    assert len(read_risk(path).rules) == 7
