"""From what the core knows to what the screen says: pure, snapshot in, screen model out."""

from datetime import UTC, datetime, tzinfo
from typing import Final

from terminal_app.core import Place, ScanFor, Snapshot
from terminal_app.i18n import Catalogue, MessageId
from terminal_app.i18n.refusals import words_for
from terminal_app.journal import Sale
from terminal_app.screen_model import (
    Action,
    AmountText,
    CheckWords,
    CommandName,
    Emphasis,
    ScreenModel,
    ScreenName,
    TopBar,
)
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.check_words import check_words
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Money, format_money, format_number
from wallet_sdk.protocol.states import State

_RESULT_OF_STATE: Final = {
    State.AUTHORIZED: ScreenName.ACCEPTED_OFFLINE,
    State.CAPTURED: ScreenName.PAID,
    State.CLEARED: ScreenName.PAID,
    State.SETTLED: ScreenName.PAID,
    State.DECLINED: ScreenName.NOT_PAID,
    State.REJECTED: ScreenName.NOT_PAID,
    State.VOIDED: ScreenName.NOT_PAID,
    State.CHARGED_BACK: ScreenName.NOT_PAID,
    State.CANCELED: ScreenName.CANCELLED,
    State.EXPIRED: ScreenName.EXPIRED,
    State.UNKNOWN: ScreenName.UNKNOWN,
    # Never called "not paid" before the server has said so.
    State.REQUESTED: ScreenName.UNKNOWN,
}
assert set(_RESULT_OF_STATE) == set(State), "every state has its screen"

_HEADLINES: Final = {
    ScreenName.ENROL: MessageId.ENROL,
    ScreenName.KEYPAD: MessageId.KEYPAD,
    ScreenName.SHOW_CODE: MessageId.SHOW,
    ScreenName.SCAN: MessageId.SCAN_ANSWER,
    ScreenName.VERIFYING: MessageId.VERIFYING,
    ScreenName.PAID: MessageId.PAID,
    ScreenName.ACCEPTED_OFFLINE: MessageId.ACCEPTED_OFFLINE,
    ScreenName.NOT_PAID: MessageId.NOT_PAID,
    ScreenName.UNKNOWN: MessageId.UNKNOWN,
    ScreenName.EXPIRED: MessageId.EXPIRED,
    ScreenName.CANCELLED: MessageId.CANCELLED,
}
assert set(_HEADLINES) == set(ScreenName), "every screen has its word"

_KNOWN_CODES: Final = frozenset(int(code) for code in ErrorCode)


def result_screen(sale: Sale) -> ScreenName:
    """The screen that says what became of a sale."""
    return _RESULT_OF_STATE[sale.state]


