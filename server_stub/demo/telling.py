"""What the demo prints: each act, each step with a tick, and at the end the books."""

from typing import Final, TextIO

from wallet_sdk.console import say

TICK: Final = "✓"
CROSS: Final = "✗"


class Telling:
    """Prints the story, and remembers where it is, so that a failure can say at which step."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self.step = "setting up"

    def act(self, title: str) -> None:
        """Begin an act."""
        self.step = title
        self._print(f"\n{title}")

    def doing(self, what: str) -> None:
        """Remember what is being tried; nothing is printed until it is done."""
        self.step = what

    def done(self, what: str) -> None:
        """One step went as told."""
        self._print(f"  {TICK} {what}")

    def failed(self, why: str) -> None:
        """The story ends here."""
        self._print(f"  {CROSS} {self.step}: {why}")

    def plain(self, text: str) -> None:
        """Print some lines as they are."""
        self._print(text.rstrip("\n"))

    def _print(self, text: str) -> None:
        if self._out is None:
            say(text)
        else:
            print(text, file=self._out, flush=True)
