"""The testing kit against itself: its network fails as told, its faults and its clock reach the real server."""

import asyncio
import threading
from pathlib import Path

import pytest

from server_stub.service.merchants import BlockTerminal
from server_stub.service.playground import FaultKind
from wallet_sdk.kit import FaultySender, MerchantTerminal, NetworkFault
from wallet_sdk.kit.sandbox import FUNDS_MINOR, Bench, opened_bench
from wallet_sdk.ports import HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.store import Outcome
from wallet_sdk.testing import SeededRandom
from wallet_sdk.transport.asgi import AsgiSender
from wallet_sdk.wallet import PayMode, Wallet


@pytest.mark.parametrize("fault", [fault for fault in NetworkFault if fault is not NetworkFault.NOT_THE_SERVER])
def test_each_fault_of_the_network_costs_one_debit_at_most(
    tillcode_bench: Bench, tillcode_wallet: Wallet, fault: NetworkFault
) -> None:
    """The real server settles once, whatever the network did; the till hears the same."""
    shown = tillcode_bench.terminal.request(amount_minor=250)
    tillcode_bench.network.fail_next(fault)
    assert tillcode_wallet.scan(shown.text).pay(PayMode.ONLINE).outcome is Outcome.SETTLED
    available = tillcode_wallet.sync().balance.available
    assert available is not None
    assert available.minor == FUNDS_MINOR - FUNDS_MINOR // 2 - 250
    assert tillcode_bench.terminal.outcome_of(shown).state == "CAPTURED"


def test_a_network_that_stays_down_goes_offline_and_heals(
    tillcode_wallet: Wallet, tillcode_network: FaultySender, tillcode_terminal: MerchantTerminal
) -> None:
    """Nothing leaves; healed, the claim settles it."""
    tillcode_network.fail_next(*[NetworkFault.UNREACHABLE] * 20)
    shown = tillcode_terminal.request(amount_minor=300)
    payment = tillcode_wallet.scan(shown.text).pay()
    assert payment.outcome is Outcome.OFFLINE
    tillcode_network.heal()
    assert payment.qr is not None
    accepted = tillcode_wallet.scan_receipt(tillcode_terminal.accept_offline(shown, payment.qr.text))
    assert accepted.outcome is Outcome.ACCEPTED_OFFLINE
    tillcode_terminal.claim(shown, payment.qr.text)
    assert [one.outcome for one in tillcode_wallet.sync().resolved] == [Outcome.SETTLED]


@pytest.mark.parametrize(
    "kind", [FaultKind.DROP_BEFORE_COMMIT, FaultKind.DROP_AFTER_COMMIT, FaultKind.ERROR_AFTER_COMMIT, FaultKind.BUSY]
)
def test_faults_of_the_server_are_repaired(tillcode_bench: Bench, tillcode_wallet: Wallet, kind: FaultKind) -> None:
    """A cut connection is honest over ASGI too: the outcome was unknown, and then known."""
    tillcode_bench.server_fails(kind)
    shown = tillcode_bench.terminal.request(amount_minor=250)
    assert tillcode_wallet.scan(shown.text).pay(PayMode.ONLINE).outcome is Outcome.SETTLED


def test_the_next_payment_can_be_declined(tillcode_bench: Bench, tillcode_wallet: Wallet) -> None:
    """With the reason that was asked for, once."""
    tillcode_bench.decline_next(ErrorCode.OVER_TOKEN_LIMIT)
    declined = tillcode_wallet.scan(tillcode_bench.terminal.request(amount_minor=250).text).pay()
    assert (declined.outcome, declined.error_code) == (Outcome.DECLINED, ErrorCode.OVER_TOKEN_LIMIT)
    assert tillcode_wallet.scan(tillcode_bench.terminal.request(amount_minor=250).text).pay().outcome is Outcome.SETTLED


def test_a_till_refuses_what_is_not_its_own(tillcode_terminal: MerchantTerminal, tillcode_wallet: Wallet) -> None:
    """An intent for another of its requests."""
    first, second = (tillcode_terminal.request(amount_minor=100) for _ in range(2))
    payment = tillcode_wallet.scan(first.text).pay(PayMode.OFFLINE)
    assert payment.qr is not None
    with pytest.raises(RuleViolationError) as refused:
        tillcode_terminal.accept_offline(second, payment.qr.text)
    assert refused.value.code is ErrorCode.WRONG_REQUEST


def test_both_kinds_of_wallet_run_on_one_bench(tillcode_bench: Bench) -> None:
    """The asyncio one too, several payments at once."""

    async def pay() -> set[Outcome]:
        wallet = await tillcode_bench.async_wallet(funds_minor=5_000, allowance_minor=0)
        texts = [tillcode_bench.terminal.request(amount_minor=10).text for _ in range(8)]

        async def one(text: str) -> Outcome:
            return (await (await wallet.scan(text)).pay()).outcome

        outcomes = set(await asyncio.gather(*(one(text) for text in texts)))
        await wallet.close()
        return outcomes

    assert asyncio.run(pay()) == {Outcome.SETTLED}


