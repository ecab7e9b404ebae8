"""Revoking, and the numbered lists that tell every terminal and wallet what is revoked.

Each denial takes the next number. A list up to a number is full (``since`` 0) or a delta on the one that was seen;
what does not fit one list comes in the next, so whoever asks goes on until the number is the newest.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from server_stub.service.operator import Operator
from server_stub.store.reader import Reader
from server_stub.store.records import Terminal, Token, TokenStanding, Wallet
from server_stub.store.records_trust import Denial, DenialKind
from server_stub.store.tables.parties import TERMINALS, WALLETS
from server_stub.store.tables.payments import TOKENS, TOKENS_OF_WALLET
from server_stub.store.tables.trust import DENIALS, DENIED
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import key_id_of, open_unverified, seal
from wallet_sdk.protocol.ids import KeyId, TerminalId, TokenId
from wallet_sdk.protocol.messages import Denylist, PaymentToken, TerminalCertificate

_TERMINAL_ID_BYTES: Final = 4
#: How many of each kind one list takes.
_ROOM: Final = {
    DenialKind.TOKEN: limits.DENYLIST_TOKENS_MAX,
    DenialKind.TERMINAL: limits.DENYLIST_TERMINALS_MAX,
    DenialKind.KEY: limits.DENYLIST_KEYS_MAX,
}


def deny_token(writer: Writer, token: Token, *, reason: str, at_s: int) -> None:
    """Nobody takes this token offline any more, from the next list on."""
    expires_at_s = open_unverified(token.envelope, PaymentToken).message.expires_at_s + limits.CLOCK_SKEW_S_MAX
    if at_s < expires_at_s:
        _deny(writer, DenialKind.TOKEN, token.token_id, reason=reason, at_s=at_s, expires_at_s=expires_at_s)


def deny_tokens_of(writer: Writer, wallet: Wallet, *, reason: str, at_s: int) -> None:
    """Every token of a wallet that is not dead by itself, closed ones too: a copy of the wallet may still have them."""
    oldest_s = at_s - limits.TOKEN_LIFETIME_H_MAX * 3600 - limits.CLOCK_SKEW_S_MAX
    for token in writer.list_by(TOKENS, TOKENS_OF_WALLET, wallet.wallet_id):
        if issued_at_s(token) >= oldest_s:
            deny_token(writer, token, reason=reason, at_s=at_s)


def issued_at_s(token: Token) -> int:
    """When a token was issued: its id begins with the time, in milliseconds."""
    return int.from_bytes(token.token_id[:6], "big") // 1000


def revoke_token(writer: Writer, token: Token, *, reason: str, at_s: int) -> None:
    """Nothing more is paid online under a token; what it signed offline before is still settled."""
    deny_token(writer, token, reason=reason, at_s=at_s)
    if token.standing is TokenStanding.OPEN:
        writer.change(TOKENS, replace(token, standing=TokenStanding.REVOKED))


def revoke_terminal(writer: Writer, terminal: Terminal, *, reason: str, at_s: int) -> None:
    """A terminal may do nothing more here, and no wallet believes it, from the next list on."""
    certificate = open_unverified(terminal.certificate, TerminalCertificate).message
    _deny(
        writer,
        DenialKind.TERMINAL,
        name_of_terminal(terminal.terminal_id),
        reason=reason,
        at_s=at_s,
        expires_at_s=max(at_s, certificate.expires_at_s) + limits.CLOCK_SKEW_S_MAX,
    )
    if terminal.blocked_at_s is None:
        writer.change(TERMINALS, replace(terminal, blocked_at_s=at_s))


def revoke_wallet(writer: Writer, wallet: Wallet, *, reason: str, at_s: int) -> None:
    """A wallet may do nothing more here, and none of its tokens is taken offline, from the next list on."""
    deny_tokens_of(writer, wallet, reason=reason, at_s=at_s)
    if wallet.blocked_at_s is None:
        writer.change(WALLETS, replace(wallet, blocked_at_s=at_s))


def end_wallet_device(writer: Writer, wallet: Wallet, *, reason: str, at_s: int) -> None:
    """The phone of a wallet is gone: its key and its tokens are dead, and the wallet waits for another device."""
    revoke_wallet(writer, wallet, reason=reason, at_s=at_s)
    for token in writer.list_by(TOKENS, TOKENS_OF_WALLET, wallet.wallet_id):
        if token.standing is TokenStanding.OPEN:
            writer.change(TOKENS, replace(token, standing=TokenStanding.REVOKED))
    revoke_key(writer, key_id_of(wallet.device_key), reason=reason, at_s=at_s)


def end_terminal_device(writer: Writer, terminal: Terminal, *, reason: str, at_s: int) -> None:
    """A till is gone: its key is dead, and its number waits for another device; so the number itself is not denied."""
    revoke_key(writer, key_id_of(terminal.public_key), reason=reason, at_s=at_s)
    if terminal.blocked_at_s is None:
        writer.change(TERMINALS, replace(terminal, blocked_at_s=at_s))


def is_denied(writer: Writer, kind: DenialKind, subject: bytes) -> bool:
    """Whether something stands on the denylist."""
    return writer.find_by(DENIALS, DENIED, (int(kind), subject)) is not None


def name_of_terminal(terminal_id: TerminalId) -> bytes:
    """A terminal's number as the denylist keeps it."""
    return terminal_id.to_bytes(_TERMINAL_ID_BYTES, "big")


