"""Messages as they are stored, opened and verified again: by the operator's keys of every time, and devices' own."""

from functools import lru_cache
from typing import Any, Final, TypeVar

from server_stub.store.reader import Reader
from server_stub.store.tables.parties import TRUST
from wallet_sdk.protocol.envelope import Sealed, key_id_of, open_unverified, verify
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, KeyId, PublicKeyBytes
from wallet_sdk.protocol.messages import OperatorKey, PaymentToken, Role, StaticCode, TerminalCertificate
from wallet_sdk.protocol.trust import verify_bundle

M = TypeVar("M", PaymentToken, TerminalCertificate, StaticCode)

_ROLES: Final[dict[type[Any], Role]] = {
    PaymentToken: Role.TOKEN_ISSUER,
    TerminalCertificate: Role.TERMINAL_CA,
    StaticCode: Role.TERMINAL_CA,
}
#: Some 400 bytes each: whoever audits one ledger again and again, as the tests do, verifies each signature once.
_VERIFIED_MAX: Final = 16_384


class Keys:
    """The operator's keys of every bundle that the ledger keeps, and terminals' of every certificate seen so far."""

    __slots__ = ("_issued", "_operator", "_terminals")

    def __init__(self, reader: Reader, *, root_key: PublicKeyBytes | None) -> None:
        """
        Raises:
            TillcodeError: a bundle that the root has not signed.
        """
        self._operator: dict[tuple[KeyId, Role], OperatorKey] = {}
        self._terminals: dict[KeyId, PublicKeyBytes] = {}
        self._issued: dict[Envelope, Sealed[Any]] = {}
        for row in reader.list_all(TRUST):
            bundle = verify_bundle(row.bundle, root_key=root_key or row.root_key).bundle.message
            if bundle.version != row.version:
                raise RuleViolationError(
                    ErrorCode.TRUST_ROLLED_BACK, f"bundle {row.version} is version {bundle.version}"
                )
            self._operator.update({(key_id_of(key.public_key), key.role): key for key in bundle.keys})

    def issued(self, envelope: Envelope, kind: type[M]) -> Sealed[M]:
        """A token, certificate or printed code that an operator's key has signed while it might.

        Raises:
            TillcodeError: none has.
        """
        known = self._issued.get(envelope)
        if known is not None and type(known.message) is kind:
            return known
        sealed = open_unverified(envelope, kind)
        key = self._operator.get((sealed.key_id or KeyId(b""), _ROLES[kind]))
        if key is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no operator key of any bundle has signed it")
        check_signed(sealed, key.public_key)
        if not key.not_before_s <= sealed.message.not_before_s < key.expires_at_s:
            raise RuleViolationError(ErrorCode.EXPIRED, "its operator key was not valid when it was signed")
        if isinstance(sealed.message, TerminalCertificate):
            self._terminals[key_id_of(sealed.message.terminal_key)] = sealed.message.terminal_key
        if not isinstance(sealed.message, PaymentToken):  # a few, and seen again and again
            self._issued[envelope] = sealed
        return sealed

    def check_by_terminal(self, sealed: Sealed[Any]) -> None:
        """A message that a terminal has signed, as far as its key is known from any certificate.

        Raises:
            TillcodeError: it has not.
        """
        key = self._terminals.get(sealed.key_id or KeyId(b""))
        if key is not None:
            check_signed(sealed, key)


def check_signed(sealed: Sealed[Any], public_key: PublicKeyBytes) -> None:
    """Whether a key has signed a message.

    Raises:
        TillcodeError: it has not.
    """
    _check(sealed.digest, sealed.signature, sealed.key_id, public_key)


@lru_cache(maxsize=_VERIFIED_MAX)
def _check(digest: Digest, signature: bytes, key_id: KeyId | None, public_key: PublicKeyBytes) -> None:
    signed: Sealed[Any] = Sealed(
        message=None, envelope=Envelope(b""), digest=digest, key_id=key_id, embedded=None, signature=signature
    )
    verify(signed, public_key)
