"""Which Tillcode this is, for every program's ``--version``."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any


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
        from importlib.metadata import version

        sys.stdout.write(f"{parser.prog} {version('tillcode')}\n")
        parser.exit()
