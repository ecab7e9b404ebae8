"""A missing graphics library is named with the very line that installs it."""

import subprocess
import sys

from wallet_sdk.screen.opengl import APT_LINE, missing_libraries


def test_what_is_missing_is_named_with_its_cure() -> None:
    """The sentence names each library that cannot be loaded, and no other, and tells the apt line."""
    said = missing_libraries(("libc.so.6", "libtillcode-nowhere.so.7"))
    assert "libtillcode-nowhere.so.7 cannot be loaded" in said
    assert "libc.so.6" not in said
    assert APT_LINE in said


def test_nothing_missing_is_nothing_said() -> None:
    """A machine that has it all hears nothing."""
    assert missing_libraries(("libc.so.6",)) == ""


def test_as_a_program_it_agrees() -> None:
    """The demo asks it as a process: exit code 1 exactly when something is missing here."""
    asked = subprocess.run(
        [sys.executable, "-m", "wallet_sdk.screen.opengl"], capture_output=True, text=True, check=False
    )
    assert (asked.returncode, asked.stderr.strip()) == (1 if missing_libraries() else 0, missing_libraries())
