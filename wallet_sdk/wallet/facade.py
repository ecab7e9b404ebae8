"""The wallet as its integrator sees it."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

from wallet_sdk.ports import Clock, KeyStore, Random, Sender
from wallet_sdk.protocol import limits, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes
from wallet_sdk.store import ConsentKind, ConsentRecord, Outcome, WalletStore
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.wallet import paying, syncing, tokens
from wallet_sdk.wallet.consents import ask, learn_receipt, send_intent, sign_code
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.views import Payment, PresentedCode, SyncReport, WalletBalance, code_of, payment_of

_PAGE: Final = 100


class Wallet:
    """A payer's wallet on one device. Threads may share it; it is its store, and forgets nothing with the process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __repr__(self) -> str:
        enrolled = self._parts.store.enrolled()
        return f"Wallet(wallet_id={enrolled.wallet_id if enrolled else None})"

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
        return cls(
            Parts(
                store=store,
                keys=keys,
                clock=clock or SystemClock(),
                random=random or SystemRandom(),
                sender=sender,
                sleep=sleep,
            )
        )

    @property
    def is_enrolled(self) -> bool:
        """Whether this wallet belongs to an account."""
        return self._parts.store.enrolled() is not None

    def enrol(
        self,
        *,
        server: str,
        activation_code: str,
        allowance_minor: int | None = None,
        root_key: PublicKeyBytes | None = None,
    ) -> None:
        """Bind this device to an account: pins the root key and fetches the first token if it can.

        ``allowance_minor`` is the offline limit to ask for, in minor units (else half of what there is): it leaves the
        balance for online payments while the token lives. The issuer gives at most its policy.
        With ``root_key`` the server must show that very key; without, the key it shows now is trusted for ever.

        Raises:
            MisuseError: ALREADY_ENROLLED or BAD_ARGUMENT.
            RuleViolationError: UNKNOWN_ACTIVATION_CODE, UNKNOWN_SIGNER, BAD_SIGNATURE.
            UnavailableError: the server could not be asked; the same call may be made again.
        """
        if allowance_minor is not None and not 0 <= allowance_minor <= limits.AMOUNT_MINOR_MAX:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "an allowance is an amount", param="allowance_minor")
        tokens.enrol(
            self._parts,
            server=server,
            activation_code=activation_code,
            allowance_minor=allowance_minor,
            root_key=root_key,
        )

    def scan(self, qr_text: str) -> paying.Quote:
        """Verify a scanned payment request; sends nothing.

        Raises:
            MalformedMessageError: not a payment request.
            RuleViolationError: forged, stale, in another currency, or ALREADY_PAID by this wallet.
            MisuseError: NOT_ENROLLED.
        """
        return paying.scan(self._parts, qr_text)

    def scan_receipt(self, qr_text: str) -> Payment:
        """Verify a receipt, of the issuer or of the terminal that was paid offline, and keep it.

        Raises:
            MalformedMessageError: not a receipt.
            RuleViolationError: UNKNOWN_PAYMENT, WRONG_ROLE, BAD_SIGNATURE, WRONG_REQUEST, AMOUNT_MISMATCH.
        """
        return payment_of(learn_receipt(self._parts, qr.from_text(qr_text)))

    def present_code(self, *, ceiling_minor: int | None = None) -> PresentedCode:
        """Sign a code for a terminal to scan: one use, one minute, at most ``ceiling_minor`` (else the token's limit).

        Needs no network while the token is good.

        Raises:
            MisuseError: NO_ALLOWANCE without a token; BAD_ARGUMENT for a ceiling that is no amount.
            RuleViolationError: EXPIRED, OVER_COUNT_LIMIT.
        """
        token, limit = paying.ready_token(self._parts)
        ceiling = limit.payment_max_minor if ceiling_minor is None else ceiling_minor
        return code_of(sign_code(self._parts, token=token, limit=limit, ceiling_minor=ceiling))

    def outcome_of(self, asked: Payment | PresentedCode, *, wait_s: int = 0) -> Payment:
        """Ask the issuer what became of a payment or code; with ``wait_s`` (at most 30) it may wait for news.

        Raises:
            UnavailableError: the issuer could not be asked; nothing is changed.
        """
        record = self._record(asked.digest)
        if not record.outcome.is_resolved:
            record = ask(self._parts, record, wait_s=wait_s)
        return payment_of(record)

    def send_again(self, payment: Payment) -> Payment:
        """Send an online payment whose outcome is UNKNOWN once more: the same bytes, charged at most once.

        Raises:
            MisuseError: BAD_ARGUMENT when it is no such payment.
            UnavailableError: nothing could be sent now; it stays UNKNOWN.
        """
        record = self._record(payment.digest)
        if record.kind is not ConsentKind.ONLINE_INTENT or record.outcome is not Outcome.UNKNOWN:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the payment is {record.outcome.value}", param="payment")
        return payment_of(send_intent(self._parts, record))

    def sync(self) -> SyncReport:
        """Catch up with the issuer: trust, open payments, balance, token.

        Raises:
            UnavailableError: the issuer could not be asked; what was learned until then is stored.
            RuleViolationError: TRUST_ROLLED_BACK, or the issuer refuses this wallet.
        """
        return syncing.sync(self._parts)

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
        return payment_of(self._record(digest))

    def history(self) -> Iterator[Payment]:
        """Every payment and every used code, newest first, fetched page by page."""
        before: int | None = None
        while page := self._parts.store.history(before=before, limit=_PAGE):
            yield from (payment_of(record) for _, record in page if _belongs_in_history(record))
            before = page[-1][0]

    def close(self) -> None:
        """Close the store and the wallet's own connections, not a sender that was given; may be called twice."""
        self._parts.close()

    def _record(self, digest: Digest) -> ConsentRecord:
        record = self._parts.store.consent(digest)
        if record is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "no payment of this wallet", param="digest")
        return record


def _belongs_in_history(record: ConsentRecord) -> bool:
    """What never left this device, and codes that nobody used, are no payments."""
    unused_code = record.kind is ConsentKind.CODE and record.outcome in {Outcome.PRESENTED, Outcome.EXPIRED}
    return record.outcome is not Outcome.NOT_SENT and not unused_code
