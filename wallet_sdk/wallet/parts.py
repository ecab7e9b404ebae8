"""What every act of a wallet needs: its ports, who it is, whom it trusts, its signer, and how it calls its server."""

from dataclasses import dataclass, replace
from typing import Final

from wallet_sdk.client import Calls, Patience
from wallet_sdk.ports import Clock, KeyStore, Random
from wallet_sdk.protocol import api
from wallet_sdk.protocol.denylist import EMPTY
from wallet_sdk.protocol.envelope import Signer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.trust import TrustStore, take_denylist, verify_bundle
from wallet_sdk.store import Enrolled, WalletStore

#: Name of the key of the enrolment in the key store: it asks and reads, and no code ever shows it.
DEVICE_KEY = "device"
#: The keys of tokens; what follows in the name sorts by time.
TOKEN_KEY_PREFIX = "token-"  # noqa: S105 - the beginning of a name
#: Deltas kept on one full list: each is verified whenever trust is asked for. With more, a full one is fetched.
DELTAS_MAX: Final = 8
#: Parts of one list that are fetched at once; a list of everything there can be has fewer.
_ROUNDS_MAX: Final = 64
_Lists = tuple[Envelope, ...]


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
        """The pinned root, the newest bundle and what is revoked, verified anew: the store is only a disk."""
        enrolled = self.enrolled()
        trust = verify_bundle(enrolled.bundle, root_key=enrolled.root_key)
        for denylist in self.store.denylists():
            trust = take_denylist(denylist, trust)
        return trust

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
    """Fetch the trust bundle and keep it if it is not older than the one known.

    A server that was restored and has forgotten ours is shown it.

    Returns:
        When the server's ledger was put back from a backup, 0 when it never was.

    Raises:
        RuleViolationError: TRUST_ROLLED_BACK, BAD_SIGNATURE or UNKNOWN_SIGNER; the known bundle stays.
        UnavailableError: the server could not be asked.
    """
    answer = await parts.calls().get(api.PATH_TRUST, api.TrustAnswer)
    bundle = api.from_base64url(answer.bundle)
    newest = parts.trust()
    try:
        trust = verify_bundle(bundle, root_key=newest.root_key, newest=newest)
    except RuleViolationError as error:
        if error.code is not ErrorCode.TRUST_ROLLED_BACK or not answer.restored_at_s:
            raise
        await parts.calls().post_message(api.PATH_TRUST, newest.bundle.envelope, api.TrustAnswer)
        return answer.restored_at_s
    if trust.bundle.envelope != newest.bundle.envelope:
        parts.store.save_enrolled(replace(parts.enrolled(), bundle=trust.bundle.envelope))
    return answer.restored_at_s


async def refresh_denylist(parts: Parts) -> int:
    """Fetch what was revoked since the last time, and keep it. Returns the number of the newest list known.

    Raises:
        RuleViolationError: TRUST_ROLLED_BACK, BAD_SIGNATURE, UNKNOWN_SIGNER; what is known stays.
        UnavailableError: the server could not be asked.
    """
    stored, trust = parts.store.denylists(), parts.trust()
    afresh = len(stored) > DELTAS_MAX
    lists, newest = await _follow(parts, () if afresh else stored, _forgetful(trust) if afresh else trust)
    if newest.denied.number < trust.denied.number:
        raise RuleViolationError(ErrorCode.TRUST_ROLLED_BACK, "the denylist went back", param="number")
    if lists != stored:
        parts.store.save_denylists(lists)
    return newest.denied.number


async def _follow(parts: Parts, lists: _Lists, trust: TrustStore) -> tuple[_Lists, TrustStore]:
    """Take list after list, up to the newest."""
    for _ in range(_ROUNDS_MAX):
        answer = await parts.calls().get(f"{api.PATH_DENYLIST}?since={trust.denied.number}", api.DenylistAnswer)
        if answer.newest < trust.denied.number:
            raise RuleViolationError(ErrorCode.TRUST_ROLLED_BACK, "the server forgot a list", param="number")
        if not answer.denylist:
            break
        lists, trust = _taken(lists, trust, Envelope(api.from_base64url(answer.denylist)))
        if trust.denied.number >= answer.newest:
            break
    return lists, trust


def _taken(lists: _Lists, trust: TrustStore, denylist: Envelope) -> tuple[_Lists, TrustStore]:
    try:
        after = take_denylist(denylist, trust)
    except RuleViolationError as error:
        if error.code is not ErrorCode.DENYLIST_GAP:
            raise
        # The deltas that would lead on are gone; a full list says all that is still alive.
        return (), _forgetful(trust)
    return (lists if after.denied == trust.denied else (*lists, denylist)), after


def _forgetful(trust: TrustStore) -> TrustStore:
    return replace(trust, denied=EMPTY)
