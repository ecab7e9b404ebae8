"""Receipts and reports as papers: pure, facts in, lines out. Amounts are written with their ISO code, everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum, unique

from terminal_app.devices.paper import RULE, Paper, PaperLine, Style
from terminal_app.journal import HistoryEntry, RefundRecord, Tally
from terminal_app.receipts.words import WORDS, Word
from terminal_app.reports import Report, ReportKind
from terminal_app.screen_model import Language, moment_text, money_text
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import TerminalCertificate
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.states import State

_UNPAID = frozenset({State.DECLINED, State.CANCELED, State.EXPIRED, State.VOIDED, State.REJECTED, State.CHARGED_BACK})


@unique
class Training(Enum):
    """Whether the till only plays."""

    NO = "no"
    YES = "yes"


@unique
class Edition(Enum):
    """The first print of a receipt, or another one."""

    FIRST = "first"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands on every paper of a till.

    Attributes:
        shop: who is paid, in the operator's own words.
        zone: time zone of the times, None for the machine's own.
        footer: the shop's own last line.
        training: marks every paper as worth nothing.
    """

    shop: TerminalCertificate
    language: Language
    zone: tzinfo | None = None
    footer: str = ""
    training: Training = Training.NO


def sale_paper(
    entry: HistoryEntry,
    *,
    head: Letterhead,
    receipt: Envelope | None,
    staff_name: str = "",
    edition: Edition = Edition.FIRST,
) -> Paper:
    """The receipt of a sale. With `receipt`, the signed one stands below as a code that a wallet can verify."""
    words = WORDS[head.language]
    lines = [*_head_lines(head), PaperLine(text=words[_outcome_of(entry.state)], style=Style.TITLE)]
    lines += _copy_lines(edition, words)
    if entry.tip_minor:
        bill_minor = entry.paid_minor - entry.tip_minor
        lines.append(PaperLine(text=words[Word.AMOUNT], value=_money(bill_minor, entry.currency, head.language)))
        lines.append(PaperLine(text=words[Word.TIP], value=_money(entry.tip_minor, entry.currency, head.language)))
    lines.append(PaperLine(text=words[Word.TOTAL], value=money_text(entry.amount, head.language), style=Style.BOLD))
    lines += _origin_lines(head, at_s=entry.changed_at_s, staff_name=staff_name)
    lines += _reference_lines(entry.reference, words)
    lines.append(PaperLine(text=entry.request_id.hex()))
    return Paper(lines=_closed(lines, head), code_text=qr.to_text(receipt) if receipt is not None else "")


def refund_paper(
    record: RefundRecord,
    *,
    head: Letterhead,
    reference: str = "",
    staff_name: str = "",
    edition: Edition = Edition.FIRST,
) -> Paper:
    """The receipt of a refund; `reference` is its sale's.

    Its title is a plain "refund" only when the operator has signed that it went back.
    """
    words, refund = WORDS[head.language], record.refund.message
    back = _money(refund.amount_minor, refund.currency, head.language)
    title = Word.REFUND_OPEN if record.is_open else Word.REFUND_REFUSED if record.is_refused else Word.REFUND
    lines = [
        *_head_lines(head),
        PaperLine(text=words[title], style=Style.TITLE),
        *_copy_lines(edition, words),
        PaperLine(text=words[Word.TOTAL], value=back, style=Style.BOLD),
        *_origin_lines(head, at_s=record.changed_at_s, staff_name=staff_name),
    ]
    if refund.reason:
        lines.append(PaperLine(text=words[Word.REASON], value=refund.reason))
    lines += _reference_lines(reference, words)
    lines.append(PaperLine(text=refund.request_id.hex()))
    return Paper(lines=_closed(lines, head), code_text=qr.to_text(record.receipt) if record.receipt else "")


