"""Rotation and revocation while a terminal is offline for days: one story, told from both ends."""

from dataclasses import dataclass, field

from tests.unit.wallet_sdk.protocol.samples import DIGEST, code_raised
from wallet_sdk.protocol import denylist, rules, trust
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope, RequestId, TerminalId
from wallet_sdk.protocol.messages import OperatorKey, PaymentRequest, PaymentToken, Receipt, Role, TrustBundle
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore
from wallet_sdk.testing import Scheme

DAY_S = 86_400
ROLES = ("terminal_ca", "token_issuer", "receipt_signer", "denylist_signer")


@dataclass(slots=True)
class Operator:
    """A scheme whose keys live ten days, and whose next ones start on day 5."""

    scheme: Scheme = field(default_factory=Scheme)
    start_s: int = field(init=False)
    old: dict[str, SoftwareSigner] = field(init=False)
    new: dict[str, SoftwareSigner] = field(init=False)

    def __post_init__(self) -> None:
        self.start_s = self.scheme.now_s
        self.old = {name: getattr(self.scheme, name) for name in ROLES}
        self.new = {name: self.scheme.new_signer() for name in ROLES}

    def use(self, signers: dict[str, SoftwareSigner], *, day: int) -> None:
        """Sign with these keys, on this day at noon."""
        self.scheme.now_s = self.start_s + day * DAY_S
        for name, signer in signers.items():
            setattr(self.scheme, name, signer)

    def bundle(self, version: int, *generations: tuple[dict[str, SoftwareSigner], int, int]) -> Envelope:
        """The root's list of generations of keys, each with its first and last day."""
        keys = tuple(
            OperatorKey(
                role=role,
                public_key=signers[name].public_key,
                not_before_s=self.start_s + first * DAY_S,
                expires_at_s=self.start_s + last * DAY_S,
            )
            for signers, first, last in generations
            for name, role in zip(ROLES, Role, strict=True)
        )
        return seal(TrustBundle(version=version, made_at_s=self.start_s, keys=keys), self.scheme.root).envelope

    def receipt(self) -> Envelope:
        """A receipt of now."""
        message = Receipt(
            terminal_id=TerminalId(2001),
            request_id=RequestId(self.scheme.new_id()),
            consent_digest=DIGEST,
            amount_minor=1250,
            currency=Currency.EUR,
            state=State.CAPTURED,
            at_s=self.scheme.now_s,
        )
        return seal(message, self.scheme.receipt_signer).envelope

    def accepts(self, store: TrustStore, token: Sealed[PaymentToken], request: Sealed[PaymentRequest]) -> None:
        """What a terminal and a wallet do now with one another's messages."""
        intent = self.scheme.intent(token=token.envelope, request_digest=request.digest)
        verified = trust.verify_intent(intent.envelope, store, at_s=self.scheme.now_s)
        rules.check_token_allows(verified.intent.message, verified.token.message)
        trust.verify_request(request.envelope, store, at_s=self.scheme.now_s)