def revoke_key(writer: Writer, key_id: KeyId, *, reason: str, at_s: int) -> None:
    """A key of anybody, the operator's own among them; it stays on the list for ever."""
    _deny(writer, DenialKind.KEY, key_id, reason=reason, at_s=at_s, expires_at_s=None)


def published(operator: Operator, *, since: int) -> api.DenylistAnswer:
    """The signed list after the number that the caller has seen; the newest again when it has seen that."""
    with operator.store.reading() as reader:
        newest = newest_number(reader)
        # Whoever has seen a number of a life that was lost gets all there is on top of it: ours are above that.
        base = min(since, newest - 1) if since else 0
        rows = _denials_after(reader, base) if newest else ()
    if not newest:
        return api.DenylistAnswer(number=0, newest=0, denylist="")
    listed = list_of(rows, base=base, at_s=operator.now_s()) if rows else _empty(newest, at_s=operator.now_s())
    envelope = seal(listed, operator.signers.denylist.at(listed.made_at_s)).envelope
    return api.DenylistAnswer(number=listed.number, newest=newest, denylist=api.to_base64url(envelope))


def list_of(denials: Iterable[Denial], *, base: int, at_s: int) -> Denylist:
    """As many denials as one list takes, in their sequence; a full one (base 0) leaves out what is dead by itself."""
    parts: dict[DenialKind, list[bytes]] = {kind: [] for kind in DenialKind}
    number = base
    for denial in denials:
        if base or denial.expires_at_s is None or at_s < denial.expires_at_s:
            if len(parts[denial.kind]) == _ROOM[denial.kind]:
                break
            parts[denial.kind].append(denial.subject)
        number = denial.id
    return Denylist(
        number=number,
        base=base,
        made_at_s=at_s,
        token_ids=tuple(TokenId(one) for one in sorted(parts[DenialKind.TOKEN])),
        terminal_ids=tuple(TerminalId(int.from_bytes(one, "big")) for one in sorted(parts[DenialKind.TERMINAL])),
        key_ids=tuple(KeyId(one) for one in sorted(parts[DenialKind.KEY])),
    )


def newest_number(reader: Reader) -> int:
    """The number of the newest list, 0 while nothing is revoked in a ledger that was never restored."""
    return max(int(reader.rows("SELECT coalesce(max(id), 0) FROM denials")[0][0]), reader.epoch())


def _empty(number: int, *, at_s: int) -> Denylist:
    """Nothing is revoked, and whoever has seen a list of a life that was lost has missed nothing."""
    return Denylist(number=number, made_at_s=at_s)


def _denials_after(reader: Reader, number: int) -> tuple[Denial, ...]:
    chosen = ", ".join(column.name for column in DENIALS.columns)
    rows = reader.rows(f"SELECT {chosen} FROM denials WHERE id > {number:d} ORDER BY id")  # noqa: S608 - a number
    return tuple(map(DENIALS.record_of, rows))


def _deny(
    writer: Writer, kind: DenialKind, subject: bytes, *, reason: str, at_s: int, expires_at_s: int | None
) -> None:
    if is_denied(writer, kind, subject):
        return
    denial = Denial(
        id=writer.next_in_line(DENIALS),
        kind=kind,
        subject=subject,
        reason=reason,
        at_s=at_s,
        expires_at_s=expires_at_s,
    )
    writer.add(DENIALS, denial)
