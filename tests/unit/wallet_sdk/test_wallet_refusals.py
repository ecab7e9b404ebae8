"""Refusals that nobody has signed: a payer who believes one pays a second time, another way."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.unit.wallet_sdk.fakes import Fault
from tests.unit.wallet_sdk.world import World
from wallet_sdk.aio import AsyncWallet
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.kit.sandbox import FUNDS_MINOR, SERVER, Bench
from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.states import State
from wallet_sdk.store import MemoryWalletStore, Outcome, SqliteWalletStore
from wallet_sdk.store.schema import MIGRATIONS
from wallet_sdk.transport.asgi import AsyncAsgiSender
from wallet_sdk.wallet import Payment, PayMode, Wallet

DECLINED = api.PaymentAnswer(
    request_id="AAECAwQFBgcICQoL", state=State.DECLINED.name, error_code=int(ErrorCode.INSUFFICIENT_FUNDS)
)


def by_problem(_answer: HttpAnswer) -> HttpAnswer:
    """A refusal as an error, such as any proxy can write."""
    return problem(RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "refused"))


def by_answer(answer: HttpAnswer) -> HttpAnswer:
    """A refusal as an answer, without the receipt."""
    return replace(answer, http_status=200, body=api.to_json(DECLINED))


def by_state(answer: HttpAnswer) -> HttpAnswer:
    """A closed request, said by its state alone."""
    return replace(
        answer, http_status=200, body=api.to_json(replace(DECLINED, error_code=0, state=State.CANCELED.name))
    )


def by_busy(_answer: HttpAnswer) -> HttpAnswer:
    """Nothing was begun, it says."""
    return problem(UnavailableError(ErrorCode.SERVER_BUSY, "busy"))


def problem(error: RuleViolationError | UnavailableError) -> HttpAnswer:
    """An error as the server writes it."""
    body = api.to_json(api.problem_of(error))
    return HttpAnswer(http_status=int(api.http_status_of(error.code)), body=body, content_type=api.PROBLEM)


Lie = Callable[[HttpAnswer], HttpAnswer]


@dataclass
class InTheMiddle:
    """Whoever stands between wallet and issuer: hands everything on, and lies about payments as long as he likes."""

    inner: Sender
    lie: Lie | None = None

    def send(self, request: HttpRequest) -> HttpAnswer:
        """The honest answer, or a lie."""
        answer = self.inner.send(request)
        about_payments = request.path.startswith((api.PATH_INTENTS, api.PATH_CONSENTS))
        return self.lie(answer) if self.lie and about_payments else answer

    def close(self) -> None:
        """It is somebody else's."""


@pytest.fixture
def middle(tillcode_bench: Bench) -> InTheMiddle:
    """A man in the middle of a wallet and the real server."""
    return InTheMiddle(tillcode_bench.network)


@pytest.fixture
def wallet(tillcode_bench: Bench, middle: InTheMiddle) -> Wallet:
    """A wallet behind him."""
    made = Wallet.open(
        store=MemoryWalletStore(),
        keys=MemoryKeyStore(tillcode_bench.random),
        sender=middle,
        clock=tillcode_bench.clock,
        random=tillcode_bench.random,
        sleep=tillcode_bench.sleep,
    )
    made.enrol(server=SERVER, activation_code=tillcode_bench.wallet_code())
    return made


@pytest.mark.parametrize("lie", [by_problem, by_answer, by_state, by_busy])
def test_a_refusal_that_nobody_signed_leaves_the_payment_unknown(
    tillcode_bench: Bench, wallet: Wallet, middle: InTheMiddle, lie: Lie
) -> None:
    """The real server has settled it. The wallet says UNKNOWN, refuses to pay again, and asks. (R-132)"""
    text = tillcode_bench.terminal.request(amount_minor=250).text
    middle.lie = lie
    payment = wallet.scan(text).pay()
    assert payment.outcome is Outcome.UNKNOWN
    with pytest.raises(RuleViolationError) as again:
        wallet.scan(text)
    assert (again.value.code, again.value.outcome) == (ErrorCode.ALREADY_PAID, MoneyOutcome.UNKNOWN)
    assert again.value.digest == payment.digest
    middle.lie = None
    report = wallet.sync()
    assert [one.outcome for one in report.resolved] == [Outcome.SETTLED]
    assert report.balance.available is not None
    assert report.balance.available.minor == FUNDS_MINOR - FUNDS_MINOR // 2 - 250


