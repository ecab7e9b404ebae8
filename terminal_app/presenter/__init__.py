"""From what the core knows to what the screen says: pure, snapshot in, screen model out."""

from terminal_app.presenter.presenter import Presenter
from terminal_app.presenter.wording import result_screen

__all__ = ["Presenter", "result_screen"]
