"""What a device asks the operator for, and by whose key."""

from dataclasses import dataclass

from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, RequestId, TokenId
from wallet_sdk.protocol.messages.kinds import NO_ENVELOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device shows that it holds a key and an activation code; signed by that very key."""

    activation_code: str
    public_key: PublicKeyBytes
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A wallet asks for a fresh token over a key of its own, and hands in the closing of its previous one.

    ``issue_id`` makes it idempotent: the same request gets the same token, for ever. ``closing`` is a TokenClosing,
    empty for the first token.
    """

    issue_id: RequestId
    made_at_s: int
    total_max_minor: int
    token_key: PublicKeyBytes
    closing: Envelope = NO_ENVELOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClosing:
    """The word of a token's own key that all it ever signed for offline use comes to ``spent_minor``.

    From then on nothing is spent offline under it. The same word for ever: with another sum it would be a second one.
    """

    token_id: TokenId
    spent_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """A terminal asks for a fresh certificate over the key that signs this."""

    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Permission to read one path, signed by the device that may: it can be replayed, but only reads."""

    path: str
    made_at_s: int
