"""Tokens: issuing one moves its allowance into escrow, closing one gives the unused part back."""

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from server_stub.committer import Command
from server_stub.config import TokenLimits
from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.service.adopting import Adopted, adopt_token, forgotten_token
from server_stub.service.denylist import is_denied, issued_at_s
from server_stub.service.devices import enrolled_wallet
from server_stub.service.operator import Operator
from server_stub.store.records import Token, TokenStanding, Wallet
from server_stub.store.records_trust import DenialKind
from server_stub.store.table import Keys
from server_stub.store.tables.parties import TERMINAL_KEY, TERMINALS, WALLET_KEY, WALLETS
from server_stub.store.tables.payments import TOKEN_ISSUE, TOKEN_KEY, TOKENS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, Signer, key_id_of, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, TokenId
from wallet_sdk.protocol.messages import Grade, PaymentToken, TokenClosing, TokenRequest
from wallet_sdk.protocol.trust import verify_from_device

#: A claim is judged at its request's time, which lies within its token's life, and comes at most so much later.
#: The day more is for clocks that were set, and for a claim that was verified before this and commits after it.
UNCLAIMABLE_AFTER_S: Final = limits.CAPTURE_AGE_S_MAX + 24 * 3600

#: How a JSON body begins; a signed message is an array of CBOR.
_JSON_OBJECT: Final = b"{"

