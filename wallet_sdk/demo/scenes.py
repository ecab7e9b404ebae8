"""What the wallet is doing, as one scene at a time: each hears presses and ticks, and says which scene is next."""

from typing import Final

from wallet_sdk.demo import views
from wallet_sdk.demo.desk import Desk, Errand
from wallet_sdk.demo.eye import first_tillcode, to_pay
from wallet_sdk.demo.screen_model import DIGITS, ActionName, Payee, WalletModel
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MoneyOutcome, RuleViolationError, TillcodeError
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.others import other_scheme
from wallet_sdk.store import Outcome
from wallet_sdk.wallet import Payment, PresentedCode, PrintedQuote, Quote, SyncReport

#: A payment code rotates this often; the one before stays good for its minute.
ROTATE_AFTER_S: Final = 30
#: While something is open the server is asked this often, else at the slower pace.
ASK_EVERY_MS: Final = 1_000
SYNC_EVERY_MS: Final = 20_000
_REFUSED: Final = frozenset({Outcome.DECLINED, Outcome.EXPIRED, Outcome.NOT_SENT})


class Scene:
    """Base: shows one model and goes home on "back" and "done"."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def enter(self) -> None:
        """Show it. Called once, before anything else."""

    def press(self, action: ActionName) -> "Scene":
        """A finger asked for this."""
        if action in {ActionName.BACK, ActionName.DONE, ActionName.NOT_NOW}:
            return HomeScene(self.desk)
        return self

    def tick(self) -> "Scene":
        """Time passed, or an errand came back."""
        return self


class HomeScene(Scene):
    """Balance, the two ways to pay, the newest payments. Syncs now and then."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._errand: Errand[SyncReport] | None = None
        self._next_sync_ms = 0

    def enter(self) -> None:
        self._draw()

    def press(self, action: ActionName) -> Scene:
        match action:
            case ActionName.PAY:
                return LookScene(self.desk)
            case ActionName.MY_CODE:
                return MyCodeScene(self.desk)
            case ActionName.HISTORY:
                return HistoryScene(self.desk)
            case ActionName.SWITCH_NETWORK:
                self.desk.flip_switch()
                self._next_sync_ms = 0
                self._draw()
            case _:
                return super().press(action)
        return self

    def tick(self) -> Scene:
        now_ms = self.desk.clock.monotonic_ms()
        if self._errand is not None and self._errand.is_done:
            self.desk.note_sync(self._errand)
            self._next_sync_ms = now_ms + self._pace_ms()
            self._errand = None
            self._draw()
        if self._errand is None and self.desk.is_switched_on and now_ms >= self._next_sync_ms:
            self._errand = self.desk.errand(self.desk.wallet.sync)
        return self

    def _pace_ms(self) -> int:
        waits = any(payment.outcome not in _REFUSED | {Outcome.SETTLED} for payment in self.desk.wallet.history())
        return ASK_EVERY_MS if waits else SYNC_EVERY_MS

    def _draw(self) -> None:
        desk = self.desk
        model = views.home(purse=desk.purse(), rows=desk.rows(), network=desk.network_state, warning=desk.warning)
        desk.show(model)


class HistoryScene(Scene):
    """The newest payments."""

    def enter(self) -> None:
        self.desk.show(views.history(rows=self.desk.rows()))


class LookScene(Scene):
    """The camera, until it sees a payment request or a printed code that holds."""

    def enter(self) -> None:
        if self.desk.eye is not None:
            self.desk.eye.forget()
        self.desk.show(views.look())

    def tick(self) -> Scene:
        texts = to_pay(look_all(self.desk))
        if len(texts) > 1:
            self.desk.show(views.look(hint="There are several codes. Show one."))
        if len(texts) != 1:
            return self
        try:
            found = self.desk.wallet.scan_any(texts[0])
            if isinstance(found, Quote):
                return QuoteScene(self.desk, found)
            if isinstance(found, PrintedQuote):
                return AmountScene(self.desk, found)
            self.desk.show(views.look(hint=f"{found.scheme_name}: nobody vouches for that code. Do not pay."))
        except MalformedMessageError:
            name = other_scheme(texts[0])
            self.desk.show(views.look(hint=f"{name}: not paid here." if name else "That is no payment request."))
        except RuleViolationError as error:
            self.desk.show(views.look(hint=views.reason(error.code)))
        return self


