"""Tokens: issuing one moves its allowance into escrow, closing one gives the unused part back."""

from dataclasses import dataclass, field
from typing import Final

from server_stub.config import TokenLimits
from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.service.devices import enrolled_wallet
from server_stub.service.operator import Operator
from server_stub.store.base import Token, TokenStanding, Wallet, Writer
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, Signer, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, TokenId
from wallet_sdk.protocol.messages import Grade, PaymentToken, TokenRequest
from wallet_sdk.protocol.trust import verify_from_device

#: A claim is judged at its request's time, which lies within its token's life, and comes at most so much later.
#: The day more is for clocks that were set, and for a claim that was verified before this and commits after it.
UNCLAIMABLE_AFTER_S: Final = limits.CAPTURE_AGE_S_MAX + 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCommand:
    """One token request of a known wallet; answered with the token's envelope."""

    sealed: Sealed[TokenRequest]
    wallet: Wallet
    token_id: TokenId
    at_s: int
    allowed: TokenLimits
    signer: Signer = field(repr=False)
    weight: int = 1

    def apply(self, writer: Writer) -> Envelope:
        asked = self.sealed.message
        wallet = writer.wallet(self.wallet.wallet_id)
        assert wallet is not None, "wallets are never deleted"
        known = writer.token_of_issue(wallet.wallet_id, asked.issue_id)
        if known is not None:
            if known.issue_digest != self.sealed.digest:
                raise RuleViolationError(
                    ErrorCode.CONTENT_CONFLICT, "the id was used for another token request", param="issue_id"
                )
            return known.envelope
        if wallet.blocked_at_s is not None:
            raise RuleViolationError(ErrorCode.REVOKED, "the wallet is blocked")
        if asked.previous_token_id:
            previous = writer.token(asked.previous_token_id)
            if previous is None or previous.wallet_id != wallet.wallet_id:
                raise RuleViolationError(
                    ErrorCode.NOT_AUTHORIZED, "not a token of this wallet", param="previous_token_id"
                )
            if previous.standing is not TokenStanding.OPEN:
                return self._successor(writer, previous)
            self._close_previous(writer, wallet, previous)
        self._release_unclaimable(writer, wallet)
        return self._issue(writer, wallet)

    def _successor(self, writer: Writer, previous: Token) -> Envelope:
        """A token closes once and has one successor: a wallet that never got it, and asks anew, gets that one."""
        if previous.closing is None or previous.spent_minor != self.sealed.message.spent_minor:
            raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "closed before", param="previous_token_id")
        closing = open_unverified(previous.closing, TokenRequest).message
        successor = writer.token_of_issue(previous.wallet_id, closing.issue_id)
        assert successor is not None, "a token is closed and its successor issued in one commit"
        return successor.envelope

    def _close_previous(self, writer: Writer, wallet: Wallet, previous: Token) -> None:
        asked = self.sealed.message
        if not writer.highest_sum_minor(previous.token_id) <= asked.spent_minor <= previous.total_minor:
            raise RuleViolationError(
                ErrorCode.BAD_CUMULATIVE, "less than was seen, or more than was allowed", param="spent_minor"
            )
        unused_minor = previous.total_minor - asked.spent_minor + previous.dead_minor
        returned_minor = min(unused_minor, writer.balance_minor(previous.account_id))
        if returned_minor:
            writer.post(
                move(
                    kind=EntryKind.TOKEN_RETURN,
                    reference=previous.token_id,
                    at_s=self.at_s,
                    currency=previous.currency,
                    amounts_minor={previous.account_id: -returned_minor, wallet.account_id: returned_minor},
                )
            )
        writer.close_token(
            previous.token_id,
            standing=TokenStanding.CLOSED,
            spent_minor=asked.spent_minor,
            closing=self.sealed.envelope,
        )

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
                device_key=wallet.device_key,
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
        writer.add_token(
            Token(
                token_id=self.token_id,
                wallet_id=wallet.wallet_id,
                account_id=escrow,
                digest=sealed.digest,
                envelope=sealed.envelope,
                currency=wallet.currency,
                total_minor=total_minor,
                issue_id=asked.issue_id,
                issue_digest=self.sealed.digest,
            )
        )
        return sealed.envelope


def prepare_token(operator: Operator, body: bytes) -> IssueCommand:
    """Verify a wallet's token request.

    Raises:
        TillcodeError: nothing was stored.
    """
    wallet = enrolled_wallet(operator, body, TokenRequest)
    return IssueCommand(
        sealed=verify_from_device(body, TokenRequest, device_key=wallet.device_key),
        wallet=wallet,
        token_id=TokenId(operator.new_id()),
        at_s=operator.now_s(),
        allowed=operator.config.tokens,
        signer=operator.signers.token_issuer,
    )


def token_answer(envelope: Envelope) -> api.TokenIssued:
    """The answer to a token request."""
    return api.TokenIssued(token=api.to_base64url(envelope))
