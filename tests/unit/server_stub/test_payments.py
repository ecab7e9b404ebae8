"""Payments in the three ways: by an online intent, by an offline claim, by a customer-presented code."""

import asyncio
from dataclasses import replace

from server_stub.ledger import AccountKind
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House, SealedConsent
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import PaymentRequest, Receipt, Receipts
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_batch_receipt, verify_receipt

Claimed = tuple[Sealed[PaymentRequest], SealedConsent]

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def test_an_online_intent_is_paid_from_the_available_balance(house: House) -> None:
    """The payer's balance falls, the merchant's rises, and both sides hold the operator's receipt."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(1250)
    answer = wallet.pay(request)
    assert (answer["state"], answer["error_code"]) == ("CAPTURED", 0)
    receipt = verify_receipt(api.from_base64url(answer["receipt"]), house.desk.operator.trust).message
    assert receipt.request_id == request.message.request_id
    assert (receipt.amount_minor, receipt.state) == (1250, State.CAPTURED)
    assert wallet.balance() == (10_000 - 5_000 - 1250, 5_000)
    assert house.payable_minor() == 1250
    assert terminal.read(api.payment_path(request.message.request_id)).ok() == answer
    house.assert_clean()


def test_an_offline_claim_is_paid_from_the_escrow(house: House) -> None:
    """What was reserved when the token was issued pays what a terminal accepted by itself, hours later."""
    terminal, wallet = house.terminal(), house.wallet()
    first, second = terminal.request(1250), terminal.request(700)
    claims = ((first, wallet.intent(first)), (second, wallet.intent(second)))
    house.clock.advance(6 * 3600)
    outcomes = terminal.capture(*claims)
    assert [outcome["state"] for outcome in outcomes] == ["CAPTURED", "CAPTURED"]
    assert wallet.balance() == (5_000, 5_000 - 1950)
    assert house.payable_minor() == 1950
    house.assert_clean()


def test_one_receipt_stands_for_the_offline_payments_of_a_batch(house: House) -> None:
    """It names what its own intent has paid, and nothing else; anything else has a receipt of its own. (R-128)"""
    terminal, wallet, other = house.terminal(), house.wallet(), house.wallet()
    paid, dear, coded, twice = (terminal.request(amount) for amount in (1_000, 6_000, 200, 300))
    claims: list[Claimed] = [
        (paid, wallet.intent(paid)),
        (dear, wallet.intent(dear)),
        (coded, wallet.code()),
        (paid, other.intent(paid)),
    ]
    claims += [(twice, other.intent(twice))] * 2
    sent = terminal.call("POST", api.PATH_CAPTURES, terminal.batch(*claims, receipts=Receipts.TOGETHER), "").ok()
    told = [(one["state"], one["error_code"], bool(one["receipt"])) for one in sent["outcomes"]]
    assert told == [
        ("CAPTURED", 0, False),
        ("DECLINED", ErrorCode.OVER_PAYMENT_LIMIT, True),
        ("CAPTURED", 0, True),
        ("CAPTURED", ErrorCode.ALREADY_PAID, True),
        ("CAPTURED", 0, False),
        ("CAPTURED", 0, False),
    ]
    receipt = verify_batch_receipt(api.from_base64url(sent["receipt"]), house.desk.operator.trust).message
    assert receipt.terminal_id == terminal.message.terminal_id
    assert receipt.paid == (claims[0][1].digest, claims[4][1].digest)
    asked = terminal.read(api.payment_path(paid.message.request_id)).ok()
    own = verify_receipt(api.from_base64url(asked["receipt"]), house.desk.operator.trust).message
    assert (own.consent_digest, own.amount_minor) == (claims[0][1].digest, 1_000)
    house.assert_clean()


def test_a_batch_without_an_offline_payment_has_no_receipt_of_its_own(house: House) -> None:
    """Nothing is signed that says nothing; and who has not asked for one gets a receipt for each, as ever."""
    terminal, wallet = house.terminal(), house.wallet()
    coded, offline = terminal.request(200), terminal.request(300)
    claims: list[Claimed] = [(coded, wallet.code()), (offline, wallet.intent(offline))]
    alone = terminal.call("POST", api.PATH_CAPTURES, terminal.batch(claims[0], receipts=Receipts.TOGETHER), "").ok()
    assert (alone["receipt"], bool(alone["outcomes"][0]["receipt"])) == ("", True)
    each = terminal.call("POST", api.PATH_CAPTURES, terminal.batch(*claims), "").ok()
    assert (each["receipt"], [bool(one["receipt"]) for one in each["outcomes"]]) == ("", [True, True])


def test_a_presented_code_is_paid_once_and_dead_after_one_try(house: House) -> None:
    """A second request on the same code is refused; a code over its ceiling is dead though nothing was paid. (R-86)"""
    terminal, wallet = house.terminal(), house.wallet()
    code, request = wallet.code(), terminal.request(1250)
    assert terminal.capture((request, code))[0]["state"] == "CAPTURED"
    again = terminal.request(1)
    assert terminal.capture((again, code))[0]["error_code"] == ErrorCode.COUNTER_REUSED
    small, dear, cheap = wallet.code(ceiling_minor=100), terminal.request(101), terminal.request(1)
    assert terminal.capture((dear, small))[0]["error_code"] == ErrorCode.OVER_CEILING
    assert terminal.capture((cheap, small))[0]["error_code"] == ErrorCode.COUNTER_REUSED
    assert house.payable_minor() == 1250
    house.assert_clean()


def test_an_expired_code_is_refused(house: House) -> None:
    """A code lives for its seconds and the forgiven lateness, no longer. (R-85)"""
    terminal, wallet = house.terminal(), house.wallet()
    code = wallet.code()
    house.clock.advance(60 + house.desk.operator.config.payments.online_late_s_max)
    assert terminal.capture((terminal.request(), code))[0]["error_code"] == ErrorCode.EXPIRED
    assert house.payable_minor() == 0


def test_the_same_capture_a_hundred_times_at_once_pays_once(house: House) -> None:
    """One effect, and one and the same answer, byte for byte."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    batch = terminal.batch((request, wallet.intent(request)))

    async def hundred() -> set[bytes]:
        answers = await asyncio.gather(*(house.acall("POST", api.PATH_CAPTURES, batch) for _ in range(100)))
        assert all(answer.http_status == 200 for answer in answers)
        return {answer.body for answer in answers}

    bodies = asyncio.run(hundred())
    assert len(bodies) == 1
    assert b'"state":"CAPTURED","error_code":0' in bodies.pop()
    assert house.payable_minor() == 1250
    assert house.audit().payments == 1
    house.assert_clean()


