"""What the customer sees of a sale on a tablet that is turned around: code, amount, state; nothing of the office."""

from dataclasses import replace
from typing import Final

from terminal_app.core import Snapshot
from terminal_app.i18n import MessageId
from terminal_app.journal import Sale
from terminal_app.presenter.wording import Wording
from terminal_app.screen_model import Action, PageButton, ScreenModel, ScreenName, TurnBack

#: What the customer is told below the state's word.
_HINTS: Final = {
    ScreenName.VERIFYING: MessageId.CUSTOMER_WAIT,
    ScreenName.UNKNOWN: MessageId.CUSTOMER_ASKS,
    ScreenName.NOT_PAID: MessageId.NOTHING_CHARGED,
    ScreenName.EXPIRED: MessageId.NOTHING_CHARGED,
    ScreenName.CANCELLED: MessageId.NOTHING_CHARGED,
}


def customer_view(wording: Wording, snapshot: Snapshot, model: ScreenModel) -> ScreenModel:
    """The same screen without what is the cashier's: no queue, no switch, no button but the way back."""
    back = Action(command=PageButton.TURN_BACK, label=wording.text(MessageId.DO_CASHIER), press=TurnBack())
    sale = snapshot.sale
    charged = sale is not None and bool(sale.accepted_at_s)
    hint = _HINTS.get(model.name)
    hints = () if hint is None or (charged and hint is MessageId.NOTHING_CHARGED) else (wording.text(hint),)
    bar = replace(model.bar, queue_count=0, queue_total="", last_result="", menu=None, is_turned=True)
    return replace(
        model,
        headline=wording.text(MessageId.CUSTOMER_SCAN) if model.name is ScreenName.SHOW_CODE else model.headline,
        bar=bar,
        lines=(*hints, *_sale_lines(wording, sale, model)),
        warning="",
        actions=(back,),
    )


def _sale_lines(wording: Wording, sale: Sale | None, model: ScreenModel) -> tuple[str, ...]:
    """Beside a code nothing but the reference, which the customer may know: every millimetre is the code's."""
    if sale is None:
        return ()
    return wording.sale_lines(sale) if model.code_text is None else wording.reference_lines(sale)