def test_the_same_seed_makes_the_same_run(tmp_path: Path, tillcode_random: SeededRandom) -> None:
    """Keys, codes and ids; and when it is closed no thread is left."""
    papers = []
    threads = threading.active_count()
    for name in ("first", "second"):
        with opened_bench(tmp_path / name, seed=7) as bench:
            papers.append((bench.papers, bench.terminal.request(amount_minor=1).text))
    assert papers[0] == papers[1]
    assert threading.active_count() == threads
    assert tillcode_random.drawn > 0


def test_a_sender_that_is_closed_or_late_says_so() -> None:
    """Closed before a byte left; late with the outcome unknown."""

    async def silent(_scope: object, _receive: object, _send: object) -> None:
        await asyncio.Event().wait()

    sender = AsgiSender(silent)
    with pytest.raises(UnavailableError) as late:
        sender.send(HttpRequest(method="GET", path="/healthz", timeout_s=0.05))
    assert (late.value.code, late.value.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)
    sender.close()
    sender.close()
    with pytest.raises(UnavailableError) as closed:
        sender.send(HttpRequest(method="GET", path="/healthz"))
    assert (closed.value.code, closed.value.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)


def test_a_refund_is_seen_by_the_payer(tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal) -> None:
    """In parts, by asking or by a sync; what was learned stays in the history, and the money is on the account."""
    shown = tillcode_terminal.request(amount_minor=900)
    payment = tillcode_wallet.scan(shown.text).pay()
    assert tillcode_wallet.refund_of(payment).refunded.minor == 0
    for amount_minor in (250, 100):
        tillcode_terminal.refund(shown, refund_id=tillcode_terminal.new_id(), amount_minor=amount_minor)
    assert tillcode_wallet.refund_of(payment).refunded.minor == 350
    assert [str(one.refunded) for one in tillcode_wallet.history()] == ["3.50 EUR"]
    tillcode_terminal.refund(shown, refund_id=tillcode_terminal.new_id(), amount_minor=50)
    report = tillcode_wallet.sync()
    assert [one.refunded.minor for one in report.refunded] == [400]
    available = report.balance.available
    assert available is not None
    assert available.minor == FUNDS_MINOR - FUNDS_MINOR // 2 - 900 + 400
    assert tillcode_wallet.sync().refunded == ()


def test_only_a_settled_payment_has_a_refund(tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal) -> None:
    """Asking about another is a mistake of the caller's."""
    payment = tillcode_wallet.scan(tillcode_terminal.request(amount_minor=100).text).pay(PayMode.OFFLINE)
    with pytest.raises(MisuseError) as misuse:
        tillcode_wallet.refund_of(payment)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT


@pytest.mark.parametrize("mode", [PayMode.ONLINE, PayMode.OFFLINE])
def test_a_tip_is_consented_to_with_the_rest(
    tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal, mode: PayMode
) -> None:
    """One signature over both; more than the till allows is refused before anything is signed."""
    shown = tillcode_terminal.request(amount_minor=1_000, tip_max_minor=200)
    quote = tillcode_wallet.scan(shown.text)
    assert quote.tip_max.minor == 200
    for wrong in (-1, 201):
        with pytest.raises(MisuseError) as misuse:
            quote.pay(mode, tip_minor=wrong)
        assert misuse.value.param == "tip_minor"
    payment = quote.pay(mode, tip_minor=150)
    assert payment.amount.minor == 1_150
    if mode is PayMode.OFFLINE:
        assert payment.qr is not None
        accepted = tillcode_wallet.scan_receipt(tillcode_terminal.accept_offline(shown, payment.qr.text))
        assert accepted.outcome is Outcome.ACCEPTED_OFFLINE
        assert tillcode_terminal.claim(shown, payment.qr.text).state == "CAPTURED"
        tillcode_wallet.sync()
    assert [(one.outcome, one.amount.minor) for one in tillcode_wallet.history()] == [(Outcome.SETTLED, 1_150)]


def test_a_refusal_that_the_issuer_signed_is_kept_as_proof(
    tillcode_bench: Bench, tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal
) -> None:
    """An offline payment whose claim was refused: the payer holds the issuer's word that it will not be charged."""
    shown = tillcode_terminal.request(amount_minor=103)  # by its amount: REVOKED
    payment = tillcode_wallet.scan(shown.text).pay(PayMode.OFFLINE)
    assert payment.qr is not None
    tillcode_terminal.claim(shown, payment.qr.text)
    refused = tillcode_wallet.outcome_of(payment)
    assert (refused.outcome, refused.error_code) == (Outcome.DECLINED, ErrorCode.REVOKED)
    proven = tillcode_wallet.receipt(refused).verify(root_key=tillcode_bench.papers.root_key)
    assert proven.consent_digest == payment.digest
    assert not proven.state.is_paid


