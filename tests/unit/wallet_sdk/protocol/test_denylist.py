"""Revocation: numbered lists that only add, who may sign them, and that everything listed is refused."""

from dataclasses import replace
from functools import partial
from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, ID, OTHER_ID, code_raised
from wallet_sdk.protocol import denylist, limits, trust
from wallet_sdk.protocol.denylist import EMPTY, DenylistState
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import KeyId, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import Denylist, OperatorKey, Receipt, Role
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore
from wallet_sdk.testing import Scheme

ONE, OTHER = TokenId(ID), TokenId(OTHER_ID)


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def fold(scheme: Scheme, *lists: tuple[int, int, tuple[TokenId, ...]]) -> DenylistState:
    """The state after lists of (number, base, tokens)."""
    state = EMPTY
    for number, base, tokens in lists:
        state = denylist.apply(state, scheme.denylist(number=number, base=base, tokens=tokens))
    return state


def test_full_lists_and_deltas_add_up(scheme: Scheme) -> None:
    """A delta adds to the list it stands on; a full list may come at any higher number."""
    state = fold(scheme, (1, 0, (ONE,)), (2, 1, (OTHER,)))
    assert state == DenylistState(number=2, token_ids=frozenset({ONE, OTHER}))
    assert fold(scheme, (1, 0, (ONE,)), (7, 0, (ONE, OTHER))) == replace(state, number=7)


def test_a_list_seen_again_changes_nothing(scheme: Scheme) -> None:
    """In its full form and as the delta that led to it. (R-52)"""
    state = fold(scheme, (1, 0, (ONE,)), (2, 1, (OTHER,)))
    for base, tokens in ((1, (OTHER,)), (0, (ONE, OTHER))):
        assert denylist.apply(state, scheme.denylist(number=2, base=base, tokens=tokens)) == state


def test_a_list_cannot_fall_back_nor_say_two_things(scheme: Scheme) -> None:
    """A lower number, and the same number with something new in it. (R-52)"""
    state = fold(scheme, (5, 0, (ONE,)))
    for number, base, tokens in ((4, 0, (ONE, OTHER)), (4, 3, ()), (1, 0, ()), (5, 0, (OTHER,)), (5, 4, (OTHER,))):
        listed = scheme.denylist(number=number, base=base, tokens=tokens)
        code = code_raised(lambda listed=listed: denylist.apply(state, listed))  # type: ignore[misc]
        assert code is ErrorCode.TRUST_ROLLED_BACK


def test_a_delta_stands_on_exactly_the_list_seen(scheme: Scheme) -> None:
    """Else something between was missed, and a full list must be fetched. (R-53)"""
    state = fold(scheme, (5, 0, (ONE,)))
    for base in (1, 4, 6):
        listed = scheme.denylist(number=8, base=base)
        code = code_raised(lambda listed=listed: denylist.apply(state, listed))  # type: ignore[misc]
        assert code is ErrorCode.DENYLIST_GAP
    assert denylist.apply(state, scheme.denylist(number=8, base=5)).number == 8
    assert code_raised(lambda: denylist.apply(EMPTY, scheme.denylist(number=2, base=1))) is ErrorCode.DENYLIST_GAP


def test_revocation_only_grows(scheme: Scheme, rng: Random) -> None:
    """Whatever lists come in whatever sequence, nothing once revoked is free again and no number falls. (R-51)"""
    ids = [TokenId(bytes([number]) * 12) for number in range(6)]
    state = EMPTY
    for _ in range(300):
        number = rng.randint(1, 12)
        listed = scheme.denylist(number=number, base=rng.randrange(number), tokens=rng.sample(ids, rng.randint(0, 3)))
        try:
            after = denylist.apply(state, listed)
        except RuleViolationError:
            continue
        assert after.token_ids >= state.token_ids
        assert after.number >= state.number
        state = after
    assert state.number > 1