def test_the_same_intent_again_gets_the_first_answer_even_after_its_time(house: House) -> None:
    """An answer lost on its way is there for ever, a decline as well. (R-81)"""
    terminal, wallet = house.terminal(), house.wallet(funds_minor=1000, total_max_minor=0)
    good, dear = terminal.request(600), terminal.request(5_000)
    paid, declined = wallet.intent(good, ONLINE), wallet.intent(dear, ONLINE)
    first = [wallet.send(good.envelope, paid.envelope).body, wallet.send(dear.envelope, declined.envelope).body]
    house.clock.advance(100 * 3600)
    again = [wallet.send(good.envelope, paid.envelope).body, wallet.send(dear.envelope, declined.envelope).body]
    assert first == again
    assert house.payable_minor() == 600


def test_insufficient_funds_decline_and_change_nothing(house: House) -> None:
    """A decline is an answer, remembered, and moves no money."""
    terminal, wallet = house.terminal(), house.wallet(funds_minor=1000, total_max_minor=0)
    before = house.balances()
    request = terminal.request(1001)
    intent = wallet.intent(request, ONLINE)
    answer = wallet.send(request.envelope, intent.envelope).ok()
    assert (answer["state"], answer["error_code"]) == ("DECLINED", ErrorCode.INSUFFICIENT_FUNDS)
    assert wallet.read(api.consent_path(intent.digest)).ok() == answer
    assert {key: minor for key, minor in house.balances().items() if minor} == {k: m for k, m in before.items() if m}
    assert terminal.read(api.payment_path(request.message.request_id)).ok()["state"] == "REQUESTED"
    house.assert_clean()


