"""What all screens are put together from: the bar, buttons, reasons, amounts and times, in one language."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from terminal_app.core import Place, Snapshot
from terminal_app.devices.trouble import Trouble
from terminal_app.i18n import Catalogue, MessageId
from terminal_app.i18n.refusals import words_for
from terminal_app.journal import MirrorState, Sale
from terminal_app.office_commands import DeviceKind, OpenPage, Page
from terminal_app.receipts import Training
from terminal_app.screen_model import (
    Action,
    AmountText,
    Appearance,
    CheckWords,
    Choice,
    CloseWindow,
    CommandName,
    Confirm,
    Emphasis,
    ScreenModel,
    ScreenName,
    TopBar,
    UiWords,
    figures,
    moment_text,
    money_text,
)
from terminal_app.settings import Fitted, Settings, SoundLevel
from wallet_sdk.protocol.check_words import check_words
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Money
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
    ScreenName.TIP: MessageId.TIP,
    ScreenName.SIGN_IN: MessageId.SIGN_IN,
    ScreenName.MENU: MessageId.MENU,
    ScreenName.HISTORY: MessageId.HISTORY,
    ScreenName.SALE: MessageId.SALE,
    ScreenName.REFUND: MessageId.REFUND,
    ScreenName.REFUNDED: MessageId.REFUNDED,
    ScreenName.REFUND_OPEN: MessageId.REFUND_WAITS,
    ScreenName.REFUND_REFUSED: MessageId.REFUND_REFUSED,
    ScreenName.REPORT: MessageId.REPORTS,
    ScreenName.CLOSE_DAY: MessageId.DO_CLOSE_DAY,
    ScreenName.QUEUE: MessageId.QUEUE,
    ScreenName.CARRY: MessageId.CARRY,
    ScreenName.CARRIED: MessageId.DO_IMPORT,
    ScreenName.QUEUE_CODE: MessageId.QUEUE,
    ScreenName.READ_CODES: MessageId.DO_READ_CODES,
    ScreenName.DONE: MessageId.SAVED,
    ScreenName.STAFF: MessageId.STAFF,
    ScreenName.PERSON: MessageId.STAFF,
    ScreenName.NEW_PIN: MessageId.PIN,
    ScreenName.CONFIRM: MessageId.MENU,
    ScreenName.TYPE_TEXT: MessageId.NAME,
    ScreenName.TYPE_AMOUNT: MessageId.KEYPAD,
    ScreenName.CHOOSE: MessageId.SETTINGS,
    ScreenName.DEVICES: MessageId.DEVICES,
    ScreenName.CAMERA: MessageId.CAMERA,
    ScreenName.SETTINGS: MessageId.SETTINGS,
}
assert set(_HEADLINES) == set(ScreenName), "every screen has its word"

DEVICES: Final = {
    DeviceKind.PRINTER: MessageId.PRINTER,
    DeviceKind.DRAWER: MessageId.DRAWER,
    DeviceKind.SCANNER: MessageId.SCANNER,
    DeviceKind.CAMERA: MessageId.CAMERA,
    DeviceKind.SOUND: MessageId.SPEAKER,
    DeviceKind.LIGHTS: MessageId.LIGHTS,
    DeviceKind.DISPLAY: MessageId.CUSTOMER_DISPLAY,
    DeviceKind.BACKLIGHT: MessageId.BACKLIGHT,
}
assert set(DEVICES) == set(DeviceKind), "every device can be tried"

TROUBLES: Final = {
    Trouble.ABSENT: MessageId.TROUBLE_ABSENT,
    Trouble.SILENT: MessageId.TROUBLE_SILENT,
    Trouble.FORBIDDEN: MessageId.TROUBLE_FORBIDDEN,
    Trouble.BUSY: MessageId.TROUBLE_BUSY,
    Trouble.NOT_INSTALLED: MessageId.TROUBLE_NOT_INSTALLED,
    Trouble.WRONG_ADDRESS: MessageId.TROUBLE_WRONG_ADDRESS,
    Trouble.OTHER: MessageId.DEVICE_FAILED,
}
assert set(TROUBLES) == set(Trouble), "every trouble has its words"

#: A word for a second journal that does not follow.
_MIRRORS: Final = {
    MirrorState.MISSING: MessageId.MIRROR_MISSING,
    MirrorState.FAILED: MessageId.MIRROR_FAILED,
    MirrorState.FOREIGN: MessageId.MIRROR_FOREIGN,
}

#: Devices whose faults are named by what is the matter with them; the camera's are told where one scans.
_COUNTER_DEVICES: Final = frozenset(kind.value for kind in DeviceKind if kind is not DeviceKind.CAMERA)

_KNOWN_CODES: Final = frozenset(int(code) for code in ErrorCode)


def result_screen(sale: Sale) -> ScreenName:
    """The screen that says what became of a sale."""
    return _RESULT_OF_STATE[sale.state]


class Wording:
    """Puts parts of screens into words of one language, and times into one time zone: None is the machine's own."""

    def __init__(self, words: Catalogue, *, zone: tzinfo | None) -> None:
        self._words = words
        self._zone = zone
        self._ui_words = _ui_words(words)

    def text(self, message_id: MessageId, **values: str) -> str:
        """The text of an id with its places filled in."""
        return self._words.text(message_id, **values)

    def value(self, text: str) -> str:
        """A name or a place that keeps its own direction."""
        return self._words.value(text)

    def screen(
        self,
        snapshot: Snapshot,
        name: ScreenName,
        *,
        headline: MessageId | str | None = None,
        sale: Sale | None = None,
        warning: str = "",
        lines: tuple[str, ...] = (),
        code_text: str | None = None,
        actions: tuple[Action, ...] = (),
        **office: Any,
    ) -> ScreenModel:
        """A whole screen; `office` are the parts that only pages of the back office have."""
        return ScreenModel(
            name=name,
            headline=headline if isinstance(headline, str) else self.text(headline or _HEADLINES[name]),
            bar=self._bar(snapshot),
            amount=self.amount_text(sale.amount) if sale is not None else None,
            warning=warning,
            lines=lines,
            code_text=code_text,
            check_words=_check_words_of(sale) if sale is not None else None,
            remaining_s=snapshot.remaining_s,
            actions=actions,
            keypad_currency=snapshot.currency.name,
            keypad_fraction_digits=snapshot.currency.fraction_digits,
            server_url=snapshot.server_url,
            activation_code=snapshot.typed_code,
            leaving=self._leaving(snapshot),
            appearance=appearance_of(snapshot.settings),
            self_check=snapshot.settings.self_check is Fitted.YES,
            speaks=snapshot.settings.sound is SoundLevel.VOICE,
            words=self._ui_words,
            **office,
        )

    def _leaving(self, snapshot: Snapshot) -> Confirm | None:
        """The question before the window is closed: in the middle of a sale, and while something is unsent."""
        waiting = snapshot.stored_count + snapshot.closure_count
        if snapshot.place not in {Place.ENROL, Place.KEYPAD}:
            hint = self.text(MessageId.LEAVE_SALE)
        elif waiting:
            hint = self.text(MessageId.LEAVE_UNSENT, count=str(waiting))
        else:
            return None
        label = self.text(MessageId.DO_CLOSE_TILL)
        return Confirm(hint=hint, choice=Choice(robot_id="close_till", label=label, press=CloseWindow.NOW))

    def _bar(self, snapshot: Snapshot) -> TopBar:
        total = Money(minor=snapshot.stored_minor, currency=snapshot.currency)
        waiting = snapshot.stored_count + snapshot.closure_count
        may_sell = snapshot.crew is None or snapshot.crew.role is not None
        has_menu = snapshot.place in {Place.KEYPAD, Place.ENROL} and snapshot.office is None and may_sell
        return TopBar(
            shop=snapshot.shop,
            till=snapshot.till,
            network=snapshot.network,
            queue_count=waiting,
            queue_total=self.money(total) if waiting else "",
            last_result=self._last_result(snapshot.result) if snapshot.result is not None else "",
            menu=OpenPage(page=Page.MENU) if has_menu else None,
            training=self.text(MessageId.TRAINING) if snapshot.training is Training.YES else "",
        )

    def state_word(self, state: State) -> str:
        """The word for what became of a sale."""
        return self.text(_HEADLINES[_RESULT_OF_STATE[state]])

    def amount_text(self, amount: Money) -> AmountText:
        """An amount as the screens draw it."""
        digits = amount.currency.fraction_digits
        number = figures(amount.minor, fraction_digits=digits, language=self._words.language)
        return AmountText(number=number, currency=amount.currency.name)

    def money(self, amount: Money) -> str:
        """An amount within a sentence."""
        return money_text(amount, self._words.language)

    def clock(self, at_s: int) -> str:
        """The time of day, as 14:02."""
        return f"{self._local(at_s):%H:%M}"

    def moment(self, at_s: int) -> str:
        """Day and time; the day as the language writes it."""
        return self._words.value(moment_text(self._local(at_s), self._words.language))

    def _local(self, at_s: int) -> datetime:
        return datetime.fromtimestamp(at_s, tz=UTC).astimezone(self._zone)

    def _last_result(self, sale: Sale) -> str:
        word = self.text(_HEADLINES[result_screen(sale)])
        number = self.amount_text(sale.amount).number
        return f"{word} {self._words.value(number)} {self.clock(sale.changed_at_s)}"

    def sale_lines(self, sale: Sale) -> tuple[str, ...]:
        lines = []
        words = _check_words_of(sale)
        if words is not None:
            lines.append(self.text(MessageId.SAME_WORDS, first=words.first, second=words.second))
        return (*lines, *self.reference_lines(sale))

    def reference_lines(self, sale: Sale) -> tuple[str, ...]:
        return (self.text(MessageId.REFERENCE, reference=sale.reference),) if sale.reference else ()

    def disputed_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        if not snapshot.disputed:
            return ()
        total = Money(minor=sum(sale.paid_minor for sale in snapshot.disputed), currency=snapshot.currency)
        return (self.text(MessageId.DISPUTED, count=str(len(snapshot.disputed)), total=self.money(total)),)

    def saved_lines(self, place: str) -> tuple[str, ...]:
        """Under which name a file was saved, and where."""
        folder, _, name = place.rpartition("/")
        return (self.text(MessageId.EXPORTED, place=name), self.value(folder))

    def journal_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What is not as it should be with the journal and its copy."""
        lines = []
        if snapshot.repaired is not None:
            lines.append(self.text(MessageId.REPAIRED, lost=str(snapshot.repaired.lost_count)))
        if snapshot.mirror in _MIRRORS:
            lines.append(self.text(_MIRRORS[snapshot.mirror]))
        return tuple(lines)

    def device_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The devices that did not do what was asked of them last, in one line, and what of that the customer sees."""
        faults = snapshot.device_faults
        if not faults:
            return ()
        names = ", ".join(self.text(DEVICES[kind]) for kind, _ in faults)
        troubles = {trouble for _, trouble in faults}
        if len(troubles) == 1 and troubles != {Trouble.OTHER}:
            line = self._trouble(names, troubles.pop())
        else:
            line = self.text(MessageId.DEVICE_FAULT, device=names)
        return (*self.display_lines(snapshot), line)

    def display_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        """A customer display that took no more says what was so before."""
        is_stale = DeviceKind.DISPLAY in dict(snapshot.device_faults)
        return (self.text(MessageId.DISPLAY_STALE),) if is_stale else ()

    def clock_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        """A clock that is so far off that wallets refuse the till's codes."""
        off_s = snapshot.clock_off_s
        if not off_s:
            return ()
        hours, minutes = divmod(abs(off_s) // 60, 60)
        parts = (
            self.text(MessageId.HOURS, hours=str(hours)) if hours else "",
            self.text(MessageId.MINUTES, minutes=str(minutes)) if minutes else "",
        )
        which = MessageId.CLOCK_AHEAD if off_s > 0 else MessageId.CLOCK_BEHIND
        return (self.text(which, off=" ".join(part for part in parts if part)),)

    def refusal_lines(self, snapshot: Snapshot) -> tuple[str, ...]:
        error = snapshot.refusal
        if error is None:
            return ()
        if error.code is ErrorCode.DEVICE_UNAVAILABLE and error.param in _COUNTER_DEVICES:
            kind = DeviceKind(error.param)
            return (self._trouble(self.text(DEVICES[kind]), dict(snapshot.device_faults).get(kind, Trouble.OTHER)),)
        return (self._reason(snapshot, error.code, param=error.param),)

    def reason_lines(self, snapshot: Snapshot, error_code: int) -> tuple[str, ...]:
        # A number of a newer server that this till has no words for is no reason to fail.
        if error_code not in _KNOWN_CODES:
            return ()
        return (self._reason(snapshot, ErrorCode(error_code), param=None),)

    def _trouble(self, device: str, trouble: Trouble) -> str:
        return self.text(MessageId.DEVICE_TROUBLE, device=device, why=self.text(TROUBLES[trouble]))

    def _reason(self, snapshot: Snapshot, code: ErrorCode, *, param: str | None) -> str:
        limits = snapshot.limits
        values = {"name": code.name}
        if limits is not None:
            values |= {
                "payment_max": self.money(Money(minor=limits.payment_max_minor, currency=snapshot.currency)),
                "stored_max": self.money(Money(minor=limits.stored_max_minor, currency=snapshot.currency)),
                "token_max": self.money(Money(minor=limits.token_stored_max_minor, currency=snapshot.currency)),
                "count_max": str(limits.stored_count_max),
            }
        return self.text(words_for(code, param=param), **values)

    def action(self, command: CommandName, label: MessageId, emphasis: Emphasis = Emphasis.SECONDARY) -> Action:
        return Action(command=command, label=self.text(label), emphasis=emphasis)


def _ui_words(words: Catalogue) -> UiWords:
    return UiWords(
        untried=words.text(MessageId.NETWORK_UNTRIED),
        online=words.text(MessageId.ONLINE),
        offline=words.text(MessageId.NETWORK_LOST),
        switched_off=words.text(MessageId.NETWORK_SWITCHED_OFF),
        same_words=words.text(MessageId.SAME_ON_BOTH),
        server=words.text(MessageId.SERVER),
        activation_code=words.text(MessageId.ACTIVATION_CODE),
        menu=words.text(MessageId.DO_MENU),
        page_on=words.text(MessageId.DO_PAGE_ON),
        page_back=words.text(MessageId.DO_PAGE_BACK),
        search=words.text(MessageId.DO_SEARCH),
        reference=words.text(MessageId.DO_REFERENCE),
        done=words.text(MessageId.DO_DONE),
        frames_seen=words.text(MessageId.FRAMES_SEEN, count="{count}"),
        back=words.text(MessageId.DO_BACK),
        customer_scan=words.text(MessageId.CUSTOMER_SCAN),
        code_too_small=words.text(MessageId.CODE_TOO_SMALL),
        code_too_pale=words.text(MessageId.CODE_TOO_PALE),
        code_unreadable=words.text(MessageId.CODE_UNREADABLE),
    )


def appearance_of(settings: Settings) -> Appearance:
    """How the screens look and read with these settings."""
    return Appearance(language=settings.language, theme=settings.theme, text_size=settings.text_size)


def _check_words_of(sale: Sale) -> CheckWords | None:
    """Two words from the payer's own consent: they are known once it was read."""
    if sale.consent_digest is None:
        return None
    first, second = check_words(sale.consent_digest)
    return CheckWords(first=first, second=second)
