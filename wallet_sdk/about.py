"""Which Tillcode this is, for every program's ``--version``; and which part of it is not installed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

_OURS: Final = frozenset({"", "wallet_sdk", "terminal_app", "server_stub"})


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--version``. What looks it up is loaded when somebody asks: it takes 30 ms."""
    parser.add_argument("--version", action=_TellVersion, nargs=0, help="print the version, and end")


class _TellVersion(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        sys.stdout.write(f"{parser.prog} {version()}\n")
        parser.exit()


def version() -> str:
    """The version that is installed. What looks it up takes 30 ms to load."""
    from importlib import metadata

    return metadata.version("tillcode")


def run_with_extra(program: str, main: Callable[[], int], *, extra: str) -> int:
    """Run a program whose packages come with an extra; without them one line says so, and it ends with 2."""
    try:
        return main()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _OURS:
            raise
        sys.stderr.write(f'{program}: {package} is not installed; it comes with: pip install "tillcode[{extra}]"\n')
        return 2
