"""Risk inside the commit: what is refused moves no money, what only watches is written down, merchants learn why."""

import asyncio
import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from server_stub.config import ServerConfig
from server_stub.ledger import AccountKind
from server_stub.risk.file import RISK_FILE
from server_stub.service.administration import found
from server_stub.store.tables.risk import RISK_DECISIONS
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.messages import PaymentIntent
from wallet_sdk.testing import FROZEN_NOW_S, SeededRandom

ON_EVERY_DATABASE = True

Opened = Callable[[str], House]

FAST = '[[velocity]]\nname = "fast"\nby = "device"\nwindow_s = 60\ncount_max = 2\n'
MUCH = '[[amount]]\nname = "much"\nby = "merchant"\nwindow_s = 3600\ncurrency = "EUR"\namount_max_minor = 3000\n'


@pytest.fixture
def opened(tmp_path: Path, address: str) -> Generator[Opened]:
    """Opens a server with a file of risk rules."""
    houses: list[AbstractContextManager[House]] = []

    def open_with(rules: str) -> House:
        folder = tmp_path / "server"
        found(folder, config=ServerConfig(database=address), random=SeededRandom(1), now_s=FROZEN_NOW_S)
        (folder / RISK_FILE).write_text(rules)
        houses.append(opened_house(folder))
        return houses[-1].__enter__()

    yield open_with
    for house in houses:
        house.__exit__(None, None, None)


def log(house: House) -> list[tuple[str, list[dict[str, Any]]]]:
    """The audit log: reason and explanation of each decision."""
    with house.desk.operator.store.reading() as reader:
        return [(row.reason, json.loads(row.explanation)) for row in reader.list_all(RISK_DECISIONS)]


def test_a_refusal_moves_nothing_and_tells_the_merchant_why(opened: Opened) -> None:
    """The terminal gets the reason code, the payer only that it was refused; the log has the words."""
    house = opened(FAST)
    terminal, wallet = house.terminal(), house.wallet()
    for _ in range(2):
        assert terminal.capture((terminal.request(100), wallet.code()))[0]["state"] == "CAPTURED"
    before = house.balances()
    request = terminal.request(100)
    intent = wallet.intent(request, ONLINE)
    outcome = terminal.capture((request, intent))[0]
    assert (outcome["state"], outcome["error_code"]) == ("DECLINED", ErrorCode.RISK_REFUSED)
    assert outcome["reason"] == "device_velocity"
    seen = wallet.read(api.consent_path(intent.digest)).ok()
    assert (seen["error_code"], seen["reason"]) == (ErrorCode.RISK_REFUSED, "")
    assert terminal.capture((request, intent))[0] == outcome, "the first answer, for ever"
    text = "3 payments in 60 s, at most 2"
    found_once = {"rule": "fast", "mode": "enforce", "reason": "device_velocity", "text": text}
    assert log(house) == [("device_velocity", [found_once])]
    assert house.balances() == before
    house.clock.advance(66)
    assert wallet.pay(terminal.request(100))["state"] == "CAPTURED"
    house.assert_clean()


