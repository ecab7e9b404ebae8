"""The example programs do what they say: a kiosk without a network, and a back office that hears of it."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.examples.back_office.back_office import Book, Receiver
from docs.examples.kiosk.kiosk import Kiosk
from docs.examples.secure_element.key_store import ElementKeyStore
from server_stub.webhooks.signing import WebhookSecret, headers_of, new_secret
from wallet_sdk import MemoryWalletStore, Outcome, PayMode, Wallet
from wallet_sdk.kit.sandbox import SERVER, Bench
from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, UnavailableError
from wallet_sdk.transport import NetworkSwitch, SwitchableSender


class Kept:
    """A sender that outlives whoever closes it."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner

    def send(self, request: HttpRequest) -> HttpAnswer:
        return self._inner.send(request)

    def close(self) -> None:
        """It is somebody else's."""


@pytest.fixture
def network(tillcode_bench: Bench) -> SwitchableSender:
    """The kiosk's own network."""
    return SwitchableSender(Kept(tillcode_bench.network))


@pytest.fixture
def kiosk(tillcode_bench: Bench, network: SwitchableSender, tmp_path: Path) -> Iterator[Kiosk]:
    """A kiosk that is enrolled, its keys in the element."""
    keys = ElementKeyStore(tmp_path / "element")
    kiosk = Kiosk(
        tmp_path / "kiosk", keys, clock=tillcode_bench.clock, random=tillcode_bench.random, connect=lambda _: network
    )
    kiosk.enrol(server=SERVER, activation_code=tillcode_bench.sandbox.terminal_code())
    yield kiosk
    kiosk.close()
    keys.close()


def test_a_kiosk_sells_without_a_network_and_settles_later(
    kiosk: Kiosk, network: SwitchableSender, tillcode_wallet: Wallet
) -> None:
    """Three customers, no network on either side; then all three are paid, and a second flush has nothing to do."""
    network.switch(NetworkSwitch.OFF)
    for amount_minor in (450, 450, 900):
        asked = kiosk.ask(amount_minor=amount_minor)
        shown = tillcode_wallet.scan(qr.to_text(asked.envelope)).pay(PayMode.OFFLINE)
        assert shown.qr is not None
        assert kiosk.accept(asked, shown.qr.text).amount_minor == amount_minor
    with pytest.raises(UnavailableError):
        kiosk.flush()
    network.switch(NetworkSwitch.ON)
    assert kiosk.flush() == {"CAPTURED": 3}
    assert kiosk.flush() == {}
    report = tillcode_wallet.sync()
    assert {payment.outcome for payment in report.resolved} == {Outcome.SETTLED}


def test_a_kiosk_refuses_what_it_must(kiosk: Kiosk, tillcode_wallet: Wallet) -> None:
    """The same code twice, the answer to another request, and more than it takes alone."""
    first, second = (kiosk.ask(amount_minor=450) for _ in range(2))
    shown = tillcode_wallet.scan(qr.to_text(first.envelope)).pay(PayMode.OFFLINE)
    assert shown.qr is not None
    with pytest.raises(RuleViolationError) as other:
        kiosk.accept(second, shown.qr.text)
    assert other.value.code is ErrorCode.WRONG_REQUEST
    accepted = kiosk.accept(first, shown.qr.text)
    assert kiosk.accept(first, shown.qr.text) == accepted  # the same customer, the same outcome
    kept = json.loads(kiosk._journal.execute("SELECT offline_limits FROM terms").fetchone()[0])
    kiosk._journal.execute("UPDATE terms SET offline_limits = ?", (json.dumps(kept | {"payment_max_minor": 500}),))
    large = kiosk.ask(amount_minor=501)
    shown = tillcode_wallet.scan(qr.to_text(large.envelope)).pay(PayMode.OFFLINE)
    assert shown.qr is not None
    with pytest.raises(RuleViolationError) as too_much:
        kiosk.accept(large, shown.qr.text)
    assert (too_much.value.code, too_much.value.param) == (ErrorCode.OVER_TERMINAL_LIMIT, "payment_max_minor")


def test_a_kiosk_takes_no_answer_that_comes_too_late(
    kiosk: Kiosk, tillcode_bench: Bench, tillcode_wallet: Wallet
) -> None:
    """An hour after it was asked: R-68."""
    asked = kiosk.ask(amount_minor=450)
    shown = tillcode_wallet.scan(qr.to_text(asked.envelope)).pay(PayMode.OFFLINE)
    assert shown.qr is not None
    tillcode_bench.clock.advance(3_600)
    with pytest.raises(RuleViolationError) as late:
        kiosk.accept(asked, shown.qr.text)
    assert late.value.code is ErrorCode.EXPIRED


