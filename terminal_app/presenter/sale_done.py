"""What fills the screen over a sale of the history: what became of money that goes back, or a receipt saved."""

from dataclasses import replace

from terminal_app.core import Done, Snapshot
from terminal_app.core.office_view import OfficeView
from terminal_app.i18n import MessageId
from terminal_app.journal import HistoryEntry, RefundRecord
from terminal_app.office_commands import OpenSale, PrintReceipt, SavePdf
from terminal_app.presenter.wording import Wording
from terminal_app.screen_model import Action, Emphasis, PageButton, ScreenModel, ScreenName
from wallet_sdk.protocol.money import Money


def sale_done(wording: Wording, snapshot: Snapshot, view: OfficeView, entry: HistoryEntry) -> ScreenModel:
    """The panel; its way forward is back to the sale."""
    back = Action(
        command=PageButton.DONE,
        label=wording.text(MessageId.DO_TO_SALE),
        emphasis=Emphasis.PRIMARY,
        press=OpenSale(request_id=entry.request_id),
    )
    if view.done is Done.RECEIPT_SAVED:
        return wording.screen(
            snapshot, ScreenName.DONE, headline=MessageId.SAVED, lines=wording.saved_lines(view.place), actions=(back,)
        )
    record = next(one for one in view.refunds if one.refund.message.refund_id == view.refund_id)
    return _refund_panel(wording, snapshot, record, back)


def _refund_panel(wording: Wording, snapshot: Snapshot, record: RefundRecord, back: Action) -> ScreenModel:
    """As serious as a payment: what is not known is never called refused, and nobody is told to try again."""
    refund = record.refund.message
    name, hint, warning = ScreenName.REFUNDED, MessageId.REFUND_HINT, ""
    if record.is_open:
        name, hint = ScreenName.REFUND_OPEN, MessageId.REFUND_UNKNOWN_HINT
        warning = wording.text(MessageId.REFUND_WARNING)
    elif record.is_refused:
        name, hint = ScreenName.REFUND_REFUSED, MessageId.NOTHING_GIVEN
    reason = wording.reason_lines(snapshot, record.error_code) if record.is_refused else ()
    lines = (*wording.refusal_lines(snapshot), *reason, wording.text(hint))
    actions = (*_papers(wording, record), back)
    panel = wording.screen(snapshot, name, warning=warning, lines=lines, actions=actions)
    return replace(panel, amount=wording.amount_text(Money(minor=refund.amount_minor, currency=refund.currency)))


def _papers(wording: Wording, record: RefundRecord) -> tuple[Action, Action]:
    """Its receipt, on paper and as PDF, as a sale has."""
    refund = record.refund.message
    of_refund = {"request_id": refund.request_id, "refund_id": refund.refund_id}
    return (
        Action(command=PageButton.PRINT, label=wording.text(MessageId.DO_PRINT), press=PrintReceipt(**of_refund)),
        Action(command=PageButton.SAVE_PDF, label=wording.text(MessageId.DO_SAVE_PDF), press=SavePdf(**of_refund)),
    )
