"""Catching up with the issuer: trust, open payments, balance, token."""

from collections.abc import Callable
from dataclasses import replace

from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, UnavailableError
from wallet_sdk.protocol.money import Money
from wallet_sdk.store import ConsentKind, ConsentRecord, Outcome
from wallet_sdk.wallet.asking import learn_refunds
from wallet_sdk.wallet.consents import ask, send_intent
from wallet_sdk.wallet.parts import Parts, refresh_denylist, refresh_trust
from wallet_sdk.wallet.tokens import check_allowance, fetch_balance, needs_renewal, obtain_token, recover, token_message
from wallet_sdk.wallet.views import Payment, Renewal, SyncReport, WalletBalance, payment_of

#: Told how much is done, and of how much.
OnProgress = Callable[[int, int], None]


async def sync(parts: Parts, *, on_progress: OnProgress | None = None) -> SyncReport:
    """Fetch trust and revocations, ask about every open payment and code, send again what nobody has heard of and may
    still be paid, fetch balance and refunds, renew the token.

    Raises:
        UnavailableError: the issuer could not be asked; what was learned until then is stored.
        RuleViolationError: TRUST_ROLLED_BACK, or the issuer refuses this wallet.
    """
    recovery = recover(parts)
    restored_at_s = await refresh_trust(parts)
    await refresh_denylist(parts)
    try:
        resolved = await _ask_about_all(parts, on_progress or _tell_nobody)
        available_minor = await fetch_balance(parts)
    except RuleViolationError as error:
        if error.code is not ErrorCode.UNKNOWN_SIGNER or not restored_at_s:
            raise
        text = "the issuer was restored from a backup and has forgotten this wallet: enrol it again, as it is"
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, text, param=error.param) from error
    refunded = await learn_refunds(parts)
    renewal = Renewal.NOT_NEEDED
    if needs_renewal(parts, available_minor=available_minor, restored_at_s=restored_at_s):
        await obtain_token(parts)
        renewal = Renewal.RENEWED
        await fetch_balance(parts)
    return SyncReport(
        trust_version=parts.trust().bundle.message.version,
        resolved=resolved,
        refunded=refunded,
        open_count=len(parts.store.unresolved()),
        renewal=renewal,
        recovery=recovery,
        balance=balance(parts),
    )


async def change_allowance(parts: Parts, *, allowance_minor: int | None) -> WalletBalance:
    """Choose another allowance, close the token at what it spent, and have one issued over the new amount.

    Raises:
        MisuseError: BAD_ARGUMENT, NOT_ENROLLED.
        UnavailableError: the issuer could not be asked; the choice is stored, and the token renewed by the next sync.
    """
    check_allowance(allowance_minor)
    recover(parts)
    if parts.store.pending_issue() is not None:
        # It is answered with the allowance of before, whatever is chosen now.
        await obtain_token(parts)
    parts.store.save_enrolled(replace(parts.enrolled(), allowance_minor=allowance_minor))
    await obtain_token(parts)
    await fetch_balance(parts)
    return balance(parts)


def balance(parts: Parts) -> WalletBalance:
    """What is known without asking.

    Raises:
        MisuseError: NOT_ENROLLED.
    """
    currency = parts.enrolled().currency
    known = parts.store.balance()
    token = parts.store.token()
    left_minor, until_s = 0, None
    if token is not None and parts.store.pending_issue() is None and not parts.store.is_rolled_back():
        try:
            limit = token_message(parts, token).message
        except RuleViolationError:
            pass
        else:
            left_minor, until_s = limit.total_max_minor - token.cumulative_minor, limit.expires_at_s
    return WalletBalance(
        available=Money(minor=known.available_minor, currency=currency) if known else None,
        as_of_s=known.as_of_s if known else None,
        offline_left=Money(minor=left_minor, currency=currency),
        offline_until_s=until_s,
    )


async def _ask_about_all(parts: Parts, tell: OnProgress) -> tuple[Payment, ...]:
    resolved = []
    records = parts.store.unresolved()
    for count, record in enumerate(records):
        tell(count, len(records))
        after = await _ask_one(parts, record)
        if after.outcome is not record.outcome:
            resolved.append(payment_of(after))
    tell(len(records), len(records))
    return tuple(resolved)


def _tell_nobody(_done: int, _total: int) -> None:
    """Progress that nobody asked for."""


async def _ask_one(parts: Parts, record: ConsentRecord) -> ConsentRecord:
    """One answer that proves nothing must not keep the others from being asked for."""
    try:
        after = await ask(parts, record)
    except UnavailableError as error:
        if error.code is not ErrorCode.BAD_ANSWER:
            raise
        return record
    return await send_intent(parts, after) if _may_be_sent(parts, after) else after


def _may_be_sent(parts: Parts, record: ConsentRecord) -> bool:
    """Whether the very same bytes, of which nobody has ever said a word, can still be paid. What was refused, however
    badly, is not: a shop that may be paid again next week must not find last week's payment there.
    """
    is_open = record.kind is ConsentKind.ONLINE_INTENT and record.outcome is Outcome.UNKNOWN
    return is_open and not record.error_code and parts.now_s() < record.expires_at_s
