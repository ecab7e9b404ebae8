"""Enrolment, and the token: fetched, renewed, and never spent on both sides of a renewal.

A token has a key of its own, so that no two of them can be linked by what a till sees. A TokenRequest hands in the
closing of the old token, signed by that token's key. From the moment it is stored until it is answered, nothing is
spent offline under the old token: the issuer may have closed it already.
"""

from dataclasses import replace
from enum import Enum, unique
from typing import Final

from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, RequestId, TokenId, WalletId, time_ordered_id
from wallet_sdk.protocol.messages import NO_ENVELOPE, Enrolment, PaymentToken, TokenClosing, TokenRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.trust import verify_bundle, verify_token
from wallet_sdk.store import BalanceRecord, Enrolled, PendingIssue, TokenRecord
from wallet_sdk.wallet.arguments import check_kind, check_whole, root_key_of
from wallet_sdk.wallet.parts import DEVICE_KEY, TOKEN_KEY_PREFIX, Parts, refresh_trust
from wallet_sdk.wallet.views import Recovery

#: A token that ends within a day is renewed: tomorrow there may be no network.
RENEW_BEFORE_S: Final = 24 * 3600
#: Renewed when less than a quarter of the allowance is left, or less than a tenth of the counters.
ALLOWANCE_LOW_DIVISOR: Final = 4
COUNT_LOW_DIVISOR: Final = 10
#: Unless the payer chose: what is in escrow for offline payments cannot be spent online meanwhile.
OFFLINE_SHARE_DIVISOR: Final = 2
#: Another thread may spend between reading the sum and storing the request that closes at it.
_ISSUE_TRIES: Final = 8
#: Refusals of a closing that a wallet which forgot nothing never meets.
_KNOWS_MORE: Final = frozenset({ErrorCode.BAD_CUMULATIVE, ErrorCode.TOKEN_CLOSED, ErrorCode.FIELD_OUT_OF_RANGE})


async def enrol(
    parts: Parts,
    *,
    server: str,
    activation_code: str,
    allowance_minor: int | None,
    root_key: PublicKeyBytes | str | None,
) -> None:
    """Bind the device key to an account, pin the root key, and fetch the first token.

    A wallet that its server has forgotten, because that was restored from a backup, is enrolled again with all it has.
    A server that shows another root key than the pinned one gets no activation code. Should it show it only
    afterwards, the code is used up by this device's key; so that key is forgotten, and another code lets another in.

    Raises:
        MisuseError: ALREADY_ENROLLED, or BAD_ARGUMENT for a code or address that cannot be one.
        RuleViolationError: UNKNOWN_ACTIVATION_CODE, or UNKNOWN_SIGNER when the server shows another root key.
        UnavailableError: the server could not be asked; the same call may be made again.
    """
    check_kind(server, str, param="server")
    check_kind(activation_code, str, param="activation_code")
    check_allowance(allowance_minor)
    known = parts.store.enrolled()
    pinned = None if root_key is None else root_key_of(root_key)
    if known is not None and not await _is_forgotten(parts, known, server=server):
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, "the wallet is enrolled already")
    pinned = known.root_key if known else pinned
    if pinned is not None:
        await _check_pinned(parts, server=server, root_key=pinned)
    if DEVICE_KEY not in parts.keys.names():
        parts.keys.create(DEVICE_KEY)
    signer = parts.signer()
    enrolment = Enrolment(activation_code=activation_code, public_key=signer.public_key, made_at_s=parts.now_s())
    answer = await parts.calls_to(server).post_message(
        api.PATH_ENROL_WALLET, seal(enrolment, signer).envelope, api.WalletEnrolled
    )
    try:
        enrolled = _enrolled_by(answer, known=known, server=server, allowance_minor=allowance_minor, pinned=pinned)
    except TillcodeError:
        if known is None:
            parts.keys.delete(DEVICE_KEY)
        raise
    parts.store.save_enrolled(enrolled)
    try:
        await obtain_token(parts)
        await fetch_balance(parts)
    except UnavailableError:
        # Enrolled is enrolled: the first payment or sync fetches the token.
        return


