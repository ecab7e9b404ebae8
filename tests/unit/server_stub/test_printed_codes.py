"""Printed codes: issued and signed, paid online and no other way, by whoever scans one and as often as he likes."""

import io
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PIL import Image

from server_stub.risk.file import RISK_FILE, read_risk
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House, TestWallet
from wallet_sdk.decoding import decode_codes
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Counter
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent, StaticCode
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_receipt, verify_static_code

ON_EVERY_DATABASE = True

PATH = "/v1/static-codes"
ASKED = {"payment_max_minor": 3_000, "label": "table 4"}


@dataclass(frozen=True, kw_only=True)
class Print:
    """A printed code, as its merchant sees it and as a wallet has verified it."""

    told: dict[str, Any]
    sealed: Sealed[StaticCode]


def printed(house: House, **changes: object) -> Print:
    """A new one of the first merchant."""
    told = house.ask("POST", PATH, house.new_key(house.merchant_id), ASKED | changes).ok()
    now_s = house.clock.now_ms() // 1000
    return Print(
        told=told, sealed=verify_static_code(qr.from_text(told["text"]), house.desk.operator.trust, at_s=now_s)
    )


def intent_for(
    wallet: TestWallet, code: Print, amount_minor: int, mode: AuthorizationMode = ONLINE
) -> Sealed[PaymentIntent]:
    """A consent to pay so much."""
    assert wallet.token is not None
    assert wallet.token_signer is not None
    wallet.counter += 1
    intent = PaymentIntent(
        counter=Counter(wallet.counter),
        amount_minor=amount_minor,
        cumulative_minor=wallet.spent_minor + (amount_minor if mode is OFFLINE else 0),
        request_digest=code.sealed.digest,
        mode=mode,
    )
    return seal(intent, wallet.token_signer, embedded=wallet.token.envelope)


def pay(wallet: TestWallet, code: Print, amount_minor: int, mode: AuthorizationMode = ONLINE) -> Answer:
    """Scan, say how much, and pay."""
    return wallet.send(code.sealed.envelope, intent_for(wallet, code, amount_minor, mode).envelope)


def test_a_print_is_paid_by_many_and_each_has_a_receipt(house: House) -> None:
    """Money goes to the merchant, who sees the payment under the number of the print; the same intent pays once."""
    code = printed(house)
    assert code.sealed.message.merchant_name == "Café Mole"
    first, second = house.wallet(), house.wallet()
    intent = intent_for(first, code, 700)
    answers = [first.send(code.sealed.envelope, intent.envelope) for _ in range(2)]
    assert answers[0].body == answers[1].body
    receipt = verify_receipt(api.from_base64url(answers[0].ok()["receipt"]), house.desk.operator.trust).message
    assert (receipt.state, receipt.amount_minor, receipt.consent_digest) == (State.CAPTURED, 700, intent.digest)
    assert (receipt.terminal_id, receipt.request_id) == (code.told["terminal_id"], intent.digest[:12])
    assert first.read(api.consent_path(intent.digest)).ok()["state"] == "CAPTURED"
    for wallet in (first, second):
        assert pay(wallet, code, 300).ok()["state"] == "CAPTURED"
    listed = house.ask("GET", "/v1/payments", house.new_key(house.merchant_id)).ok()["payments"]
    assert [(one["terminal_id"], one["amount_minor"]) for one in listed] == [
        (code.told["terminal_id"], amount) for amount in (300, 300, 700)
    ]
    assert house.payable_minor() == 1_300
    assert first.balance() == (4_000, 5_000)
    house.assert_clean()


def test_what_a_print_does_not_allow(house: House) -> None:
    """R-109: over its cap, offline, in another currency: declined for ever, with a signed word; no money moves."""
    code, wallet = printed(house), house.wallet()
    cases = [
        (pay(wallet, code, 3_001), ErrorCode.OVER_CEILING),
        (pay(wallet, code, 100, OFFLINE), ErrorCode.ONLINE_ONLY),
        (pay(house.wallet(currency=Currency.JPY), code, 100), ErrorCode.CURRENCY_MISMATCH),
    ]
    for answer, expected in cases:
        assert (answer.ok()["state"], answer.content["error_code"]) == ("DECLINED", expected)
        refused = verify_receipt(api.from_base64url(answer.content["receipt"]), house.desk.operator.trust).message
        assert refused.state is State.DECLINED
    other = printed(house)
    crossed = wallet.send(other.sealed.envelope, intent_for(wallet, code, 5).envelope)
    assert crossed.code() is ErrorCode.WRONG_REQUEST
    assert house.payable_minor() == 0
    house.assert_clean()