def report_paper(report: Report, *, head: Letterhead) -> Paper:
    """An X or Z report, with its offline section and, for Z, its digest."""
    words, totals, standing = WORDS[head.language], report.totals, report.standing
    is_z = report.kind is ReportKind.Z
    title = f"{words[Word.REPORT_Z]} {report.number}" if is_z else words[Word.REPORT_X]
    lines = [*_head_lines(head), PaperLine(text=title, style=Style.TITLE)]
    lines += _origin_lines(head, at_s=report.made_at_s, staff_name=report.staff_name)
    if report.opened_at_s:
        lines.append(PaperLine(text=words[Word.SINCE], value=_time(report.opened_at_s, head)))
    lines.append(RULE)
    for word, tally in (
        (Word.PAID_ONLINE, totals.paid_online),
        (Word.TAKEN_OFFLINE, totals.accepted_offline),
        (Word.SETTLED_OFFLINE, totals.settled_offline),
        (Word.REJECTED_OFFLINE, totals.rejected_offline),
        (Word.TIPS, totals.tips),
        (Word.REFUNDS, totals.refunded),
        (Word.DECLINED, totals.declined),
        (Word.CANCELLED, totals.cancelled),
        (Word.EXPIRED, totals.expired),
    ):
        lines.append(_tally_line(words[word], tally, report.currency, head.language))
    takings = _money(totals.takings_minor, report.currency, head.language)
    lines += [PaperLine(text=words[Word.TAKINGS], value=takings, style=Style.BOLD), RULE]
    lines.append(PaperLine(text=words[Word.OPEN_NOW], style=Style.BOLD))
    for word, tally in (
        (Word.UNSENT, standing.stored),
        (Word.UNKNOWN_NOW, standing.unknown),
        (Word.DISPUTED, standing.disputed),
        (Word.REFUNDS_OPEN, standing.refunds_open),
    ):
        lines.append(_tally_line(words[word], tally, report.currency, head.language))
    if is_z:
        lines += [RULE, PaperLine(text=report.digest.hex()), PaperLine(text=f"< {report.before.hex() or '-'}")]
    return Paper(lines=_closed(lines, head))


def _outcome_of(state: State) -> Word:
    if state is State.AUTHORIZED:
        return Word.ACCEPTED_OFFLINE
    if state.is_paid:
        return Word.PAID
    return Word.NOT_PAID if state in _UNPAID else Word.UNKNOWN


def _head_lines(head: Letterhead) -> list[PaperLine]:
    lines = [PaperLine(text=head.shop.merchant_name, style=Style.TITLE)]
    if head.shop.merchant_city:
        lines.append(PaperLine(text=head.shop.merchant_city, style=Style.TITLE))
    return [*_training_lines(head), *lines, RULE]


def _copy_lines(edition: Edition, words: Mapping[Word, str]) -> list[PaperLine]:
    return [PaperLine(text=words[Word.COPY], style=Style.TITLE)] if edition is Edition.COPY else []


def _reference_lines(reference: str, words: Mapping[Word, str]) -> list[PaperLine]:
    return [PaperLine(text=words[Word.REFERENCE], value=reference)] if reference else []


def _origin_lines(head: Letterhead, *, at_s: int, staff_name: str) -> list[PaperLine]:
    words = WORDS[head.language]
    lines = [PaperLine(text=f"{words[Word.TILL]} {head.shop.terminal_id}", value=_time(at_s, head))]
    return [*lines, PaperLine(text=words[Word.CASHIER], value=staff_name)] if staff_name else lines


def _training_lines(head: Letterhead) -> list[PaperLine]:
    return (
        [PaperLine(text=WORDS[head.language][Word.TRAINING], style=Style.TITLE)]
        if head.training is Training.YES
        else []
    )


def _closed(lines: list[PaperLine], head: Letterhead) -> tuple[PaperLine, ...]:
    footer = [PaperLine(text=head.footer, style=Style.TITLE)] if head.footer else []
    return (*lines, RULE, *footer, *_training_lines(head))


def _tally_line(word: str, tally: Tally, currency: Currency, language: Language) -> PaperLine:
    return PaperLine(text=f"{word} ({tally.count})", value=_money(tally.sum_minor, currency, language))


def _money(minor: int, currency: Currency, language: Language) -> str:
    return money_text(Money(minor=minor, currency=currency), language)


def _time(at_s: int, head: Letterhead) -> str:
    return moment_text(datetime.fromtimestamp(at_s, tz=UTC).astimezone(head.zone), head.language)
