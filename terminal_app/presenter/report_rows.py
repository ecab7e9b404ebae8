"""A report as lines: what came in, how, what went back, and what stands open."""

from terminal_app.i18n import MessageId
from terminal_app.journal import Tally
from terminal_app.presenter.wording import Wording
from terminal_app.reports import Report
from terminal_app.screen_model import Row
from wallet_sdk.protocol.money import Money

#: Characters of a Z report's digest that people compare.
SEAL_CHARS = 16


def report_rows(wording: Wording, report: Report) -> tuple[Row, ...]:
    """The lines of an X or Z report; the offline section is never left out."""
    totals, standing, text = report.totals, report.standing, wording.text

    def tally(robot_id: str, words: MessageId, of: Tally) -> Row:
        amount = wording.amount_text(Money(minor=of.sum_minor, currency=report.currency))
        return Row(robot_id=robot_id, title=f"{text(words)} · {of.count}", amount=amount)

    takings = Money(minor=totals.takings_minor, currency=report.currency)
    rows = [
        Row(robot_id="takings", title=text(MessageId.TAKINGS), amount=wording.amount_text(takings)),
        tally("paid_online", MessageId.PAID_ONLINE, totals.paid_online),
        tally("accepted_offline", MessageId.TAKEN_OFFLINE, totals.accepted_offline),
        tally("unsent", MessageId.STILL_UNSENT, standing.stored),
        tally("rejected_offline", MessageId.REFUSED_OFFLINE, totals.rejected_offline),
        tally("refunded", MessageId.REFUNDS, totals.refunded),
        tally("tips", MessageId.TIPS, totals.tips),
        tally("declined", MessageId.DECLINED_ASKED, totals.declined),
        tally("unknown", MessageId.NOT_CLEAR, standing.unknown),
        tally("disputed", MessageId.IN_DISPUTE, standing.disputed),
    ]
    if report.opened_at_s:
        rows.append(Row(robot_id="since", title=text(MessageId.SINCE, time=wording.moment(report.opened_at_s))))
    rows.append(Row(robot_id="made", title=text(MessageId.TIME), value=wording.moment(report.made_at_s)))
    if report.staff_name:
        rows.append(Row(robot_id="made_by", title=text(MessageId.MADE_BY, name=report.staff_name)))
    if report.digest:
        rows.append(Row(robot_id="seal", title=text(MessageId.CHAIN, digest=report.digest.hex()[:SEAL_CHARS])))
    return tuple(rows)