def test_the_same_id_with_another_amount_is_refused(house: House) -> None:
    """A paid id stays what it was; another content under it has no effect. (R-80)"""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(1250)
    wallet.pay(request)
    other = terminal.request(1, request_id=request.message.request_id)
    assert wallet.pay(other)["error_code"] == ErrorCode.CONTENT_CONFLICT
    outcome = terminal.capture((other, wallet.intent(other)))[0]
    assert (outcome["state"], outcome["error_code"]) == ("DECLINED", ErrorCode.CONTENT_CONFLICT)
    assert house.payable_minor() == 1250
    house.assert_clean()


def test_a_second_payer_of_a_paid_request_is_not_charged(house: House) -> None:
    """He learns ALREADY_PAID and has no receipt but of his own refusal; the terminal learns that it is paid. (R-80)"""
    terminal, first, second = house.terminal(), house.wallet(), house.wallet()
    request = terminal.request()
    paid = first.pay(request)
    before = second.balance()
    answer = second.pay(request)
    assert (answer["state"], answer["error_code"]) == ("DECLINED", ErrorCode.ALREADY_PAID)
    refusal = open_unverified(api.from_base64url(answer["receipt"]), Receipt).message
    assert refusal.state is State.DECLINED
    outcome = terminal.capture((request, second.intent(request)))[0]
    assert (outcome["state"], outcome["error_code"]) == ("CAPTURED", ErrorCode.ALREADY_PAID)
    assert outcome["receipt"] == paid["receipt"]
    assert second.balance() == before
    house.assert_clean()


def test_a_closed_request_is_never_paid(house: House) -> None:
    """The server's CANCELED is final for the terminal and the payer; closing what is paid says so. (R-87)"""
    terminal, wallet = house.terminal(), house.wallet()
    request, paid = terminal.request(), terminal.request()
    assert terminal.close(request)["state"] == "CANCELED"
    assert wallet.pay(request)["error_code"] == ErrorCode.REQUEST_NOT_OPEN
    assert terminal.capture((request, wallet.intent(request)))[0]["error_code"] == ErrorCode.REQUEST_NOT_OPEN
    assert terminal.close(request)["state"] == "CANCELED"
    answer = wallet.pay(paid)
    assert terminal.close(paid) == answer
    assert house.payable_minor() == 1250
    house.assert_clean()


def test_an_expired_request_is_refused_and_nothing_stored(house: House) -> None:
    """Online, a request lives as long as it says and the forgiven lateness. (R-82, R-83)"""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    house.clock.advance(120 + house.desk.operator.config.payments.online_late_s_max)
    assert wallet.send(request.envelope, intent.envelope).code() is ErrorCode.EXPIRED
    assert wallet.read(api.consent_path(intent.digest)).code() is ErrorCode.UNKNOWN_PAYMENT
    house.clock.advance(-100)
    assert wallet.send(request.envelope, intent.envelope).ok()["state"] == "CAPTURED"


def test_a_claim_is_taken_thirty_days_late_and_then_no_more(house: House) -> None:
    """The merchant's outbox may have been off; the token was valid when the payer signed. (R-84)"""
    terminal, wallet = house.terminal(), house.wallet()
    first, second = terminal.request(), terminal.request()
    claims = [(first, wallet.intent(first)), (second, wallet.intent(second))]
    house.clock.advance(30 * 24 * 3600)
    assert terminal.capture(claims[0])[0]["state"] == "CAPTURED"
    house.clock.advance(1)
    assert terminal.capture(claims[1])[0]["error_code"] == ErrorCode.LATE_CAPTURE
    house.assert_clean()


