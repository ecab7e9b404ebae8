"""A wallet store that lives as long as the process: for tests, demos and throw-away wallets."""

import threading
from collections.abc import Callable
from dataclasses import replace

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Counter, Digest, Envelope, RequestId, TerminalId, TokenId
from wallet_sdk.store.records import (
    NO_RECEIPT,
    BalanceRecord,
    ConsentRecord,
    Enrolled,
    Outcome,
    PendingIssue,
    Reservation,
    TokenRecord,
    already_answered,
    check_outcome_follows,
)


class MemoryWalletStore:
    """Implements ``WalletStore`` in dictionaries under one lock."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._enrolled: Enrolled | None = None
        self._tokens: dict[TokenId, TokenRecord] = {}
        self._current: TokenId | None = None
        self._issue: PendingIssue | None = None
        self._issue_is_shared = False
        self._consents: dict[Digest, ConsentRecord] = {}
        self._balance: BalanceRecord | None = None
        self._denylists: tuple[Envelope, ...] = ()

    def enrolled(self) -> Enrolled | None:
        return self._enrolled

    def save_enrolled(self, enrolled: Enrolled) -> None:
        self._enrolled = enrolled

    def denylists(self) -> tuple[Envelope, ...]:
        return self._denylists

    def save_denylists(self, denylists: tuple[Envelope, ...]) -> None:
        self._denylists = denylists

    def token(self) -> TokenRecord | None:
        with self._lock:
            return None if self._current is None else self._tokens[self._current]

    def reserve_counter(
        self, token_id: TokenId, *, spend_minor: int, check: Callable[[Reservation], None]
    ) -> Reservation:
        """See ``WalletStore.reserve_counter``."""
        with self._lock:
            token = self.token()
            if token is None or token.token_id != token_id or (spend_minor and self._issue):
                raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "the token is closed or being closed")
            reservation = Reservation(
                counter=Counter(token.counter + 1), cumulative_minor=token.cumulative_minor + spend_minor
            )
            check(reservation)
            self._tokens[token_id] = replace(
                token, counter=int(reservation.counter), cumulative_minor=reservation.cumulative_minor
            )
            return reservation

    def pending_issue(self) -> PendingIssue | None:
        return self._issue

    def save_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.save_issue``."""
        with self._lock:
            token = self.token()
            now = (TokenId(b""), 0) if token is None else (token.token_id, token.cumulative_minor)
            if self._issue or now != (issue.previous_token_id, issue.spent_minor):
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the token changed meanwhile")
            self._issue, self._issue_is_shared = issue, False

    def share_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.share_issue``."""
        with self._lock:
            if self._issue != issue:
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "it is not pending any more")
            self._issue_is_shared = True

    def withdraw_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.withdraw_issue``."""
        with self._lock:
            if not self._issue_is_shared:
                self.drop_issue(issue)

    def drop_issue(self, issue: PendingIssue) -> None:
        with self._lock:
            if self._issue == issue:
                self._issue = None

    def replace_issue(self, issue: PendingIssue, successor: PendingIssue) -> None:
        with self._lock:
            if self._issue == issue:
                self._issue = successor

    def adopt_token(self, token: TokenRecord) -> None:
        """See ``WalletStore.adopt_token``."""
        with self._lock:
            if token.token_id in self._tokens and token.token_id != self._current:
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "this token was replaced before")
            self._tokens.setdefault(token.token_id, token)
            self._current = token.token_id
            self._issue = None

    def is_rolled_back(self) -> bool:
        """Never: there is no file that could be put back."""
        return False

    def abandon_token(self) -> None:
        """See ``WalletStore.abandon_token``."""
        with self._lock:
            self._current, self._issue = None, None

    def add_consent(self, record: ConsentRecord) -> None:
        """See ``WalletStore.add_consent``."""
        with self._lock:
            live = record.ask and self.live_consent(record.ask.terminal_id, record.ask.request_id)
            if live:
                raise already_answered(live.digest)
            used = {(known.token_id, known.counter) for known in self._consents.values()}
            if (record.token_id, record.counter) in used:
                raise RuleViolationError(ErrorCode.COUNTER_REUSED, "this counter was signed before")
            self._consents[record.digest] = record

    def record_outcome(
        self, digest: Digest, outcome: Outcome, *, error_code: int = 0, receipt: Envelope = NO_RECEIPT
    ) -> None:
        """See ``WalletStore.record_outcome``."""
        with self._lock:
            record = self._consents.get(digest)
            if record is None:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "no such consent", param="digest")
            check_outcome_follows(record.outcome, outcome)
            self._consents[digest] = replace(
                record, outcome=outcome, error_code=error_code, receipt=receipt or record.receipt
            )

    def record_refund(self, digest: Digest, *, refunded_minor: int) -> None:
        """See ``WalletStore.record_refund``."""
        with self._lock:
            record = self._consents.get(digest)
            if record is None:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "no such consent", param="digest")
            self._consents[digest] = replace(record, refunded_minor=max(record.refunded_minor, refunded_minor))

    def consent(self, digest: Digest) -> ConsentRecord | None:
        return self._consents.get(digest)

    def live_consent(self, terminal_id: TerminalId, request_id: RequestId) -> ConsentRecord | None:
        """See ``WalletStore.live_consent``."""
        with self._lock:
            for record in self._consents.values():
                same = record.ask and (record.ask.terminal_id, record.ask.request_id) == (terminal_id, request_id)
                if same and not record.outcome.is_dead:
                    return record
        return None

    def unresolved(self) -> tuple[ConsentRecord, ...]:
        with self._lock:
            return tuple(record for record in self._consents.values() if not record.outcome.is_resolved)

    def history(self, *, before: int | None, limit: int) -> tuple[tuple[int, ConsentRecord], ...]:
        """See ``WalletStore.history``."""
        with self._lock:
            numbered = list(enumerate(self._consents.values(), start=1))
        older = [(number, record) for number, record in numbered if before is None or number < before]
        return tuple(reversed(older[-limit:]))

    def balance(self) -> BalanceRecord | None:
        return self._balance

    def save_balance(self, balance: BalanceRecord) -> None:
        self._balance = balance

    def close(self) -> None:
        """Nothing to give back."""
