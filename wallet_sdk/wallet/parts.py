"""What every act of a wallet needs: its ports, who it is, whom it trusts, its signer and its server."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from wallet_sdk.client import ApiClient
from wallet_sdk.ports import Clock, KeyStore, Random, Sender
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Signer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.trust import TrustStore, verify_bundle
from wallet_sdk.store import Enrolled, WalletStore

#: Name of the key of the enrolment in the key store: it asks and reads, and no code ever shows it.
DEVICE_KEY = "device"
#: The keys of tokens; what follows in the name sorts by time.
TOKEN_KEY_PREFIX = "token-"  # noqa: S105 - the beginning of a name


@dataclass(slots=True, kw_only=True)
class Parts:
    """The wallet's ports. ``sender`` None means: HTTP to the server of the enrolment, opened on first use."""

    store: WalletStore
    keys: KeyStore
    clock: Clock
    random: Random
    sender: Sender | None = None
    sleep: Callable[[float], None] = time.sleep
    _client: ApiClient | None = field(default=None, init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def now_s(self) -> int:
        """Seconds since the epoch."""
        return self.clock.now_ms() // 1000

    def enrolled(self) -> Enrolled:
        """Who this wallet is.

        Raises:
            MisuseError: NOT_ENROLLED.
        """
        enrolled = self.store.enrolled()
        if enrolled is None:
            raise MisuseError(ErrorCode.NOT_ENROLLED, "the wallet is not enrolled")
        return enrolled

    def trust(self) -> TrustStore:
        """The pinned root and the newest bundle, verified anew: the store is only a disk."""
        enrolled = self.enrolled()
        return verify_bundle(enrolled.bundle, root_key=enrolled.root_key)

    def signer(self) -> Signer:
        """The key of the enrolment."""
        return self.keys.signer(DEVICE_KEY)

    def client(self) -> ApiClient:
        """The client of the server this wallet is enrolled with."""
        with self._opening:
            if self._client is None:
                self._client = self.client_of(self.enrolled().server)
            return self._client

    def client_of(self, server: str) -> ApiClient:
        """A client of any server, over the integrator's sender when there is one.

        Raises:
            MisuseError: BAD_ARGUMENT when the address is none.
        """
        sender = self.sender
        if sender is None:
            # Late: httpx takes half of the time that importing all of this takes.
            from wallet_sdk.transport import HttpxSender

            sender = HttpxSender(server, clock=self.clock)
        return ApiClient(sender, clock=self.clock, random=self.random, sleep=self.sleep)

    def close(self) -> None:
        """Close the store and the connections opened here; a sender that was given stays its owner's."""
        if self._client is not None and self.sender is None:
            self._client.close()
        self.store.close()


def refresh_trust(parts: Parts) -> int:
    """Fetch the trust bundle and keep it if it is not older than the one known. Returns its version.

    Raises:
        RuleViolationError: TRUST_ROLLED_BACK, BAD_SIGNATURE or UNKNOWN_SIGNER; the known bundle stays.
        UnavailableError: the server could not be asked.
    """
    answer = parts.client().get(api.PATH_TRUST, api.TrustAnswer)
    bundle = api.from_base64url(answer.bundle)
    newest = parts.trust()
    trust = verify_bundle(bundle, root_key=newest.root_key, newest=newest)
    if trust.bundle.envelope != newest.bundle.envelope:
        parts.store.save_enrolled(replace(parts.enrolled(), bundle=trust.bundle.envelope))
    return trust.bundle.message.version
