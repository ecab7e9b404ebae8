"""What every act of a wallet needs: its ports, who it is, whom it trusts, its signer, and how it calls its server."""

from dataclasses import dataclass, replace

from wallet_sdk.client import Calls, Patience
from wallet_sdk.ports import Clock, KeyStore, Random
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Signer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.trust import TrustStore, verify_bundle
from wallet_sdk.store import Enrolled, WalletStore

#: Name of the key of the enrolment in the key store: it asks and reads, and no code ever shows it.
DEVICE_KEY = "device"
#: The keys of tokens; what follows in the name sorts by time.
TOKEN_KEY_PREFIX = "token-"  # noqa: S105 - the beginning of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The wallet's ports. Its calls are flows: who drives them decides how they reach the network."""

    store: WalletStore
    keys: KeyStore
    clock: Clock
    random: Random
    patience: Patience

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

    def calls(self) -> Calls:
        """The calls to the server this wallet is enrolled with."""
        return self.calls_to(self.enrolled().server)

    def calls_to(self, server: str) -> Calls:
        """The calls to any server."""
        return Calls(server, clock=self.clock, random=self.random, patience=self.patience)


async def refresh_trust(parts: Parts) -> int:
    """Fetch the trust bundle and keep it if it is not older than the one known. Returns its version.

    Raises:
        RuleViolationError: TRUST_ROLLED_BACK, BAD_SIGNATURE or UNKNOWN_SIGNER; the known bundle stays.
        UnavailableError: the server could not be asked.
    """
    answer = await parts.calls().get(api.PATH_TRUST, api.TrustAnswer)
    bundle = api.from_base64url(answer.bundle)
    newest = parts.trust()
    trust = verify_bundle(bundle, root_key=newest.root_key, newest=newest)
    if trust.bundle.envelope != newest.bundle.envelope:
        parts.store.save_enrolled(replace(parts.enrolled(), bundle=trust.bundle.envelope))
    return trust.bundle.message.version