def test_a_print_can_be_ended_and_runs_out(house: House) -> None:
    """By its merchant on any day, by its time, or by blocking its number; another's server does not know it."""
    key = house.new_key(house.merchant_id)
    ended, blocked, short, wallet = printed(house), printed(house), printed(house, lifetime_d=1), house.wallet()
    path = f"{PATH}/{ended.told['code_id']}"
    assert [house.ask("DELETE", path, key).ok()["ended_at_s"] for _ in range(2)] == [wallet.now_s()] * 2
    house.ask("POST", f"/v1/terminals/{blocked.told['terminal_id']}/block", key).ok()
    refused = pay(wallet, ended, 5).ok()  # for ever, so it is signed
    assert (refused["error_code"], bool(refused["receipt"])) == (ErrorCode.REVOKED, True)
    assert pay(wallet, blocked, 5).code() is ErrorCode.REVOKED
    house.clock.advance(86_400)
    assert pay(wallet, short, 5).code() is ErrorCode.EXPIRED
    forged = replace(short.sealed.message, code_id=ended.sealed.message.code_id)
    copy = seal(forged, house.desk.operator.signers.terminal_ca.at(wallet.now_s()))
    assert pay(wallet, Print(told={}, sealed=copy), 5).code() is ErrorCode.REVOKED
    assert len(house.ask("GET", PATH, key).ok()["static_codes"]) == 3
    assert house.ask("GET", f"{PATH}/AAAA/picture", key).code() is ErrorCode.UNKNOWN_RESOURCE


def test_the_picture_is_read_by_a_decoder(house: House) -> None:
    """What hangs on the wall says the very text."""
    code = printed(house)
    answer = house.ask("GET", f"{PATH}/{code.told['code_id']}/picture?module_px=4", house.new_key(house.merchant_id))
    assert (answer.http_status, answer.headers["content-type"]) == (200, "image/png")
    picture = Image.open(io.BytesIO(answer.body))
    assert picture.width == picture.height == 4 * (53 + 8)
    assert list(decode_codes(picture)) == [code.told["text"]]


def test_a_print_lives_no_longer_than_the_key_that_signed_it(house: House) -> None:
    """R-108: with half a year of the key left, a year is not to be had."""
    house.clock.advance(200 * 86_400)
    code = printed(house, lifetime_d=366)
    assert code.sealed.message.lifetime_d == 166


def test_a_currency_that_the_merchant_does_not_take(house: House) -> None:
    """Nothing is made, no number is used."""
    key = house.new_key(house.merchant_id)
    assert house.ask("POST", PATH, key, ASKED | {"currency": "USD"}).code() is ErrorCode.BAD_ARGUMENT
    assert house.ask("GET", "/v1/terminals", key).ok()["terminals"] == []


def test_a_risk_rule_for_prints_meets_prints_alone(house: House) -> None:
    """The lowest grade of code: what a signed request may cost, a print may not."""
    (house.folder / RISK_FILE).write_text(
        '[[cap]]\nname = "prints"\nmode = "enforce"\ncodes = ["static_code"]\ncurrency = "EUR"\n'
        "payment_max_minor = 100\nday_max_minor = 150\n"
    )
    object.__setattr__(house.desk.operator, "risk", read_risk(house.folder / RISK_FILE))
    code, wallet = printed(house), house.wallet()
    assert wallet.pay(house.terminal().request(500))["state"] == "CAPTURED"
    codes = [pay(wallet, code, amount).ok()["error_code"] for amount in (101, 100, 60, 50)]
    assert codes == [ErrorCode.RISK_REFUSED, 0, ErrorCode.RISK_REFUSED, 0]
    house.assert_clean()


@pytest.mark.parametrize("wrong", [{"payment_max_minor": 0}, {"lifetime_d": 367}, {"label": "x" * 65}, {"more": 1}])
def test_what_is_no_print_is_refused(house: House, wrong: dict[str, object]) -> None:
    """By its member."""
    answer = house.ask("POST", PATH, house.new_key(house.merchant_id), ASKED | wrong)
    assert answer.code() is ErrorCode.BAD_REQUEST_BODY