def test_a_kiosk_lives_longer_than_its_certificate(
    kiosk: Kiosk, tillcode_bench: Bench, tillcode_wallet: Wallet
) -> None:
    """Three weeks with a flush a day, and it still sells."""
    for _ in range(21):
        tillcode_bench.clock.advance(24 * 3_600)
        assert kiosk.flush() == {}
    tillcode_wallet.sync()
    asked = kiosk.ask(amount_minor=450)
    shown = tillcode_wallet.scan(qr.to_text(asked.envelope)).pay(PayMode.OFFLINE)
    assert shown.qr is not None
    kiosk.accept(asked, shown.qr.text)
    assert kiosk.flush() == {"CAPTURED": 1}


def test_a_kiosk_knows_after_a_restart_what_it_has_asked(
    kiosk: Kiosk, tillcode_bench: Bench, tillcode_wallet: Wallet, network: SwitchableSender, tmp_path: Path
) -> None:
    """The customer paid while it was down for a moment."""
    shown = tillcode_wallet.scan(qr.to_text(kiosk.ask(amount_minor=450).envelope)).pay(PayMode.OFFLINE)
    assert shown.qr is not None
    again = Kiosk(
        tmp_path / "kiosk",
        kiosk._keys,
        clock=tillcode_bench.clock,
        random=tillcode_bench.random,
        connect=lambda _: network,
    )
    asked = again.latest()
    assert asked is not None
    assert again.accept(asked, shown.qr.text).amount_minor == 450
    again.close()


def test_a_wallet_pays_with_keys_that_it_never_holds(tillcode_bench: Bench, tmp_path: Path) -> None:
    """The secure element signs the enrolment, every read, the token's closing, and the payments, online and offline."""
    element = ElementKeyStore(tmp_path / "element")
    with Wallet.open(
        store=MemoryWalletStore(),
        keys=element,
        sender=tillcode_bench.network,
        clock=tillcode_bench.clock,
        random=tillcode_bench.random,
    ) as wallet:
        wallet.enrol(server=SERVER, activation_code=tillcode_bench.wallet_code())
        till = tillcode_bench.terminal
        assert wallet.scan(till.request(amount_minor=100).text).pay().outcome is Outcome.SETTLED
        shown = till.request(amount_minor=200)
        offline = wallet.scan(shown.text).pay(PayMode.OFFLINE)
        assert offline.qr is not None
        assert till.claim(shown, offline.qr.text).state == "CAPTURED"
        assert wallet.change_allowance(allowance_minor=0).offline_left.minor == 0
    element.close()


@pytest.fixture
def secrets() -> list[WebhookSecret]:
    """The new one and the old one, while they are being changed."""
    return [new_secret(bytes([number]) * 32) for number in (1, 2)]


@pytest.fixture
def office(tillcode_bench: Bench, tmp_path: Path, secrets: list[WebhookSecret]) -> Iterator[Receiver]:
    """A back office that listens."""
    book = Book(tmp_path / "book.sqlite")
    with Receiver(0, book, secrets=list(secrets), clock=tillcode_bench.clock) as receiver:
        listening = threading.Thread(target=receiver.serve_forever)
        listening.start()
        yield receiver
        receiver.shutdown()
        listening.join(timeout=10)
    book.close()


def test_a_back_office_books_each_event_once(
    office: Receiver, tillcode_bench: Bench, secrets: list[WebhookSecret]
) -> None:
    """Signed by either secret, delivered twice, out of sequence: the takings are right, and the gap is known."""
    deliver(office, event(3, "payment.captured", 1_250), [secrets[0]], tillcode_bench)
    deliver(office, event(1, "payment.captured", 450), [secrets[1]], tillcode_bench)
    deliver(office, event(1, "payment.captured", 450), [secrets[1]], tillcode_bench)
    deliver(office, event(4, "payment.declined", 990), secrets, tillcode_bench)
    assert office.book.takings() == {("2026-11-23", "EUR"): 1_700}
    assert office.book.missing() == [2]
    assert office.book.notes() == ["captured 4.50 EUR", "captured 12.50 EUR", "captured 9.90 EUR: INSUFFICIENT_FUNDS"]
    refused = deliver(office, event(2, "payment.captured", 1), [new_secret(bytes(32))], tillcode_bench)
    assert refused == 400
    assert office.book.missing() == [2]


def event(number: int, kind: str, amount_minor: int) -> bytes:
    """As the server sends it."""
    return (
        f'{{"id":"evt_1001_{number}","number":{number},"type":"{kind}","timestamp":"2026-11-23T12:00:00Z","data":'
        f'{{"terminal_id":2001,"request_id":"AaIIRv4A7QEg9hxA","amount_minor":{amount_minor},"currency":"EUR",'
        '"state":"CAPTURED","error_code":2019,"error":"INSUFFICIENT_FUNDS"}}'
    ).encode()


def deliver(office: Receiver, body: bytes, signed_by: list[WebhookSecret], bench: Bench) -> int:
    """POST one delivery; the number of the answer."""
    at_s = bench.clock.now_ms() // 1000
    headers = headers_of(signed_by, message_id=json.loads(body)["id"], at_s=at_s, body=body)
    connection = http.client.HTTPConnection("127.0.0.1", office.server_port, timeout=10)
    connection.request("POST", "/", body, dict(headers))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status
