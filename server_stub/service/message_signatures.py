"""Reads signed as RFC 9421 HTTP message signatures, by the device keys that are enrolled.

The library builds the signature base and checks the signature; whose key it is, which parts must be covered and how old
it may be is decided here. Its own clock is not used. Decision 15 says why beside the signed message of the protocol.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from server_stub.service.devices import device_of_key
from server_stub.service.operator import Operator
from server_stub.service.verification import check_made_recently
from server_stub.store.records import Terminal, Wallet
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import KeyId, PublicKeyBytes

#: Signed by the device with its purpose, so that a signature for something else never opens a read.
TAG: Final = "tillcode-read"
#: What a signature must cover. Scheme and host are left out: a proxy in front of the server changes both.
COVERED: Final = ("@method", "@path", "@query")
_LABELS_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMessage:
    """A request as the library wants to see it."""

    method: str
    url: str
    headers: Mapping[str, str]


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether a request says that it is signed this way."""
    return "signature-input" in headers


def device_that_signed(operator: Operator, message: HttpMessage) -> Terminal | Wallet:
    """The enrolled device whose signature a read carries.

    Raises:
        RuleViolationError: BAD_SIGNATURE, UNKNOWN_SIGNER, EXPIRED, NOT_YET_VALID; NOT_AUTHENTICATED for fields that
            are longer than any of ours.
    """
    from http_message_signatures import HTTPMessageSignaturesException, InvalidSignature
    from http_message_signatures.algorithms import ECDSA_P256_SHA256

    if sum(len(message.headers.get(name, "")) for name in ("signature", "signature-input")) > _LABELS_MAX:
        raise RuleViolationError(ErrorCode.NOT_AUTHENTICATED, "the signature fields are too long", param="signature")
    keys = _Keys(operator)
    verifier = _verifier()(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys)
    try:
        (result,) = verifier.verify(message, max_age=None, expect_tag=TAG, require_components=COVERED)
    except (InvalidSignature, HTTPMessageSignaturesException, ValueError) as error:
        if keys.refusal is not None:
            raise keys.refusal from error
        raise RuleViolationError(ErrorCode.BAD_SIGNATURE, "not a signature of this read", param="signature") from error
    assert keys.device is not None, "a verified signature has the key it was verified with"
    check_made_recently(int(result.parameters["created"]), at_s=operator.now_s())
    return keys.device


class _Keys:
    """Finds the key that a signature names by the hex of its key id; remembers whose it is."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self.device: Terminal | Wallet | None = None
        self.refusal: RuleViolationError | None = None

    def resolve_public_key(self, key_id: str) -> Any:
        """What the library asks for."""
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            named = KeyId(bytes.fromhex(key_id))
            if len(named) != limits.KEY_ID_BYTES:
                return None
            self.device = device_of_key(self._operator, named)
        except ValueError:
            return None
        except RuleViolationError as error:
            self.refusal = error
            return None
        key: PublicKeyBytes = self.device.public_key if isinstance(self.device, Terminal) else self.device.device_key
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)


@cache
def _verifier() -> Any:
    """The library's verifier without its clock: ``created`` must be there, and is judged by ours."""
    from http_message_signatures import HTTPMessageVerifier, InvalidSignature

    class Verifier(HTTPMessageVerifier):
        def validate_created_and_expires(self, sig_input: Any, max_age: dt.timedelta | None = None) -> None:
            if type(sig_input.params.get("created")) is not int or "expires" in sig_input.params or max_age is not None:
                raise InvalidSignature("a time of creation is expected, and no end")

    return Verifier
