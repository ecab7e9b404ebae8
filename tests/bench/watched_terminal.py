"""The terminal as it is, and a thread that counts the frames drawn: one number a line for each line read.

    python -m tests.bench.watched_terminal --home DIR ...

`frames` answers at once; `draw` asks the window for one frame and answers when it was drawn. Counting begins with the
first line. Frames are flips of the window: Kivy's own `frames_displayed` counts turns of its loop, drawn or not.
"""

import sys
import threading


class FrameCounter:
    """Counts flips; lives in a thread beside the window's."""

    def __init__(self) -> None:
        self._count = 0
        self._drawn = threading.Event()

    def tell(self) -> None:
        """Answer each line of the standard input."""
        for number, line in enumerate(sys.stdin):
            from kivy.core.window import Window  # after the terminal has prepared it

            if number == 0:
                Window.bind(on_flip=self._flipped)
            if line.strip() == "draw":
                self._draw()
            sys.stdout.write(f"{self._count}\n")
            sys.stdout.flush()

    def _flipped(self, *_args: object) -> None:
        self._count += 1
        self._drawn.set()

    def _draw(self) -> None:
        from kivy.clock import Clock
        from kivy.core.window import Window

        self._drawn.clear()
        Clock.schedule_once(lambda _dt: Window.canvas.ask_update())
        self._drawn.wait()


if __name__ == "__main__":
    # Beside our development tools stands rich, and where it is, httpx loads its own command line (5 MiB). A till that
    # was installed has none.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    from terminal_app.__main__ import main

    counter = FrameCounter()
    threading.Thread(target=counter.tell, daemon=True).start()
    sys.exit(main())
