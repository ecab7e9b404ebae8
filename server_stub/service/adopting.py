"""Taking up again what a restored ledger has forgotten, on the strength of the operator's own signature under it.

A token that was issued after the backup was made is here no token; but our key has signed it, so its money is set aside
again, out of what its wallet has. Nothing is made of nothing: what the wallet has not is missing, and is said so.
"""

from dataclasses import dataclass
from typing import Final

from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.service.claims import VerifiedClaim
from server_stub.service.denylist import issued_at_s, revoke_token
from server_stub.service.operator import Operator
from server_stub.store.records import Token, TokenStanding, Wallet
from server_stub.store.records_epoch import Epoch, Relearned, RelearnedKind
from server_stub.store.tables.epochs import RELEARNED, RELEARNED_SUBJECT
from server_stub.store.tables.payments import TOKENS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, RequestId
from wallet_sdk.protocol.messages import PaymentToken

#: Why a token is on the denylist whose successor was forgotten.
_REASON: Final = "closed before the ledger was restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A token that is known again, and how much of it its wallet had no money for."""

    token: Token
    missing_minor: int


def check_lost(epoch: Epoch | None, *, signed_at_s: int, param: str) -> None:
    """Only what was signed before a restore can be forgotten; what came after it stands in the ledger.

    Raises:
        RuleViolationError: NOT_AUTHORIZED.
    """
    if epoch is None or signed_at_s >= epoch.at_s + limits.CLOCK_SKEW_S_MAX:
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "this ledger has not forgotten it", param=param)


def forgotten_token(operator: Operator, envelope: bytes, wallet: Wallet) -> Sealed[PaymentToken]:
    """A token that this operator has signed and this ledger does not know.

    Raises:
        MalformedMessageError, RuleViolationError: it is none, or in another currency than the wallet.
    """
    sealed = operator.verifier.token(Envelope(envelope))
    check_lost(operator.epoch, signed_at_s=sealed.message.not_before_s, param="token")
    if sealed.message.currency is not wallet.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "not in the wallet's currency", param="token")
    return sealed


def adopt_token(writer: Writer, wallet: Wallet, sealed: Sealed[PaymentToken], *, at_s: int) -> Adopted:
    """Write a forgotten token down as its wallet's, with as much set aside as the wallet has, up to its total.

    Its wallet has had the tokens before it closed, so what is set aside in them is used as well, as far as it is
    needed, and they are dead.
    """
    total_minor = sealed.message.total_max_minor
    _end_older(writer, wallet, sealed.message, at_s=at_s)
    covered_minor = min(total_minor, writer.balance_minor(wallet.account_id))
    holder = sealed.message.token_id.hex()
    escrow = writer.open_account(kind=AccountKind.PAYER_ESCROW, holder=holder, currency=wallet.currency)
    if covered_minor:
        writer.post(
            move(
                kind=EntryKind.TOKEN_ISSUE,
                reference=sealed.message.token_id,
                at_s=at_s,
                currency=wallet.currency,
                amounts_minor={wallet.account_id: -covered_minor, escrow: covered_minor},
            )
        )
    token = Token(
        token_id=sealed.message.token_id,
        wallet_id=wallet.wallet_id,
        device_key=sealed.message.device_key,
        account_id=escrow,
        digest=sealed.digest,
        envelope=sealed.envelope,
        currency=wallet.currency,
        total_minor=total_minor,
        issue_id=RequestId(sealed.message.token_id),  # that request is forgotten
        issue_digest=sealed.digest,
    )
    writer.add(TOKENS, token)
    missing_minor = total_minor - covered_minor
    writer.add(
        RELEARNED,
        Relearned(
            number=writer.next_number(),
            kind=RelearnedKind.TOKEN,
            subject=token.token_id,
            holder=f"wallet {wallet.wallet_id}",
            at_s=at_s,
            amount_minor=total_minor,
            missing_minor=missing_minor,
        ),
    )
    return Adopted(token=token, missing_minor=missing_minor)


def note_claim(writer: Writer, claim: VerifiedClaim) -> None:
    """A claim under a token that our key has signed and no wallet has shown yet: the report of the restore names it."""
    digest = claim.consent.digest
    if not writer.epoch():
        return
    known = writer.find_by(RELEARNED, RELEARNED_SUBJECT, (int(RelearnedKind.CLAIM), digest))
    if known is not None:
        return
    noted = Relearned(
        number=writer.next_number(),
        kind=RelearnedKind.CLAIM,
        subject=digest,
        holder=f"terminal {claim.terminal_id}",
        at_s=claim.at_s,
        amount_minor=claim.amount_minor,
        missing_minor=claim.amount_minor,
    )
    writer.add(RELEARNED, noted)


def _end_older(writer: Writer, wallet: Wallet, token: PaymentToken, *, at_s: int) -> None:
    short_minor = token.total_max_minor - writer.balance_minor(wallet.account_id)
    for older in writer.tokens_with_escrow(wallet.wallet_id):
        if issued_at_s(older) > token.not_before_s or older.standing is TokenStanding.CLOSED_FOR_FRAUD:
            continue
        if older.standing is TokenStanding.OPEN:
            revoke_token(writer, older, reason=_REASON, at_s=at_s)
        back_minor = min(short_minor, writer.balance_minor(older.account_id))
        if older.standing is TokenStanding.CLOSED or back_minor <= 0:
            continue
        short_minor -= back_minor
        writer.post(
            move(
                kind=EntryKind.RELEASE,
                reference=older.token_id,
                at_s=at_s,
                currency=older.currency,
                amounts_minor={older.account_id: -back_minor, wallet.account_id: back_minor},
            )
        )
