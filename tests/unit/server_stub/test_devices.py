"""Enrolment, certificates and signed reads: who gets in, and who sees what."""

import asyncio

import pytest

from server_stub.activation import hash_of_code, new_activation_code
from server_stub.service.administration import terminal_code
from server_stub.store.tables.payments import PAYMENTS
from tests.unit.server_stub.harness import NEVER_S, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import CertificateRequest, Enrolment
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.trust import verify_bundle, verify_certificate


def new_terminal(house: House) -> TestTerminal:
    """Not enrolled yet."""
    return TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def new_wallet(house: House) -> TestWallet:
    """Not enrolled yet."""
    return TestWallet(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def test_an_enrolled_terminal_holds_a_certificate_that_its_root_vouches_for(house: House) -> None:
    """The answer carries all that a terminal needs to be trusted, and its own limits."""
    code = terminal_code(house.desk.operator.store, house.merchant_id, random=house.random, expires_at_s=NEVER_S)
    terminal = new_terminal(house)
    answer = terminal.enrol(code).ok()
    root_key = api.from_base64url(answer["root_key"])
    trust = verify_bundle(api.from_base64url(answer["bundle"]), root_key=root_key)  # type: ignore[arg-type]
    certificate = verify_certificate(terminal.certificate, trust, at_s=terminal.now_s()).message
    assert (certificate.merchant_name, certificate.terminal_key) == ("Café Mole", terminal.signer.public_key)
    assert answer["offline_limits"]["payment_max_minor"] == 5_000
    assert house.call("GET", api.PATH_TRUST, b"", "").ok()["bundle"] == answer["bundle"]


def test_a_code_lets_one_key_in_however_it_is_typed(house: House) -> None:
    """The same key again gets the same answer; another key, another kind or a wrong code gets nothing. (R-116)"""
    code = house.wallet_code(Money(minor=500, currency=Currency.EUR))
    wallet = new_wallet(house)
    first = wallet.enrol(code.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert first.ok()["currency"] == "EUR"
    assert wallet.enrol(code).body == first.body
    assert wallet.balance() == (500, 0)
    assert new_wallet(house).enrol(code).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    assert new_terminal(house).enrol(code).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    assert new_wallet(house).enrol("0000-0000").code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    another = house.wallet_code(Money(minor=1, currency=Currency.EUR))
    assert wallet.enrol(another).code() is ErrorCode.ALREADY_ENROLLED
    house.assert_clean()


def test_an_expired_code_lets_nobody_in(house: House) -> None:
    """A forgotten slip of paper is worth nothing after its time."""
    now_s = house.clock.now_ms() // 1000
    code = terminal_code(house.desk.operator.store, house.merchant_id, random=house.random, expires_at_s=now_s)
    assert new_terminal(house).enrol(code).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE


def test_an_enrolment_must_be_signed_by_the_key_it_brings(house: House) -> None:
    """Nobody enrols a key that he does not hold."""
    terminal = new_terminal(house)
    message = Enrolment(activation_code="X", public_key=terminal.signer.public_key, made_at_s=terminal.now_s())
    forged = seal(message, house.new_signer()).envelope
    assert house.call("POST", api.PATH_ENROL_TERMINAL, forged, "").code() is ErrorCode.UNKNOWN_SIGNER


def test_codes_are_random_typable_and_kept_as_hashes(house: House) -> None:
    """80 bits in letters that cannot be mistaken; the ledger's file never holds one."""
    assert new_activation_code(bytes(range(16))) == "0123-4567-89AB-CDEF"
    assert hash_of_code("olI1-0") == hash_of_code("01110")
    code = terminal_code(house.desk.operator.store, house.merchant_id, random=house.random, expires_at_s=NEVER_S)
    for path in house.folder.glob("ledger.sqlite*"):
        content = path.read_bytes()
        assert code.encode() not in content
        assert code.replace("-", "").encode() not in content


def test_a_terminal_gets_a_fresh_certificate(house: House) -> None:
    """Renewed daily, over the same key; an old ask is refused."""
    terminal = house.terminal()
    house.clock.advance(24 * 3600)
    asked = seal(CertificateRequest(made_at_s=terminal.now_s()), terminal.signer).envelope
    answer = house.call("POST", api.PATH_CERTIFICATES, asked, "").ok()
    certificate = verify_certificate(
        api.from_base64url(answer["certificate"]), house.desk.operator.trust, at_s=terminal.now_s()
    ).message
    assert certificate.not_before_s == terminal.now_s()
    assert certificate.terminal_id == terminal.message.terminal_id
    house.clock.advance(301)
    assert house.call("POST", api.PATH_CERTIFICATES, asked, "").code() is ErrorCode.EXPIRED


def test_each_device_reads_its_own_and_nothing_else(house: House) -> None:
    """Foreign payments and consents are unknown, and a signature is good for exactly one path. (R-113)"""
    terminal, other = house.terminal(), house.terminal()
    wallet, stranger = house.wallet(), house.wallet()
    request = terminal.request()
    answer = wallet.pay(request)
    payment = api.payment_path(request.message.request_id)
    with house.desk.operator.store.reading() as reader:
        (paid,) = reader.list_all(PAYMENTS)
    consent = api.consent_path(paid.consent_digest)
    assert terminal.read(payment).ok() == answer
    assert wallet.read(consent).ok() == answer
    assert other.read(payment).ok()["state"] == "REQUESTED"
    assert stranger.read(consent).code() is ErrorCode.UNKNOWN_PAYMENT
    assert terminal.read(consent).code() is ErrorCode.UNKNOWN_PAYMENT
    assert wallet.read(payment).code() is ErrorCode.UNKNOWN_PAYMENT
    assert terminal.read(api.PATH_BALANCE).code() is ErrorCode.NOT_AUTHORIZED
    assert terminal.read(payment, signed_path=api.PATH_BALANCE).code() is ErrorCode.NOT_AUTHORIZED
    assert house.call("GET", payment, b"", "").code() is ErrorCode.NOT_AUTHENTICATED
    assert house.call("GET", payment, b"", "TC1 !").code() is ErrorCode.BAD_REQUEST_BODY
    assert terminal.read(api.PATH_PAYMENTS + "/AAAA").code() is ErrorCode.UNKNOWN_PAYMENT


def test_an_old_read_is_refused(house: House) -> None:
    """A signed read may be replayed only for a short while. (R-113)"""
    wallet = house.wallet()
    house.clock.advance(-301)
    old = wallet.read(api.PATH_BALANCE)
    assert old.http_status == 200
    wallet.clock = type(house.clock)(wall_ms=house.clock.wall_ms)
    house.clock.advance(301)
    assert wallet.read(api.PATH_BALANCE).code() is ErrorCode.EXPIRED


@pytest.mark.parametrize("reader", ["terminal", "wallet"])
def test_a_long_poll_is_answered_by_the_commit_it_waits_for(house: House, reader: str) -> None:
    """Both sides may wait; the answer comes with the payment and not with the end of the wait."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request)
    asking = terminal if reader == "terminal" else wallet
    path = api.payment_path(request.message.request_id) if reader == "terminal" else api.consent_path(intent.digest)
    batch = terminal.batch((request, intent))
    authorization = asking.authorization(path)

    async def race() -> tuple[bytes, bytes]:
        waiting = asyncio.create_task(house.acall("GET", path + "?wait=30", b"", authorization))
        while not house.desk.wakeups.waits_for_anything:
            await asyncio.wait([waiting], timeout=0.001)
        captured = await house.acall("POST", api.PATH_CAPTURES, batch)
        return captured.body, (await waiting).body

    captured, answer = asyncio.run(race())
    assert answer in captured
    assert b"CAPTURED" in answer


def test_a_long_poll_ends_with_what_is_known(house: House) -> None:
    """Nothing happened: the terminal hears REQUESTED, the wallet that its consent is unknown. (R-114)"""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    path = api.payment_path(request.message.request_id)
    assert terminal.read(path, query="?wait=1").ok()["state"] == "REQUESTED"
    assert wallet.read(api.consent_path(request.digest), query="?wait=0").code() is ErrorCode.UNKNOWN_PAYMENT
    assert terminal.read(path, query="?wait=-1").code() is ErrorCode.BAD_REQUEST_BODY