class QuoteScene(Scene):
    """Pay this?"""

    def __init__(self, desk: Desk, quote: Quote) -> None:
        super().__init__(desk)
        self._quote = quote
        self._sale = views.Sale(
            payee=_payee_of(quote),
            amount=quote.amount,
            reference=quote.reference,
        )
        self._shown_s = -1

    def enter(self) -> None:
        self.tick()

    def tick(self) -> Scene:
        remaining_s = self._quote.expires_at_s - self.desk.now_s()
        if remaining_s <= 0:
            return ResultScene(self.desk, views.not_paid(self._sale, why=views.reason(ErrorCode.EXPIRED)))
        if remaining_s != self._shown_s:
            self._shown_s = remaining_s
            self.desk.show(views.quote(self._sale, remaining_s=remaining_s))
        return self

    def press(self, action: ActionName) -> Scene:
        if action is not ActionName.CONFIRM:
            return super().press(action)
        self.desk.show(views.working(self._sale, what="The payment is on its way."))
        try:
            return scene_of(self.desk, self._quote.pay(), self._sale)
        except TillcodeError as error:
            return scene_of_error(self.desk, error, self._sale)


class AmountScene(Scene):
    """A printed code: how much? Figures come in from the right, as at a till."""

    def __init__(self, desk: Desk, quote: PrintedQuote) -> None:
        super().__init__(desk)
        self._quote = quote
        self._payee = _payee_of(quote)
        self._minor = 0

    def enter(self) -> None:
        self.desk.show(views.how_much(self._payee, typed=self._typed, most=self._quote.payment_max))

    def press(self, action: ActionName) -> Scene:
        if action is ActionName.CONFIRM and self._minor:
            return self._pay()
        if action is ActionName.ERASE:
            self._minor //= 10
        elif action in DIGITS:
            longer = self._minor * 10 + DIGITS.index(action)
            self._minor = longer if longer <= self._quote.payment_max.minor else self._minor
        else:
            return super().press(action)
        self.enter()
        return self

    @property
    def _typed(self) -> Money:
        return Money(minor=self._minor, currency=self._quote.payment_max.currency)

    def _pay(self) -> Scene:
        sale = views.Sale(payee=self._payee, amount=self._typed)
        self.desk.show(views.working(sale, what="The payment is on its way."))
        try:
            return scene_of(self.desk, self._quote.pay(self._minor), sale)
        except TillcodeError as error:
            return scene_of_error(self.desk, error, sale)


class ResultScene(Scene):
    """What became of it. Stays until it is touched."""

    def __init__(self, desk: Desk, model: WalletModel) -> None:
        super().__init__(desk)
        self._model = model

    def enter(self) -> None:
        self.desk.show(self._model)


class IntentScene(Scene):
    """Offline: our payment as a code, for the till."""

    def __init__(self, desk: Desk, payment: Payment, sale: views.Sale) -> None:
        super().__init__(desk)
        self._payment = payment
        self._sale = sale

    def enter(self) -> None:
        assert self._payment.qr is not None, "an offline payment is a code"
        model = views.show_intent(self._sale, code_text=self._payment.qr.text, check_words=self._payment.check_words)
        self.desk.show(model)

    def press(self, action: ActionName) -> Scene:
        if action is ActionName.SCAN_RECEIPT:
            return ReceiptScene(self.desk, self._payment, self._sale)
        return super().press(action)


class ReceiptScene(Scene):
    """The camera, until it sees the till's receipt for this payment."""

    def __init__(self, desk: Desk, payment: Payment, sale: views.Sale) -> None:
        super().__init__(desk)
        self._payment = payment
        self._sale = sale

    def enter(self) -> None:
        if self.desk.eye is not None:
            self.desk.eye.forget()
        self.desk.show(views.look_for_receipt())

    def press(self, action: ActionName) -> Scene:
        if action is ActionName.SHOW_INTENT:
            return IntentScene(self.desk, self._payment, self._sale)
        return super().press(action)

    def tick(self) -> Scene:
        text = look_once(self.desk)
        if text is None:
            return self
        try:
            payment = self.desk.wallet.scan_receipt(text)
        except MalformedMessageError:
            return self  # the till still shows its request
        except RuleViolationError as error:
            self.desk.show(views.look_for_receipt(hint=views.reason(error.code)))
            return self
        if payment.digest != self._payment.digest:
            self.desk.show(views.look_for_receipt(hint="That is the receipt of another payment."))
            return self
        return scene_of(self.desk, payment, self._sale)


class UnknownScene(Scene):
    """The answer was lost: asked for again and again, until it is clear."""

    def __init__(self, desk: Desk, payment: Payment, sale: views.Sale) -> None:
        super().__init__(desk)
        self._payment = payment
        self._sale = sale
        self._errand: Errand[Payment] | None = None
        self._next_ask_ms = 0

    def enter(self) -> None:
        self.desk.show(views.unknown(self._sale))

    def press(self, action: ActionName) -> Scene:
        if action is ActionName.CHECK_AGAIN:
            self._next_ask_ms = 0
            return self
        return super().press(action)

    def tick(self) -> Scene:
        now_ms = self.desk.clock.monotonic_ms()
        if self._errand is not None and self._errand.is_done:
            errand, self._errand = self._errand, None
            self._next_ask_ms = now_ms + ASK_EVERY_MS
            try:
                payment = errand.result()
            except TillcodeError:
                return self
            if payment.outcome is not Outcome.UNKNOWN:
                return scene_of(self.desk, payment, self._sale)
        if self._errand is None and now_ms >= self._next_ask_ms:
            self._errand = self.desk.errand(lambda: self.desk.wallet.outcome_of(self._payment))
        return self


