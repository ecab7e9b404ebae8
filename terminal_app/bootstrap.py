"""The composition root: makes every part of the terminal and puts them together. Nothing is decided here."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from terminal_app.config import TerminalConfig, assets_folder
from terminal_app.core import (
    CoreEvent,
    CoreRunner,
    NetworkLanes,
    Scanned,
    ScannerFailed,
    ServerLink,
    Snapshot,
    TerminalCore,
)
from terminal_app.desk import Makers, WorkingDesk, real_makers
from terminal_app.devices.frames import FrameSource
from terminal_app.devices.scanning import CodeScanner
from terminal_app.devices.sound import NoSpeaker, find_speaker
from terminal_app.devices.sources import SourceOnDemand
from terminal_app.journal import Journal
from terminal_app.journal.repair import open_journal
from terminal_app.office import Staff, take_settings
from terminal_app.office_commands import DeviceKind, PracticeAnswer
from terminal_app.outbox import Outbox
from terminal_app.presenter import Presenter
from terminal_app.receipts import Training
from terminal_app.reports import QueueView, queue_view
from terminal_app.sale import Credentials, Till, TillTime
from terminal_app.screen_model import PreviewFrame, ScreenModel
from terminal_app.sounds import find_reader
from terminal_app.training import TRAINING_URL, PracticeOperator
from wallet_sdk.frames import GreyFrame
from wallet_sdk.keystore import EncryptedFileKeyStore
from wallet_sdk.ports import Clock, KeyStore, Random, Sender
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.transport import HttpxSender

JOURNAL_NAME: Final = "journal.sqlite"
KEYS_NAME: Final = "keys"
SECRET_NAME: Final = "secret"  # noqa: S105 - the name of a file
SECRET_BYTES: Final = 32
TRAINING_FOLDER: Final = "training"
CARRY_FOLDER: Final = "carried"
RECEIPT_FOLDER: Final = "receipts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the terminal is given of the world around it; tests give fakes.

    `makers` open the devices of the counter; None: by their addresses, and without sound. `practice` is the operator
    of a training, None when the money is real.
    """

    clock: Clock
    random: Random
    open_sender: Callable[[str], Sender]
    open_source: Callable[[], FrameSource]
    makers: Makers | None = None
    practice: PracticeOperator | None = None


class Terminal:
    """All parts but the window, put together. `send` may be called from any thread."""

    def __init__(
        self,
        config: TerminalConfig,
        outside: Outside,
        *,
        show: Callable[[ScreenModel], None],
        show_frame: Callable[[PreviewFrame], None],
        on_end: Callable[[], None],
        switch_training: Callable[[Training], None] = lambda _wanted: None,
        setting_texts: Mapping[str, str] | None = None,
    ) -> None:
        """Open journal and keys; `setting_texts` are taken over from another till, as far as they are not set here.

        Raises:
            MisuseError: WRONG_PASSPHRASE, BAD_ARGUMENT.
            UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT, STORAGE_NEWER.
        """
        now_s = outside.clock.now_ms() // 1000
        self._journal = open_journal(config.home / JOURNAL_NAME, mirror=config.second_journal, at_s=now_s)
        self._time = TillTime(outside.clock, self._journal)
        take_settings(self._journal, setting_texts or {}, time=self._time)
        keys = _open_keys(config, outside.random)
        credentials = Credentials(self._journal, keys=keys, time=self._time, currency=config.currency)
        till = Till(self._journal, credentials, time=self._time, random=outside.random)
        self._runner = CoreRunner(on_end=on_end)
        self._link = ServerLink(outside.open_sender, clock=outside.clock, random=outside.random)
        self._lanes = NetworkLanes(self._link, bring_back=self._runner.send)
        makers = outside.makers or _silent_makers()
        limit_s = makers.patience.camera_s
        self._scanner = DeviceScanner(
            outside.open_source, send=self._runner.send, show_frame=show_frame, limit_s=limit_s
        )
        self._desk = WorkingDesk(makers, report=self._runner.send, on_text=self._scanned)
        presenter = Presenter(zone=None)

        def show_snapshot(snapshot: Snapshot) -> None:
            self._shown = snapshot
            show(presenter.present(snapshot))

        self._core = TerminalCore(
            till,
            Outbox(till, time=self._time, random=outside.random),
            staff=Staff(self._journal, time=self._time, random=outside.random),
            link=self._link,
            lanes=self._lanes,
            scanner=self._scanner,
            time=self._time,
            server_url=config.server_url,
            show=show_snapshot,
            desk=self._desk,
            training=Training.NO if outside.practice is None else Training.YES,
            switch_training=switch_training,
            carry_folder=config.carry_folder or config.home / CARRY_FOLDER,
            receipt_folder=config.receipt_folder or config.home / RECEIPT_FOLDER,
        )
        self._shown = self._core.snapshot
        self._practice = outside.practice
        self.first_screen = presenter.present(self._core.snapshot)
        self.is_enrolled = till.views.membership is not None

    @property
    def setting_texts(self) -> Mapping[str, str]:
        """The settings that differ from the defaults; to be asked when the core has stopped."""
        return self._journal.views.office.setting_texts

    def start(self) -> None:
        """Start the core's thread; what was open when the program ended last is closed now."""
        self._runner.start(self._core)

    def send(self, event: CoreEvent | PracticeAnswer) -> None:
        """Hand the core a command; the practice customer's answer is scanned like any other."""
        if not isinstance(event, PracticeAnswer):
            self._runner.send(event)
            return
        sale = self._shown.sale
        if self._practice is not None and sale is not None and sale.is_open:
            self._runner.send(Scanned(texts=(self._practice.answer_text(sale.request, event.way),)))

    def _scanned(self, text: str) -> None:
        self._runner.send(Scanned(texts=(text,), source=DeviceKind.SCANNER))

    def stop(self) -> None:
        """End all threads and let go of the files."""
        self._runner.stop()
        self._scanner.close()
        self._lanes.stop()
        self._desk.stop()
        self._link.close()
        if self._journal.unsaved_count:
            self._journal.save_checkpoint()
        self._journal.close()