#: A token that its wallet can still close.
UNCLOSED: Final = frozenset({TokenStanding.OPEN, TokenStanding.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCommand(Command[Envelope]):
    """One token request of a known wallet, with the closing in it; answered with the token's envelope."""

    sealed: Sealed[TokenRequest]
    closing: Sealed[TokenClosing] | None
    #: The token that is closed, when this ledger has forgotten it.
    forgotten: Sealed[PaymentToken] | None
    wallet: Wallet
    token_id: TokenId
    at_s: int
    allowed: TokenLimits
    signer: Signer = field(repr=False)

    def apply(self, writer: Writer) -> Envelope:
        asked = self.sealed.message
        wallet = writer.find(WALLETS, self.wallet.wallet_id)
        assert wallet is not None, "wallets are never deleted"
        known = writer.find_by(TOKENS, TOKEN_ISSUE, (wallet.wallet_id, asked.issue_id))
        if known is not None:
            if known.issue_digest != self.sealed.digest:
                raise RuleViolationError(
                    ErrorCode.CONTENT_CONFLICT, "the id was used for another token request", param="issue_id"
                )
            return known.envelope
        if wallet.blocked_at_s is not None:
            raise RuleViolationError(ErrorCode.REVOKED, "the wallet is blocked")
        if wallet.device_key != self.wallet.device_key:
            raise RuleViolationError(ErrorCode.REVOKED, "the wallet has got another device meanwhile")
        if self.closing is not None:
            successor = self._close_previous(writer, wallet, self.closing)
            if successor is not None:
                return successor
        self._check_key_is_new(writer)
        self._check_room(writer, wallet)
        self._release_unclaimable(writer, wallet)
        return self._issue(writer, wallet)

    def _close_previous(self, writer: Writer, wallet: Wallet, closing: Sealed[TokenClosing]) -> Envelope | None:
        """Close the token before; answered with its successor, when it has one."""
        previous, adopted = writer.find(TOKENS, closing.message.token_id), None
        if previous is None:
            assert self.forgotten is not None, "the closing was verified with its token's key"
            adopted = adopt_token(writer, wallet, self.forgotten, at_s=self.at_s)
            previous = adopted.token
        successor = self._successor(writer, previous, closing.message)
        if successor is None and previous.standing in UNCLOSED:
            close_token(writer, previous, closing, at_s=self.at_s, successor_id=self.token_id, adopted=adopted)
        return successor

    def _successor(self, writer: Writer, previous: Token, closing: TokenClosing) -> Envelope | None:
        """A token closes once and has one successor: a wallet that never got it, and asks anew, gets that one.

        A token whose allowance was returned has none, until the first request that hands in its closing.
        """
        if previous.standing in UNCLOSED:
            return None
        if previous.closing is None or previous.spent_minor != closing.spent_minor:
            raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "closed before", param="closing")
        if previous.successor_id is None:
            writer.change(TOKENS, replace(previous, successor_id=self.token_id))
            return None
        successor = writer.find(TOKENS, previous.successor_id)
        assert successor is not None, "tokens are never deleted"
        return successor.envelope

    def _check_key_is_new(self, writer: Writer) -> None:
        """One key, one token: a wallet that could name another's key could have it revoked with its own token."""
        key = self.sealed.message.token_key
        key_id = key_id_of(key)
        in_use = (
            writer.find_by(TOKENS, TOKEN_KEY, key),
            writer.find_by(WALLETS, WALLET_KEY, key_id),
            writer.find_by(TERMINALS, TERMINAL_KEY, key_id),
        )
        if any(in_use):
            raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the key is in use", param="token_key")

    def _check_room(self, writer: Writer, wallet: Wallet) -> None:
        """Every token can be spent offline once more than it holds, so nobody gets them without end."""
        recent = writer.tokens_issued_since(wallet.wallet_id, self.at_s - limits.TOKEN_LIFETIME_H_MAX * 3600)
        is_open = sum(token.standing is TokenStanding.OPEN for token in recent)
        of_a_day = sum(issued_at_s(token) > self.at_s - 24 * 3600 for token in recent)
        if is_open >= self.allowed.open_max or of_a_day >= self.allowed.day_max:
            text = "the wallet has as many tokens as it may have: hand in the closing of one, or wait"
            raise RuleViolationError(ErrorCode.OVER_COUNT_LIMIT, text, param="closing")

    def _release_unclaimable(self, writer: Writer, wallet: Wallet) -> None:
        """What was signed and never claimed, or left in a token that was never closed, is the payer's again."""
        for token in writer.tokens_with_escrow(wallet.wallet_id):
            expires_at_s = open_unverified(token.envelope, PaymentToken).message.expires_at_s
            #
            if self.at_s < expires_at_s + UNCLAIMABLE_AFTER_S or token.standing is TokenStanding.CLOSED_FOR_FRAUD:
                continue
            left_minor = writer.balance_minor(token.account_id)
            writer.post(
                move(
                    kind=EntryKind.RELEASE,
                    reference=token.token_id,
                    at_s=self.at_s,
                    currency=token.currency,
                    amounts_minor={token.account_id: -left_minor, wallet.account_id: left_minor},
                )
            )

    def _issue(self, writer: Writer, wallet: Wallet) -> Envelope:
        asked = self.sealed.message
        available_minor = writer.balance_minor(wallet.account_id)
        total_minor = min(asked.total_max_minor, self.allowed.total_max_minor, available_minor)
        sealed = seal(
            PaymentToken(
                token_id=self.token_id,
                device_key=asked.token_key,
                currency=wallet.currency,
                payment_max_minor=min(self.allowed.payment_max_minor, total_minor),
                total_max_minor=total_minor,
                count_max=self.allowed.count_max,
                grade=Grade.VERIFIED,
                not_before_s=self.at_s,
                lifetime_h=self.allowed.lifetime_h,
            ),
            self.signer,
        )
        escrow = writer.open_account(
            kind=AccountKind.PAYER_ESCROW, holder=self.token_id.hex(), currency=wallet.currency
        )
        if total_minor:
            writer.post(
                move(
                    kind=EntryKind.TOKEN_ISSUE,
                    reference=self.token_id,
                    at_s=self.at_s,
                    currency=wallet.currency,
                    amounts_minor={wallet.account_id: -total_minor, escrow: total_minor},
                )
            )
        writer.add(
            TOKENS,
            Token(
                token_id=self.token_id,
                wallet_id=wallet.wallet_id,
                device_key=asked.token_key,
                account_id=escrow,
                digest=sealed.digest,
                envelope=sealed.envelope,
                currency=wallet.currency,
                total_minor=total_minor,
                issue_id=asked.issue_id,
                issue_digest=self.sealed.digest,
            ),
        )
        return sealed.envelope


def close_token(
    writer: Writer,
    token: Token,
    closing: Sealed[TokenClosing],
    *,
    at_s: int,
    successor_id: TokenId | None,
    adopted: Adopted | None = None,
) -> None:
    """Close a token at its signed sum, and give back to the payer what it says was not spent.

    What is missing of one that was ``adopted`` was never set aside: what is there goes to what was spent first.

    Raises:
        RuleViolationError: BAD_CUMULATIVE, or REVOKED when the device that signs it is lost.
    """
    spent_minor = closing.message.spent_minor
    if not writer.highest_sum_minor(token.token_id) <= spent_minor <= token.total_minor:
        raise RuleViolationError(
            ErrorCode.BAD_CUMULATIVE, "less than was seen, or more than was allowed", param="spent_minor"
        )
    wallet = writer.find(WALLETS, token.wallet_id)
    assert wallet is not None, "wallets are never deleted"
    if adopted is None:  # that its wallet has it was just proved
        _check_device_is_there(writer, token, wallet)
    missing_minor = 0 if adopted is None else adopted.missing_minor
    unused_minor = max(0, token.total_minor - missing_minor - spent_minor + token.dead_minor)
    returned_minor = min(unused_minor, writer.balance_minor(token.account_id))
    if returned_minor:
        writer.post(
            move(
                kind=EntryKind.TOKEN_RETURN,
                reference=token.token_id,
                at_s=at_s,
                currency=token.currency,
                amounts_minor={token.account_id: -returned_minor, wallet.account_id: returned_minor},
            )
        )
    closed = replace(
        token,
        standing=TokenStanding.CLOSED,
        spent_minor=spent_minor,
        closing=closing.envelope,
        successor_id=successor_id,
    )
    writer.change(TOKENS, closed)


def _check_device_is_there(writer: Writer, token: Token, wallet: Wallet) -> None:
    """Who has found a phone must not say what was spent with it: what nobody claims comes back by itself."""
    is_lost = is_denied(writer, DenialKind.KEY, key_id_of(wallet.device_key))
    if is_lost or issued_at_s(token) < wallet.enrolled_at_s:
        raise RuleViolationError(ErrorCode.REVOKED, "the device of this token was replaced", param="token_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCommand(Command[Token]):
    """A wallet gives its allowance back and takes no new token: the unused part is available to it again."""

    closing: Sealed[TokenClosing]
    at_s: int

    def name_keys(self, keys: Keys) -> None:
        keys.name(TOKENS, self.closing.message.token_id)

    def apply(self, writer: Writer) -> Token:
        token = writer.find(TOKENS, self.closing.message.token_id)
        assert token is not None, "the closing was verified with its token's key"
        if token.standing not in UNCLOSED:
            if token.closing is None or token.spent_minor != self.closing.message.spent_minor:
                raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "closed before", param="token_id")
            return token
        close_token(writer, token, self.closing, at_s=self.at_s, successor_id=None)
        closed = writer.find(TOKENS, token.token_id)
        assert closed is not None, "it was just closed"
        return closed


def prepare_return(operator: Operator, body: bytes) -> ReturnCommand:
    """Verify what a wallet returns, with the key of the token itself.

    Raises:
        TillcodeError: nothing was stored.
    """
    named = open_unverified(body, TokenClosing).message
    with operator.store.reading() as reader:
        token = reader.find(TOKENS, named.token_id)
    if token is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no token has this key", param="token_id")
    closing = verify_from_device(body, TokenClosing, device_key=token.device_key)
    return ReturnCommand(closing=closing, at_s=operator.now_s())


def return_answer(_operator: Operator, token: Token) -> api.TokenReturned:
    """The answer to a returned token."""
    assert token.spent_minor is not None, "a token that was closed has a sum"
    return api.TokenReturned(token_id=api.to_base64url(token.token_id), spent_minor=token.spent_minor)


def prepare_token(operator: Operator, body: bytes) -> IssueCommand:
    """Verify a wallet's token request.

    Raises:
        TillcodeError: nothing was stored.
    """
    shown = b""
    if body.startswith(_JSON_OBJECT):
        parts = api.parse_json(body, api.TokenBody)
        body, shown = api.from_base64url(parts.request), api.from_base64url(parts.token)
    wallet = enrolled_wallet(operator, body, TokenRequest)
    sealed = verify_from_device(body, TokenRequest, device_key=wallet.device_key)
    now_s, allowed = operator.now_s(), operator.config.tokens
    closing, forgotten = _verified_closing(operator, wallet, sealed.message, shown)
    return IssueCommand(
        sealed=sealed,
        closing=closing,
        forgotten=forgotten,
        wallet=wallet,
        token_id=TokenId(operator.new_id()),
        at_s=now_s,
        allowed=allowed,
        signer=operator.signers.token_issuer.for_period(now_s, now_s + allowed.lifetime_h * 3600),
    )


def _verified_closing(
    operator: Operator, wallet: Wallet, asked: TokenRequest, shown: bytes
) -> tuple[Sealed[TokenClosing] | None, Sealed[PaymentToken] | None]:
    """The closing that a token request hands in, verified with the key of the token that it closes.

    ``shown`` is that token, or empty; it is looked at, and answered with, when this ledger does not know it.
    """
    if not asked.closing:
        return None, None
    named = open_unverified(asked.closing, TokenClosing).message
    with operator.store.reading() as reader:
        token = reader.find(TOKENS, named.token_id)
    if token is None and shown:
        forgotten = forgotten_token(operator, shown, wallet)
        if forgotten.message.token_id != named.token_id:
            raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "the closing is of another token", param="token")
        return verify_from_device(asked.closing, TokenClosing, device_key=forgotten.message.device_key), forgotten
    if token is None or token.wallet_id != wallet.wallet_id:
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "not a token of this wallet", param="closing")
    return verify_from_device(asked.closing, TokenClosing, device_key=token.device_key), None


def token_answer(envelope: Envelope) -> api.TokenIssued:
    """The answer to a token request."""
    return api.TokenIssued(token=api.to_base64url(envelope))
