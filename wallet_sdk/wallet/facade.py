"""The wallet as its integrator sees it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from wallet_sdk.client import Patience
from wallet_sdk.flow import run
from wallet_sdk.ports import Clock, KeyStore, Random, Sender
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes, WalletId
from wallet_sdk.store import WalletStore
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.wallet import asking, paying, printed, scanning, syncing, tokens
from wallet_sdk.wallet.arguments import check_kind, check_whole
from wallet_sdk.wallet.drivers import ThreadDriver
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.paying import Offer, PayMode
from wallet_sdk.wallet.printed import PrintedOffer
from wallet_sdk.wallet.receipts import SavedReceipt, saved_receipt
from wallet_sdk.wallet.rotation import Rotation
from wallet_sdk.wallet.syncing import OnProgress
from wallet_sdk.wallet.views import Payment, PresentedCode, SyncReport, WalletBalance, payment_of

if TYPE_CHECKING:
    from wallet_sdk.protocol.emv import UntrustedRequest

#: Nobody stands at a counter for longer; a batch program may.
TIMEOUT_S_MAX: Final = 300
RETRIES_MOST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Offer):
    """An offer that can be paid."""

    _wallet: "Wallet" = field(repr=False)

    def pay(self, mode: PayMode = PayMode.AUTO, *, tip_minor: int = 0) -> Payment:
        """Consent to the request, and to a tip of up to ``tip_max`` on top of it.

        Returns:
            The payment SETTLED (with receipt), HELD, DECLINED, UNKNOWN (it may be charged: sync later) or OFFLINE
            (show its ``qr`` to the terminal).

        Raises:
            RuleViolationError: EXPIRED; ALREADY_PAID; when offline, OVER_PAYMENT_LIMIT, OVER_TOKEN_LIMIT or
                OVER_COUNT_LIMIT, ONLINE_ONLY for a deposit. Nothing is charged.
            MisuseError: NO_ALLOWANCE when offline without a token that may be spent; BAD_ARGUMENT for a tip.
            UnavailableError: nothing was sent, and offline was not allowed or possible.
        """
        return self._wallet._pay(self, mode, tip_minor)  # noqa: SLF001 (one idea in two classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedQuote(PrintedOffer):
    """A printed code that can be paid."""

    _wallet: "Wallet" = field(repr=False)

    def pay(self, amount_minor: int) -> Payment:
        """Pay so much, through the issuer; each call is a payment of its own.

        Returns:
            The payment SETTLED (with receipt), DECLINED, or UNKNOWN (it may be charged: sync later).

        Raises:
            MisuseError: BAD_ARGUMENT for an amount that is none, or over ``payment_max``.
            RuleViolationError: EXPIRED; OVER_COUNT_LIMIT. Nothing is charged.
            UnavailableError: nothing was sent.
        """
        return self._wallet._pay_printed(self, amount_minor)  # noqa: SLF001 (one idea in two classes)


class Wallet:
    """A payer's wallet on one device. Threads may share it; it is its store, and forgets nothing with the process."""

    def __init__(self, parts: Parts, driver: ThreadDriver) -> None:
        self._parts = parts
        self._driver = driver

    def __repr__(self) -> str:
        return f"Wallet(wallet_id={self.wallet_id})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def open(
        cls,
        *,
        store: WalletStore,
        keys: KeyStore,
        sender: Sender | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Self:
        """Open a wallet over its store and keys; without ``sender`` it speaks HTTP to the server of its enrolment."""
        parts = Parts(
            store=store,
            keys=keys,
            clock=clock or SystemClock(),
            random=random or SystemRandom(),
            patience=Patience(),
        )
        return cls(parts, ThreadDriver(sender, parts.clock, sleep))

    def with_options(self, *, timeout_s: float | None = None, retries_max: int | None = None) -> Self:
        """The same wallet, more or less patient: it shares store, keys and connections with this one.

        ``timeout_s`` is the time that one call to the server may take with all its tries (10), ``retries_max`` how many
        more than one it may make (2). What is not given stays as it is.

        Raises:
            MisuseError: BAD_ARGUMENT for a limit that is none.
        """
        return type(self)(
            replace(self._parts, patience=changed(self._parts.patience, timeout_s, retries_max)), self._driver
        )

    @property
    def is_enrolled(self) -> bool:
        """Whether this wallet belongs to an account."""
        return self._parts.store.enrolled() is not None

    @property
    def wallet_id(self) -> WalletId | None:
        """The account's number, by which the operator knows it; None before ``enrol``."""
        enrolled = self._parts.store.enrolled()
        return enrolled.wallet_id if enrolled else None

    def enrol(
        self,
        *,
        server: str,
        activation_code: str,
        allowance_minor: int | None = None,
        root_key: PublicKeyBytes | str | None = None,
    ) -> None:
        """Bind this device to an account: pins the root key and fetches the first token if it can.

        ``allowance_minor`` is the offline limit to ask for, in minor units (else half of what there is): it leaves the
        balance for online payments while the token lives. The issuer gives at most its policy.
        With ``root_key`` the server must show that very key, else its activation code stays unused; as bytes, or as the
        hexadecimal text that ``tillcode-server init`` prints. Without, the key it shows now is trusted for ever.

        Raises:
            MisuseError: ALREADY_ENROLLED or BAD_ARGUMENT.
            RuleViolationError: UNKNOWN_ACTIVATION_CODE, UNKNOWN_SIGNER, BAD_SIGNATURE.
            UnavailableError: the server could not be asked; the same call may be made again.
        """
        flow = tokens.enrol(
            self._parts,
            server=server,
            activation_code=activation_code,
            allowance_minor=allowance_minor,
            root_key=root_key,
        )
        run(flow, self._driver)

    def scan(self, qr_text: str) -> Quote:
        """Verify a scanned payment request; sends nothing.

        Raises:
            MalformedMessageError: not a payment request.
            RuleViolationError: forged, stale, in another currency, or ALREADY_PAID by this wallet.
            MisuseError: NOT_ENROLLED.
        """
        return self._quote(paying.scan(self._parts, qr_text))

    def scan_any(self, qr_text: str) -> "Quote | PrintedQuote | UntrustedRequest":
        """As ``scan``, and printed codes and merchant-presented EMV codes too.

        A printed code of ours has no amount: the payer says how much. An EMV code that carries a signed request of
        ours becomes a quote. Any other is an UntrustedRequest: nobody vouches for a word of it. A token cannot pay it,
        online or offline; whoever has rails of its scheme pays it there, online.

        Raises:
            MalformedMessageError: neither of ours nor an EMV code.
            RuleViolationError: as ``scan``; EMV_FIELD_MISMATCH when the code says another thing than what was signed.
            MisuseError: NOT_ENROLLED.
        """
        found = scanning.scan_any(self._parts, qr_text)
        if isinstance(found, PrintedOffer):
            return PrintedQuote(**members_of(found), _wallet=self)
        return self._quote(found) if isinstance(found, Offer) else found

    def scan_receipt(self, qr_text: str) -> Payment:
        """Verify a receipt, of the issuer or of the terminal that was paid offline, and keep it.

        Raises:
            MalformedMessageError: not a receipt.
            RuleViolationError: UNKNOWN_PAYMENT, WRONG_ROLE, BAD_SIGNATURE, WRONG_REQUEST, AMOUNT_MISMATCH.
        """
        return payment_of(scanning.scan_receipt(self._parts, qr_text))

    def present_code(self, *, ceiling_minor: int | None = None) -> PresentedCode:
        """Sign a code for a terminal to scan: one use, one minute, at most ``ceiling_minor`` (else the token's limit).

        Needs no network while the token is good.

        Raises:
            MisuseError: NO_ALLOWANCE without a token; BAD_ARGUMENT for a ceiling that is no amount.
            RuleViolationError: EXPIRED, OVER_COUNT_LIMIT.
        """
        return paying.present_code(self._parts, ceiling_minor=ceiling_minor)

    def rotating_code(self, *, ceiling_minor: int | None = None) -> "RotatingCode":
        """A code to keep on the screen: a new one every 30 seconds, until one of them is used."""
        return RotatingCode(self, Rotation(self._parts, ceiling_minor=ceiling_minor))

    def outcome_of(self, asked: Payment | PresentedCode, *, wait_s: int = 0) -> Payment:
        """Ask the issuer what became of a payment or code; with ``wait_s`` (at most 30) it may wait for news.

        Raises:
            UnavailableError: the issuer could not be asked; nothing is changed.
        """
        return run(asking.outcome_of(self._parts, asked, wait_s=wait_s), self._driver)

    def send_again(self, payment: Payment) -> Payment:
        """Send an online payment whose outcome is UNKNOWN once more: the same bytes, charged at most once.

        Raises:
            MisuseError: BAD_ARGUMENT when it is no such payment.
            UnavailableError: nothing could be sent now; it stays UNKNOWN.
        """
        return run(asking.send_again(self._parts, payment), self._driver)

    def refund_of(self, payment: Payment) -> Payment:
        """Ask the issuer how much of a settled payment has gone back; ``refunded`` then says so, in the history too.

        Raises:
            MisuseError: BAD_ARGUMENT when it is not settled.
            UnavailableError: the issuer could not be asked.
        """
        return run(asking.refund_of(self._parts, payment), self._driver)

    def change_allowance(self, *, allowance_minor: int | None) -> WalletBalance:
        """Set aside another amount for offline payments, now: top up, lower, or 0 to have all of it back.

        The token of before is closed and what it did not spend is the payer's again; a new one is issued over as much
        as the issuer's policy and the balance allow. None: half of what there is, at every renewal.

        Raises:
            MisuseError: BAD_ARGUMENT when it is no amount; NOT_ENROLLED.
            RuleViolationError: the issuer refuses this wallet.
            UnavailableError: the issuer could not be asked; the next sync asks again.
        """
        return run(syncing.change_allowance(self._parts, allowance_minor=allowance_minor), self._driver)

    def sync(self, *, on_progress: OnProgress | None = None) -> SyncReport:
        """Catch up with the issuer: trust, open payments, balance, refunds, token.

        ``on_progress`` is told how many of the open payments have been asked about, and how many there are.

        Raises:
            UnavailableError: the issuer could not be asked; what was learned until then is stored.
            RuleViolationError: TRUST_ROLLED_BACK, or the issuer refuses this wallet.
        """
        return run(syncing.sync(self._parts, on_progress=on_progress), self._driver)

    def balance(self) -> WalletBalance:
        """What is known without asking.

        Raises:
            MisuseError: NOT_ENROLLED.
        """
        return syncing.balance(self._parts)

    def payment(self, digest: Digest) -> Payment:
        """One payment as it is now.

        Raises:
            MisuseError: BAD_ARGUMENT when this wallet has none of that digest.
        """
        return payment_of(asking.known(self._parts, digest))

    def receipt(self, payment: Payment) -> SavedReceipt:
        """The receipt of a payment with all that proves it: to save, to show, to verify anywhere.

        Raises:
            MisuseError: BAD_ARGUMENT when there is none yet.
        """
        return saved_receipt(self._parts, asking.record_of(self._parts, payment))

    def history(self) -> Iterator[Payment]:
        """Every payment and every used code, newest first, fetched page by page as it is read."""
        page = asking.history_page(self._parts, before=None)
        while page.before is not None:
            yield from page.payments
            page = asking.history_page(self._parts, before=page.before)

    def close(self) -> None:
        """Close the store and the wallet's own connections, not a sender that was given; may be called twice."""
        self._driver.close()
        self._parts.store.close()

    def _quote(self, offer: Offer) -> Quote:
        return Quote(**members_of(offer), _wallet=self)

    def _pay(self, offer: Offer, mode: PayMode, tip_minor: int) -> Payment:
        return payment_of(run(paying.pay(self._parts, offer, mode, tip_minor=tip_minor), self._driver))

    def _pay_printed(self, offer: PrintedOffer, amount_minor: int) -> Payment:
        return payment_of(run(printed.pay_printed(self._parts, offer, amount_minor=amount_minor), self._driver))


