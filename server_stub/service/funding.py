"""Letting money in from outside: each amount is signed for, and a large one takes two persons.

A code that brings funds works once the operator's key has signed a grant for it. Within the limits that happens as it
is asked for; above them the code waits until somebody else approves. The command line counts as one person, each API
key as one more.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from server_stub.chain import sign
from server_stub.committer import Command
from server_stub.config import FundingLimits
from server_stub.funding import ROLE, grant_of, verify_grant
from server_stub.keys import KeyRing
from server_stub.ledger import AccountId, AccountKind, EntryKind, move
from server_stub.service.standing import COMMAND_LINE
from server_stub.store.callers import ApiKeyId, Scope
from server_stub.store.records import ActivationCode, DeviceKind
from server_stub.store.records_funding import Funding, FundingState
from server_stub.store.tables.callers import API_KEYS
from server_stub.store.tables.funding import FUNDING_CODE, FUNDINGS, FUNDINGS_OF_DAY
from server_stub.store.tables.parties import ACTIVATION_CODES
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.trust import TrustStore

REASON_CHARS_MAX: Final = 200
_DAY_S: Final = 86_400

assert ROLE.name == "RECEIPT", "the ring that signs grants is the receipt keys'"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFunding(Command[Funding]):
    """A code that lets one wallet in with funds; answered with the funding, granted or open.

    ``limits`` None: whoever asks is the program itself, for a sandbox or a test.
    """

    code_hash: bytes
    funds: Money
    code_expires_at_s: int
    asked_by: str
    reason: str
    limits: FundingLimits | None
    ring: KeyRing
    at_s: int

    def apply(self, writer: Writer) -> Funding:
        check_may_decide(writer, self.asked_by, Scope.FUNDS_WRITE)
        code = ActivationCode(
            code_hash=self.code_hash,
            kind=DeviceKind.WALLET,
            expires_at_s=self.code_expires_at_s,
            currency=self.funds.currency,
            funds_minor=self.funds.minor,
        )
        funding = Funding(
            id=writer.next_in_line(FUNDINGS),
            code_hash=self.code_hash,
            currency=self.funds.currency,
            amount_minor=self.funds.minor,
            state=FundingState.OPEN,
            asked_by=self.asked_by,
            asked_at_s=self.at_s,
            expires_at_s=self.code_expires_at_s,
            reason=self.reason,
        )
        if self.limits is not None:
            open_until_s = self.at_s + self.limits.approval_lifetime_h * 3600
            funding = replace(funding, expires_at_s=min(funding.expires_at_s, open_until_s))
        if self._is_within(writer):
            funding = granted(funding, self.ring, approved_by="", at_s=self.at_s)
        writer.add(ACTIVATION_CODES, code)
        writer.add(FUNDINGS, funding)
        return funding

    def _is_within(self, writer: Writer) -> bool:
        if self.limits is None:
            return True
        day = self.at_s // _DAY_S
        recent = [
            one
            for on in (day - 1, day)
            for one in writer.list_by(FUNDINGS, FUNDINGS_OF_DAY, (self.asked_by, on))
            if one.asked_at_s > self.at_s - _DAY_S and one.currency is self.funds.currency
        ]
        alone_minor = sum(one.amount_minor for one in recent if _was_granted_alone(one))
        return (
            self.funds.minor <= self.limits.single_max_minor
            and alone_minor + self.funds.minor <= self.limits.day_max_minor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveFunding(Command[Funding]):
    """A second person lets an open funding in; the same one may say so twice."""

    funding_id: int
    approved_by: str
    ring: KeyRing
    at_s: int

    def apply(self, writer: Writer) -> Funding:
        check_may_decide(writer, self.approved_by, Scope.FUNDS_APPROVE)
        funding = _known(writer, self.funding_id)
        if funding.state is FundingState.GRANTED and funding.decided_by == self.approved_by:
            return funding
        if funding.asked_by == self.approved_by:
            text = "whoever asks does not approve: it takes another person's key"
            raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, text, param="funding_id")
        _check_open(funding, at_s=self.at_s)
        check_may_decide(writer, funding.asked_by, Scope.FUNDS_WRITE)
        approved = granted(funding, self.ring, approved_by=self.approved_by, at_s=self.at_s)
        writer.change(FUNDINGS, approved)
        return approved


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseFunding(Command[Funding]):
    """An open funding is never let in."""

    funding_id: int
    refused_by: str
    at_s: int

    def apply(self, writer: Writer) -> Funding:
        check_may_decide(writer, self.refused_by, Scope.FUNDS_APPROVE)
        funding = _known(writer, self.funding_id)
        if funding.state is FundingState.REFUSED:
            return funding
        _check_open(funding, at_s=None)
        refused = replace(funding, state=FundingState.REFUSED, decided_by=self.refused_by, decided_at_s=self.at_s)
        writer.change(FUNDINGS, refused)
        return refused


def granted(funding: Funding, ring: KeyRing, *, approved_by: str, at_s: int) -> Funding:
    """A funding with the operator's signature.

    Raises:
        UnavailableError: SERVER_ERROR when no key may sign now.
    """
    signer = ring.for_period(at_s, at_s)
    agreed = replace(
        funding,
        state=FundingState.GRANTED,
        decided_by=approved_by,
        decided_at_s=at_s,
        key_id=key_id_of(signer.public_key),
    )
    return replace(agreed, signature=sign(grant_of(agreed), signer))


def bring_in(
    writer: Writer, code: ActivationCode, enrolment: Envelope, account: AccountId, *, trust: TrustStore, at_s: int
) -> None:
    """Post what a code brings to the account of the wallet that it has let in.

    Raises:
        RuleViolationError: UNKNOWN_ACTIVATION_CODE while nobody has signed for its funds.
    """
    funding = writer.find_by(FUNDINGS, FUNDING_CODE, code.code_hash)
    try:
        if funding is None or funding.state is not FundingState.GRANTED or funding.enrolment:
            raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "there is no unused grant")
        verify_grant(funding, trust)
        if (funding.currency, funding.amount_minor) != (code.currency, code.funds_minor):
            raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "the grant is of another amount")
    except RuleViolationError as error:
        text = "its funds are not granted: an open funding waits for a second person"
        raise RuleViolationError(ErrorCode.UNKNOWN_ACTIVATION_CODE, text, param="activation_code") from error
    writer.change(FUNDINGS, replace(funding, enrolment=enrolment))
    outside = writer.open_account(kind=AccountKind.FUNDING, holder="", currency=funding.currency)
    entry = move(
        kind=EntryKind.FUND,
        reference=code.code_hash,
        at_s=at_s,
        currency=funding.currency,
        amounts_minor={outside: -funding.amount_minor, account: funding.amount_minor},
    )
    writer.post(entry)


def standing_of_funding(funding: Funding, *, at_s: int) -> str:
    """How a funding stands at a time, in a word."""
    if funding.enrolment:
        return "USED"
    if funding.state is FundingState.OPEN and at_s >= funding.expires_at_s:
        return "EXPIRED"
    return funding.state.name


def check_may_decide(writer: Writer, who: str, scope: Scope) -> None:
    """Look again, inside the commit, whether a person may: a key may have been revoked since it was read.

    Raises:
        RuleViolationError: NOT_AUTHORIZED.
    """
    if who == COMMAND_LINE:
        return
    key = writer.find(API_KEYS, ApiKeyId(who))
    if key is None or key.revoked_at_s is not None or key.merchant_id is not None or scope not in key.scopes:
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, f"the key {who} is revoked, or has not {scope.value}")


def check_reason(reason: str) -> None:
    """Refuse what no log can show.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if len(reason) > REASON_CHARS_MAX or not reason.isprintable():
        text = f"at most {REASON_CHARS_MAX} printable characters"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="reason")


def _was_granted_alone(funding: Funding) -> bool:
    return funding.state is FundingState.GRANTED and not funding.decided_by


def _known(writer: Writer, funding_id: int) -> Funding:
    funding = writer.find(FUNDINGS, funding_id)
    if funding is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such funding", param="funding_id")
    return funding


def _check_open(funding: Funding, *, at_s: int | None) -> None:
    if funding.state is not FundingState.OPEN:
        text = f"it is {funding.state.name} already"
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, text, param="funding_id")
    if at_s is not None and at_s >= funding.expires_at_s:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, "its time is over: ask anew", param="funding_id")