class Presenter:
    """Puts snapshots into words of one language, and times into one time zone: None is the machine's own."""

    def __init__(self, words: Catalogue, *, zone: tzinfo | None) -> None:
        self._words = words
        self._zone = zone

    def present(self, snapshot: Snapshot) -> ScreenModel:
        """The whole screen for this moment."""
        sale = snapshot.sale
        match snapshot.place:
            case Place.ENROL:
                return self._enrol(snapshot)
            case Place.KEYPAD:
                return self._keypad(snapshot)
            case Place.JOINING:
                lines = (self._words.text(MessageId.JOINING_HINT),)
                return self._screen(snapshot, ScreenName.VERIFYING, headline=MessageId.JOINING, lines=lines)
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
                lines = (*self._sale_lines(sale), self._words.text(MessageId.VERIFYING_HINT))
                return self._screen(snapshot, ScreenName.VERIFYING, sale=sale, lines=lines)
            case Place.RECEIPT:
                return self._receipt(snapshot, sale)
            case _:
                return self._result(snapshot, sale)

    # --- screens ---

    def _enrol(self, snapshot: Snapshot) -> ScreenModel:
        lines = self._refusal_lines(snapshot) or (self._words.text(MessageId.ENROL_HINT),)
        actions = (self._action(CommandName.ENROL, MessageId.DO_ENROL, Emphasis.PRIMARY),)
        return self._screen(snapshot, ScreenName.ENROL, lines=lines, actions=actions)

    def _keypad(self, snapshot: Snapshot) -> ScreenModel:
        actions = (
            self._action(CommandName.SCAN_CUSTOMER, MessageId.DO_SCAN_CUSTOMER),
            self._action(CommandName.SHOW_CODE, MessageId.DO_SHOW_CODE, Emphasis.PRIMARY),
        )
        lines = (*self._refusal_lines(snapshot), *self._disputed_lines(snapshot))
        return self._screen(snapshot, ScreenName.KEYPAD, lines=lines, actions=actions)

    def _show_code(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        actions = (
            self._action(CommandName.CANCEL, MessageId.DO_CANCEL, Emphasis.DANGER),
            self._action(CommandName.SCAN_ANSWER, MessageId.DO_SCAN_ANSWER, Emphasis.PRIMARY),
        )
        hint = self._refusal_lines(snapshot) or (self._words.text(MessageId.SHOW_HINT),)
        return self._screen(
            snapshot,
            ScreenName.SHOW_CODE,
            sale=sale,
            lines=(*hint, *self._reference_lines(sale)),
            code_text=qr.to_text(sale.request.envelope),
            actions=actions,
        )

    def _scan(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        from_customer = snapshot.scan_for is ScanFor.CUSTOMER
        headline = MessageId.SCAN_CUSTOMER if from_customer else MessageId.SCAN_ANSWER
        hint = MessageId.SCAN_CUSTOMER_HINT if from_customer else MessageId.SCAN_ANSWER_HINT
        # A sale that is not open any more is not given up by this button: only the scan for its receipt is.
        stop = (
            self._action(CommandName.CANCEL, MessageId.DO_CANCEL, Emphasis.DANGER)
            if sale.is_open
            else self._action(CommandName.CANCEL, MessageId.DO_STOP_SCAN)
        )
        return self._screen(
            snapshot,
            ScreenName.SCAN,
            headline=headline,
            sale=sale,
            lines=self._refusal_lines(snapshot) or (self._words.text(hint),),
            actions=(stop,),
        )

    def _receipt(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        receipt = sale.receipt or sale.offline_receipt
        assert receipt is not None, "the core shows a receipt only when there is one"
        return self._screen(
            snapshot,
            ScreenName.SHOW_CODE,
            headline=MessageId.RECEIPT,
            sale=sale,
            lines=(self._words.text(MessageId.RECEIPT_HINT),),
            code_text=qr.to_text(receipt),
            actions=(self._action(CommandName.NEXT_SALE, MessageId.DO_NEXT_SALE, Emphasis.PRIMARY),),
        )

    def _result(self, snapshot: Snapshot, sale: Sale) -> ScreenModel:
        name = result_screen(sale)
        unknown = name is ScreenName.UNKNOWN
        return self._screen(
            snapshot,
            name,
            sale=sale,
            warning=self._words.text(MessageId.UNKNOWN_WARNING) if unknown else "",
            lines=(*self._result_lines(name, snapshot, sale), *self._sale_lines(sale)),
            actions=self._result_actions(name, sale),
        )

    def _result_lines(self, name: ScreenName, snapshot: Snapshot, sale: Sale) -> tuple[str, ...]:
        match name:
            case ScreenName.ACCEPTED_OFFLINE:
                lines: tuple[str, ...] = (self._words.text(MessageId.STORED_HINT),)
            case ScreenName.UNKNOWN:
                lines = (self._words.text(MessageId.UNKNOWN_HINT),)
            case ScreenName.PAID:
                lines = ()
            case _:
                lines = () if sale.accepted_at_s else (self._words.text(MessageId.NOTHING_CHARGED),)
        reason = self._reason_lines(snapshot, sale.error_code) if name is not ScreenName.UNKNOWN else ()
        return (*self._refusal_lines(snapshot), *reason, *lines)

    def _result_actions(self, name: ScreenName, sale: Sale) -> tuple[Action, ...]:
        forward = self._action(CommandName.NEXT_SALE, MessageId.DO_NEXT_SALE, Emphasis.PRIMARY)
        if name is ScreenName.UNKNOWN:
            return (
                self._action(CommandName.CHECK_AGAIN, MessageId.DO_CHECK_AGAIN),
                self._action(CommandName.SCAN_ANSWER, MessageId.DO_SCAN_RECEIPT),
                forward,
            )
        if sale.receipt or sale.offline_receipt:
            return (self._action(CommandName.SHOW_RECEIPT, MessageId.DO_SHOW_RECEIPT), forward)
        return (forward,)

    # --- parts ---

    def _screen(
        self,
        snapshot: Snapshot,
        name: ScreenName,
        *,
        headline: MessageId | None = None,
        sale: Sale | None = None,
        warning: str = "",
        lines: tuple[str, ...] = (),
        code_text: str | None = None,
        actions: tuple[Action, ...] = (),
    ) -> ScreenModel:
        return ScreenModel(
            name=name,
            headline=self._words.text(headline or _HEADLINES[name]),
            bar=self._bar(snapshot),
            amount=_amount_text(sale.amount) if sale is not None else None,
            warning=warning,
            lines=lines,
            code_text=code_text,
            check_words=_check_words_of(sale) if sale is not None else None,
            remaining_s=snapshot.remaining_s,
            actions=actions,
            keypad_currency=snapshot.currency.name,
            keypad_fraction_digits=snapshot.currency.fraction_digits,
            server_url=snapshot.server_url,
        )

    def _bar(self, snapshot: Snapshot) -> TopBar:
        total = Money(minor=snapshot.stored_minor, currency=snapshot.currency)
        waiting = snapshot.stored_count + snapshot.closure_count
        return TopBar(
            shop=snapshot.shop,
            till=snapshot.till,
            network=snapshot.network,
            queue_count=waiting,
            queue_total=format_money(total) if waiting else "",
            last_result=self._last_result(snapshot.result) if snapshot.result is not None else "",
        )

    def _last_result(self, sale: Sale) -> str:
        word = self._words.text(_HEADLINES[result_screen(sale)])
        at = datetime.fromtimestamp(sale.changed_at_s, tz=UTC).astimezone(self._zone)
        return f"{word} {format_number(sale.amount.minor, sale.amount.currency)} {at:%H:%M}"

    def _sale_lines(self, sale: Sale) -> tuple[str, ...]:
        lines = []
        words = _check_words_of(sale)
        if words is not None:
            lines.append(self._words.text(MessageId.SAME_WORDS, first=words.first, second=words.second))
        return (*lines, *self._reference_lines(sale))

    def _reference_lines(self, sale: Sale) -> tuple[str, ...]:
        reference = sale.request.message.reference
        return (self._words.text(MessageId.REFERENCE, reference=reference),) if reference else ()

    def _disputed_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        if not snapshot.disputed:
            return ()
        total = Money(minor=sum(sale.paid_minor for sale in snapshot.disputed), currency=snapshot.currency)
        return (self._words.text(MessageId.DISPUTED, count=str(len(snapshot.disputed)), total=format_money(total)),)

    def _refusal_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        error = snapshot.refusal
        return () if error is None else (self._reason(snapshot, error.code, param=error.param),)

    def _reason_lines(self, snapshot: Snapshot, error_code: int) -> tuple[str, ...]:
        # A number of a newer server that this till has no words for is no reason to fail.
        if error_code not in _KNOWN_CODES:
            return ()
        return (self._reason(snapshot, ErrorCode(error_code), param=None),)

    def _reason(self, snapshot: Snapshot, code: ErrorCode, *, param: str | None) -> str:
        limits = snapshot.limits
        values = {"name": code.name}
        if limits is not None:
            values |= {
                "payment_max": format_money(Money(minor=limits.payment_max_minor, currency=snapshot.currency)),
                "stored_max": format_money(Money(minor=limits.stored_max_minor, currency=snapshot.currency)),
                "token_max": format_money(Money(minor=limits.token_stored_max_minor, currency=snapshot.currency)),
                "count_max": str(limits.stored_count_max),
            }
        return self._words.text(words_for(code, param=param), **values)

    def _action(self, command: CommandName, label: MessageId, emphasis: Emphasis = Emphasis.SECONDARY) -> Action:
        return Action(command=command, label=self._words.text(label), emphasis=emphasis)


def _amount_text(amount: Money) -> AmountText:
    return AmountText(number=format_number(amount.minor, amount.currency), currency=amount.currency.name)


def _check_words_of(sale: Sale) -> CheckWords | None:
    """Two words from the payer's own consent: they are known once it was read."""
    if sale.consent_digest is None:
        return None
    first, second = check_words(sale.consent_digest)
    return CheckWords(first=first, second=second)