async def _is_forgotten(parts: Parts, known: Enrolled, *, server: str) -> bool:
    """Whether the server of this wallet says that it knows no such wallet."""
    if server != known.server:
        return False
    try:
        await fetch_balance(parts)
    except RuleViolationError as error:
        return error.code is ErrorCode.UNKNOWN_SIGNER
    except UnavailableError:
        return False
    return False


async def _check_pinned(parts: Parts, *, server: str, root_key: PublicKeyBytes) -> None:
    """Before the activation code is spent: the server's bundle is signed by the very key that its payer was given."""
    answer = await parts.calls_to(server).get(api.PATH_TRUST, api.TrustAnswer)
    try:
        verify_bundle(api.from_base64url(answer.bundle), root_key=root_key)
    except RuleViolationError as error:
        if error.code not in {ErrorCode.UNKNOWN_SIGNER, ErrorCode.BAD_SIGNATURE}:
            raise
        raise _another_root() from error


def _enrolled_by(
    answer: api.WalletEnrolled,
    *,
    known: Enrolled | None,
    server: str,
    allowance_minor: int | None,
    pinned: PublicKeyBytes | None,
) -> Enrolled:
    shown = PublicKeyBytes(api.from_base64url(answer.root_key))
    if pinned is not None and shown != pinned:
        raise _another_root()
    trust = verify_bundle(api.from_base64url(answer.bundle), root_key=shown)
    return Enrolled(
        server=server,
        wallet_id=WalletId(answer.wallet_id),
        currency=Currency.from_code(answer.currency),
        root_key=shown,
        bundle=known.bundle if known else trust.bundle.envelope,
        allowance_minor=allowance_minor,
    )


def _another_root() -> RuleViolationError:
    return RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "the server has another root key", param="root_key")


