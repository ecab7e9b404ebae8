"""What every scene works with: the SDK's wallet, the network switch, the camera, the clock, and the screen.

Slow questions to the server are errands: they run beside the worker thread, so that presses are still heard.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from wallet_sdk.demo import views
from wallet_sdk.demo.eye import ScreenEye
from wallet_sdk.demo.screen_model import AmountText, HistoryRow, NetworkState, PreviewFrame, Purse, RowTone, WalletModel
from wallet_sdk.ports import Clock
from wallet_sdk.protocol.errors import RuleViolationError, TillcodeError, UnavailableError
from wallet_sdk.protocol.money import Money
from wallet_sdk.store import Outcome
from wallet_sdk.transport import NetworkSwitch, SwitchableSender
from wallet_sdk.wallet import Payment, SyncReport, Wallet

T = TypeVar("T")

ROWS_MAX: Final = 9

_TONES: Final = {
    Outcome.SETTLED: (RowTone.PAID, "Paid"),
    Outcome.HELD: (RowTone.WAITING, "Held"),
    Outcome.ACCEPTED_OFFLINE: (RowTone.WAITING, "Paid offline"),
    Outcome.OFFLINE: (RowTone.WAITING, "Shown offline"),
    Outcome.PRESENTED: (RowTone.WAITING, "Code shown"),
    Outcome.UNKNOWN: (RowTone.UNKNOWN, "Not known yet"),
    Outcome.DECLINED: (RowTone.NOT_PAID, "Not paid"),
    Outcome.EXPIRED: (RowTone.NOT_PAID, "Not paid"),
    Outcome.NOT_SENT: (RowTone.NOT_PAID, "Not sent"),
}
assert set(_TONES) == set(Outcome), "an outcome without a look"


class Errand(Generic[T]):
    """One question, asked in a thread of its own."""

    def __init__(self, question: Callable[[], T], *, answered: Callable[[], None]) -> None:
        self._question = question
        self._answered = answered
        self._answers: list[T] = []
        self._errors: list[TillcodeError] = []
        threading.Thread(target=self._run, name="errand", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether there is an answer or an error."""
        return bool(self._answers or self._errors)

    def result(self) -> T:
        """The answer.

        Raises:
            TillcodeError: what the question raised.
        """
        if self._errors:
            raise self._errors[0]
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._question())
        except TillcodeError as error:
            self._errors.append(error)
        self._answered()


class Desk:
    """One wallet with all it needs. Used by the worker thread only."""

    def __init__(
        self,
        *,
        wallet: Wallet,
        network: SwitchableSender,
        switch_file: Path,
        eye: ScreenEye | None,
        clock: Clock,
        show: Callable[[WalletModel], None],
        show_frame: Callable[[PreviewFrame], None],
        wake: Callable[[], None],
    ) -> None:
        self.wallet = wallet
        self.eye = eye
        self.clock = clock
        self.show = show
        self.show_frame = show_frame
        self._wake = wake
        self._network = network
        # As on a phone, a restart does not turn the network on again.
        self._switch_file = switch_file
        if switch_file.exists():
            network.switch(NetworkSwitch.OFF)
        self._reached = True
        self._refusal = ""

    def errand(self, question: Callable[[], T]) -> Errand[T]:
        """Ask something that may take long."""
        return Errand(question, answered=self._wake)

    @property
    def is_switched_on(self) -> bool:
        """Whether the network may be used."""
        return self._network.position is NetworkSwitch.ON

    @property
    def network_state(self) -> NetworkState:
        """What the pill on the home screen says."""
        if not self.is_switched_on:
            return NetworkState.SWITCHED_OFF
        return NetworkState.ONLINE if self._reached else NetworkState.OFFLINE

    @property
    def warning(self) -> str:
        """What the issuer holds against this wallet; empty when nothing."""
        return self._refusal

    def flip_switch(self) -> None:
        """Turn the network on or off, and remember it."""
        if self.is_switched_on:
            self._switch_file.touch()
            self._network.switch(NetworkSwitch.OFF)
        else:
            self._switch_file.unlink(missing_ok=True)
            self._network.switch(NetworkSwitch.ON)
            self._reached = True

    def note_sync(self, errand: Errand[SyncReport]) -> None:
        """Remember what a finished sync said about the network and about this wallet."""
        try:
            errand.result()
        except UnavailableError:
            self._reached = False
        except RuleViolationError as error:
            self._reached = True
            self._refusal = views.reason(error.code)
        except TillcodeError as error:
            self._refusal = views.reason(error.code)
        else:
            self._reached = True
            self._refusal = ""

    def now_s(self) -> int:
        """Seconds since the epoch."""
        return self.clock.now_ms() // 1000

    def purse(self) -> Purse:
        """The home card: all money that can still be spent, and the part of it that needs no network."""
        balance = self.wallet.balance()
        offline = balance.offline_left
        total = offline if balance.available is None else balance.available.plus(offline)
        return Purse(
            balance=views.amount_text(total),
            allowance=views.amount_text(offline),
            allowance_part=_part(offline, of=total),
            note=self._note(balance.offline_until_s),
        )

    def rows(self) -> tuple[HistoryRow, ...]:
        """The newest payments."""
        rows: list[HistoryRow] = []
        for payment in self.wallet.history():
            rows.append(self._row(payment))
            if len(rows) == ROWS_MAX:
                break
        return tuple(rows)

    def _row(self, payment: Payment) -> HistoryRow:
        tone, outcome = _TONES[payment.outcome]
        amount = views.amount_text(payment.amount)
        return HistoryRow(
            payee=payment.merchant_name or "By my code",
            when=f"{_local(payment.made_at_s):%H:%M}",
            amount=AmountText(number=amount.number, currency=amount.currency),
            tone=tone,
            outcome=outcome,
        )

    @staticmethod
    def _note(until_s: int | None) -> str:
        return "" if until_s is None else f"Good without a network until {_local(until_s):%A, %H:%M}"


def _part(part: Money, *, of: Money) -> float:
    return part.minor / of.minor if of.minor else 0.0


def _local(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, tz=UTC).astimezone()