def test_an_offline_intent_over_the_tokens_limits_is_declined(house: House) -> None:
    """Per payment, in total, by count: what the issuer said binds the claim too. (R-33)"""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=2_000)
    dear, much = terminal.request(2_001), terminal.request(10)
    outcomes = terminal.capture(
        (dear, wallet.intent(dear, cumulative_minor=2_001)),
        (much, wallet.intent(much, cumulative_minor=2_011)),
        (much, wallet.intent(much, counter=1_001, cumulative_minor=10)),
    )
    assert [outcome["error_code"] for outcome in outcomes] == [
        ErrorCode.OVER_PAYMENT_LIMIT,
        ErrorCode.OVER_TOKEN_LIMIT,
        ErrorCode.OVER_COUNT_LIMIT,
    ]
    assert house.payable_minor() == 0


def test_one_bad_claim_does_not_harm_its_batch(house: House) -> None:
    """A torn consent, another terminal's request and a swapped pair are answered by themselves. (R-88)"""
    terminal, other, wallet = house.terminal(), house.terminal(), house.wallet()
    good, foreign, lonely = terminal.request(), other.request(), terminal.request()
    intent = wallet.intent(good)
    torn = replace(intent, envelope=Envelope(intent.envelope[:-1] + bytes([intent.envelope[-1] ^ 1])))
    outcomes = terminal.capture(
        (lonely, torn), (foreign, wallet.intent(foreign)), (lonely, intent), (good, intent), (lonely, intent)
    )
    assert [outcome["error_code"] for outcome in outcomes] == [
        ErrorCode.BAD_SIGNATURE,
        ErrorCode.WRONG_TERMINAL,
        ErrorCode.WRONG_REQUEST,
        0,
        ErrorCode.WRONG_REQUEST,
    ]
    assert house.audit().payments == 1
    house.assert_clean()


def test_an_online_payment_before_an_offline_one_gives_the_reserve_back(house: House) -> None:
    """An offline consent that came too late is dead for ever, so its part of the escrow is the payer's again."""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    request = terminal.request(1_000)
    wallet.pay(request)
    late = wallet.intent(request)
    assert terminal.capture((request, late))[0]["error_code"] == ErrorCode.ALREADY_PAID
    wallet.renew(0).ok()
    assert wallet.balance() == (9_000, 0)
    house.assert_clean()


def test_a_dead_consent_after_its_token_was_closed_releases_its_reserve(house: House) -> None:
    """The token was closed first: what waited for this consent goes back as soon as it is dead. (R-95)"""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    request = terminal.request(1_000)
    late = wallet.intent(request)
    wallet.pay(request)
    wallet.renew(0).ok()
    assert wallet.balance() == (8_000, 1_000)
    assert terminal.capture((request, late))[0]["error_code"] == ErrorCode.ALREADY_PAID
    assert wallet.balance() == (9_000, 0)
    assert house.balances()[(AccountKind.FUNDING, "")] == -10_000
    house.assert_clean()


def test_tokens_and_requests_of_other_currencies_do_not_mix(house: House) -> None:
    """Nothing converts money by accident."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(100, currency=Currency.JPY)
    assert wallet.pay(request)["error_code"] == ErrorCode.CURRENCY_MISMATCH
    unknown = terminal.request(100, currency=Currency.USD)
    assert wallet.send(unknown.envelope, wallet.intent(unknown, ONLINE).envelope).code() is ErrorCode.CURRENCY_MISMATCH


def test_a_message_signed_by_a_stranger_is_refused(house: House) -> None:
    """A device that was never enrolled, and a token that this issuer did not sign."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, OFFLINE)
    batch = terminal.batch((request, intent))
    terminal.signer = house.new_signer()
    stranger = terminal.batch((request, intent))
    assert house.call("POST", api.PATH_CAPTURES, stranger, "").code() is ErrorCode.UNKNOWN_SIGNER
    assert wallet.token is not None
    forged = seal(wallet.token.message, house.new_signer()).envelope
    swapped = seal(intent.message, wallet.signer, embedded=forged)
    assert wallet.send(request.envelope, swapped.envelope).code() is ErrorCode.UNKNOWN_SIGNER
    assert house.audit().payments == 0
    assert house.call("POST", api.PATH_CAPTURES, batch, "").ok()["outcomes"][0]["state"] == "CAPTURED"


