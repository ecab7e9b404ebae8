"""A lost phone, a stolen till, or simply a new one: an account goes on with another device.

The old device ends when the code for the new one is made, not when that is used: whoever has found it must not have
days. Its key goes on the denylist for ever. What it signed offline before is still settled from the escrow of its
tokens, and what is left there is the payer's again when nobody can claim it any more (R-117): neither a thief nor the
payer can hurry that.

A terminal's new device is let in after a delay, and its merchant hears of it before: who has stolen a key to his tills
would else have their payments to refund in a minute. A shop with a broken till lets a new terminal in, at once.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from server_stub.activation import hash_of_code
from server_stub.committer import Command
from server_stub.service import events, telling
from server_stub.service.administration import new_code
from server_stub.service.denylist import end_terminal_device, end_wallet_device, is_denied, name_of_terminal
from server_stub.service.standing import COMMAND_LINE
from server_stub.store.base import Store
from server_stub.store.records import ActivationCode, DeviceKind
from server_stub.store.records_replacing import Replacing, ReplacingStep
from server_stub.store.records_trust import DenialKind
from server_stub.store.tables.parties import ACTIVATION_CODES, CODES_REPLACING, TERMINALS, WALLETS
from server_stub.store.tables.replacing import REPLACINGS
from server_stub.store.writer import Writer
from wallet_sdk.ports import Random
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId, TerminalId, WalletId

_REASON = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceWallet(Command[None]):
    """End a wallet's device, and let a code bind the wallet to another one."""

    wallet_id: WalletId
    code_hash: bytes
    expires_at_s: int
    at_s: int

    def apply(self, writer: Writer) -> None:
        wallet = writer.find(WALLETS, self.wallet_id)
        if wallet is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such wallet", param="wallet_id")
        end_wallet_device(writer, wallet, reason=_REASON, at_s=self.at_s)
        code = ActivationCode(
            code_hash=self.code_hash,
            kind=DeviceKind.WALLET,
            expires_at_s=self.expires_at_s,
            currency=wallet.currency,
            replaces=wallet.wallet_id,
        )
        writer.add(ACTIVATION_CODES, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTerminal(Command[None]):
    """End a terminal's device, and let a code bind its number to another one. ``merchant_id``: whose may be named.

    The code works from ``not_before_s`` on, and every earlier one that nobody has used works no more: whoever finds
    that somebody else has made one makes another.
    """

    terminal_id: TerminalId
    merchant_id: MerchantId | None
    code_hash: bytes
    made_by: str
    not_before_s: int
    expires_at_s: int
    at_s: int

    def apply(self, writer: Writer) -> None:
        terminal = writer.find(TERMINALS, self.terminal_id)
        if terminal is None or self.merchant_id not in {None, terminal.merchant_id}:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such terminal", param="terminal_id")
        if is_denied(writer, DenialKind.TERMINAL, name_of_terminal(terminal.terminal_id)):
            text = "its number is on the denylist for ever: let a new terminal in"
            raise RuleViolationError(ErrorCode.REVOKED, text, param="terminal_id")
        end_terminal_device(writer, terminal, reason=_REASON, at_s=self.at_s)
        for known in writer.list_by(ACTIVATION_CODES, CODES_REPLACING, terminal.terminal_id):
            if known.kind is DeviceKind.TERMINAL and known.used_by is None and known.expires_at_s > self.at_s:
                writer.change(ACTIVATION_CODES, replace(known, expires_at_s=self.at_s))
        code = ActivationCode(
            code_hash=self.code_hash,
            kind=DeviceKind.TERMINAL,
            expires_at_s=self.expires_at_s,
            merchant_id=terminal.merchant_id,
            replaces=terminal.terminal_id,
            not_before_s=self.not_before_s,
        )
        writer.add(ACTIVATION_CODES, code)
        asked = Replacing(
            number=writer.next_number(),
            terminal_id=terminal.terminal_id,
            merchant_id=terminal.merchant_id,
            step=ReplacingStep.ASKED,
            not_before_s=self.not_before_s,
            at_s=self.at_s,
            made_by=self.made_by,
        )
        writer.add(REPLACINGS, asked)
        events.write(writer, telling.of_replacing(asked))


def replacing_wallet_code(store: Store, wallet_id: WalletId, *, random: Random, expires_at_s: int, at_s: int) -> str:
    """As ``ReplaceWallet``, on the server's own machine; the code is shown once and only its hash is kept.

    Raises:
        RuleViolationError: UNKNOWN_RESOURCE.
    """
    code = new_code(random)
    with store.writing() as writer:
        ReplaceWallet(wallet_id=wallet_id, code_hash=hash_of_code(code), expires_at_s=expires_at_s, at_s=at_s).apply(
            writer
        )
    return code


def replacing_terminal_code(
    store: Store, terminal_id: TerminalId, *, random: Random, not_before_s: int, expires_at_s: int, at_s: int
) -> str:
    """As ``ReplaceTerminal``, on the server's own machine.

    Raises:
        RuleViolationError: UNKNOWN_RESOURCE, or REVOKED when its number is on the denylist.
    """
    code = new_code(random)
    with store.writing() as writer:
        ReplaceTerminal(
            terminal_id=terminal_id,
            merchant_id=None,
            code_hash=hash_of_code(code),
            made_by=COMMAND_LINE,
            not_before_s=not_before_s,
            expires_at_s=expires_at_s,
            at_s=at_s,
        ).apply(writer)
    return code
