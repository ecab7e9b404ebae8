"""Which enrolled device a message is from."""

from typing import TypeVar

from server_stub.service.operator import KnownTerminal, Operator
from server_stub.service.standing import check_open
from server_stub.store.records import Terminal, Wallet
from server_stub.store.tables.parties import MERCHANTS, TERMINAL_KEY, TERMINALS, WALLET_KEY, WALLETS
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import KeyId
from wallet_sdk.protocol.messages import (
    CaptureBatch,
    CertificateRequest,
    CloseRequest,
    HoldCapture,
    ReadRequest,
    Refund,
    TokenRequest,
)
from wallet_sdk.protocol.trust import device_named_by

D = TypeVar("D", CaptureBatch, Refund, TokenRequest, CertificateRequest, ReadRequest, CloseRequest, HoldCapture)


def enrolled_terminal(operator: Operator, envelope: bytes, expected: type[D]) -> Terminal:
    """The terminal whose key a message names; the message itself is not verified by this.

    Raises:
        MalformedMessageError: not such a message.
        RuleViolationError: as ``terminal_of_key``.
    """
    return terminal_of_key(operator, device_named_by(envelope, expected))


def terminal_of_key(operator: Operator, key_id: KeyId) -> Terminal:
    """The terminal that a key id names.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER, REVOKED for a blocked terminal, or MERCHANT_BLOCKED.
    """
    now_ms = operator.clock.monotonic_ms()
    known = operator.terminals.get(key_id, now_ms=now_ms)
    if known is None:
        known = _known_terminal(operator, key_id)
        operator.terminals.put(key_id, known, now_ms=now_ms)
    if known.terminal.blocked_at_s is not None:
        raise RuleViolationError(ErrorCode.REVOKED, "the terminal is blocked", param="terminal_id")
    check_open(known.merchant)
    return known.terminal


def _known_terminal(operator: Operator, key_id: KeyId) -> KnownTerminal:
    with operator.store.reading() as reader:
        terminal = reader.find_by(TERMINALS, TERMINAL_KEY, key_id)
        if terminal is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no terminal has this key", param="key_id")
        merchant = reader.find(MERCHANTS, terminal.merchant_id)
    assert merchant is not None, "a terminal has its merchant"
    return KnownTerminal(terminal=terminal, merchant=merchant)


def enrolled_wallet(operator: Operator, envelope: bytes, expected: type[D]) -> Wallet:
    """The wallet whose key a message names, blocked or not; the message itself is not verified by this.

    Raises:
        MalformedMessageError: not such a message.
        RuleViolationError: UNKNOWN_SIGNER.
    """
    with operator.store.reading() as reader:
        wallet = reader.find_by(WALLETS, WALLET_KEY, device_named_by(envelope, expected))
    if wallet is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no wallet has this key", param="key_id")
    return wallet


def device_of_key(operator: Operator, key_id: KeyId) -> Terminal | Wallet:
    """The device that a key id names.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER.
    """
    with operator.store.reading() as reader:
        terminal = reader.find_by(TERMINALS, TERMINAL_KEY, key_id)
        device: Terminal | Wallet | None = terminal or reader.find_by(WALLETS, WALLET_KEY, key_id)
    if device is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no device has this key", param="key_id")
    return device
