"""What the commands take from the outside: time, chance, network, answers, and the wallet's folder."""

import getpass
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wallet_sdk.console import remark
from wallet_sdk.keystore import EncryptedFileKeyStore
from wallet_sdk.ports import Clock, Random, Sender
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.store import SqliteWalletStore
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.wallet import Wallet

HOME_VARIABLE: Final = "TILLCODE_WALLET_HOME"
PASSPHRASE_VARIABLE: Final = "TILLCODE_WALLET_PASSPHRASE"  # noqa: S105 (the name of a variable)
STORE_FILE: Final = "wallet.sqlite"
KEYS_FILE: Final = "wallet.keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The outside; tests bring their own."""

    clock: Clock
    random: Random
    sender: Sender | None
    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    sleep: Callable[[float], None]
    tell_progress: Callable[[int, int], None]


def default_surroundings() -> Surroundings:
    """The machine and the person at it."""
    return Surroundings(
        clock=SystemClock(),
        random=SystemRandom(),
        sender=None,
        ask=_ask,
        ask_secret=getpass.getpass,
        sleep=time.sleep,
        tell_progress=tell_progress,
    )


def open_wallet(arguments: Namespace, around: Surroundings) -> Wallet:
    """The wallet in the chosen folder.

    Raises:
        MisuseError: NOT_ENROLLED when there is none, WRONG_PASSPHRASE.
        UnavailableError: its files cannot be read.
    """
    home = _home(arguments)
    if not (home / KEYS_FILE).exists():
        raise _no_wallet(home)
    wallet = _opened_existing(home, around)
    if not wallet.is_enrolled:  # an enrolment that failed left its keys
        wallet.close()
        raise _no_wallet(home)
    return wallet


def open_or_make_wallet(arguments: Namespace, around: Surroundings) -> Wallet:
    """The wallet in the chosen folder, or a new one under a passphrase that is asked for twice.

    Raises:
        MisuseError: WRONG_PASSPHRASE; BAD_ARGUMENT when a new one was not typed the same way twice.
        UnavailableError: its files cannot be read or made.
    """
    home = _home(arguments)
    if (home / KEYS_FILE).exists():
        return _opened_existing(home, around)
    passphrase = _named_passphrase()
    if not passphrase:
        passphrase = around.ask_secret("Choose a passphrase for the new wallet: ")
        # Nobody can open the keys again with a passphrase that was mistyped once, and the money is behind them.
        if around.ask_secret("The same passphrase again: ") != passphrase:
            raise MisuseError(
                ErrorCode.BAD_ARGUMENT, "the two passphrases differ; nothing was made", param="passphrase"
            )
    return _opened(home, passphrase, around)


def _no_wallet(home: Path) -> MisuseError:
    return MisuseError(ErrorCode.NOT_ENROLLED, f"there is no wallet in {home}; run: tillcode-wallet enrol")


def _opened_existing(home: Path, around: Surroundings) -> Wallet:
    return _opened(home, _named_passphrase() or around.ask_secret("Passphrase of the wallet: "), around)


def _named_passphrase() -> str:
    return os.environ.get(PASSPHRASE_VARIABLE, "")


def _opened(home: Path, passphrase: str, around: Surroundings) -> Wallet:
    keys = EncryptedFileKeyStore(home / KEYS_FILE, passphrase, around.random)
    store = SqliteWalletStore(home / STORE_FILE)
    return Wallet.open(
        store=store,
        keys=keys,
        sender=around.sender,
        clock=around.clock,
        random=around.random,
        sleep=around.sleep,
    )


def _home(arguments: Namespace) -> Path:
    chosen: Path | None = arguments.home
    named = os.environ.get(HOME_VARIABLE)
    home = chosen or (Path(named) if named else Path.home() / ".local" / "share" / "tillcode-wallet")
    try:
        (home / KEYS_FILE).stat()
    except FileNotFoundError:
        pass
    except NotADirectoryError as error:
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, f"{home} is a file, and a wallet is a folder", param="home"
        ) from error
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{home}: {error.strerror}", param="home") from error
    return home


def _ask(question: str) -> str:
    """Ask on standard error, so that standard output holds results only."""
    remark(question, end="")
    return sys.stdin.readline().strip()


def tell_progress(done: int, total: int) -> None:
    """One line that is written over, and wiped at the end; only for a person who looks on."""
    if sys.stderr.isatty() and total:
        told = f"Asking about payment {done + 1} of {total} ..." if done < total else ""
        remark(f"\r\x1b[K{told}", end="")
