"""Risk inside the commit: facts are gathered, the rules decide before money moves, what was broken is written down."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from server_stub.risk.decision import Finding, RiskFacts, Seen, decide
from server_stub.risk.policy import CodeKind, RiskPolicy, Window
from server_stub.risk.usage import Usage, WindowUsage, subject_id_of
from server_stub.service.claims import VerifiedClaim
from server_stub.service.paying import Case
from server_stub.store.reader import Reader
from server_stub.store.records import ConsentMode, Payment, TokenStanding
from server_stub.store.records_risk import DeviceSeen, RiskDecision
from server_stub.store.table import Keys
from server_stub.store.tables.risk import DEVICES_SEEN, RISK_DECISIONS, WINDOW_USAGE, usage_key
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, MerchantId

_CODE_OF_MODE = {
    ConsentMode.CODE: CodeKind.PAYMENT_CODE,
    ConsentMode.ONLINE: CodeKind.REQUEST,
    ConsentMode.OFFLINE: CodeKind.OFFLINE,
}
_DENIED_STANDINGS = frozenset({TokenStanding.REVOKED, TokenStanding.CLOSED_FOR_FRAUD})


def name_keys(keys: Keys, policy: RiskPolicy, claim: VerifiedClaim, merchant_id: MerchantId) -> None:
    """What a decision reads and is known before the wallet is."""
    if not policy.rules:
        return
    for window in policy.windows:
        subject_id = subject_id_of(window.subject, wallet_id=0, merchant_id=merchant_id, terminal_id=claim.terminal_id)
        if subject_id:
            keys.name(WINDOW_USAGE, usage_key(window, subject_id))


def check(writer: Writer, case: Case, *, uncovered_minor: int) -> None:
    """Hold one payment against every rule; each that is broken goes into the audit log.

    What an offline payment's escrow covers was promised when the token was issued, and the goods are gone: the rules
    decide whether the operator bears the rest.

    Raises:
        RuleViolationError: RISK_REFUSED.
    """
    if not case.rules.risk.rules:
        return
    decision = decide(case.rules.risk, _facts(writer, case, uncovered_minor=uncovered_minor))
    binding = case.claim.mode is not ConsentMode.OFFLINE or uncovered_minor > 0
    refusal = decision.refusal if binding else None
    if decision.findings:
        write_down(writer, case, decision.findings, reason=refusal.reason.value if refusal else "")
    if refusal is not None:
        raise RuleViolationError(ErrorCode.RISK_REFUSED, f"{refusal.rule}: {refusal.text}")


def count(writer: Writer, case: Case, payment: Payment) -> None:
    """Let every window of the rules see a payment that took effect."""
    policy = case.rules.risk
    if not policy.rules:
        return
    usage = Usage(
        code=_code_of(case.claim),
        currency=payment.currency,
        count=1,
        amount_minor=payment.amount_minor,
        borne_minor=payment.borne_minor,
    )
    for window in sorted(policy.windows):
        known = writer.find(WINDOW_USAGE, usage_key(window, _subject_id(case, window)))
        if known is None:
            fresh = WindowUsage(window=window, subject_id=_subject_id(case, window))
            writer.add(WINDOW_USAGE, fresh.after(usage, at_s=case.claim.at_s))
        else:
            writer.change(WINDOW_USAGE, known.after(usage, at_s=case.claim.at_s))
    if policy.follows_devices:
        _follow(writer, case)


def write_down(writer: Writer, case: Case, findings: Sequence[Finding], *, reason: str) -> None:
    """Add to the audit log what was found about one consent, after what was found before."""
    told = [asdict(found) | {"mode": found.mode.value, "reason": found.reason.value} for found in findings]
    known = writer.find(RISK_DECISIONS, case.claim.consent.digest)
    before = [] if known is None else json.loads(known.explanation)
    row = RiskDecision(
        consent_digest=case.claim.consent.digest,
        at_s=case.claim.at_s,
        reason=reason,
        explanation=json.dumps(before + told, separators=(",", ":")),
    )
    if known is None:
        writer.add(RISK_DECISIONS, row)
    else:
        writer.change(RISK_DECISIONS, row)


def reason_of(reader: Reader, consent_digest: Digest | None) -> str:
    """The reason code with which a consent was refused for risk, "" when it was not."""
    known = None if consent_digest is None else reader.find(RISK_DECISIONS, consent_digest)
    return "" if known is None else known.reason


def _facts(writer: Writer, case: Case, *, uncovered_minor: int) -> RiskFacts:
    claim, wallet = case.claim, case.wallet
    seen = writer.find(DEVICES_SEEN, wallet.wallet_id) if case.rules.risk.follows_devices else None
    denied = (
        ("token", case.token.standing in _DENIED_STANDINGS),
        ("device", wallet.blocked_at_s is not None),
    )
    return RiskFacts(
        merchant_id=case.merchant_id,
        terminal_id=claim.terminal_id,
        wallet_id=wallet.wallet_id,
        amount_minor=claim.amount_minor,
        currency=case.token.currency,
        grade=claim.token.message.grade,
        code=_code_of(claim),
        made_at_s=_made_at_s(claim),
        device_age_s=max(0, claim.at_s - wallet.enrolled_at_s),
        denied=tuple(name for name, holds in denied if holds),
        uncovered_minor=uncovered_minor,
        usage={window: _usage(writer, case, window) for window in case.rules.risk.windows},
        last_seen=None if seen is None else Seen(terminal_id=seen.terminal_id, at_s=seen.at_s),
    )


def _usage(writer: Writer, case: Case, window: Window) -> tuple[Usage, ...]:
    known = writer.find(WINDOW_USAGE, usage_key(window, _subject_id(case, window)))
    return () if known is None else known.seen(at_s=case.claim.at_s)


def _follow(writer: Writer, case: Case) -> None:
    """Remember the newest place; an offline payment may be claimed long after a later one."""
    seen = DeviceSeen(wallet_id=case.wallet.wallet_id, terminal_id=case.claim.terminal_id, at_s=_made_at_s(case.claim))
    known = writer.find(DEVICES_SEEN, seen.wallet_id)
    if known is None:
        writer.add(DEVICES_SEEN, seen)
    elif known.at_s <= seen.at_s:
        writer.change(DEVICES_SEEN, seen)


def _code_of(claim: VerifiedClaim) -> CodeKind:
    """A print can be copied and pasted over: of all codes it is trusted least."""
    return CodeKind.STATIC_CODE if claim.is_printed else _CODE_OF_MODE[claim.mode]


def _made_at_s(claim: VerifiedClaim) -> int:
    """When the payer agreed: an offline payment is claimed later, by the clock of its terminal."""
    return claim.request.message.issued_at_s if claim.mode is ConsentMode.OFFLINE else claim.at_s


def _subject_id(case: Case, window: Window) -> int:
    return subject_id_of(
        window.subject,
        wallet_id=case.wallet.wallet_id,
        merchant_id=case.merchant_id,
        terminal_id=case.claim.terminal_id,
    )