def test_a_list_without_number_space_is_refused(scheme: Scheme) -> None:
    """A delta leads upwards. (R-50)"""
    for base in (3, 4):
        envelope = scheme.denylist(number=3, base=base).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_denylist(envelope, scheme.trust()))  # type: ignore[misc]
        assert code is ErrorCode.FIELD_OUT_OF_RANGE


def test_only_the_denylist_key_signs_lists(scheme: Scheme) -> None:
    """No other role, not the root, and nobody unknown; and the denylist key signs nothing else."""
    store, listed = scheme.trust(), scheme.denylist().message
    assert trust.verify_denylist(scheme.denylist().envelope, store) == scheme.denylist()
    for signer, refused in (
        (scheme.terminal_ca, ErrorCode.WRONG_ROLE),
        (scheme.token_issuer, ErrorCode.WRONG_ROLE),
        (scheme.receipt_signer, ErrorCode.WRONG_ROLE),
        (scheme.root, ErrorCode.UNKNOWN_SIGNER),
        (scheme.terminal, ErrorCode.UNKNOWN_SIGNER),
    ):
        envelope = seal(listed, signer).envelope
        assert code_raised(lambda envelope=envelope: trust.verify_denylist(envelope, store)) is refused  # type: ignore[misc]
    token = seal(scheme.token().message, scheme.denylist_signer).envelope
    assert code_raised(lambda: trust.verify_token(token, store, at_s=scheme.now_s)) is ErrorCode.WRONG_ROLE


def test_a_list_is_checked_at_its_own_time(scheme: Scheme) -> None:
    """What a retired key revoked stays revoked; what is dated outside its life was never its word. (R-50)"""
    store = scheme.trust()
    for offset_s, refused in ((-86_400 - 301, ErrorCode.NOT_YET_VALID), (365 * 86_400, ErrorCode.EXPIRED)):
        envelope = seal(replace(scheme.denylist().message, made_at_s=scheme.now_s + offset_s), scheme.denylist_signer)
        code = code_raised(lambda envelope=envelope: trust.verify_denylist(envelope.envelope, store))  # type: ignore[misc]
        assert code is refused


def test_a_revoked_denylist_key_signs_no_further_list(scheme: Scheme) -> None:
    """Its successor, which the bundle names too, goes on with the numbers. (R-54)"""
    next_signer = scheme.new_signer()
    key = OperatorKey(
        role=Role.DENYLIST,
        public_key=next_signer.public_key,
        not_before_s=scheme.now_s - 86_400,
        expires_at_s=scheme.now_s + 86_400,
    )
    bundle = scheme.bundle().message
    sealed = seal(replace(bundle, version=2, keys=(*bundle.keys, key)), scheme.root)
    store = trust.verify_bundle(sealed.envelope, root_key=scheme.root.public_key)
    revoking = seal(scheme.denylist(keys=[scheme.denylist_signer.public_key]).message, next_signer)
    store = trust.take_denylist(revoking.envelope, store)
    stolen = scheme.denylist(number=2).envelope
    assert code_raised(lambda: trust.take_denylist(stolen, store)) is ErrorCode.REVOKED
    # The fold says so by itself, also for a list that was verified before its key was revoked.
    assert code_raised(lambda: denylist.apply(store.denied, scheme.denylist(number=2))) is ErrorCode.REVOKED
    onward = seal(scheme.denylist(number=2, base=1).message, next_signer)
    assert trust.take_denylist(onward.envelope, store).denied.number == 2


def listing(scheme: Scheme, **listed: object) -> TrustStore:
    """A store that has taken a list of these."""
    return trust.take_denylist(scheme.denylist(**listed).envelope, scheme.trust())  # type: ignore[arg-type]