def test_the_log_is_read_on_the_command_line(opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    """When, what became of it, and every broken rule in words."""
    house = opened(FAST)
    terminal, wallet = house.terminal(), house.wallet()
    for _ in range(3):
        wallet.pay(terminal.request(100))
    assert house.command("risk", "log") == 0
    head, rule, total = capsys.readouterr().out.splitlines()
    assert " refused " in head
    assert " ".join(rule.split()) == "enforce device_velocity fast: 3 payments in 60 s, at most 2"
    assert total == "1 decisions"


def test_a_shadow_rule_only_writes_down(opened: Opened) -> None:
    """The payment goes through and is counted; the log says what would have been."""
    house = opened('mode = "shadow"\n' + FAST)
    terminal, wallet = house.terminal(), house.wallet()
    for _ in range(4):
        assert wallet.pay(terminal.request(100))["state"] == "CAPTURED"
    assert [(reason, [one["text"] for one in found]) for reason, found in log(house)].count(
        ("", ["3 payments in 60 s, at most 2"])
    ) == 1
    assert len(log(house)) == 2
    house.assert_clean()


def test_without_rules_nothing_is_counted(house: House) -> None:
    """Who has no file pays nothing for it: no row is written."""
    house.wallet().pay(house.terminal().request(100))
    with house.desk.operator.store.reading() as reader:
        assert [reader.count(name) for name in ("window_usage", "devices_seen", "risk_decisions")] == [0, 0, 0]


def test_a_hundred_payments_at_once_do_not_slip_under_a_limit(opened: Opened) -> None:
    """The decision is made inside the commit, so each sees those before it."""
    house = opened(MUCH)
    terminal = house.terminal()
    wallets = [house.wallet(1_000, total_max_minor=0) for _ in range(10)]
    bodies = []
    for number in range(100):
        request = terminal.request(100)
        intent: Sealed[PaymentIntent] = wallets[number % 10].intent(request, ONLINE)
        parts = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
        bodies.append(api.to_json(parts))

    async def race() -> list[Any]:
        return await asyncio.gather(*(house.acall("POST", api.PATH_INTENTS, body) for body in bodies))

    codes = [answer.ok()["error_code"] for answer in asyncio.run(race())]
    assert (codes.count(0), codes.count(ErrorCode.RISK_REFUSED)) == (30, 70)
    assert house.payable_minor() == 3_000
    house.assert_clean()


def test_what_an_escrow_covers_is_paid_whatever_the_rules_say(opened: Opened) -> None:
    """It was promised when the token was issued; the broken rule is written down without a refusal."""
    house = opened('[[cap]]\nname = "none"\ncodes = ["offline"]\ncurrency = "EUR"\npayment_max_minor = 0\n')
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(100)
    assert terminal.capture((request, wallet.intent(request, OFFLINE)))[0]["state"] == "CAPTURED"
    assert [reason for reason, _ in log(house)] == [""]
    house.assert_clean()


def test_the_operator_bears_no_more_for_a_merchant_than_the_rules_allow(opened: Opened) -> None:
    """A cloned wallet at several terminals of one merchant: past the exposure the merchant bears it."""
    house = opened(
        '[[offline_exposure]]\nname = "exposed"\nwindow_s = 86400\ncurrency = "EUR"\namount_max_minor = 1500\n'
    )
    wallet = house.wallet(total_max_minor=1_000)
    states = []
    for _ in range(4):
        terminal = house.terminal()
        request = terminal.request(1_000)
        outcome = terminal.capture((request, wallet.intent(request, counter=1, cumulative_minor=1_000)))[0]
        states.append((outcome["state"], outcome["reason"]))
    assert states == [("CAPTURED", ""), ("CAPTURED", ""), *[("REJECTED", "offline_exposure")] * 2]
    assert house.balances()[(AccountKind.FRAUD_LOSS, "")] == -1_000
    house.assert_clean()


def test_a_new_device_and_a_denied_one(opened: Opened) -> None:
    """Age counts from the enrolment; a device of a fraud case costs the operator nothing more offline."""
    house = opened(
        '[[new_device]]\nname = "young"\nage_s = 3600\ncurrency = "EUR"\npayment_max_minor = 500\n'
        '[[denylist]]\nname = "revoked"\n'
    )
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=1_000)
    assert wallet.pay(terminal.request(501))["error_code"] == ErrorCode.RISK_REFUSED
    house.clock.advance(3_600)
    assert wallet.pay(terminal.request(501))["error_code"] == 0
    requests = [terminal.request(400), terminal.request(401), terminal.request(402)]
    claims = [(one, wallet.intent(one, counter=9, cumulative_minor=402)) for one in requests]
    states = [outcome["state"] for outcome in terminal.capture(*claims)]
    assert states == ["CAPTURED", "CAPTURED", "REJECTED"], "the second one proves the fraud, the third is after it"
    house.assert_clean()


def test_a_device_at_two_places_at_once_is_refused(opened: Opened) -> None:
    """Lisbon and Porto within a minute; an hour later it may well be."""
    house = opened(
        '[[travel]]\nname = "far"\nspeed_max_km_h = 900\ndistance_min_m = 5000\n'
        "[[place]]\nterminal = 2001\nlatitude = 38.722\nlongitude = -9.139\n"
        "[[place]]\nterminal = 2002\nlatitude = 41.158\nlongitude = -8.629\n"
    )
    lisbon, porto, wallet = house.terminal(), house.terminal(), house.wallet()
    assert wallet.pay(lisbon.request(100))["error_code"] == 0
    house.clock.advance(60)
    request = porto.request(100)
    outcome = porto.capture((request, wallet.intent(request, ONLINE)))[0]
    assert outcome["reason"] == "impossible_travel"
    house.clock.advance(3_600)
    assert wallet.pay(porto.request(100))["error_code"] == 0
    house.assert_clean()


def test_a_server_does_not_start_with_a_mistake_in_its_rules(tmp_path: Path) -> None:
    """Better no payment than one that was not judged."""
    folder = tmp_path / "server"
    found(folder, config=ServerConfig(), random=SeededRandom(1), now_s=FROZEN_NOW_S)
    (folder / RISK_FILE).write_text("[[velocity]]\n")
    with pytest.raises(MisuseError, match=r"velocity 1"), opened_house(folder):
        pass