class MyCodeScene(Scene):
    """Our own code, new every 30 seconds, until one of those shown was used."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._codes: list[PresentedCode] = []
        self._rotate_at_s = 0
        self._shown_s = -1
        self._errand: Errand[Payment] | None = None
        self._next_ask_ms = 0

    def tick(self) -> Scene:
        try:
            self._keep_fresh()
        except TillcodeError as error:
            return ResultScene(self.desk, views.not_paid(None, why=views.reason(error.code)))
        return self._ask()

    def _keep_fresh(self) -> None:
        now_s = self.desk.now_s()
        if now_s >= self._rotate_at_s:
            self._codes = [*self._codes[-1:], self.desk.wallet.present_code()]
            self._rotate_at_s = now_s + ROTATE_AFTER_S
            self._shown_s = -1
        remaining_s = self._rotate_at_s - now_s
        if remaining_s != self._shown_s:
            self._shown_s = remaining_s
            newest = self._codes[-1]
            model = views.my_code(code_text=newest.qr.text, check_words=newest.check_words, remaining_s=remaining_s)
            self.desk.show(model)

    def _ask(self) -> Scene:
        now_ms = self.desk.clock.monotonic_ms()
        if self._errand is not None and self._errand.is_done:
            errand, self._errand = self._errand, None
            self._next_ask_ms = now_ms + ASK_EVERY_MS
            try:
                payment = errand.result()
            except TillcodeError:
                return self
            if payment.outcome is not Outcome.PRESENTED:
                return scene_of(self.desk, payment, None)
        if self._errand is None and now_ms >= self._next_ask_ms:
            codes = tuple(self._codes)
            self._errand = self.desk.errand(lambda: self._outcome_of_any(codes))
        return self

    def _outcome_of_any(self, codes: tuple[PresentedCode, ...]) -> Payment:
        """The first of the codes that was used, else what is known of the newest."""
        answers = [self.desk.wallet.outcome_of(code) for code in codes]
        return next((each for each in answers if each.outcome is not Outcome.PRESENTED), answers[-1])


def scene_of(desk: Desk, payment: Payment, sale: views.Sale | None) -> Scene:
    """The scene that tells what became of a payment."""
    match payment.outcome:
        case Outcome.SETTLED | Outcome.HELD:
            receipt_text = payment.qr.text if payment.qr else ""
            return ResultScene(desk, views.paid(sale, amount=payment.amount, receipt_text=receipt_text))
        case Outcome.UNKNOWN if sale is not None:
            return UnknownScene(desk, payment, sale)
        case Outcome.OFFLINE if sale is not None:
            return IntentScene(desk, payment, sale)
        case Outcome.ACCEPTED_OFFLINE if sale is not None:
            receipt_text = qr.to_text(payment.receipt) if payment.receipt else ""
            return ResultScene(desk, views.accepted_offline(sale, receipt_text=receipt_text))
        case _:
            why = views.refusal(payment.error_code) if payment.error_code else "The code was not used."
            return ResultScene(desk, views.not_paid(sale, why=why))


def scene_of_error(desk: Desk, error: TillcodeError, sale: views.Sale) -> Scene:
    """An error after the payment has left is no "not paid": it names the payment, which is asked about."""
    if error.outcome is MoneyOutcome.UNKNOWN and error.digest is not None:
        return UnknownScene(desk, desk.wallet.payment(error.digest), sale)
    return ResultScene(desk, views.not_paid(sale, why=views.reason(error.code)))


def _payee_of(quote: Quote | PrintedQuote) -> Payee:
    """Who asks for the money; a city may be left out of a certificate."""
    place = ", ".join(part for part in (quote.merchant_city, quote.country) if part)
    return Payee(name=quote.merchant_name, place=place)


def look_once(desk: Desk) -> str | None:
    """Look at the other screen: show what the camera sees, and give the first of our codes in it."""
    return first_tillcode(look_all(desk))


def look_all(desk: Desk) -> tuple[str, ...]:
    """Look at the other screen: show what the camera sees, and give the texts of all codes in it."""
    glance = desk.eye.look() if desk.eye is not None else None
    if glance is None:
        return ()
    desk.show_frame(glance.preview)
    return glance.texts