def test_what_is_listed_is_refused_everywhere(scheme: Scheme) -> None:
    """Token, device, terminal, terminal key, and each operator key for all that it signed. (R-55)"""
    token, certificate, request = scheme.token(), scheme.certificate(), scheme.request()
    printed = scheme.static_code()
    intent = scheme.intent(token=token.envelope, request_digest=DIGEST)
    receipt = Receipt(
        terminal_id=TerminalId(2001),
        request_id=RequestId(ID),
        consent_digest=DIGEST,
        amount_minor=1,
        currency=Currency.EUR,
        state=State.CAPTURED,
        at_s=scheme.now_s,
    )
    paid = seal(receipt, scheme.receipt_signer).envelope
    accepted = seal(replace(receipt, state=State.AUTHORIZED), scheme.terminal).envelope
    now_s, till_key, list_ = scheme.now_s, scheme.terminal.public_key, partial(listing, scheme)
    issuer_key, ca_key = scheme.token_issuer.public_key, scheme.terminal_ca.public_key
    for store, call in (
        (list_(tokens=[token.message.token_id]), lambda s: trust.verify_intent(intent.envelope, s, at_s=now_s)),
        (list_(keys=[scheme.device.public_key]), lambda s: trust.verify_token(token.envelope, s, at_s=now_s)),
        (list_(keys=[issuer_key]), lambda s: trust.verify_token(token.envelope, s, at_s=now_s)),
        (list_(terminals=[TerminalId(2001)]), lambda s: trust.verify_request(request.envelope, s, at_s=now_s)),
        (list_(keys=[till_key]), lambda s: trust.verify_certificate(certificate.envelope, s, at_s=now_s)),
        (list_(keys=[till_key]), lambda s: trust.verify_receipt(accepted, s, terminal_key=till_key)),
        (list_(keys=[ca_key]), lambda s: trust.verify_request(request.envelope, s, at_s=now_s)),
        (list_(keys=[ca_key]), lambda s: trust.verify_static_code(printed.envelope, s, at_s=now_s)),
        (list_(keys=[scheme.receipt_signer.public_key]), lambda s: trust.verify_receipt(paid, s)),
    ):
        call(scheme.trust())
        assert code_raised(lambda call=call, store=store: call(store)) is ErrorCode.REVOKED  # type: ignore[misc]


def test_a_new_bundle_frees_nobody(scheme: Scheme) -> None:
    """What was revoked stays so when the operator's keys change. (R-56)"""
    store = listing(scheme, tokens=[ONE])
    newer = trust.verify_bundle(scheme.bundle(version=2).envelope, root_key=scheme.root.public_key, newest=store)
    assert newer.denied == store.denied != EMPTY


def test_the_largest_list_fits(scheme: Scheme) -> None:
    """Every part full, every number as long as can be."""
    full = Denylist(
        number=2**32 - 1,
        made_at_s=scheme.now_s,
        token_ids=tuple(TokenId(n.to_bytes(12, "big")) for n in range(limits.DENYLIST_TOKENS_MAX)),
        terminal_ids=tuple(TerminalId(2**32 - 1 - n) for n in reversed(range(limits.DENYLIST_TERMINALS_MAX))),
        key_ids=tuple(KeyId(n.to_bytes(8, "big")) for n in range(limits.DENYLIST_KEYS_MAX)),
    )
    envelope = seal(full, scheme.denylist_signer).envelope
    assert limits.DENYLIST_BYTES_MAX - 3000 < len(envelope) <= limits.DENYLIST_BYTES_MAX
    assert trust.take_denylist(envelope, scheme.trust()).denied.number == full.number


def test_lists_are_sorted_sets() -> None:
    """Twice the same or in another sequence is another encoding, and our own writer refuses it too. (R-14)"""
    scheme = Scheme()
    for tokens in ((OTHER, ONE), (ONE, ONE)):
        listed = replace(scheme.denylist().message, token_ids=tokens)
        assert code_raised(lambda listed=listed: seal(listed, scheme.denylist_signer)) is ErrorCode.BAD_ARGUMENT  # type: ignore[misc]
