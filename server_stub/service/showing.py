"""A bundle that a restored ledger has forgotten, shown by whoever has taken it: the root has signed it; it counts."""

from dataclasses import dataclass

from server_stub.committer import Command
from server_stub.service.adopting import check_lost
from server_stub.service.operator import Operator
from server_stub.store.records import Trust
from server_stub.store.records_epoch import Relearned, RelearnedKind
from server_stub.store.tables.epochs import RELEARNED
from server_stub.store.tables.parties import TRUST
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.messages import TrustBundle
from wallet_sdk.protocol.trust import verify_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBundle(Command[Trust]):
    """Publish a forgotten bundle again, unless the ledger has one that is as new. Answered with the newest."""

    sealed: Sealed[TrustBundle]
    root_key: PublicKeyBytes
    at_s: int

    def apply(self, writer: Writer) -> Trust:
        newest, version = writer.trust(), self.sealed.message.version
        if newest is not None and newest.version >= version:
            return newest
        taken = Trust(version=version, bundle=self.sealed.envelope, root_key=self.root_key)
        writer.add(TRUST, taken)
        writer.add(
            RELEARNED,
            Relearned(
                number=writer.next_number(),
                kind=RelearnedKind.BUNDLE,
                subject=self.sealed.digest,
                holder=f"version {version}",
                at_s=self.at_s,
            ),
        )
        return taken


def prepare_bundle(operator: Operator, body: bytes) -> TakeBundle:
    """Verify a bundle with the root that this server stands on.

    Raises:
        TillcodeError: TRUST_ROLLED_BACK for one that is older; nothing was stored.
    """
    trust = verify_bundle(body, root_key=operator.trust.root_key, newest=operator.trust)
    check_lost(operator.epoch, signed_at_s=trust.bundle.message.made_at_s, param="bundle")
    return TakeBundle(sealed=trust.bundle, root_key=trust.root_key, at_s=operator.now_s())
