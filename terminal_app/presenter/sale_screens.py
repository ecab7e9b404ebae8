"""The screens of a sale: keypad, code, scan, result, receipt; and the first start."""

from typing import Final

from terminal_app.core import Place, ScanFor, Snapshot
from terminal_app.i18n import MessageId
from terminal_app.journal import Sale
from terminal_app.office_commands import PracticeAnswer
from terminal_app.presenter.wording import Wording, result_screen
from terminal_app.receipts import Training
from terminal_app.screen_model import Action, CommandName, Emphasis, PageButton, ScreenModel, ScreenName, TipOffer
from terminal_app.settings import Settings, TipPolicy
from wallet_sdk.protocol import qr

#: Sentences beside the keypad: the worst first, for there is room for no more. All of them stand on the devices' page.
_KEYPAD_LINES_MAX: Final = 2


class SaleScreens:
    """The screens of a sale, from the first start to the receipt, in one language."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def present(self, snapshot: Snapshot) -> ScreenModel:
        """The whole screen for this moment."""
        sale = snapshot.sale
        match snapshot.place:
            case Place.ENROL:
                return self._enrol(snapshot)
            case Place.KEYPAD:
                return self._keypad(snapshot)
            case Place.JOINING:
                lines = (self._wording.text(MessageId.JOINING_HINT),)
                return self._wording.screen(snapshot, ScreenName.VERIFYING, headline=MessageId.JOINING, lines=lines)
            case Place.SHOW | Place.SCAN | Place.VERIFYING | Place.RESULT | Place.RECEIPT:
                assert sale is not None, f"{snapshot.place} without a sale"
                return self._of_sale(snapshot, sale)

    def _of_sale(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        match snapshot.place:
            case Place.SHOW:
                return self._show_code(snapshot, sale)
            case Place.SCAN:
                return self._scan(snapshot, sale)
            case Place.VERIFYING:
                lines = (*self._wording.sale_lines(sale), self._wording.text(MessageId.VERIFYING_HINT))
                return self._wording.screen(snapshot, ScreenName.VERIFYING, sale=sale, lines=lines)
            case Place.RECEIPT:
                return self._receipt(snapshot, sale)
            case _:
                return self._result(snapshot, sale)

    # --- screens ---

    def _enrol(self, snapshot: Snapshot) -> ScreenModel:
        refused = self._wording.refusal_lines(snapshot)
        if refused and snapshot.join_refusals > 1:  # the same words again are no sign
            refused = (*refused[:-1], f"{refused[-1]} ({snapshot.join_refusals})")
        lines = refused or (self._wording.text(MessageId.ENROL_HINT),)
        actions = (self._wording.action(CommandName.ENROL, MessageId.DO_ENROL, Emphasis.PRIMARY),)
        return self._wording.screen(snapshot, ScreenName.ENROL, lines=lines, actions=actions)

    def _keypad(self, snapshot: Snapshot) -> ScreenModel:
        actions = (
            self._wording.action(CommandName.SCAN_CUSTOMER, MessageId.DO_SCAN_CUSTOMER),
            self._wording.action(CommandName.SHOW_CODE, MessageId.DO_SHOW_CODE, Emphasis.PRIMARY),
        )
        wording = self._wording
        lines = (
            *wording.refusal_lines(snapshot),
            *wording.clock_lines(snapshot),
            *wording.disputed_lines(snapshot),
            *wording.journal_lines(snapshot),
            *wording.device_lines(snapshot),
        )[:_KEYPAD_LINES_MAX]
        return self._wording.screen(
            snapshot, ScreenName.KEYPAD, lines=lines, actions=actions, tips=self._tips(snapshot.settings)
        )

    def _answer(self, snapshot: Snapshot) -> Action:
        """How the answer comes in: before the camera, or in training from the practice customer."""
        if snapshot.training is Training.NO:
            return self._wording.action(CommandName.SCAN_ANSWER, MessageId.DO_SCAN_ANSWER, Emphasis.PRIMARY)
        return Action(
            command=PageButton.PRACTISE,
            label=self._wording.text(MessageId.DO_PRACTISE),
            emphasis=Emphasis.PRIMARY,
            press=PracticeAnswer(),
        )

    def _tips(self, settings: Settings) -> TipOffer | None:
        if settings.tip_policy is not TipPolicy.AT_TILL:
            return None
        text = self._wording.text
        return TipOffer(
            headline=text(MessageId.TIP),
            percents=settings.tip_percents,
            labels=tuple(text(MessageId.PERCENT, percent=str(each)) for each in settings.tip_percents),
            no_tip=text(MessageId.DO_NO_TIP),
        )

    def _show_code(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        actions = (
            self._wording.action(CommandName.CANCEL, MessageId.DO_CANCEL, Emphasis.DANGER),
            self._answer(snapshot),
        )
        wording = self._wording
        wrong = (*wording.refusal_lines(snapshot), *wording.clock_lines(snapshot))
        hint = wrong or (wording.text(MessageId.SHOW_HINT),)
        return self._wording.screen(
            snapshot,
            ScreenName.SHOW_CODE,
            sale=sale,
            lines=(*hint, *self._wording.reference_lines(sale)),
            code_text=qr.to_text(sale.request.envelope),
            actions=actions,
        )

    def _scan(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        from_customer = snapshot.scan_for is ScanFor.CUSTOMER
        headline = MessageId.SCAN_CUSTOMER if from_customer else MessageId.SCAN_ANSWER
        hint = MessageId.SCAN_CUSTOMER_HINT if from_customer else MessageId.SCAN_ANSWER_HINT
        # A sale that is not open any more is not given up by this button: only the scan for its receipt is.
        stop = (
            self._wording.action(CommandName.CANCEL, MessageId.DO_CANCEL, Emphasis.DANGER)
            if sale.is_open
            else self._wording.action(CommandName.CANCEL, MessageId.DO_STOP_SCAN)
        )
        return self._wording.screen(
            snapshot,
            ScreenName.SCAN,
            headline=headline,
            sale=sale,
            lines=self._wording.refusal_lines(snapshot) or (self._wording.text(hint),),
            actions=(stop,),
        )

    def _receipt(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        receipt = sale.receipt or sale.offline_receipt
        assert receipt is not None, "the core shows a receipt only when there is one"
        return self._wording.screen(
            snapshot,
            ScreenName.SHOW_CODE,
            headline=MessageId.RECEIPT,
            sale=sale,
            lines=(self._wording.text(MessageId.RECEIPT_HINT),),
            code_text=qr.to_text(receipt),
            actions=(self._wording.action(CommandName.NEXT_SALE, MessageId.DO_NEXT_SALE, Emphasis.PRIMARY),),
        )

    def _result(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        name = result_screen(sale)
        unknown = name is ScreenName.UNKNOWN
        return self._wording.screen(
            snapshot,
            name,
            sale=sale,
            warning=self._wording.text(MessageId.UNKNOWN_WARNING) if unknown else "",
            lines=(*self._result_lines(name, snapshot, sale), *self._wording.sale_lines(sale)),
            actions=self._result_actions(name, sale),
        )

    def _result_lines(self, name: ScreenName, snapshot: Snapshot, sale: Sale) -> tuple[str, ...]:
        match name:
            case ScreenName.ACCEPTED_OFFLINE:
                lines: tuple[str, ...] = (self._wording.text(MessageId.STORED_HINT),)
            case ScreenName.UNKNOWN:
                left_s = snapshot.closes_in_s
                text = self._wording.text
                asking = text(MessageId.ASKED_FOR, seconds=str(left_s))
                lines = (text(MessageId.UNKNOWN_HINT) if left_s is None else asking,)
            case ScreenName.PAID:
                lines = ()
            case _:
                lines = () if sale.accepted_at_s else (self._wording.text(MessageId.NOTHING_CHARGED),)
        reason = self._wording.reason_lines(snapshot, sale.error_code) if name is not ScreenName.UNKNOWN else ()
        wording = self._wording
        return (*wording.refusal_lines(snapshot), *wording.display_lines(snapshot), *reason, *lines)

    def _result_actions(self, name: ScreenName, sale: Sale) -> tuple[Action, ...]:
        forward = self._wording.action(CommandName.NEXT_SALE, MessageId.DO_NEXT_SALE, Emphasis.PRIMARY)
        if name is ScreenName.UNKNOWN:
            return (
                self._wording.action(CommandName.CHECK_AGAIN, MessageId.DO_CHECK_AGAIN),
                self._wording.action(CommandName.SCAN_ANSWER, MessageId.DO_SCAN_RECEIPT),
                forward,
            )
        if sale.receipt or sale.offline_receipt:
            return (self._wording.action(CommandName.SHOW_RECEIPT, MessageId.DO_SHOW_RECEIPT), forward)
        return (forward,)
