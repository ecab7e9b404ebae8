"""What the operator bears of an offline payment that no escrow covers: within a budget, and of nobody who is known.

Only wallets that contradict themselves come here, so an honest payment costs no look at any of this. A merchant who
works with such a wallet can date a claim back, but can exceed no budget (R-134).
"""

from typing import Final

from server_stub.risk.decision import Finding
from server_stub.risk.policy import Mode, Reason
from server_stub.service import risking
from server_stub.service.paying import Case
from server_stub.store.records import Payment, Shortfall
from server_stub.store.records_bearing import EVER, BornePayment, Budget, BudgetKind
from server_stub.store.records_trust import DenialKind
from server_stub.store.tables.bearing import BORNE_PAYMENTS, LOSS_BUDGETS
from server_stub.store.tables.parties import TERMINALS
from server_stub.store.tables.payments import SHORTFALLS
from server_stub.store.tables.trust import DENIALS, DENIED
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Money

_DAY_S: Final = 24 * 3600
#: For each budget: the reason when it is used up, and whose it is, in words.
_BUDGETS: Final = {
    BudgetKind.WALLET: (Reason.WALLET_BUDGET, "for one wallet"),
    BudgetKind.MERCHANT: (Reason.MERCHANT_BUDGET, "for one merchant in a day"),
    BudgetKind.YOUNG_TERMINALS: (Reason.YOUNG_TERMINAL_BUDGET, "at a merchant's young terminals in a day"),
    BudgetKind.OPERATOR: (Reason.DAY_BUDGET, "for all merchants in a day"),
}


def check(writer: Writer, case: Case, *, uncovered_minor: int) -> None:
    """Whether the operator bears what no escrow covers.

    Raises:
        RuleViolationError: INSUFFICIENT_FUNDS: the merchant bears it; why is in the log of the risk rules.
    """
    if not uncovered_minor:
        return
    if case.rules.uncovered is Liability.MERCHANT:
        raise RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "the escrow does not cover it")
    finding = _refusal(writer, case, uncovered_minor=uncovered_minor)
    if finding is not None:
        risking.write_down(writer, case, [finding], reason=finding.reason.value)
        raise RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, f"the escrow does not cover it, and {finding.text}")


def count(writer: Writer, case: Case, payment: Payment) -> None:
    """Let every budget know what was borne of a payment; nothing ever takes it off again."""
    if not payment.borne_minor:
        return
    shortfall = _shortfall(writer, case, more_minor=payment.borne_minor)
    if writer.find(SHORTFALLS, (shortfall.token_id, shortfall.terminal_id)) is None:
        writer.add(SHORTFALLS, shortfall)
    else:
        writer.change(SHORTFALLS, shortfall)
    for budget in _budgets(writer, case, more_minor=payment.borne_minor):
        if writer.find(LOSS_BUDGETS, LOSS_BUDGETS.key_of(budget)) is None:
            writer.add(LOSS_BUDGETS, budget)
        else:
            writer.change(LOSS_BUDGETS, budget)
    borne = BornePayment(
        payment_number=payment.number,
        merchant_id=case.merchant_id,
        made_at_s=_made_at_s(case),
        is_young=_is_young(writer, case),
    )
    writer.add(BORNE_PAYMENTS, borne)


def _refusal(writer: Writer, case: Case, *, uncovered_minor: int) -> Finding | None:
    """The first reason not to bear it, None when the operator does."""
    currency = case.token.currency
    share_minor = case.rules.shortfall_max_minor
    if _shortfall(writer, case, more_minor=uncovered_minor).amount_minor > share_minor:
        share = Money(minor=share_minor, currency=currency)
        return _found(Reason.TERMINAL_SHARE, f"one terminal's share of a token is {share}")
    known_s = _known_since_s(writer, case)
    if known_s is not None and _made_at_s(case) >= known_s:
        return _found(Reason.CASE_OPEN, "it was accepted after the token or its wallet was revoked")
    if known_s is not None and _enrolled_at_s(writer, case) >= known_s:
        return _found(Reason.TERMINAL_AFTER_CASE, "the terminal was enrolled after the token or its wallet was revoked")
    for budget in _budgets(writer, case, more_minor=uncovered_minor):
        if budget.amount_minor > budget.max_minor:
            reason, whose = _BUDGETS[budget.kind]
            limit = Money(minor=budget.max_minor, currency=currency)
            return _found(reason, f"no more than {limit} is borne {whose}")
    return None


def _shortfall(writer: Writer, case: Case, *, more_minor: int) -> Shortfall:
    """What this terminal would have had of this token."""
    token_id, terminal_id = case.token.token_id, case.claim.terminal_id
    known = writer.find(SHORTFALLS, (token_id, terminal_id))
    amount_minor = more_minor + (0 if known is None else known.amount_minor)
    return Shortfall(token_id=token_id, terminal_id=terminal_id, amount_minor=amount_minor)


def _budgets(writer: Writer, case: Case, *, more_minor: int) -> list[Budget]:
    """Every budget that a payment draws on, as it would be after it."""
    limits, day = case.rules.losses, case.claim.at_s // _DAY_S
    drawn = [
        (BudgetKind.WALLET, int(case.wallet.wallet_id), EVER, limits.wallet_max_minor),
        (BudgetKind.MERCHANT, int(case.merchant_id), day, limits.merchant_day_max_minor),
        (BudgetKind.OPERATOR, 0, day, limits.day_max_minor),
    ]
    if _is_young(writer, case):
        drawn.append((BudgetKind.YOUNG_TERMINALS, int(case.merchant_id), day, limits.young_day_max_minor))
    budgets = []
    for kind, subject_id, of_day, max_minor in sorted(drawn):
        known = writer.find(LOSS_BUDGETS, (int(kind), subject_id, case.token.currency.number, of_day))
        budget = Budget(
            kind=kind,
            subject_id=subject_id,
            currency=case.token.currency,
            day=of_day,
            amount_minor=more_minor + (0 if known is None else known.amount_minor),
            max_minor=max_minor,
        )
        budgets.append(budget)
    return budgets


def _known_since_s(writer: Writer, case: Case) -> int | None:
    """When a token or its wallet was first revoked, which every fraud case does; None while nothing is known."""
    denied = writer.find_by(DENIALS, DENIED, (int(DenialKind.TOKEN), case.token.token_id))
    times_s = [case.wallet.blocked_at_s, None if denied is None else denied.at_s]
    return min((at_s for at_s in times_s if at_s is not None), default=None)


def _is_young(writer: Writer, case: Case) -> bool:
    return _made_at_s(case) - _enrolled_at_s(writer, case) < case.rules.losses.young_age_s


def _enrolled_at_s(writer: Writer, case: Case) -> int:
    terminal = writer.find(TERMINALS, case.claim.terminal_id)
    assert terminal is not None, "terminals are never deleted"
    return terminal.enrolled_at_s


def _made_at_s(case: Case) -> int:
    """When the terminal says to have accepted it."""
    return case.claim.request.message.issued_at_s


def _found(reason: Reason, text: str) -> Finding:
    return Finding(rule="losses", mode=Mode.ENFORCE, reason=reason, text=text)
