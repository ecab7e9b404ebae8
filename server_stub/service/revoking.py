"""Revoking by hand: what a person names is found, ended, and put on the denylist."""

from server_stub.service.denylist import newest_number, revoke_key, revoke_terminal, revoke_token, revoke_wallet
from server_stub.store.base import Store
from server_stub.store.tables.parties import TERMINAL_KEY, TERMINALS, WALLET_KEY, WALLETS
from server_stub.store.tables.payments import TOKENS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import KeyId, TerminalId, TokenId


def revoke_by_hand(store: Store, kind: str, subject: bytes | TerminalId, *, reason: str, at_s: int) -> int:
    """Revoke a token, a terminal or a key; returns the number of the newest denylist.

    Raises:
        MisuseError: BAD_ARGUMENT when there is nothing of that name.
    """
    with store.writing() as writer:
        if isinstance(subject, int):
            _revoke_terminal(writer, TerminalId(subject), reason=reason, at_s=at_s)
        elif kind == "token":
            _revoke_token(writer, TokenId(subject), reason=reason, at_s=at_s)
        else:
            _revoke_key(writer, KeyId(subject), reason=reason, at_s=at_s)
    with store.reading() as reader:
        return newest_number(reader)


def _revoke_token(writer: Writer, token_id: TokenId, *, reason: str, at_s: int) -> None:
    token = writer.find(TOKENS, token_id)
    if token is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "this ledger has not issued such a token", param="token")
    revoke_token(writer, token, reason=reason, at_s=at_s)


def _revoke_terminal(writer: Writer, terminal_id: TerminalId, *, reason: str, at_s: int) -> None:
    terminal = writer.find(TERMINALS, terminal_id)
    if terminal is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"there is no terminal {terminal_id}", param="terminal")
    revoke_terminal(writer, terminal, reason=reason, at_s=at_s)


def _revoke_key(writer: Writer, key_id: KeyId, *, reason: str, at_s: int) -> None:
    """Also the device that has the key; the operator's own keys have none."""
    if len(key_id) != limits.KEY_ID_BYTES:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"a key id is {limits.KEY_ID_BYTES} bytes", param="key")
    revoke_key(writer, key_id, reason=reason, at_s=at_s)
    terminal = writer.find_by(TERMINALS, TERMINAL_KEY, key_id)
    if terminal is not None:
        revoke_terminal(writer, terminal, reason=reason, at_s=at_s)
    wallet = writer.find_by(WALLETS, WALLET_KEY, key_id)
    if wallet is not None:
        revoke_wallet(writer, wallet, reason=reason, at_s=at_s)
