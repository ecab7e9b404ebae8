"""Which Tillcode this is, for every program's ``--version``."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--version``. The version is looked up when somebody asks: it takes 10 ms."""
    parser.add_argument("--version", action=_TellVersion, nargs=0, help="print the version, and end")


class _TellVersion(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        sys.stdout.write(f"{parser.prog} {version('tillcode')}\n")
        parser.exit()
