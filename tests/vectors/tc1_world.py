"""The keys, the scene and every valid message of the published vectors, from one seed."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import cbor2

from wallet_sdk.protocol import messages
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, seal
from wallet_sdk.protocol.evidence import make_fraud_proof
from wallet_sdk.protocol.ids import Digest, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE, AuthorizationMode, Grade, Liability, MessageType
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme, SeededRandom

#: Everything in tests/vectors/tc1 follows from this number; it stands in every file there.
SEED: Final = 20_261_123
WITH_KEY_ID: Final = bytes.fromhex("a201280448")
WITHOUT_KEY_ID: Final = bytes.fromhex("a10128")


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """A valid message: what it is, and who signed it."""

    what: str
    sealed: Sealed[Any]
    signer: str


class VectorWorld:
    """One root, its operators, a terminal and a wallet; what they say (``valid``), and a thief's key."""

    def __init__(self) -> None:
        """Make everything from SEED."""
        self.scheme = scheme = Scheme(seed=SEED)
        # The same draws as Scheme's own, so that the secrets can be published beside the keys.
        names = ("root", "terminal_ca", "token_issuer", "receipt_signer", "terminal", "device")
        drawn = SeededRandom(SEED)
        self.secrets = {name: drawn.random_bytes(32) for name in names}
        later = SeededRandom(-1 - SEED)
        self.secrets |= {name: later.random_bytes(32) for name in ("denylist_signer", "wallet")}
        self.secrets["thief"] = hashlib.sha256(b"thief").digest()
        self.signers = {name: SoftwareSigner(secret) for name, secret in self.secrets.items()}
        for name in (*names, "denylist_signer", "wallet"):
            assert self.signers[name].public_key == getattr(scheme, name).public_key, (
                "the published secret is this key's"
            )
        self.bundle = scheme.bundle(version=3)
        self.denylist = scheme.denylist(number=8, tokens=[TokenId(scheme.new_id())], terminals=[TerminalId(2002)])
        self.certificate = self.sign(
            replace(scheme.certificate().message, currencies=(Currency.EUR, Currency.JPY)), "terminal_ca"
        )
        self.request = self.sign(
            replace(scheme.request().message, tip_max_minor=150), "terminal", embedded=self.certificate
        )
        self.token = scheme.token()
        self.intent = scheme.intent(token=self.token.envelope, request_digest=self.request.digest)
        self.code = scheme.code(token=self.token.envelope, counter=2)
        self.valid = [*self._shown(), *self._receipts(), *self._operators(), *self._of_devices()]

    def sign(self, message: messages.Message, signer: str, *, embedded: Sealed[Any] | None = None) -> Sealed[Any]:
        """Seal as the one who is named."""
        return seal(message, self.signers[signer], embedded=None if embedded is None else embedded.envelope)

    def _shown(self) -> list[Valid]:
        scheme, small = self.scheme, self.scheme.certificate(name="A", city="")
        request = replace(scheme.request(amount_minor=1, reference="").message, lifetime_s=1)
        deposit = replace(request, amount_minor=20_000, lifetime_s=120, hold_h=48)
        basic = replace(
            self.token.message, grade=Grade.BASIC, payment_max_minor=0, total_max_minor=0, count_max=1, lifetime_h=2
        )
        online = scheme.intent(
            token=self.token.envelope,
            request_digest=self.request.digest,
            counter=3,
            amount_minor=1_400,
            mode=AuthorizationMode.ONLINE,
        )
        return [
            Valid(what="a certificate for two currencies", sealed=self.certificate, signer="terminal_ca"),
            Valid(what="a certificate without a city", sealed=small, signer="terminal_ca"),
            Valid(what="a request with reference and tip", sealed=self.request, signer="terminal"),
            Valid(
                what="a request of one cent for one second, without reference and tip",
                sealed=self.sign(request, "terminal", embedded=small),
                signer="terminal",
            ),
            Valid(what="a request for a deposit", sealed=self.sign(deposit, "terminal", embedded=small),
                  signer="terminal"),
            Valid(what="a token", sealed=self.token, signer="token_issuer"),
            Valid(what="a token that allows nothing offline", sealed=self.sign(basic, "token_issuer"),
                  signer="token_issuer"),
            Valid(what="an intent for offline use", sealed=self.intent, signer="device"),
            Valid(what="an intent with a tip, for the issuer to authorize", sealed=online, signer="device"),
            Valid(what="a customer-presented code", sealed=self.code, signer="device"),
            Valid(what="a printed code", sealed=scheme.static_code(name="八百屋", city="京都"), signer="terminal_ca"),
        ]  # fmt: skip

    def receipt(self, state: State = State.CAPTURED, **changed: Any) -> messages.Receipt:
        """What the operator says of the request."""
        paid = messages.Receipt(
            terminal_id=TerminalId(2001),
            request_id=self.request.message.request_id,
            consent_digest=self.intent.digest,
            amount_minor=1250,
            currency=Currency.EUR,
            state=state,
            at_s=self.scheme.now_s,
        )
        return replace(paid, **changed)

    def batch_receipt(self) -> messages.BatchReceipt:
        """What the operator says of two offline intents at once."""
        return messages.BatchReceipt(
            terminal_id=TerminalId(2001), at_s=self.scheme.now_s, paid=(self.intent.digest, Digest(bytes(range(32))))
        )

    def _receipts(self) -> list[Valid]:
        refund_id = RequestId(self.scheme.new_id())
        nobody = Digest(b"")
        refund = self.receipt(consent_digest=nobody, refund_id=refund_id, amount_minor=250)
        rows: tuple[tuple[str, str, messages.Message], ...] = (
            ("a receipt of a captured payment", "receipt_signer", self.receipt(liability=Liability.MERCHANT)),
            ("a terminal's receipt of a payment accepted offline", "terminal", self.receipt(State.AUTHORIZED)),
            ("a receipt of a request closed unpaid", "receipt_signer",
             self.receipt(State.CANCELED, consent_digest=nobody)),
            ("a receipt of a refund", "receipt_signer", refund),
            ("a receipt of a batch", "receipt_signer", self.batch_receipt()),
            ("a receipt of a large batch", "receipt_signer",
             replace(self.batch_receipt(), paid=tuple(Digest(bytes([number] * 32)) for number in range(40)))),
        )  # fmt: skip
        return [Valid(what=what, signer=signer, sealed=self.sign(said, signer)) for what, signer, said in rows]

    def _operators(self) -> list[Valid]:
        scheme = self.scheme
        delta = scheme.denylist(number=9, base=8, keys=[self.signers["thief"].public_key, scheme.terminal.public_key])
        return [
            Valid(what="a trust bundle", sealed=self.bundle, signer="root"),
            Valid(what="a full denylist", sealed=self.denylist, signer="denylist_signer"),
            Valid(what="a delta of keys", sealed=delta, signer="denylist_signer"),
            Valid(what="an empty denylist", sealed=scheme.denylist(number=8 + 2), signer="denylist_signer"),
        ]

    def _of_devices(self) -> list[Valid]:
        scheme, now_s = self.scheme, self.scheme.now_s
        an_id, other_id = RequestId(scheme.new_id()), RequestId(scheme.new_id())
        claims = tuple(
            messages.Claim(request=self.request.envelope, consent=consent.envelope)
            for consent in (self.intent, self.code)
        )
        refund = messages.Refund(
            refund_id=an_id,
            request_id=self.request.message.request_id,
            amount_minor=250,
            currency=Currency.EUR,
            reason="cold soup",
            made_at_s=now_s,
        )
        first = messages.TokenRequest(
            issue_id=an_id, made_at_s=now_s, total_max_minor=20_000, token_key=scheme.device.public_key
        )
        closing = scheme.closing(self.token, spent_minor=1_250)
        next_one = replace(first, issue_id=other_id, closing=closing.envelope)
        part = messages.HoldCapture(request_id=an_id, amount_minor=800, currency=Currency.EUR, made_at_s=now_s)
        enrolment = messages.Enrolment(
            activation_code="ABCD-1234", public_key=scheme.wallet.public_key, made_at_s=now_s
        )
        rows: tuple[tuple[str, str, messages.Message], ...] = (
            ("a capture of an intent and of a code", "terminal", messages.CaptureBatch(made_at_s=now_s, claims=claims)),
            (
                "a capture to be answered by one receipt",
                "terminal",
                messages.CaptureBatch(made_at_s=now_s, claims=claims[:1], receipts=messages.Receipts.TOGETHER),
            ),
            ("a refund with a reason", "terminal", refund),
            ("a refund without a reason", "terminal", replace(refund, reason="")),
            ("an enrolment", "wallet", enrolment),
            ("a request for the first token", "wallet", first),
            ("a request for the next token", "wallet", next_one),
            ("the closing of a token", "device", closing.message),
            ("a part of a deposit", "terminal", part),
            ("a deposit let go", "terminal", replace(part, amount_minor=0)),
            ("a request for a certificate", "terminal", messages.CertificateRequest(made_at_s=now_s)),
            ("a request to read", "wallet", messages.ReadRequest(path="/v1/balance", made_at_s=now_s)),
            ("a request to close", "terminal", messages.CloseRequest(request_id=an_id, made_at_s=now_s)),
        )
        return [Valid(what=what, signer=signer, sealed=self.sign(said, signer)) for what, signer, said in rows]

    def proof(self, *, counter: int = 1, cumulative_minor: int | None = None) -> bytes:
        """A double spend, or (with a later counter and a sum that grew) two honest intents."""
        other = self.scheme.intent(
            token=self.token.envelope,
            request_digest=Digest(bytes(32)),
            counter=counter,
            cumulative_minor=1250 * counter if cumulative_minor is None else cumulative_minor,
        )
        return make_fraud_proof(self.intent.envelope, other.envelope, bundle=self.bundle.envelope)

    def raw(self, payload: bytes, kind: MessageType, *, embedded: bytes | None = None, signer: str = "") -> bytes:
        """A true signature over a payload that our own encoder would not write."""
        by = self.signers[signer or ("terminal" if embedded is None else "device")]
        protected = WITHOUT_KEY_ID
        if embedded is None:
            protected = WITH_KEY_ID + hashlib.sha256(by.public_key).digest()[:8]
        signature = low(by.sign(Digest(hashlib.sha256(sig_structure(kind, protected, payload, embedded)).digest())))
        return cbor2.dumps([protected, {} if embedded is None else {33: embedded}, payload, signature])


def external_aad(kind: MessageType, embedded: bytes | None) -> bytes:
    """What is signed and not sent, by the specification: the letters, the type, the hash of what is embedded."""
    return b"TC1" + bytes([kind]) + (b"" if embedded is None else hashlib.sha256(embedded).digest())


def sig_structure(kind: MessageType, protected: bytes, payload: bytes, embedded: bytes | None) -> bytes:
    """What is signed. Source: RFC 9052 section 4.4."""
    return cbor2.dumps(["Signature1", protected, external_aad(kind, embedded), payload])


def low(signature: bytes) -> bytes:
    """The twin with the lower s."""
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + min(s, P256_ORDER - s).to_bytes(32, "big")


def kind_of(message: messages.Message) -> MessageType:
    """The number of a message's class."""
    return TYPE_OF_MESSAGE[type(message)]