def check_allowance(allowance_minor: int | None) -> None:
    """An allowance is an amount, or the wallet's own choice.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if allowance_minor is not None:
        check_whole(allowance_minor, lowest=0, highest=limits.AMOUNT_MINOR_MAX, param="allowance_minor")


def token_message(parts: Parts, record: TokenRecord) -> Sealed[PaymentToken]:
    """The stored token, verified now.

    Raises:
        RuleViolationError: EXPIRED, among others.
    """
    return verify_token(record.envelope, parts.trust(), at_s=parts.now_s())


def recover(parts: Parts) -> Recovery:
    """Give up the token of a store that was copied or put back: it may have been spent elsewhere, or since."""
    if not parts.store.is_rolled_back():
        return Recovery.NOT_NEEDED
    parts.store.abandon_token()
    return Recovery.ABANDONED


def needs_renewal(parts: Parts, *, available_minor: int, restored_at_s: int = 0) -> bool:
    """Whether the token should be renewed while there is a network: one from before a restore may be forgotten."""
    record = parts.store.token()
    if record is None or parts.store.pending_issue() is not None:
        return True
    try:
        token = token_message(parts, record).message
    except RuleViolationError:
        return True
    left_minor = token.total_max_minor - record.cumulative_minor
    left_count = token.count_max - record.counter
    return (
        parts.now_s() >= token.expires_at_s - RENEW_BEFORE_S
        or token.not_before_s < restored_at_s
        or left_minor * ALLOWANCE_LOW_DIVISOR < token.total_max_minor
        or left_count * COUNT_LOW_DIVISOR < token.count_max
        or (token.total_max_minor == 0 < available_minor and parts.enrolled().allowance_minor != 0)
    )


async def fetch_balance(parts: Parts) -> int:
    """Ask the issuer for the balance and keep it. Returns what is available, in minor units.

    Raises:
        UnavailableError: the issuer could not be asked.
    """
    answer = await parts.calls().get(api.PATH_BALANCE, api.BalanceAnswer, signer=parts.signer())
    known = parts.store.balance()
    parts.store.save_balance(
        BalanceRecord(
            available_minor=answer.available_minor,
            escrow_minor=answer.escrow_minor,
            as_of_s=parts.now_s(),
            refunds_until_s=known.refunds_until_s if known else 0,
        )
    )
    return answer.available_minor


async def obtain_token(parts: Parts) -> TokenRecord:
    """Have a fresh token issued; a request that is pending is repeated byte for byte.

    Raises:
        RuleViolationError: the issuer refused, or the token it sent is not good.
        UnavailableError: the issuer could not be asked, or its answer was lost.
    """
    issue, origin = await _issue_to_send(parts)
    try:
        record = await _exchange(parts, issue, origin)
    except TillcodeError as error:
        if not issue.previous_token_id or error.code not in _KNOWS_MORE:
            raise
        # The issuer has seen more of the old token than this wallet remembers: its whole disk was put back.
        parts.store.abandon_token()
        record = await _exchange(parts, *await _issue_to_send(parts))
    try:
        token_message(parts, record)
    except RuleViolationError as error:
        if error.code is not ErrorCode.EXPIRED or origin is _Origin.OURS:
            raise
        # The answer was lost so long ago that the token died meanwhile. It is ours now, so it can be closed.
        record = await _exchange(parts, *await _issue_to_send(parts))
    return record


@unique
class _Origin(Enum):
    """Who has stored a pending TokenRequest."""

    OURS = "just now, by this very call"
    FOUND = "by another call, process or life of this wallet: its bytes may have left"


async def _exchange(parts: Parts, issue: PendingIssue, origin: _Origin) -> TokenRecord:
    """Send a stored TokenRequest and adopt the token that comes back."""
    try:
        answer = await _ask_for_token(parts, issue)
    except UnavailableError as error:
        # Only if no copy of this request ever left may the old token be spent further.
        if origin is _Origin.OURS and error.outcome is MoneyOutcome.NOT_CHARGED:
            parts.store.withdraw_issue(issue)
        raise
    except TillcodeError:
        _set_aside(parts, issue)
        raise
    record = await _read_token(parts, answer, key_name=issue.key_name)
    replaced = parts.store.token()
    parts.store.adopt_token(record)
    _forget_old_keys(parts, record, replaced)
    return record


async def _ask_for_token(parts: Parts, issue: PendingIssue) -> api.TokenIssued:
    """Send the request; to an issuer that was restored and does not know the old token, with that token beside it."""
    try:
        return await parts.calls().post_message(api.PATH_TOKENS, issue.envelope, api.TokenIssued)
    except RuleViolationError as error:
        closed = parts.store.token()
        if error.code is not ErrorCode.NOT_AUTHORIZED or closed is None or closed.token_id != issue.previous_token_id:
            raise
        # the same bytes, so that nothing is closed twice.
        body = api.TokenBody(request=api.to_base64url(issue.envelope), token=api.to_base64url(closed.envelope))
        return await parts.calls().post_json(api.PATH_TOKENS, body, api.TokenIssued)


async def _issue_to_send(parts: Parts) -> tuple[PendingIssue, _Origin]:
    """The pending TokenRequest, marked as sent by more than one; or a new one, stored before it is sent."""
    asked_minor: int | None = None
    key_name = ""
    for _ in range(_ISSUE_TRIES):
        pending = parts.store.pending_issue()
        try:
            if pending is not None:
                parts.store.share_issue(pending)
                return pending, _Origin.FOUND
            if asked_minor is None:
                asked_minor = await _allowance_to_ask(parts)
                key_name = TOKEN_KEY_PREFIX + _new_id(parts).hex()
                parts.keys.create(key_name)
            issue = _new_issue(parts, asked_minor=asked_minor, key_name=key_name)
            parts.store.save_issue(issue)
        except RuleViolationError as error:
            if error.code is not ErrorCode.CONTENT_CONFLICT:
                raise
        else:
            return issue, _Origin.OURS
    raise UnavailableError(ErrorCode.STORAGE_FAILED, "the token is being spent all the time; ask again")


def _set_aside(parts: Parts, issue: PendingIssue) -> None:
    """After a refusal. What closes a token stays pending under a fresh id, with the same closing and key.

    The refusal may be forged and the signed closing kept: an intent signed after it would look like fraud.
    """
    if not issue.previous_token_id:
        parts.store.drop_issue(issue)
        return
    refused = open_unverified(issue.envelope, TokenRequest).message
    successor = seal(replace(refused, issue_id=_new_id(parts), made_at_s=parts.now_s()), parts.signer())
    parts.store.replace_issue(issue, replace(issue, envelope=successor.envelope))


def _new_id(parts: Parts) -> RequestId:
    return RequestId(time_ordered_id(parts.clock.now_ms(), parts.random.random_bytes(6)))


def _new_issue(parts: Parts, *, asked_minor: int, key_name: str) -> PendingIssue:
    """Sign a TokenRequest for a token over this key, with the closing of the current token at its sum."""
    token = parts.store.token()
    request = TokenRequest(
        issue_id=_new_id(parts),
        made_at_s=parts.now_s(),
        total_max_minor=asked_minor,
        token_key=parts.keys.signer(key_name).public_key,
        closing=_closing_of(parts, token) if token else NO_ENVELOPE,
    )
    return PendingIssue(
        envelope=seal(request, parts.signer()).envelope,
        key_name=key_name,
        previous_token_id=token.token_id if token else TokenId(b""),
        spent_minor=token.cumulative_minor if token else 0,
    )


def _closing_of(parts: Parts, token: TokenRecord) -> Envelope:
    closing = TokenClosing(token_id=token.token_id, spent_minor=token.cumulative_minor)
    return seal(closing, parts.keys.signer(token.key_name)).envelope


def _forget_old_keys(parts: Parts, adopted: TokenRecord, replaced: TokenRecord | None) -> None:
    """Keys of tokens older than the one just replaced sign nothing any more.

    Of the replaced one a thread may be signing on a counter that it has reserved; it goes next time.
    """
    if replaced is None or replaced.token_id == adopted.token_id:
        return
    for name in parts.keys.names():
        if name.startswith(TOKEN_KEY_PREFIX) and name < replaced.key_name and name != adopted.key_name:
            parts.keys.delete(name)


async def _allowance_to_ask(parts: Parts) -> int:
    """The payer's choice, or half of the balance as it will be when the old token is closed."""
    chosen = parts.enrolled().allowance_minor
    if chosen is not None:
        return chosen
    available_minor = await fetch_balance(parts)
    old = parts.store.token()
    if old is not None:
        available_minor += open_unverified(old.envelope, PaymentToken).message.total_max_minor - old.cumulative_minor
    return min(available_minor // OFFLINE_SHARE_DIVISOR, limits.AMOUNT_MINOR_MAX)


async def _read_token(parts: Parts, answer: api.TokenIssued, *, key_name: str) -> TokenRecord:
    """The token of an answer, which may have run out: an answer to a request of long ago is an answer."""
    envelope = Envelope(api.from_base64url(answer.token))
    try:
        sealed = _verify_issued(parts, envelope)
    except RuleViolationError as error:
        if error.code is not ErrorCode.UNKNOWN_SIGNER:
            raise
        # Signed with an operator key that is newer than our bundle.
        await refresh_trust(parts)
        sealed = _verify_issued(parts, envelope)
    token = sealed.message
    wanted = (parts.keys.signer(key_name).public_key, parts.enrolled().currency)
    if (token.device_key, token.currency) != wanted:
        raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, "the token is another wallet's", param="device_key")
    return TokenRecord(token_id=token.token_id, envelope=sealed.envelope, key_name=key_name)


def _verify_issued(parts: Parts, envelope: Envelope) -> Sealed[PaymentToken]:
    last_s = open_unverified(envelope, PaymentToken).message.expires_at_s - 1
    return verify_token(envelope, parts.trust(), at_s=min(parts.now_s(), last_s))