def test_rotation_and_revocation_while_a_terminal_is_offline_for_days() -> None:
    """Two live keys a role overlap; offline trust lasts as long as what it knows; nothing once refused comes back."""
    operator = Operator()
    scheme, root_key = operator.scheme, operator.scheme.root.public_key
    ours, theirs = (operator.old, -1, 10), (operator.new, 5, 30)
    first, second = operator.bundle(1, ours), operator.bundle(2, ours, theirs)

    # Day 0: everybody has the first bundle and the first list. The till then goes offline.
    till = trust.take_denylist(scheme.denylist(number=1).envelope, trust.verify_bundle(first, root_key=root_key))

    # Day 6, the overlap: both generations live, in one bundle, for all roles.
    operator.use(operator.old, day=6)
    old_token, old_request, old_receipt = scheme.token(), scheme.request(), operator.receipt()
    stolen_token = scheme.token()
    operator.use(operator.new, day=6)
    new_token, new_request, new_receipt = scheme.token(), scheme.request(), operator.receipt()
    online = trust.verify_bundle(second, root_key=root_key, newest=till)
    for token, request, receipt in (
        (old_token, old_request, old_receipt),
        (new_token, new_request, new_receipt),
    ):
        operator.accepts(online, token, request)
        trust.verify_receipt(receipt, online)

    # The till still takes what the old keys signed, knows nothing of the new ones, and cannot know of a theft.
    operator.accepts(till, old_token, old_request)
    operator.accepts(till, stolen_token, old_request)
    assert code_raised(lambda: operator.accepts(till, new_token, new_request)) is ErrorCode.UNKNOWN_SIGNER
    assert code_raised(lambda: trust.verify_receipt(new_receipt, till)) is ErrorCode.UNKNOWN_SIGNER

    # Meanwhile a token and a terminal are revoked, in deltas by the old and by the new denylist key.
    operator.use(operator.old, day=7)
    third = scheme.denylist(number=2, base=1, tokens=[stolen_token.message.token_id]).envelope
    operator.use(operator.new, day=7)
    fourth = scheme.denylist(number=3, base=2, terminals=[TerminalId(2009)]).envelope
    request = scheme.request()

    # It comes back: the list needs the bundle that names its signer, the deltas come in sequence, then it refuses.
    assert code_raised(lambda: trust.take_denylist(fourth, till)) is ErrorCode.UNKNOWN_SIGNER
    back = trust.verify_bundle(second, root_key=root_key, newest=till)
    assert code_raised(lambda: trust.take_denylist(fourth, back)) is ErrorCode.DENYLIST_GAP
    back = trust.take_denylist(fourth, trust.take_denylist(third, back))
    operator.accepts(back, old_token, request)
    operator.accepts(back, new_token, request)
    assert code_raised(lambda: operator.accepts(back, stolen_token, request)) is ErrorCode.REVOKED

    # Neither bundle nor list can be rolled back to the time before.
    assert (
        code_raised(lambda: trust.verify_bundle(first, root_key=root_key, newest=back)) is ErrorCode.TRUST_ROLLED_BACK
    )
    assert code_raised(lambda: trust.take_denylist(third, back)) is ErrorCode.TRUST_ROLLED_BACK
    assert back.denied != denylist.EMPTY

    _what_the_old_keys_signed_ends(operator, till=till, back=back, old=(old_token, old_request), request=request)
    trust.verify_receipt(old_receipt, back)
    _a_stolen_key_ends_before_its_time(operator, back)


def _what_the_old_keys_signed_ends(
    operator: Operator,
    *,
    till: TrustStore,
    back: TrustStore,
    old: tuple[Sealed[PaymentToken], Sealed[PaymentRequest]],
    request: Sealed[PaymentRequest],
) -> None:
    """Day 10: the old keys have ended, and with them all that they signed; what they received for stays proof."""
    scheme = operator.scheme
    operator.use(operator.old, day=10)
    late_receipt = operator.receipt()
    assert code_raised(lambda: trust.verify_token(old[0].envelope, back, at_s=scheme.now_s)) is ErrorCode.EXPIRED
    assert code_raised(lambda: operator.accepts(till, *old)) is ErrorCode.EXPIRED
    assert code_raised(lambda: trust.verify_receipt(late_receipt, back)) is ErrorCode.EXPIRED
    for call in (
        lambda: operator.accepts(back, scheme.token(), request),
        lambda: trust.verify_request(scheme.request().envelope, back, at_s=scheme.now_s),
    ):
        assert code_raised(call) is ErrorCode.EXPIRED


def _a_stolen_key_ends_before_its_time(operator: Operator, back: TrustStore) -> None:
    """By name, on the denylist, and with it all that it signed."""
    scheme = operator.scheme
    operator.use(operator.new, day=10)
    fresh = scheme.token()
    trust.verify_token(fresh.envelope, back, at_s=scheme.now_s)
    last = scheme.denylist(number=4, base=3, keys=[operator.new["token_issuer"].public_key]).envelope
    back = trust.take_denylist(last, back)
    assert code_raised(lambda: trust.verify_token(fresh.envelope, back, at_s=scheme.now_s)) is ErrorCode.REVOKED
