"""What the operator has revoked, as a pure fold over numbered lists; and the checks that refuse what is on it.

    EMPTY ─ full list n ─> state n ─ delta on n ─> state n+1 ─ full list m ─> state m

A state only ever grows: a list adds and can take nothing back, so neither an old list nor a shorter one revives
what was revoked. A full list may leave out what has died by itself; whoever saw it revoked keeps it revoked.
What a program has seen it must store, as it stores its newest trust bundle, or a restart would be a rollback.
"""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol.envelope import Sealed, key_id_of
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import KeyId, TerminalId, TokenId
from wallet_sdk.protocol.messages import Denylist, PaymentToken, TerminalCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class DenylistState:
    """Everything seen as revoked up to the list ``number``; 0 before the first."""

    number: int = 0
    token_ids: frozenset[TokenId] = frozenset()
    terminal_ids: frozenset[TerminalId] = frozenset()
    key_ids: frozenset[KeyId] = frozenset()


EMPTY: Final = DenylistState()


def apply(state: DenylistState, sealed: Sealed[Denylist]) -> DenylistState:
    """The state after a verified list; the list already seen changes nothing.

    Raises:
        RuleViolationError: TRUST_ROLLED_BACK for a lower number, or for the same number with something new in it;
            DENYLIST_GAP for a delta that stands on another number than the one seen (ask for a full list);
            REVOKED when the key that signed the list is itself revoked.
    """
    listed = sealed.message
    if sealed.key_id in state.key_ids:
        raise RuleViolationError(ErrorCode.REVOKED, "the list is signed by a revoked key", param="key_id")
    after = DenylistState(
        number=listed.number,
        token_ids=state.token_ids.union(listed.token_ids),
        terminal_ids=state.terminal_ids.union(listed.terminal_ids),
        key_ids=state.key_ids.union(listed.key_ids),
    )
    if listed.number < state.number or (listed.number == state.number and after != state):
        raise RuleViolationError(
            ErrorCode.TRUST_ROLLED_BACK, f"list {listed.number} after list {state.number}", param="number"
        )
    if listed.number > state.number and listed.base not in {0, state.number}:
        raise RuleViolationError(
            ErrorCode.DENYLIST_GAP, f"a delta on list {listed.base}, and list {state.number} was seen", param="base"
        )
    return after


def check_key_not_denied(key_id: KeyId | None, denied: DenylistState, *, whose: str) -> None:
    """A key that is not revoked.

    Raises:
        RuleViolationError: REVOKED.
    """
    if key_id in denied.key_ids:
        raise RuleViolationError(ErrorCode.REVOKED, f"the {whose} key is revoked", param="key_id")


def check_token_not_denied(token: PaymentToken, denied: DenylistState) -> None:
    """Neither the token nor the device that holds it is revoked.

    Raises:
        RuleViolationError: REVOKED.
    """
    if token.token_id in denied.token_ids:
        raise RuleViolationError(ErrorCode.REVOKED, "the token is revoked", param="token_id")
    check_key_not_denied(key_id_of(token.device_key), denied, whose="device's")


def check_certificate_not_denied(certificate: TerminalCertificate, denied: DenylistState) -> None:
    """Neither the terminal nor its key is revoked.

    Raises:
        RuleViolationError: REVOKED.
    """
    if certificate.terminal_id in denied.terminal_ids:
        raise RuleViolationError(ErrorCode.REVOKED, "the terminal is revoked", param="terminal_id")
    check_key_not_denied(key_id_of(certificate.terminal_key), denied, whose="terminal's")
