"""A program's window as a Kivy app: models in from any thread, mirrored and driven by the robot when asked to.

Call `environment.open_window` before importing this.
"""

import sys
import threading
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.widget import Widget

from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import assets_folder, register_fonts
from wallet_sdk.screen.frame_buffer import after_next_frame
from wallet_sdk.screen.mirror import ScreenMirror
from wallet_sdk.screen.robot import RobotFinger

Model = TypeVar("Model")
Frame = TypeVar("Frame")
Model_contra = TypeVar("Model_contra", contravariant=True)
Frame_contra = TypeVar("Frame_contra", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """A file to mirror the window into, if any, and whether a robot finger is driven from stdin."""

    mirror: Path | None = None
    robot_stdin: bool = False


class RootWidget(Protocol[Model_contra, Frame_contra]):
    """What the app needs of the widget that fills its window."""

    @property
    def screen_name(self) -> str:
        """The name of what is shown, for the robot finger."""
        ...

    def show(self, model: Model_contra) -> None:
        """Draw this model."""
        ...

    def show_frame(self, frame: Frame_contra) -> None:
        """Draw this camera frame, where the screen has a place for one."""
        ...


class ScreenApp(App, Generic[Model, Frame]):
    """Draws models and camera frames. `show`, `show_frame` and `close` may be called from any thread."""

    def __init__(self, *, options: WindowOptions, base: Colour) -> None:
        super().__init__()
        self._options = options
        self._base = base
        self._content: RootWidget[Model, Frame] | None = None
        self._mirror: ScreenMirror | None = None
        self._mailbox_lock = threading.Lock()
        self._newest_model: Model | None = None
        self._newest_frame: Frame | None = None

    @abstractmethod
    def make_root(self) -> RootWidget[Model, Frame]:
        """The widget that fills the window. Fonts are known by now."""

    def open_settings(self, *_args: object) -> bool:
        """Kivy's own settings stay shut: F1 would lay them over everything, also over a screen that is locked."""
        return True

    def build(self) -> Widget:
        """Make the window's content; Kivy calls it once."""
        register_fonts(assets_folder())
        Window.clearcolor = self._base
        self._content = self.make_root()
        return self._content

    def on_start(self) -> None:
        """Begin to mirror and to listen to the robot, when asked to."""
        if self._options.mirror is not None:
            # kept, because Kivy holds what is bound to it only weakly
            self._mirror = ScreenMirror(self._options.mirror)
            self._mirror.start()
        if self._options.robot_stdin:
            robot = RobotFinger(screen_name=self._screen_name, stop=self.stop)
            # not before there is something to see and to touch
            after_next_frame(lambda _picture: robot.start(commands=sys.stdin, answers=sys.stdout))
        self._take_mail()

    def show(self, model: Model) -> None:
        """Draw this model soon; of several that come at once only the newest is drawn."""
        with self._mailbox_lock:
            self._newest_model = model
        Clock.schedule_once(self._take_mail)

    def show_frame(self, frame: Frame) -> None:
        """Draw this camera frame soon; frames that came meanwhile are dropped."""
        with self._mailbox_lock:
            self._newest_frame = frame
        Clock.schedule_once(self._take_mail)

    def close(self) -> None:
        """End the app soon."""
        Clock.schedule_once(lambda _dt: self.stop())

    def _take_mail(self, *_args: object) -> None:
        if self._content is None:
            return
        with self._mailbox_lock:
            model, self._newest_model = self._newest_model, None
            frame, self._newest_frame = self._newest_frame, None
        if model is not None:
            self._content.show(model)
        if frame is not None:
            self._content.show_frame(frame)

    def _screen_name(self) -> str:
        return self._content.screen_name if self._content is not None else ""
