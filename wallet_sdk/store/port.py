"""The port behind which a wallet's memory lies. tests/contract/test_wallet_store.py is its definition.

What a method has returned from is durable: a power cut right after it loses nothing.
"""

from collections.abc import Callable
from typing import Protocol

from wallet_sdk.protocol.ids import Digest, Envelope, RequestId, TerminalId, TokenId
from wallet_sdk.store.records import (
    NO_RECEIPT,
    BalanceRecord,
    ConsentRecord,
    Enrolled,
    Outcome,
    PendingIssue,
    Reservation,
    TokenRecord,
)


class WalletStore(Protocol):
    """A wallet's memory. Every method may also raise UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT or
    STORAGE_BUSY.

    Several threads may share one store; several processes may open one file.
    """

    def enrolled(self) -> Enrolled | None:
        """Who this wallet is, or None before its enrolment."""
        ...

    def save_enrolled(self, enrolled: Enrolled) -> None:
        """Store or replace it."""
        ...

    def denylists(self) -> tuple[Envelope, ...]:
        """The signed lists of what is revoked, a full one and the deltas on it, in their sequence."""
        ...

    def save_denylists(self, denylists: tuple[Envelope, ...]) -> None:
        """Store these instead."""
        ...

    def token(self) -> TokenRecord | None:
        """The current token."""
        ...

    def reserve_counter(
        self, token_id: TokenId, *, spend_minor: int, check: Callable[[Reservation], None]
    ) -> Reservation:
        """Raise the counter by one and the offline sum by ``spend_minor``, in one database transaction.

        ``check`` sees the reservation before it is written; whatever it raises leaves nothing changed.

        Raises:
            RuleViolationError: TOKEN_CLOSED when the token is not the current one, or when something is to be spent
                offline while a pending issue may have closed it.
        """
        ...

    def pending_issue(self) -> PendingIssue | None:
        """The token request that was signed and not answered yet."""
        ...

    def save_issue(self, issue: PendingIssue) -> None:
        """Store it; from now on nothing is spent offline under the token that it closes.

        Raises:
            RuleViolationError: CONTENT_CONFLICT when the token or its sum has changed since, or another is pending.
        """
        ...

    def share_issue(self, issue: PendingIssue) -> None:
        """Note that somebody else than its maker is going to send it: from now on it cannot be withdrawn.

        Raises:
            RuleViolationError: CONTENT_CONFLICT when it is not pending any more.
        """
        ...

    def withdraw_issue(self, issue: PendingIssue) -> None:
        """Forget it, because no byte of it left its maker; one that is shared, or another one, stays."""
        ...

    def drop_issue(self, issue: PendingIssue) -> None:
        """Forget it, because it was refused and closed nothing. Another pending one stays."""
        ...

    def replace_issue(self, issue: PendingIssue, successor: PendingIssue) -> None:
        """Put another request that closes the same token at the same sum in its place. Another pending one stays."""
        ...

    def adopt_token(self, token: TokenRecord) -> None:
        """Make a token the current one and end the pending issue. A token already current keeps its counter.

        Raises:
            RuleViolationError: CONTENT_CONFLICT for a token that was current before and is not any more.
        """
        ...

    def is_rolled_back(self) -> bool:
        """Whether this memory is older than what the wallet has signed: copied, or put back from a backup.

        Until ``abandon_token``, ``reserve_counter``, ``save_issue`` and ``share_issue`` then raise UnavailableError:
        STORAGE_ROLLED_BACK.
        """
        ...

    def abandon_token(self) -> None:
        """Have no current token and no pending issue, and be the newest memory from now on.

        What the token was good for is the payer's again when nothing can be claimed from it any more.
        """
        ...

    def add_consent(self, record: ConsentRecord) -> None:
        """Store a signed consent, before anybody sees it.

        Raises:
            RuleViolationError: ALREADY_PAID when its request has another consent that is not dead;
                COUNTER_REUSED when its counter was used under its token.
        """
        ...

    def record_outcome(
        self, digest: Digest, outcome: Outcome, *, error_code: int = 0, receipt: Envelope = NO_RECEIPT
    ) -> None:
        """Store what became of a consent. An empty receipt leaves the one there was.

        Raises:
            MisuseError: BAD_ARGUMENT for an unknown digest.
            RuleViolationError: BAD_TRANSITION.
        """
        ...

    def record_refund(self, digest: Digest, *, refunded_minor: int) -> None:
        """Store how much of a settled consent has gone back. What went back stays back: it never falls.

        Raises:
            MisuseError: BAD_ARGUMENT for an unknown digest.
        """
        ...

    def consent(self, digest: Digest) -> ConsentRecord | None:
        """One consent."""
        ...

    def live_consent(self, terminal_id: TerminalId, request_id: RequestId) -> ConsentRecord | None:
        """The consent to a request that is not dead; there is at most one."""
        ...

    def unresolved(self) -> tuple[ConsentRecord, ...]:
        """Consents about which the issuer must still be asked, oldest first."""
        ...

    def history(self, *, before: int | None, limit: int) -> tuple[tuple[int, ConsentRecord], ...]:
        """A page of numbered consents, newest first: those with a smaller number than ``before``, or the newest."""
        ...

    def balance(self) -> BalanceRecord | None:
        """The issuer's last word on the balance."""
        ...

    def save_balance(self, balance: BalanceRecord) -> None:
        """Store it."""
        ...

    def close(self) -> None:
        """Give back the file; may be called twice."""
        ...
