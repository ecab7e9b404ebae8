"""A world of valid messages, what each is accepted by, and the ways in which a thief would change them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any, Final

import cbor2

from wallet_sdk.protocol import messages, rules, trust
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.evidence import make_fraud_proof, verify_fraud_proof
from wallet_sdk.protocol.ids import Digest, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

TERMINAL_ID: Final = TerminalId(2001)
ID: Final = bytes(range(12))
#: Kinds whose messages the device or the terminal signs under its key id, with the class that is expected.
FROM_DEVICES: Final = {
    "batch": messages.CaptureBatch,
    "refund": messages.Refund,
    "token request": messages.TokenRequest,
    "token closing": messages.TokenClosing,
    "hold capture": messages.HoldCapture,
    "certificate request": messages.CertificateRequest,
    "read": messages.ReadRequest,
    "close": messages.CloseRequest,
}


class World:
    """Valid messages by kind (``valid``), the same taken apart (``sealed``), and who accepts them (``accept``)."""

    def __init__(self, seed: int = 7) -> None:
        """Make everything anew from a seed."""
        self.scheme = scheme = Scheme(seed=seed)
        self.trust = scheme.trust()
        self.sealed: dict[str, list[Sealed[Any]]] = {}
        self._make_payments()
        self._make_device_messages()
        self.valid: dict[str, set[bytes]] = {
            kind: {bytes(one.envelope) for one in many} for kind, many in self.sealed.items()
        }
        self.valid["proof"] = self._proofs()
        # Who takes a terminal's word takes the operator's too.
        self.valid["terminal receipt"] |= self.valid["receipt"] | self.valid["closing receipt"]
        self.accept = self._acceptors()
        self.signers = (
            *(scheme.root, scheme.terminal_ca, scheme.token_issuer, scheme.receipt_signer),
            *(scheme.denylist_signer, scheme.terminal, scheme.device, scheme.new_signer()),
        )

    def _make_payments(self) -> None:
        scheme = self.scheme
        self.request = scheme.request()
        certificate = scheme.certificate()
        token, token_2 = scheme.token(), scheme.token()
        digest = self.request.digest
        together = messages.BatchReceipt(terminal_id=TERMINAL_ID, at_s=scheme.now_s, paid=(digest,))
        self.sealed |= {
            "certificate": [certificate, scheme.certificate(name="Пекарня", city="Київ")],
            "request": [self.request, scheme.request(amount_minor=999, reference="")],
            "token": [token, token_2],
            "intent": [
                scheme.intent(token=token.envelope, request_digest=digest),
                scheme.intent(token=token_2.envelope, request_digest=digest, counter=9, cumulative_minor=5_000),
            ],
            "code": [scheme.code(token=token.envelope, counter=3), scheme.code(token=token_2.envelope, counter=4)],
            "receipt": [seal(self._receipt(State.CAPTURED), scheme.receipt_signer)],
            "terminal receipt": [seal(self._receipt(State.AUTHORIZED), scheme.terminal)],
            "closing receipt": [seal(self._receipt(State.CANCELED, consent=b""), scheme.receipt_signer)],
            "refund receipt": [seal(self._receipt(State.CAPTURED, consent=b"", refund=ID), scheme.receipt_signer)],
            "batch receipt": [seal(together, scheme.receipt_signer)],
            "bundle": [self.trust.bundle],
            "denylist": [scheme.denylist(number=2, terminals=[TerminalId(77)])],
            "static code": [scheme.static_code(), scheme.static_code(name="八百屋", city="京都")],
        }
        self.listed = trust.take_denylist(self.sealed["denylist"][0].envelope, self.trust)

    def _receipt(self, state: State, *, consent: bytes = bytes(range(32)), refund: bytes = b"") -> messages.Receipt:
        return messages.Receipt(
            terminal_id=TERMINAL_ID,
            request_id=self.request.message.request_id,
            refund_id=RequestId(refund),
            consent_digest=Digest(consent),
            amount_minor=1250,
            currency=Currency.EUR,
            state=state,
            at_s=self.scheme.now_s,
        )

    def _make_device_messages(self) -> None:
        scheme, now_s = self.scheme, self.scheme.now_s
        an_id = RequestId(scheme.new_id())
        claim = messages.Claim(request=self.request.envelope, consent=self.sealed["intent"][0].envelope)
        part = messages.HoldCapture(request_id=an_id, amount_minor=100, currency=Currency.EUR, made_at_s=now_s)
        made: dict[str, messages.Message] = {
            "batch": messages.CaptureBatch(made_at_s=now_s, claims=(claim, claim)),
            "refund": messages.Refund(
                refund_id=an_id,
                request_id=self.request.message.request_id,
                amount_minor=100,
                currency=Currency.EUR,
                reason="cold",
                made_at_s=now_s,
            ),
            "token request": messages.TokenRequest(
                issue_id=an_id,
                made_at_s=now_s,
                total_max_minor=1,
                token_key=scheme.device.public_key,
                closing=scheme.closing(scheme.token(), spent_minor=5).envelope,
            ),
            "token closing": messages.TokenClosing(token_id=TokenId(an_id), spent_minor=5),
            "hold capture": part,
            "certificate request": messages.CertificateRequest(made_at_s=now_s),
            "read": messages.ReadRequest(path="/v1/balance", made_at_s=now_s),
            "close": messages.CloseRequest(request_id=an_id, made_at_s=now_s),
        }
        enrolment = messages.Enrolment(activation_code="AB-12", public_key=scheme.device.public_key, made_at_s=now_s)
        self.sealed |= {kind: [seal(message, scheme.terminal)] for kind, message in made.items()}
        self.sealed["enrolment"] = [seal(enrolment, scheme.device)]

    def _proofs(self) -> set[bytes]:
        token, bundle = self.scheme.token(), self.trust.bundle.envelope
        one, other = (
            self.scheme.intent(token=token.envelope, request_digest=Digest(bytes([one]) * 32), counter=5).envelope
            for one in (1, 2)
        )
        closing = self.scheme.closing(token, spent_minor=5).envelope
        return {make_fraud_proof(one, second, bundle=bundle) for second in (other, closing)}

    def _acceptors(self) -> dict[str, Callable[[bytes], object]]:
        store, now_s, scheme = self.trust, self.scheme.now_s, self.scheme
        terminal_key, device_key = scheme.terminal.public_key, scheme.device.public_key
        accept: dict[str, Callable[[bytes], object]] = {
            "certificate": lambda b: trust.verify_certificate(b, store, at_s=now_s),
            "request": self.accept_request,
            "token": lambda b: trust.verify_token(b, store, at_s=now_s),
            "intent": self.accept_intent,
            "code": self.accept_code,
            "receipt": self.accept_receipt,
            "terminal receipt": lambda b: trust.verify_receipt(b, store, terminal_key=terminal_key),
            "closing receipt": lambda b: rules.check_closing_receipt(
                trust.verify_receipt(b, store).message, request=self.request.message, terminal_id=TERMINAL_ID
            ),
            "refund receipt": lambda b: trust.verify_refund_receipt(b, store),
            "batch receipt": lambda b: trust.verify_batch_receipt(b, store),
            "denylist": lambda b: trust.take_denylist(b, self.listed),
            "static code": lambda b: trust.verify_static_code(b, store, at_s=now_s),
            "bundle": lambda b: trust.verify_bundle(b, root_key=scheme.root.public_key, newest=store),
            "enrolment": lambda b: _same_key(trust.verify_enrolment(b), device_key),
            "proof": lambda b: verify_fraud_proof(b, root_key=scheme.root.public_key),
        }
        for kind, expected in FROM_DEVICES.items():
            accept[kind] = lambda b, expected=expected: trust.verify_from_device(b, expected, device_key=terminal_key)  # type: ignore[misc]
        return accept

    def accept_request(self, envelope: bytes) -> None:
        """As a wallet does."""
        verified = trust.verify_request(envelope, self.trust, at_s=self.scheme.now_s)
        rules.check_request_fresh(verified.request.message, at_s=self.scheme.now_s)

    def accept_intent(self, envelope: bytes) -> None:
        """As a terminal does offline."""
        verified = trust.verify_intent(envelope, self.trust, at_s=self.scheme.now_s)
        intent, token = verified.intent.message, verified.token.message
        rules.check_intent_answers(intent, token, request=self.request.message, request_digest=self.request.digest)
        rules.check_token_allows(intent, token)

    def accept_code(self, envelope: bytes) -> None:
        """As a server does."""
        verified = trust.verify_code(envelope, self.trust, at_s=self.scheme.now_s)
        code, token = verified.code.message, verified.token.message
        rules.check_code_fresh(code, at_s=self.scheme.now_s)
        rules.check_code_covers(code, token, amount_minor=5_000, currency=Currency.EUR)

    def accept_receipt(self, envelope: bytes) -> None:
        """As a terminal without network does."""
        sealed = trust.verify_receipt(envelope, self.trust)
        rules.check_receipt_answers(sealed.message, request=self.request.message, terminal_id=TERMINAL_ID)

    def any_bytes(self, rng: Random) -> bytes:
        """Any valid message of any kind."""
        kind = rng.choice(sorted(self.valid))
        return rng.choice(sorted(self.valid[kind]))


def _same_key(sealed: Sealed[messages.Enrolment], device_key: bytes) -> None:
    """An enrolment by another key is another's enrolment: its activation code would be spent."""
    if sealed.message.public_key != device_key:
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "another device", param="public_key")


