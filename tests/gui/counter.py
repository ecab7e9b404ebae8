"""A till's glass over a real core and journal; the server is one in memory, and nothing waits for a clock."""

from datetime import UTC

from terminal_app.presenter import Presenter
from terminal_app.screen_model import ScreenName
from tests.gui.stage import Till, settle
from tests.unit.terminal_app.shop import Shop


class Counter:
    """A till on the panel, joined to a core: each touch goes down to the journal, and the next screen comes up."""

    def __init__(self, till: Till, shop: Shop) -> None:
        self.till = till
        self.shop = shop
        self._presenter = Presenter(zone=UTC)
        self.look()

    @property
    def screen(self) -> ScreenName:
        """What is shown."""
        return self.till.root.model.name

    def shows(self, name: ScreenName) -> bool:
        """Whether this screen is up."""
        return self.screen is name

    def look(self) -> None:
        """Hand the core what the fingers sent, and draw what it says now."""
        while self.till.sent:
            self.shop.do(self.till.sent.pop(0))
        self.till.show(self._presenter.present(self.shop.snapshot))

    def tap(self, *robot_ids: str) -> None:
        """Touch these, one after the other."""
        for robot_id in robot_ids:
            self.till.tap(robot_id)
            self.till.time.pass_s(1)
            if self.till.sent:
                self.look()

    def type(self, *keys: str) -> None:
        """Touch keys of the pad or the keyboard."""
        self.tap(*(f"key_{key}" for key in keys))

    def call(self) -> None:
        """Let every call to the server come back."""
        self.shop.run()
        self.look()

    def texts(self, robot_id: str) -> list[str]:
        """What stands there."""
        settle()
        return self.till.texts().get(robot_id, [])

    def lines(self) -> tuple[str, ...]:
        """The sentences on the screen."""
        return self.till.root.model.lines
