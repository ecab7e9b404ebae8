"""How the vectors are read: every check of the README, made from what stands in the files and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.vectors.tc1_json import CLASS_OF_TYPE
from wallet_sdk.protocol import qr, rules, trust
from wallet_sdk.protocol.envelope import Sealed, open_unverified
from wallet_sdk.protocol.evidence import verify_fraud_proof
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.messages import MessageType, PaymentRequest, Receipt

FOLDER: Final = Path(__file__).parent / "tc1"
T: Final = MessageType


def read_file(name: str) -> Any:
    """One of the published files."""
    return json.loads((FOLDER / name).read_text())


class Reader:
    """A program that pins the root key of the scene and knows its bundle, request and time."""

    def __init__(self) -> None:
        """Take everything from keys.json and scene.json."""
        scene = read_file("scene.json")
        keys = {key["name"]: PublicKeyBytes(bytes.fromhex(key["public_key"])) for key in read_file("keys.json")["keys"]}
        self.now_s: int = scene["now_s"]
        self.root_key, self.terminal_key, self.device_key = keys["root"], keys["terminal"], keys["device"]
        self.wallet_key = keys["wallet"]
        self.trust = trust.verify_bundle(bytes.fromhex(scene["bundle"]), root_key=self.root_key)
        self.denylist = bytes.fromhex(scene["denylist"])
        self.request: Sealed[PaymentRequest] = open_unverified(bytes.fromhex(scene["request"]), PaymentRequest)
        self.terminal_id = scene["terminal_id"]

    def read(self, check: str, content: str | bytes, kind: MessageType) -> None:
        """Make the check; raise what the protocol raises."""
        if isinstance(content, str):
            content, check = qr.from_text(content), "open"
        match check:
            case "open":
                open_unverified(content, CLASS_OF_TYPE[kind.name])
            case "verify":
                self.verify(content, kind)
            case "accept":
                self.accept(content, kind)
            case "verify after the denylist":
                self.trust = trust.take_denylist(self.denylist, self.trust)
                self.verify(content, kind)
            case _:
                raise AssertionError(check)

    def verify(self, content: bytes, kind: MessageType) -> Any:
        """Who signed it, by the chain of the pinned root; or by a key that is known from the enrolment."""
        store, now_s = self.trust, self.now_s
        by_chain: dict[MessageType, Callable[[], Any]] = {
            T.TERMINAL_CERTIFICATE: lambda: trust.verify_certificate(content, store, at_s=now_s),
            T.PAYMENT_REQUEST: lambda: trust.verify_request(content, store, at_s=now_s),
            T.PAYMENT_TOKEN: lambda: trust.verify_token(content, store, at_s=now_s),
            T.PAYMENT_INTENT: lambda: trust.verify_intent(content, store, at_s=now_s),
            T.PAYMENT_CODE: lambda: trust.verify_code(content, store, at_s=now_s),
            T.STATIC_CODE: lambda: trust.verify_static_code(content, store, at_s=now_s),
            T.RECEIPT: lambda: self._verify_receipt(content),
            T.BATCH_RECEIPT: lambda: trust.verify_batch_receipt(content, store),
            T.TRUST_BUNDLE: lambda: trust.verify_bundle(content, root_key=self.root_key, newest=store),
            T.DENYLIST: lambda: trust.take_denylist(content, store),
            T.FRAUD_PROOF: lambda: verify_fraud_proof(content, root_key=self.root_key),
            T.ENROLMENT: lambda: trust.verify_enrolment(content),
        }
        if kind in by_chain:
            return by_chain[kind]()
        expected: Any = CLASS_OF_TYPE[kind.name]
        of_wallet = {
            T.TOKEN_REQUEST: self.wallet_key,
            T.READ_REQUEST: self.wallet_key,
            T.TOKEN_CLOSING: self.device_key,
        }
        return trust.verify_from_device(content, expected, device_key=of_wallet.get(kind, self.terminal_key))

    def _verify_receipt(self, content: bytes) -> Any:
        """A receipt of a refund says nothing of a payment, and is read by a function of its own."""
        receipt = open_unverified(content, Receipt).message
        if receipt.refund_id and not receipt.consent_digest:
            return trust.verify_refund_receipt(content, self.trust)
        return trust.verify_receipt(content, self.trust, terminal_key=self.terminal_key)

    def accept(self, content: bytes, kind: MessageType) -> None:
        """Verify, and then judge: the wallet its request, the terminal an answer to the scene's request."""
        verified, request = self.verify(content, kind), self.request
        if kind is T.PAYMENT_REQUEST:
            rules.check_request_fresh(verified.request.message, at_s=self.now_s)
        elif kind is T.PAYMENT_INTENT:
            intent, token = verified.intent.message, verified.token.message
            rules.check_intent_answers(intent, token, request=request.message, request_digest=request.digest)
            rules.check_token_allows(intent, token)
        elif kind is T.PAYMENT_CODE:
            code, token, asked = verified.code.message, verified.token.message, request.message
            rules.check_code_fresh(code, at_s=self.now_s)
            rules.check_code_covers(code, token, amount_minor=asked.amount_minor, currency=asked.currency)
        else:
            rules.check_receipt_answers(verified.message, request=request.message, terminal_id=self.terminal_id)
