"""The worker thread: takes presses from the UI thread, lets the scene at hand act, and never touches the screen."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from wallet_sdk.demo import views
from wallet_sdk.demo.desk import Desk
from wallet_sdk.demo.scenes import HomeScene, ResultScene, Scene
from wallet_sdk.demo.screen_model import ActionName
from wallet_sdk.protocol.errors import TillcodeError

#: How often the camera looks and a countdown is checked.
TICK_S: Final = 0.15

_log = logging.getLogger(__name__)


class WalletFlow:
    """Runs scenes until it is stopped. `press` and `wake` may be called from any thread."""

    def __init__(self) -> None:
        self._presses: SimpleQueue[ActionName | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, desk: Desk, *, failed: Callable[[], None]) -> None:
        """Begin on the home screen. ``failed`` is called when the thread ends by a bug of ours."""
        self._thread = threading.Thread(target=self._run, args=(desk, failed), name="wallet-flow", daemon=True)
        self._thread.start()

    def press(self, action: ActionName) -> None:
        """A finger asked for this."""
        self._presses.put(action)

    def wake(self) -> None:
        """Tick now: an errand came back."""
        self._presses.put(None)

    def stop(self, *, timeout_s: float = 2.0) -> None:
        """End the thread and wait for it; a question that hangs is left behind."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, desk: Desk, failed: Callable[[], None]) -> None:
        ended_well = False
        try:
            scene: Scene = HomeScene(desk)
            scene.enter()
            while not self._stopping.is_set():
                scene = self._step(desk, scene)
            ended_well = True
        finally:
            if not ended_well:
                failed()

    def _step(self, desk: Desk, scene: Scene) -> Scene:
        try:
            action = self._presses.get(timeout=TICK_S)
        except Empty:
            action = None
        try:
            after = scene.tick() if action is None else scene.press(action)
            if after is not scene:
                after.enter()
        except TillcodeError as error:
            _log.error("scene %s: %s", type(scene).__name__, error)
            after = ResultScene(desk, views.not_paid(None, why=views.reason(error.code)))
            after.enter()
        return after