# --- what a thief without keys can do to bytes ---


def flip_bits(world: World, rng: Random, kind: str) -> bytes:
    """One to three bits."""
    spoilt = bytearray(_original(world, rng, kind))
    for _ in range(rng.randint(1, 3)):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def insert_bytes(world: World, rng: Random, kind: str) -> bytes:
    """One to four, anywhere, also at both ends."""
    original = _original(world, rng, kind)
    place = rng.randint(0, len(original))
    return original[:place] + rng.randbytes(rng.randint(1, 4)) + original[place:]


def delete_bytes(world: World, rng: Random, kind: str) -> bytes:
    """A slice, up to all of it."""
    original = _original(world, rng, kind)
    start = rng.randrange(len(original))
    return original[:start] + original[start + rng.randint(1, 1 + rng.randrange(len(original))) :]


def splice(world: World, rng: Random, kind: str) -> bytes:
    """The beginning of one message, the end of another."""
    original, other = _original(world, rng, kind), world.any_bytes(rng)
    return original[: rng.randrange(len(original))] + other[rng.randrange(len(other)) :]


def other_kind(world: World, rng: Random, kind: str) -> bytes | None:
    """A whole valid message where one of another kind is due."""
    other = world.any_bytes(rng)
    return None if other in world.valid[kind] else other


