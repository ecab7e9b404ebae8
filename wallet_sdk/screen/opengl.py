"""Whether there is an OpenGL to draw with; where not, the exact line that installs it.

Without these libraries Kivy ends with "Unable to get a Window", which helps nobody. As a program
(`python -m wallet_sdk.screen.opengl`) it prints what is missing and ends with 1.
"""

import ctypes
import sys
from typing import Final

APT_LINE: Final = "sudo apt-get install --no-install-recommends libgl1 libgl1-mesa-dri libegl1"
NEEDED: Final = ("libGL.so.1", "libEGL.so.1")


def missing_libraries(needed: tuple[str, ...] = NEEDED) -> str:
    """What is missing and the line that installs it; empty when nothing is."""
    if sys.platform != "linux":
        return ""
    lacking = [name for name in needed if not _loads(name)]
    if not lacking:
        return ""
    return f"{' and '.join(lacking)} cannot be loaded, so no window can be drawn. Install with:\n    {APT_LINE}"


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def main() -> int:
    """Say what is missing; 0 when nothing is."""
    lacking = missing_libraries()
    if lacking:
        sys.stderr.write(lacking + "\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
