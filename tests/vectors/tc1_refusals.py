"""Well-formed messages that nobody may believe: a wrong signer, a wrong time, a wrong chain, a wrong answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import cbor2

from tests.vectors.tc1_negatives import Negative, canonical
from tests.vectors.tc1_world import VectorWorld
from wallet_sdk.protocol import codec
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.evidence import make_fraud_proof
from wallet_sdk.protocol.ids import Digest, RequestId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, FraudProof, MessageType
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

C: Final = ErrorCode
T: Final = MessageType
HOUR_S: Final = 3600
Row = tuple[str, MessageType, bytes, ErrorCode]


def refusals(world: VectorWorld) -> Iterator[Negative]:
    """All of them."""
    for check, rows in (
        ("verify", (*_signers(world), *_grafts(world), *_times(world), *_words(world))),
        ("accept", _rules(world)),
        ("verify after the denylist", _revoked(world)),
    ):
        for what, kind, content, code in rows:
            yield Negative(what=what, check=check, read_as=kind, content=content, code=code)


class Claimed:
    """Signs with one key under the name of another."""

    def __init__(self, world: VectorWorld, *, signs: str, claims: str) -> None:
        self.public_key = world.signers[claims].public_key
        self._signer = world.signers[signs]

    def sign(self, digest: Digest) -> bytes:
        return self._signer.sign(digest)


def _signers(world: VectorWorld) -> list[Row]:
    certificate, token = world.certificate.message, world.token.message
    own = replace(certificate, terminal_key=world.signers["thief"].public_key)
    by_thief = world.sign(world.request.message, "thief", embedded=world.sign(own, "thief"))
    claimed = seal(token, Claimed(world, signs="thief", claims="token_issuer"))
    receipt = world.receipt
    enrolment, token_request, part = (
        next(one.sealed.message for one in world.valid if one.what == what)
        for what in ("an enrolment", "a request for the first token", "a part of a deposit")
    )
    rows: tuple[tuple[str, MessageType, Sealed[Any], ErrorCode], ...] = (
        ("a certificate signed by a key of nobody", T.TERMINAL_CERTIFICATE, world.sign(own, "thief"), C.UNKNOWN_SIGNER),
        ("a certificate signed by its own terminal", T.TERMINAL_CERTIFICATE,
         world.sign(certificate, "terminal"), C.UNKNOWN_SIGNER),
        ("a certificate signed by the root itself", T.TERMINAL_CERTIFICATE,
         world.sign(certificate, "root"), C.UNKNOWN_SIGNER),
        ("a certificate signed by the token issuer", T.TERMINAL_CERTIFICATE,
         world.sign(certificate, "token_issuer"), C.WRONG_ROLE),
        ("a request under a certificate of a thief", T.PAYMENT_REQUEST, by_thief, C.UNKNOWN_SIGNER),
        ("a request signed by another than its certificate says", T.PAYMENT_REQUEST,
         world.sign(world.request.message, "thief", embedded=world.certificate), C.BAD_SIGNATURE),
        ("a token signed by the terminal authority", T.PAYMENT_TOKEN, world.sign(token, "terminal_ca"), C.WRONG_ROLE),
        ("a token of a thief under the issuer's key id", T.PAYMENT_TOKEN, claimed, C.BAD_SIGNATURE),
        ("an intent signed by another device", T.PAYMENT_INTENT,
         world.sign(world.intent.message, "thief", embedded=world.token), C.BAD_SIGNATURE),
        ("a code signed by another device", T.PAYMENT_CODE,
         world.sign(world.code.message, "thief", embedded=world.token), C.BAD_SIGNATURE),
        ("a bundle signed by an operator", T.TRUST_BUNDLE,
         world.sign(world.bundle.message, "token_issuer"), C.UNKNOWN_SIGNER),
        ("a denylist signed by the receipt key", T.DENYLIST,
         world.sign(world.denylist.message, "receipt_signer"), C.WRONG_ROLE),
        ("a closing signed by the key of the enrolment", T.TOKEN_CLOSING,
         world.sign(world.scheme.closing(world.token, spent_minor=0).message, "wallet"), C.UNKNOWN_SIGNER),
        ("a token request signed by the key of a token", T.TOKEN_REQUEST,
         world.sign(token_request, "device"), C.UNKNOWN_SIGNER),
        ("a part of a deposit taken by the payer", T.HOLD_CAPTURE,
         world.sign(part, "wallet"), C.UNKNOWN_SIGNER),
        ("a receipt signed by the payer", T.RECEIPT, world.sign(receipt(), "device"), C.UNKNOWN_SIGNER),
        ("a terminal's receipt of a captured payment", T.RECEIPT, world.sign(receipt(), "terminal"), C.WRONG_ROLE),
        ("a receipt of a batch signed by its terminal", T.BATCH_RECEIPT,
         world.sign(world.batch_receipt(), "terminal"), C.UNKNOWN_SIGNER),
        ("a receipt of a batch signed by the token issuer", T.BATCH_RECEIPT,
         world.sign(world.batch_receipt(), "token_issuer"), C.WRONG_ROLE),
        ("an enrolment signed by another key than it brings", T.ENROLMENT,
         world.sign(enrolment, "thief"), C.UNKNOWN_SIGNER),
    )  # fmt: skip
    return [(what, kind, sealed.envelope, code) for what, kind, sealed, code in rows]


def _grafts(world: VectorWorld) -> list[Row]:
    """Parts of true messages put together anew."""
    intent, request = cbor2.loads(world.intent.envelope), cbor2.loads(world.request.envelope)
    other_token = world.sign(replace(world.token.message, total_max_minor=2**32 - 1), "token_issuer")
    other_shop = world.sign(replace(world.certificate.message, merchant_name="Other"), "terminal_ca")
    token = cbor2.loads(world.token.envelope)
    richer = codec.encode(other_token.message)
    receipt = next(one for one in world.valid if one.what == "a receipt of a captured payment")
    refund = next(one for one in world.valid if one.what == "a refund with a reason")
    first, second = sorted((world.intent.envelope, world.code.envelope))
    honest = world.proof(counter=2)
    proof = codec.decode(world.proof(), FraudProof)
    turned = replace(proof, first=proof.second, second=proof.first)
    return [
        ("an intent under another token of the same device", T.PAYMENT_INTENT,
         canonical([intent[0], {33: other_token.envelope}, *intent[2:]]), C.BAD_SIGNATURE),
        ("a request under another certificate of the same key", T.PAYMENT_REQUEST,
         canonical([request[0], {33: other_shop.envelope}, *request[2:]]), C.BAD_SIGNATURE),
        ("a token with a higher limit written in", T.PAYMENT_TOKEN,
         canonical([*token[:2], richer, token[3]]), C.BAD_SIGNATURE),
        ("a token with the signature of a receipt", T.PAYMENT_TOKEN,
         canonical([*token[:3], receipt.sealed.signature]), C.BAD_SIGNATURE),
        ("a receipt where a refund is due", T.REFUND, receipt.sealed.envelope, C.WRONG_MESSAGE_TYPE),
        ("a refund where a receipt is due", T.RECEIPT, refund.sealed.envelope, C.WRONG_MESSAGE_TYPE),
        ("a proof of two honest intents", T.FRAUD_PROOF, honest, C.NOT_A_DOUBLE_SPEND),
        ("a proof of an intent and a code, each with its own counter", T.FRAUD_PROOF,
         make_fraud_proof(first, second, bundle=world.bundle.envelope), C.NOT_A_DOUBLE_SPEND),
        ("a proof of one intent, twice", T.FRAUD_PROOF,
         make_fraud_proof(first, first, bundle=world.bundle.envelope), C.NOT_A_DOUBLE_SPEND),
        ("a proof with its halves turned round", T.FRAUD_PROOF, codec.encode(turned), C.NOT_CANONICAL),
        ("a proof under a bundle of a thief", T.FRAUD_PROOF,
         codec.encode(replace(proof, bundle=world.sign(world.bundle.message, "thief").envelope)), C.UNKNOWN_SIGNER),
    ]  # fmt: skip


def _times(world: VectorWorld) -> list[Row]:
    certificate, token, now_s = world.certificate.message, world.token.message, world.scheme.now_s
    code = next(one.sealed.message for one in world.valid if one.what == "a printed code")
    rows: tuple[tuple[str, MessageType, Any, str, ErrorCode], ...] = (
        ("a certificate that ends now", T.TERMINAL_CERTIFICATE,
         replace(certificate, not_before_s=now_s - 24 * HOUR_S), "terminal_ca", C.EXPIRED),
        ("a certificate that begins in 301 seconds", T.TERMINAL_CERTIFICATE,
         replace(certificate, not_before_s=now_s + 301), "terminal_ca", C.NOT_YET_VALID),
        ("a certificate that began before its authority", T.TERMINAL_CERTIFICATE,
         replace(certificate, not_before_s=now_s - 25 * HOUR_S, lifetime_h=48), "terminal_ca", C.EXPIRED),
        ("a token that ends now", T.PAYMENT_TOKEN, replace(token, lifetime_h=1), "token_issuer", C.EXPIRED),
        ("a token that begins in an hour", T.PAYMENT_TOKEN,
         replace(token, not_before_s=now_s + HOUR_S), "token_issuer", C.NOT_YET_VALID),
        ("a printed code that outlives its authority", T.STATIC_CODE,
         replace(code, lifetime_d=366), "terminal_ca", C.EXPIRED),
        ("a receipt of a time before its key", T.RECEIPT,
         world.receipt(at_s=now_s - 86_400 - 301), "receipt_signer", C.NOT_YET_VALID),
        ("a receipt of a time after its key", T.RECEIPT,
         world.receipt(at_s=now_s + 365 * 86_400), "receipt_signer", C.EXPIRED),
        ("a denylist of a time after its key", T.DENYLIST,
         replace(world.denylist.message, made_at_s=now_s + 365 * 86_400), "denylist_signer", C.EXPIRED),
    )  # fmt: skip
    return [(what, kind, world.sign(message, by).envelope, code) for what, kind, message, by, code in rows]


def _words(world: VectorWorld) -> list[Row]:
    """Signed by whom it should be, and still not to be believed."""
    bundle, denylist = world.bundle.message, world.denylist.message
    nobody = Digest(b"")
    pounds = world.sign(replace(world.request.message, currency=Currency.GBP), "terminal", embedded=world.certificate)
    receipts: tuple[tuple[str, Any, ErrorCode], ...] = (
        ("a captured payment without a consent", world.receipt(consent_digest=nobody), C.MISSING_FIELD),
        ("a refund's receipt where one of a payment is due", world.receipt(refund_id=RequestId(bytes(12))),
         C.WRONG_REQUEST),
    )  # fmt: skip
    return [
        ("a request in a currency that its certificate does not name", T.PAYMENT_REQUEST, pounds.envelope,
         C.CURRENCY_MISMATCH),
        ("a bundle of the version before", T.TRUST_BUNDLE, world.sign(replace(bundle, version=2), "root").envelope,
         C.TRUST_ROLLED_BACK),
        ("another bundle of the same version", T.TRUST_BUNDLE,
         world.sign(replace(bundle, made_at_s=bundle.made_at_s + 1), "root").envelope, C.TRUST_ROLLED_BACK),
        ("a delta that stands on itself", T.DENYLIST,
         world.sign(replace(denylist, base=denylist.number), "denylist_signer").envelope, C.FIELD_OUT_OF_RANGE),
        *((what, T.RECEIPT, world.sign(said, "receipt_signer").envelope, code) for what, said, code in receipts),
    ]  # fmt: skip


def _rules(world: VectorWorld) -> list[Row]:
    """What a wallet refuses to pay, and what a terminal that asked for ``request`` refuses to take offline."""
    now_s, intent, token = world.scheme.now_s, world.intent.message, world.token.message
    rows: list[Row] = []

    def answer(what: str, code: ErrorCode, *, under: Any = token, **changed: Any) -> None:
        embedded = world.sign(under, "token_issuer")
        sealed = world.sign(replace(intent, **changed), "device", embedded=embedded)
        rows.append((what, T.PAYMENT_INTENT, sealed.envelope, code))

    answer("an intent for another request", C.WRONG_REQUEST, request_digest=Digest(bytes(32)))
    answer("an intent for one cent less", C.AMOUNT_MISMATCH, amount_minor=1_249)
    answer("an intent with more than the tip allowed", C.AMOUNT_MISMATCH, amount_minor=1_401, cumulative_minor=1_401)
    answer("a sum smaller than its last part", C.BAD_CUMULATIVE, cumulative_minor=1_249)
    answer("a token of another currency", C.CURRENCY_MISMATCH, under=replace(token, currency=Currency.JPY))
    answer("an intent meant for the issuer", C.ONLINE_ONLY, mode=AuthorizationMode.ONLINE)
    answer("above the token's limit of one payment", C.OVER_PAYMENT_LIMIT,
           under=replace(token, payment_max_minor=1_249))  # fmt: skip
    answer("above the token's limit in all", C.OVER_TOKEN_LIMIT, cumulative_minor=20_001)
    answer("above the token's count", C.OVER_COUNT_LIMIT, counter=1_001)
    for what, issued_at_s, code in (
        ("a request from the future", now_s + 301, C.NOT_YET_VALID),
        ("a request of too long ago", now_s - 420, C.EXPIRED),
    ):
        stale = replace(world.request.message, issued_at_s=issued_at_s)
        rows.append((what, T.PAYMENT_REQUEST, world.sign(stale, "terminal", embedded=world.certificate).envelope, code))
    for what, issued_at_s, code in (
        ("a code from the future", now_s + 31, C.NOT_YET_VALID),
        ("a code of too long ago", now_s - 90, C.EXPIRED),
    ):
        old = replace(world.code.message, issued_at_s=issued_at_s)
        rows.append((what, T.PAYMENT_CODE, world.sign(old, "device", embedded=world.token).envelope, code))
    poor = replace(world.code.message, ceiling_minor=1_249)
    rows.append(("a code whose ceiling is below the amount", T.PAYMENT_CODE,
                 world.sign(poor, "device", embedded=world.token).envelope, C.OVER_CEILING))  # fmt: skip
    for what, receipt, code in (
        ("a receipt for less than was asked", world.receipt(amount_minor=1_249), C.AMOUNT_MISMATCH),
        ("another terminal's receipt", world.receipt(terminal_id=TerminalId(2002)), C.WRONG_TERMINAL),
        ("a receipt of another request", world.receipt(request_id=RequestId(bytes(12))), C.WRONG_REQUEST),
        ("a receipt in another currency", world.receipt(currency=Currency.USD), C.CURRENCY_MISMATCH),
        ("a receipt of a declined payment", world.receipt(State.DECLINED), C.BAD_TRANSITION),
    ):
        rows.append((what, T.RECEIPT, world.sign(receipt, "receipt_signer").envelope, code))
    return rows


def _revoked(world: VectorWorld) -> list[Row]:
    """After the scene's denylist, which is the full list of the positives and names a token and a terminal."""
    denied = world.denylist.message
    token = replace(world.token.message, token_id=denied.token_ids[0])
    certificate = replace(world.certificate.message, terminal_id=TerminalId(2002))
    lists = world.scheme.denylist
    return [
        ("a revoked token", T.PAYMENT_TOKEN, world.sign(token, "token_issuer").envelope, C.REVOKED),
        ("an intent under a revoked token", T.PAYMENT_INTENT,
         world.sign(world.intent.message, "device", embedded=world.sign(token, "token_issuer")).envelope, C.REVOKED),
        ("the certificate of a revoked terminal", T.TERMINAL_CERTIFICATE,
         world.sign(certificate, "terminal_ca").envelope, C.REVOKED),
        ("the denylist before", T.DENYLIST, lists(number=7).envelope, C.TRUST_ROLLED_BACK),
        ("another denylist of the same number", T.DENYLIST,
         lists(number=8, terminals=[TerminalId(3)]).envelope, C.TRUST_ROLLED_BACK),
        ("a delta on a list that was not seen", T.DENYLIST,
         lists(number=10, base=9, terminals=[TerminalId(3)]).envelope, C.DENYLIST_GAP),
    ]  # fmt: skip