def swap_part(world: World, rng: Random, kind: str) -> bytes | None:
    """Protected header, embedded envelope, payload or signature of another valid message."""
    parts, donor = cbor2.loads(_original(world, rng, kind)), cbor2.loads(world.any_bytes(rng))
    if type(parts) is not list or type(donor) is not list:
        return None
    place = rng.randrange(4)
    parts[place] = donor[place]
    return cbor2.dumps(parts, canonical=True)


def swap_field(world: World, rng: Random, kind: str) -> bytes | None:
    """One value of the payload replaced by another message's value, or by chance, or left out, or added."""
    parts = cbor2.loads(_original(world, rng, kind))
    payload = parts if type(parts) is dict else cbor2.loads(parts[2])
    key = rng.choice([*payload, rng.randrange(40)])
    ways: tuple[Callable[[], Any], ...] = (
        lambda: rng.randrange(2**32),
        lambda: payload[rng.choice(list(payload))],
        lambda: rng.randbytes(rng.choice((8, 12, 32, 33))),
        lambda: payload.get(key, 0) + 1 if type(payload.get(key, 0)) is int else b"",
    )
    if key in payload and rng.random() < 0.2:
        del payload[key]
    else:
        payload[key] = rng.choice(ways)()
    if type(parts) is dict:
        return cbor2.dumps(payload, canonical=True)
    parts[2] = cbor2.dumps(payload, canonical=True)
    return cbor2.dumps(parts, canonical=True)


def second_encoding(world: World, rng: Random, kind: str) -> bytes | None:
    """The same content in other bytes: a longer head, a tag, a sequence turned round, indefinite length."""
    original = _original(world, rng, kind)
    parts = cbor2.loads(original)
    if type(parts) is dict:
        return cbor2.dumps(dict(reversed(parts.items())))
    if rng.random() < 0.5:
        return rng.choice((b"\x98\x04" + original[1:], b"\x9f" + original[1:] + b"\xff", b"\xd2" + original))
    payload = cbor2.loads(parts[2])
    parts[2] = cbor2.dumps(dict(reversed(payload.items())))
    return cbor2.dumps(parts)


def high_s_twin(world: World, rng: Random, kind: str) -> bytes | None:
    """The other s, or an r or s outside its range."""
    parts = cbor2.loads(_original(world, rng, kind))
    if type(parts) is not list:
        return None
    r, s = int.from_bytes(parts[3][:32], "big"), int.from_bytes(parts[3][32:], "big")
    r, s = rng.choice(((r, P256_ORDER - s), (0, s), (r, 0), (P256_ORDER - r, s), (r, P256_ORDER), (s, r)))
    parts[3] = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return cbor2.dumps(parts, canonical=True)


# --- what a thief with another's keys can do ---


def signed_by_another(world: World, rng: Random, kind: str) -> bytes | None:
    """The same message under the right shape, signed by a key of another role or of nobody."""
    if kind == "proof":
        return None
    sealed = rng.choice(world.sealed[kind])
    signer = rng.choice(world.signers)
    forged = seal(sealed.message, signer, embedded=sealed.embedded).envelope
    of_the_operator = kind == "terminal receipt" and signer is world.scheme.receipt_signer
    return None if of_the_operator else forged


