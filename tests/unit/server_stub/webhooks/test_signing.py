"""Signed webhooks, judged by the specification's own library."""

from datetime import UTC, datetime
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from server_stub.webhooks.signing import SECRET_BYTES, WebhookSecret, headers_of, new_secret
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.system import SystemClock

BODY = '{"type":"payment.captured","data":{"merchant_name":"Café Mole"}}'.encode()


def now_s() -> int:
    """The library judges the time by the machine's clock."""
    return SystemClock().now_ms() // 1000


def test_the_library_accepts_what_we_sign(rng: Random) -> None:
    """Every header and every byte as the specification has them."""
    secret = new_secret(rng.randbytes(SECRET_BYTES))
    headers = headers_of([secret], message_id="msg_1", at_s=now_s(), body=BODY)
    assert Webhook(secret).verify(BODY, dict(headers))["type"] == "payment.captured"


def test_the_library_signs_the_same_bytes(rng: Random) -> None:
    """The other direction: its signature is ours."""
    secret = new_secret(rng.randbytes(SECRET_BYTES))
    headers = headers_of([secret], message_id="msg_1", at_s=1_795_435_200, body=BODY)
    theirs = Webhook(secret).sign("msg_1", datetime.fromtimestamp(1_795_435_200, tz=UTC), BODY.decode())
    assert headers["webhook-signature"] == theirs


@pytest.mark.parametrize("altered", ["body", "id", "time", "secret"])
def test_the_library_refuses_what_was_altered(rng: Random, altered: str) -> None:
    """The signature covers the id, the time and the body."""
    secret = new_secret(rng.randbytes(SECRET_BYTES))
    headers = dict(headers_of([secret], message_id="msg_1", at_s=now_s(), body=BODY))
    body = BODY.replace(b"Mole", b"Mule") if altered == "body" else BODY
    if altered == "id":
        headers["webhook-id"] = "msg_2"
    if altered == "time":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    judge = Webhook(new_secret(rng.randbytes(SECRET_BYTES)) if altered == "secret" else secret)
    with pytest.raises(WebhookVerificationError):
        judge.verify(body, headers)


def test_while_secrets_rotate_both_verify(rng: Random) -> None:
    """A receiver that has the old one and a receiver that has the new one."""
    old, new = (new_secret(rng.randbytes(SECRET_BYTES)) for _ in range(2))
    headers = dict(headers_of([new, old], message_id="msg_1", at_s=now_s(), body=BODY))
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!", "whsec_" + "QUFB", "QUFB" * 11, "whsec_" + "QUFB" * 30])
def test_what_is_no_secret_is_refused(text: str) -> None:
    """Too short, too long, not base64, or without its prefix."""
    with pytest.raises(MisuseError) as refused:
        headers_of([WebhookSecret(text)], message_id="msg_1", at_s=1, body=b"")
    assert refused.value.code is ErrorCode.BAD_ARGUMENT