def test_a_tip_is_paid_up_to_what_the_request_allows(house: House) -> None:
    """The payer's own amount counts; a cent over the allowed tip, or under the price, is declined."""
    terminal, wallet = house.terminal(), house.wallet()
    for amount_minor, code in (
        (1000, 0),
        (1100, 0),
        (1101, ErrorCode.AMOUNT_MISMATCH),
        (999, ErrorCode.AMOUNT_MISMATCH),
    ):
        request = terminal.request(1000, tip_max_minor=100)
        intent = wallet.intent(request, ONLINE, amount_minor=amount_minor)
        assert wallet.send(request.envelope, intent.envelope).ok()["error_code"] == code
    assert house.payable_minor() == 2100
    house.assert_clean()


def test_an_offline_intent_sent_by_the_wallet_itself_is_paid_from_escrow(house: House) -> None:
    """A wallet that has network may bring it before the terminal does; the terminal's claim then gets the same."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request)
    answer = wallet.send(request.envelope, intent.envelope).ok()
    assert answer["state"] == "CAPTURED"
    assert wallet.balance() == (5_000, 5_000 - 1250)
    assert terminal.capture((request, intent)) == [answer]
    house.assert_clean()


def test_an_online_intent_brought_by_the_terminal_is_paid_while_it_is_fresh(house: House) -> None:
    """Shown to the terminal as a code, sent by it: decided by the issuer all the same."""
    terminal, wallet = house.terminal(), house.wallet()
    fresh, stale = terminal.request(), terminal.request()
    late = wallet.intent(stale, ONLINE)
    assert terminal.capture((fresh, wallet.intent(fresh, ONLINE)))[0]["state"] == "CAPTURED"
    assert wallet.balance() == (5_000 - 1250, 5_000)
    house.clock.advance(24 * 3600)
    assert terminal.capture((stale, late))[0]["error_code"] == ErrorCode.EXPIRED
    house.assert_clean()


def test_an_expired_token_pays_nothing_online_and_what_it_signed_before(house: House) -> None:
    """Its end bounds what a clone can spend; claims of its lifetime are still honoured."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    before = wallet.intent(request)
    house.clock.advance(72 * 3600)
    fresh = terminal.request()
    assert wallet.send(fresh.envelope, wallet.intent(fresh, ONLINE).envelope).code() is ErrorCode.EXPIRED
    assert terminal.capture((fresh, wallet.intent(fresh)))[0]["error_code"] == ErrorCode.EXPIRED
    assert terminal.capture((request, before))[0]["error_code"] == 0
    house.assert_clean()


def test_a_false_sum_frees_no_reserve(house: House) -> None:
    """A consent whose sum is smaller than its amount reserved nothing, so its decline must give nothing back."""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    honest, trick = terminal.request(3_000), terminal.request(4_000)
    kept = wallet.intent(honest, counter=2, cumulative_minor=3_000)
    outcome = terminal.capture((trick, wallet.intent(trick, counter=1, cumulative_minor=0)))[0]
    assert outcome["error_code"] == ErrorCode.BAD_CUMULATIVE
    wallet.renew(0, closing=wallet.closing(spent_minor=3_000)).ok()
    assert wallet.balance() == (7_000, 3_000)
    assert terminal.capture((honest, kept))[0]["error_code"] == 0
    assert AccountKind.FRAUD_LOSS not in {kind for kind, _ in house.balances()}
    house.assert_clean()
