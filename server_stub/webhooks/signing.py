"""The three headers of a signed webhook. Source: Standard Webhooks specification 1.0, "Signature scheme"."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Final, NewType

from wallet_sdk.protocol.errors import ErrorCode, MisuseError

WebhookSecret = NewType("WebhookSecret", str)

_PREFIX: Final = "whsec_"
#: The specification wants 24 to 64 bytes; ours have 32, as many as the digest.
SECRET_BYTES: Final = 32
_SECRET_BYTES_MIN: Final = 24
_SECRET_BYTES_MAX: Final = 64


def new_secret(random_bytes: bytes) -> WebhookSecret:
    """A secret as it is shown to its owner, from SECRET_BYTES random bytes."""
    assert len(random_bytes) == SECRET_BYTES, "a secret has its full length"
    return WebhookSecret(_PREFIX + base64.b64encode(random_bytes).decode())


def headers_of(secrets: Sequence[WebhookSecret], *, message_id: str, at_s: int, body: bytes) -> Mapping[str, str]:
    """Headers of one try. While secrets are rotated there are several, and the receiver needs to know only one.

    Raises:
        MisuseError: BAD_ARGUMENT when a secret is none.
    """
    assert secrets, "an endpoint has a secret"
    signed = f"{message_id}.{at_s}.".encode() + body
    signatures = [hmac.digest(_key_of(secret), signed, "sha256") for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }


def _key_of(secret: WebhookSecret) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a webhook secret", param="secret") from error
    if not secret.startswith(_PREFIX) or not _SECRET_BYTES_MIN <= len(key) <= _SECRET_BYTES_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a webhook secret", param="secret")
    return key