class RotatingCode:
    """A customer-presented code that changes every 30 seconds: a picture of the screen is soon worth nothing."""

    def __init__(self, wallet: Wallet, rotation: Rotation) -> None:
        self._wallet = wallet
        self._rotation = rotation

    def shown(self) -> PresentedCode:
        """The code to show at this moment: the one of before while it is young, else a new one. Needs no network.

        Raises:
            MisuseError, RuleViolationError: as ``Wallet.present_code``.
        """
        return self._rotation.shown()

    def used(self, *, wait_s: int = 0) -> Payment | None:
        """The payment that one of the shown codes became, or None as long as none did; ``wait_s`` as ``outcome_of``.

        Raises:
            UnavailableError: the issuer could not be asked.
        """
        for code in self._rotation.live():
            payment = self._wallet.outcome_of(code, wait_s=wait_s if self._rotation.is_newest(code) else 0)
            if self._rotation.is_used_by(payment):
                return payment
        return None


def members_of(offer: Offer | PrintedOffer) -> dict[str, Any]:
    """The members of an offer by name, for the quote that is made of it."""
    return {member.name: getattr(offer, member.name) for member in fields(offer)}


def changed(patience: Patience, timeout_s: float | None, retries_max: int | None) -> Patience:
    """Patience with other limits.

    Raises:
        MisuseError: BAD_ARGUMENT for a limit that is none.
    """
    if timeout_s is not None:
        check_kind(timeout_s, int, float, param="timeout_s")
    if timeout_s is not None and not 0 < timeout_s <= TIMEOUT_S_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"a time limit is above 0, up to {TIMEOUT_S_MAX}", param="timeout_s")
    if retries_max is not None:
        check_whole(retries_max, lowest=0, highest=RETRIES_MOST, param="retries_max")
    return Patience(
        timeout_s=patience.timeout_s if timeout_s is None else timeout_s,
        retries_max=patience.retries_max if retries_max is None else retries_max,
    )
