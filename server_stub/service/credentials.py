"""The operator's keys and the root's word for them, kept up with the ledger: a rotation needs no restart.

Every process looks for itself, every second. New keys start later than that (``keys.NOTICE_S``), so that no process
signs anything with a key of which another one has not heard.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from server_stub.keys import OperatorSigners, load_signers
from server_stub.service.verification import Verifier
from server_stub.store.base import Store
from server_stub.store.records import Trust
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError
from wallet_sdk.protocol.trust import TrustStore, verify_bundle

_LOG: Final = logging.getLogger("tillcode.server")
_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One bundle, the keys that it names, and what verifies by it."""

    trust: TrustStore
    signers: OperatorSigners = field(repr=False)
    verifier: Verifier


class Credentials:
    """What is held now; ``look`` replaces it as a whole. May be used from any thread."""

    __slots__ = ("_keys_folder", "_store", "now")

    def __init__(self, store: Store, keys_folder: Path) -> None:
        """
        Raises:
            MisuseError: NOT_INITIALISED without a bundle, or without the file of a key that it names.
            UnavailableError: STORAGE_CORRUPT.
        """
        self._store = store
        self._keys_folder = keys_folder
        newest = self._newest()
        if newest is None:
            raise MisuseError(ErrorCode.NOT_INITIALISED, "the ledger is empty; restore a backup")
        self.now = self._held(verify_bundle(newest.bundle, root_key=newest.root_key))

    def look(self) -> None:
        """Take what was published since; nothing else has an effect.

        Raises:
            TillcodeError: it is not the word of the root that this server stands on, it is older than what is held,
                a key that it names has no file here, or the ledger cannot be read. What is held stays.
        """
        newest, known = self._newest(), self.now.trust
        if newest is not None and newest.bundle != known.bundle.envelope:
            self.now = self._held(verify_bundle(newest.bundle, root_key=known.root_key, newest=known))

    def _newest(self) -> Trust | None:
        with self._store.reading() as reader:
            return reader.trust()

    def _held(self, trust: TrustStore) -> Held:
        signers = load_signers(self._keys_folder, trust.bundle.message)
        return Held(trust=trust, signers=signers, verifier=Verifier(trust))


class CredentialsWatch:
    """The thread that looks. Start with ``start``; ``close`` ends after the look under way."""

    def __init__(
        self, credentials: Credentials, *, now_s: Callable[[], int], beside: Callable[[], None] = lambda: None
    ) -> None:
        """``beside`` is looked at by the same thread, first."""
        self._credentials = credentials
        self._now_s = now_s
        self._beside = beside
        self._ended = threading.Event()
        self._said = credentials.now.signers.warnings(now_s=now_s())
        self._thread = threading.Thread(target=self._run, name="credentials", daemon=True)

    def start(self) -> None:
        """Look now, and then again and again."""
        self._thread.start()

    def close(self) -> None:
        """End, and wait for the end."""
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        """Take what is new, and say what a person should know: each thing once, and the days that are left each day."""
        try:
            self._beside()
            now_s = self._now_s()
        except TillcodeError:
            return  # by a clock that has jumped keys would seem to have ended
        troubles: tuple[str, ...] = ()
        try:
            self._credentials.look()
        except TillcodeError as error:
            troubles = (f"the newest trust bundle is not taken up: {error.message}",)
        said, self._said = self._said, (*troubles, *self._credentials.now.signers.warnings(now_s=now_s))
        for text in self._said:
            if text not in said:
                _LOG.warning("%s", text)

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self.look()
