"""The only file that may ask the machine for time or randomness."""

import os
import time


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment; includes no jumps of the wall clock."""
        return time.monotonic_ns() // 1_000_000


class SystemRandom:
    """The operating system's cryptographic random source."""

    def random_bytes(self, count: int) -> bytes:
        """``count`` unpredictable bytes."""
        return os.urandom(count)