def test_the_asyncio_wallet_believes_no_more(tillcode_bench: Bench, middle: InTheMiddle) -> None:
    """One logic, two drivers."""

    async def pay() -> tuple[Outcome, list[Outcome]]:
        wallet = AsyncWallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(tillcode_bench.random),
            sender=AsyncAsgiSender(middle),
            clock=tillcode_bench.clock,
            random=tillcode_bench.random,
            sleep=tillcode_bench.sleep_async,
        )
        async with wallet:
            await wallet.enrol(server=SERVER, activation_code=tillcode_bench.wallet_code())
            middle.lie = by_problem
            quote = await wallet.scan(tillcode_bench.terminal.request(amount_minor=250).text)
            payment = await quote.pay()
            middle.lie = None
            report = await wallet.sync()
            return payment.outcome, [one.outcome for one in report.resolved]

    assert asyncio.run(pay()) == (Outcome.UNKNOWN, [Outcome.SETTLED])


@pytest.mark.parametrize("mode", [PayMode.ONLINE, PayMode.OFFLINE])
def test_a_refusal_that_the_issuer_signed_is_believed_and_proven(
    tillcode_bench: Bench, wallet: Wallet, mode: PayMode
) -> None:
    """At once when it comes with the answer; and a stranger can check it."""
    shown = tillcode_bench.terminal.request(amount_minor=250)
    tillcode_bench.decline_next()
    payment = wallet.scan(shown.text).pay(mode)
    if payment.qr is not None:
        tillcode_bench.terminal.claim(shown, payment.qr.text)
        payment = wallet.outcome_of(payment)
    assert (payment.outcome, payment.error_code) == (Outcome.DECLINED, ErrorCode.INSUFFICIENT_FUNDS)
    proven = wallet.receipt(payment).verify(root_key=tillcode_bench.papers.root_key)
    assert (proven.consent_digest, proven.state.is_paid) == (payment.digest, False)


def test_a_code_and_an_offline_payment_are_not_declined_by_a_mere_word(
    tillcode_bench: Bench, wallet: Wallet, middle: InTheMiddle
) -> None:
    """Both may have been taken by a till; what they are is what a signature says."""
    till, code = tillcode_bench.terminal, wallet.present_code(ceiling_minor=500)
    shown, asked = till.request(amount_minor=300), till.request(amount_minor=400)
    offline = wallet.scan(shown.text).pay(PayMode.OFFLINE)
    assert offline.qr is not None
    till.claim(asked, code.qr.text)
    till.claim(shown, offline.qr.text)
    middle.lie = by_answer
    assert wallet.outcome_of(offline).outcome is Outcome.OFFLINE
    assert wallet.outcome_of(code).outcome is Outcome.PRESENTED
    middle.lie = None
    assert sorted(one.amount.minor for one in wallet.sync().resolved) == [300, 400]


def test_what_was_said_without_a_signature_tells_the_payer_why(world: World) -> None:
    """It is shown beside UNKNOWN; the same request is not paid again meanwhile."""
    world.server.signs_refusals = False
    world.server.refuse_intents_with = ErrorCode.MERCHANT_BLOCKED
    payment = world.wallet.scan(world.request_text()).pay()
    assert (payment.outcome, payment.error_code) == (Outcome.UNKNOWN, ErrorCode.MERCHANT_BLOCKED)
    assert world.wallet.payment(payment.digest) == payment


def test_an_old_server_that_signs_no_refusal_is_written_off_when_it_is_too_late_to_charge(world: World) -> None:
    """Never UNKNOWN for ever: what it takes no more costs nothing, and the reason stays. (R-65)"""
    payment = world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE)
    world.server.settled[payment.digest] = DECLINED
    assert world.wallet.sync().open_count == 1
    world.clock.advance(30 * 24 * 3600 + 120 + 600)
    (resolved,) = world.wallet.sync().resolved
    assert (resolved.outcome, resolved.error_code) == (Outcome.EXPIRED, ErrorCode.INSUFFICIENT_FUNDS)


def test_a_sync_sends_again_what_nobody_has_heard_of(world: World) -> None:
    """A thousand payments, of which each tenth is lost on its way with all its tries: one sync settles them all."""
    lost = 0
    for number in range(100):
        quote = world.wallet.scan(world.request_text(amount_minor=10))
        if number % 10 == 0:
            world.server.faults = [Fault.LOST_BEFORE] * 6
        lost += quote.pay(PayMode.ONLINE).outcome is Outcome.UNKNOWN
    assert lost == 10
    report = world.wallet.sync()
    assert (len(report.resolved), report.open_count) == (10, 0)
    assert {one.outcome for one in world.wallet.history()} == {Outcome.SETTLED}
    assert world.server.available_minor == 100_000 - 100 * 10