def unsent(config: TerminalConfig) -> QueueView:
    """What a till that does not run has not sent yet: asked before its program is replaced or its disk is changed.

    Raises:
        MisuseError: BAD_ARGUMENT when no till lives there: a folder that was mistyped must not pass for an empty queue.
        UnavailableError: STORAGE_FAILED, also while the till runs; STORAGE_CORRUPT, STORAGE_NEWER.
    """
    path = config.home / JOURNAL_NAME
    if not path.exists():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no till has run in {config.home} yet", param="home")
    with Journal(path) as journal:
        return queue_view(journal.views, at_s=journal.views.aged_s(journal.views.last_event_at_s))


class DeviceScanner:
    """The core's scanner: a fresh CodeScanner on a fresh frame source for each scan."""

    def __init__(
        self,
        open_source: Callable[[], FrameSource],
        *,
        send: Callable[[CoreEvent], None],
        show_frame: Callable[[PreviewFrame], None],
        limit_s: float,
    ) -> None:
        self._open_source = open_source
        self._limit_s = limit_s
        self._send = send
        self._show_frame = show_frame
        self._running: CodeScanner | None = None

    def start(self) -> None:
        """Begin to look; returns at once."""
        before = self._running
        if before is not None:
            before.leave()
        self._running = CodeScanner(
            SourceOnDemand(self._open_source),
            lambda texts: self._send(Scanned(texts=tuple(texts))),
            self._preview,
            on_failure=lambda error: self._send(ScannerFailed(error=error)),
            after=before,
            limit_s=self._limit_s,
        )
        self._running.start()

    def stop(self) -> None:
        """Stop looking; returns at once, also when the camera hangs: the next scan waits for this one's end."""
        if self._running is not None:
            self._running.leave()

    def close(self) -> None:
        """Stop looking, and wait for it a little."""
        if self._running is not None:
            self._running.stop()

    def _preview(self, frame: GreyFrame) -> None:
        self._show_frame(PreviewFrame(width_px=frame.width, height_px=frame.height, luminance=frame.luma))


def real_outside(open_source: Callable[[], FrameSource]) -> Outside:
    """The machine's clock and random source, and HTTP."""
    return Outside(
        clock=SystemClock(),
        random=SystemRandom(),
        open_sender=HttpxSender,
        open_source=open_source,
        makers=real_makers(find_speaker(), find_reader(), assets=assets_folder()),
    )


def training_of(config: TerminalConfig, outside: Outside) -> tuple[TerminalConfig, Outside]:
    """The same till with play money: in a folder of its own, which is made anew, and with an operator inside it.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    home = config.home / TRAINING_FOLDER
    try:
        if home.exists():
            shutil.rmtree(home)
    except OSError as error:
        raise UnavailableError(
            ErrorCode.STORAGE_FAILED, f"the training folder: {error.strerror}", param="training"
        ) from error
    operator = PracticeOperator(clock=outside.clock, random=outside.random, currency=config.currency)
    return (
        replace(
            config, home=home, server_url=TRAINING_URL, second_journal=None, carry_folder=None, receipt_folder=None
        ),
        replace(outside, open_sender=lambda _url: operator, practice=operator),
    )


def _silent_makers() -> Makers:
    """Devices by their addresses, but no sound: what a test gets that says nothing of devices."""
    return real_makers(NoSpeaker(), assets=assets_folder())


def _open_keys(config: TerminalConfig, random: Random) -> KeyStore:
    """The device key, encrypted.

    A till starts unattended after a power cut, so nobody can type a passphrase. By default it comes from a secret
    file beside the keys, readable by this account alone: that keeps the key out of backups of the key file and off
    other accounts, not from somebody who takes the whole disk. A passphrase from the configuration or the
    environment (from a secret manager, a TPM) does better, and a stolen key ends with its certificate anyway.
    """
    passphrase = config.passphrase or _machine_secret(config.home / SECRET_NAME, random)
    return EncryptedFileKeyStore(config.home / KEYS_NAME, passphrase, random)


def _machine_secret(path: Path, random: Random) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _secret_failed(error) from error
    secret = random.random_bytes(SECRET_BYTES).hex()
    beside = path.with_suffix(".new")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _secret_failed(error) from error
    return secret


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: a key file that outlives its secret could never be opened again."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _secret_failed(error: OSError) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_FAILED, f"the secret file: {error.strerror}", param=SECRET_NAME)