def test_a_till_that_its_merchant_blocked_is_refused_by_wallets(
    tillcode_bench: Bench, tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal
) -> None:
    """The server signs it into its denylist; the next sync brings it, and from then on no network is needed."""
    shown = tillcode_terminal.request(amount_minor=100)
    terminal_id = tillcode_wallet.scan(shown.text)._verified.certificate.message.terminal_id
    operator = tillcode_bench.sandbox.desk.operator
    blocking = BlockTerminal(
        terminal_id=terminal_id, merchant_id=tillcode_bench.papers.merchant_id, at_s=operator.now_s()
    )
    operator.committer.submit(blocking).result(timeout=10)
    tillcode_wallet.sync()
    tillcode_bench.network.fail_next(*[NetworkFault.UNREACHABLE] * 20)
    with pytest.raises(RuleViolationError) as refused:
        tillcode_wallet.scan(shown.text)
    assert refused.value.code is ErrorCode.REVOKED


def test_a_refund_whose_answer_is_lost_is_asked_for_again_and_goes_back_once(
    tillcode_bench: Bench, tillcode_wallet: Wallet
) -> None:
    """Every answer lost, again and again, of a hundred refunds: the caller's id decides, at any time."""
    network = FaultySender(tillcode_bench._sender)
    till = MerchantTerminal(
        network,
        activation_code=tillcode_bench.sandbox.terminal_code(),
        clock=tillcode_bench.clock,
        random=tillcode_bench.random,
    )
    shown = till.request(amount_minor=2_000)
    assert tillcode_wallet.scan(shown.text).pay().outcome is Outcome.SETTLED
    for _ in range(100):
        refund_id = till.new_id()
        network.fail_next(*[NetworkFault.LOST_ANSWER] * 3)
        with pytest.raises(UnavailableError) as lost:
            till.refund(shown, refund_id=refund_id, amount_minor=10)
        assert (lost.value.outcome, lost.value.safe_to_retry) == (MoneyOutcome.UNKNOWN, True)
        tillcode_bench.clock.advance(1)
        assert till.refund(shown, refund_id=refund_id, amount_minor=10).amount_minor == 10
    assert [one.refunded.minor for one in tillcode_wallet.sync().refunded] == [1_000]


def test_one_refund_id_is_one_refund(tillcode_wallet: Wallet, tillcode_terminal: MerchantTerminal) -> None:
    """Another amount or reason under it is refused here already, and so is what is no id."""
    shown = tillcode_terminal.request(amount_minor=900)
    tillcode_wallet.scan(shown.text).pay()
    refund_id = tillcode_terminal.new_id()
    tillcode_terminal.refund(shown, refund_id=refund_id, amount_minor=10)
    with pytest.raises(RuleViolationError) as conflict:
        tillcode_terminal.refund(shown, refund_id=refund_id, amount_minor=11)
    assert conflict.value.code is ErrorCode.CONTENT_CONFLICT
    for wrong in (b"short", "AaIIRv4A7QEg9hxA", None):
        with pytest.raises(MisuseError) as misuse:
            tillcode_terminal.refund(shown, refund_id=wrong, amount_minor=10)  # type: ignore[arg-type]
        assert misuse.value.param == "refund_id"


def test_an_enrolment_whose_answer_is_lost_is_made_again_with_the_callers_key(tillcode_bench: Bench) -> None:
    """The code is used up by that key; a key that ended with the lost call cannot come back, says the error."""

    def enrol(code: str, signer: SoftwareSigner | None) -> MerchantTerminal:
        return MerchantTerminal(
            network, activation_code=code, clock=tillcode_bench.clock, random=tillcode_bench.random, signer=signer
        )

    network = FaultySender(tillcode_bench._sender)
    own = SoftwareSigner(tillcode_bench.random.random_bytes(32))
    for signer in (own, None):
        code = tillcode_bench.sandbox.terminal_code()
        network.fail_next(*[NetworkFault.LOST_ANSWER] * 3)
        with pytest.raises(UnavailableError) as lost:
            enrol(code, signer)
        assert lost.value.safe_to_retry is (signer is own)
        if signer is own:
            assert enrol(code, signer).request(amount_minor=1).text


def test_a_request_that_nobody_answered_is_requested(tillcode_terminal: MerchantTerminal) -> None:
    """As the page says: it is no error to ask."""
    assert tillcode_terminal.outcome_of(tillcode_terminal.request(amount_minor=1)).state == "REQUESTED"