def under_another_chain(world: World, rng: Random, kind: str) -> bytes | None:
    """A thief's own certificate or token, made with a key that is no operator's, embedded in a message of his."""
    if kind not in {"request", "intent", "code"}:
        return None
    sealed, thief = rng.choice(world.sealed[kind]), world.signers[-1]
    certificate, token = world.sealed["certificate"][0].message, world.sealed["token"][0].message
    chain = (
        replace(certificate, terminal_key=thief.public_key)
        if kind == "request"
        else replace(token, device_key=thief.public_key)
    )
    embedded = seal(chain, rng.choice((thief, world.scheme.root, world.scheme.receipt_signer))).envelope
    return seal(sealed.message, thief, embedded=embedded).envelope


def out_of_time(world: World, rng: Random, kind: str) -> bytes | None:
    """Signed by the right keys, but stale or from the future, in itself or in its chain."""
    scheme = world.scheme
    away_s = rng.choice((-1, 1)) * rng.randint(90 * 3600, 500 * 86_400)
    elsewhere = replace_time(world, away_s)
    if kind in {"receipt", "refund receipt", "closing receipt", "denylist"}:
        field, signer = ("made_at_s", scheme.denylist_signer) if kind == "denylist" else ("at_s", scheme.receipt_signer)
        beyond_s = scheme.now_s + rng.choice((-86_400 - 301, 365 * 86_400))
        return seal(replace(world.sealed[kind][0].message, **{field: beyond_s}), signer).envelope
    if kind not in {"certificate", "token", "request", "intent", "code"}:
        return None
    sealed = rng.choice(world.sealed[kind])
    match kind:
        case "certificate":
            return seal(elsewhere["certificate"], scheme.terminal_ca).envelope
        case "token":
            return seal(elsewhere["token"], scheme.token_issuer).envelope
        case "request" if rng.random() < 0.5:
            stale = replace(sealed.message, issued_at_s=scheme.now_s + rng.choice((-420, 301, away_s)))
            return seal(stale, scheme.terminal, embedded=sealed.embedded).envelope
        case "request":
            chain = seal(elsewhere["certificate"], scheme.terminal_ca).envelope
            return seal(sealed.message, scheme.terminal, embedded=chain).envelope
        case "code" if rng.random() < 0.5:
            stale = replace(sealed.message, issued_at_s=scheme.now_s + rng.choice((-360, 301, away_s)))
            return seal(stale, scheme.device, embedded=sealed.embedded).envelope
    chain = seal(elsewhere["token"], scheme.token_issuer).envelope
    return seal(sealed.message, scheme.device, embedded=chain).envelope


def replace_time(world: World, away_s: int) -> dict[str, Any]:
    """Certificate and token of another time."""
    certificate, token = world.sealed["certificate"][0].message, world.sealed["token"][0].message
    return {
        "certificate": replace(certificate, not_before_s=certificate.not_before_s + away_s),
        "token": replace(token, not_before_s=token.not_before_s + away_s),
    }


def other_bundle(world: World, rng: Random, kind: str) -> bytes | None:
    """A bundle of an operator, or of the root with a version that has passed or other content."""
    if kind != "bundle":
        return None
    bundle, scheme = world.trust.bundle.message, world.scheme
    forged = (
        seal(replace(bundle, version=2), rng.choice(world.signers[1:])),
        seal(replace(bundle, made_at_s=rng.randrange(2**32)), scheme.root),
        seal(replace(bundle, keys=bundle.keys[: rng.randint(1, 2)]), scheme.root),
    )
    return rng.choice(forged).envelope


def other_list(world: World, rng: Random, kind: str) -> bytes | None:
    """A denylist that falls back, says other things under a number that was seen, or stands on one that was not."""
    if kind != "denylist":
        return None
    made = world.scheme.denylist
    one = TerminalId(rng.randrange(1, 77))
    return rng.choice((made(), made(number=2, terminals=[one]), made(number=5, base=rng.choice((1, 3))))).envelope


def _original(world: World, rng: Random, kind: str) -> bytes:
    return rng.choice(sorted(world.valid[kind]))


Forge = Callable[[World, Random, str], bytes | None]
FORGERIES: Final[tuple[Forge, ...]] = (
    flip_bits,
    insert_bytes,
    delete_bytes,
    splice,
    other_kind,
    swap_part,
    swap_field,
    second_encoding,
    high_s_twin,
    signed_by_another,
    under_another_chain,
    out_of_time,
    other_bundle,
    other_list,
)