def test_a_sync_sends_nothing_that_was_refused_or_is_too_old(world: World) -> None:
    """A shop that may be paid again next week does not find last week's payment; a till that has gone waits no more."""
    world.server.signs_refusals = False
    world.server.refuse_intents_with = ErrorCode.MERCHANT_BLOCKED
    refused = world.wallet.scan(world.request_text()).pay()
    world.server.refuse_intents_with = None
    world.server.faults = [Fault.LOST_BEFORE] * 6
    late = world.wallet.scan(world.request_text()).pay()
    world.clock.advance(120)
    sent = len(world.server.paths(api.PATH_INTENTS))
    world.wallet.sync()
    assert len(world.server.paths(api.PATH_INTENTS)) == sent
    assert {world.wallet.payment(one.digest).outcome for one in (refused, late)} == {Outcome.UNKNOWN}
    world.clock.advance(600)
    world.wallet.sync()
    assert {world.wallet.payment(one.digest).outcome for one in (refused, late)} == {Outcome.EXPIRED}


def test_a_payment_names_its_sale_as_the_merchants_program_does(tillcode_bench: Bench, wallet: Wallet) -> None:
    """A back office that crashed maps its sale to the payment: by the request, also of a code."""
    till, code = tillcode_bench.terminal, wallet.present_code()
    shown, asked = till.request(amount_minor=300), till.request(amount_minor=400)
    payment = wallet.scan(shown.text).pay()
    assert payment.request_id == shown.request_id
    assert api.to_base64url(shown.request_id) == till.outcome_of(shown).request_id
    assert wallet.outcome_of(code).request_id is None
    till.claim(asked, code.qr.text)
    assert wallet.outcome_of(code).request_id == asked.request_id
    assert wallet.receipt(payment).verify(root_key=tillcode_bench.papers.root_key).request_id == shown.request_id


def test_a_print_whose_payment_is_not_known_is_not_safe_to_pay_again(world: World) -> None:
    """Each call is a payment of its own, so the error that a full disk raises after it was sent says so."""
    sealed = world.scheme.static_code()
    quote = world.wallet.scan_any(qr.to_text(sealed.envelope))
    full = UnavailableError(ErrorCode.STORAGE_FAILED, "the disk is full")
    world.server.refuse_intents_with = ErrorCode.INSUFFICIENT_FUNDS

    def fail(*_args: object, **_words: object) -> None:
        raise full

    world.store.record_outcome = fail  # type: ignore[method-assign]
    with pytest.raises(UnavailableError) as failed:
        quote.pay(500)  # type: ignore[union-attr,arg-type]
    assert (failed.value.outcome, failed.value.safe_to_retry) == (MoneyOutcome.UNKNOWN, False)
    assert failed.value.digest == next(iter(world.wallet.history())).digest


# --- wallets of before ---


def as_it_was(path: Path, *, unsigned: list[Payment]) -> None:
    """Put a file back to the version that kept an unsigned "declined" for ever, with these declined so."""
    with closing(sqlite3.connect(path)) as database:
        for payment in unsigned:
            database.execute(
                "UPDATE consent SET outcome = 'declined', is_dead = 1, is_resolved = 1, receipt = x'',"
                " error_code = 2019 WHERE digest = ?",
                (payment.digest,),
            )
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
        database.commit()


def test_a_wallet_of_before_asks_again_about_what_it_called_declined(world: World, tmp_path: Path) -> None:
    """One of these was charged; the other was refused, and now there is the proof of it."""
    path = tmp_path / "wallet.sqlite"
    store = SqliteWalletStore(path)
    wallet = Wallet.open(
        store=store, keys=MemoryKeyStore(world.random), sender=world.network, clock=world.clock, random=world.random
    )
    world.server.device_key = None
    wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    charged = wallet.scan(world.request_text(amount_minor=500)).pay()
    offline = wallet.scan(world.request_text(amount_minor=700)).pay(PayMode.OFFLINE)
    world.server.refuse_intents_with = ErrorCode.INSUFFICIENT_FUNDS
    twice = world.request_text(amount_minor=600)
    refused = wallet.scan(twice).pay()
    world.server.refuse_intents_with = None
    paid_then = wallet.scan(twice).pay()
    wallet.close()
    as_it_was(path, unsigned=[charged, offline, refused])

    reopened = Wallet.open(
        store=SqliteWalletStore(path), keys=wallet._parts.keys, sender=world.network, clock=world.clock
    )
    before = {one.digest: one.outcome for one in reopened.history()}
    assert before == {
        charged.digest: Outcome.UNKNOWN,
        offline.digest: Outcome.OFFLINE,
        refused.digest: Outcome.DECLINED,  # its request was paid by another consent: nobody paid twice
        paid_then.digest: Outcome.SETTLED,
    }
    assert [one.outcome for one in reopened.sync().resolved] == [Outcome.SETTLED]
    assert reopened.payment(charged.digest).outcome is Outcome.SETTLED
    reopened.close()
