"""Joining a shop, and staying in it: the device key, the certificate and its renewal, bundle and denylist."""

from dataclasses import replace
from typing import Final

from terminal_app.journal import Journal, Membership
from terminal_app.journal.events import CertificateRenewed, DenylistTaken, Enrolled, TrustRefreshed
from terminal_app.sale.till_time import TillTime
from wallet_sdk.ports import KeyStore
from wallet_sdk.protocol.api import TerminalEnrolled, from_base64url
from wallet_sdk.protocol.envelope import Sealed, Signer, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import CertificateRequest, Enrolment, TerminalCertificate, TrustBundle
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.trust import TrustStore, take_denylist, verify_bundle, verify_certificate

#: Name of the device key in the key store.
KEY_NAME: Final = "terminal"

_LIMIT_NAMES: Final = tuple(OfflineLimits.__dataclass_fields__)


class Credentials:
    """Where this till stands: its key, its shop, whom it trusts."""

    def __init__(self, journal: Journal, *, keys: KeyStore, time: TillTime, currency: Currency) -> None:
        self._journal = journal
        self._keys = keys
        self._time = time
        self._currency = currency
        self._trust: TrustStore | None = None

    @property
    def currency(self) -> Currency:
        """What this till is paid in."""
        return self._currency

    @property
    def signer(self) -> Signer:
        """The device key.

        Raises:
            MisuseError: NOT_ENROLLED before the first enrolment was begun.
        """
        if KEY_NAME not in self._keys.names():
            raise _not_enrolled()
        return self._keys.signer(KEY_NAME)

    @property
    def membership(self) -> Membership:
        """The shop.

        Raises:
            MisuseError: NOT_ENROLLED.
        """
        membership = self._journal.views.membership
        if membership is None:
            raise _not_enrolled()
        return membership

    @property
    def trust(self) -> TrustStore:
        """The pinned root, the newest bundle and what is revoked.

        Raises:
            MisuseError: NOT_ENROLLED.
        """
        membership = self.membership
        if self._trust is None or self._trust.bundle.envelope != membership.bundle:
            self._trust = verify_bundle(membership.bundle, root_key=membership.root_key)
        if self._trust.denied != membership.denied:
            self._trust = replace(self._trust, denied=membership.denied)
        return self._trust

    def begin_enrolment(self, activation_code: str) -> Sealed[Enrolment]:
        """Make the device key if there is none, and the message that asks to join.

        Raises:
            MisuseError: ALREADY_ENROLLED; BAD_ARGUMENT for an activation code that cannot be one.
        """
        if self._journal.views.membership is not None:
            raise MisuseError(ErrorCode.ALREADY_ENROLLED, "this till belongs to a shop already")
        if KEY_NAME not in self._keys.names():
            self._keys.create(KEY_NAME)
        signer = self._keys.signer(KEY_NAME)
        message = Enrolment(activation_code=activation_code, public_key=signer.public_key, made_at_s=self._time.now_s())
        return seal(message, signer)

    def join(self, answer: TerminalEnrolled, *, server_url: str) -> None:
        """Check the operator's answer and make it durable. The root key is trusted here, on first use, and pinned.

        Raises:
            MalformedMessageError, RuleViolationError: nothing was changed.
            UnavailableError: STORAGE_FAILED.
        """
        root_key = PublicKeyBytes(from_base64url(answer.root_key))
        trust = verify_bundle(from_base64url(answer.bundle), root_key=root_key)
        certificate = self._check_certificate(answer, trust)
        event = Enrolled(
            server_url=server_url,
            root_key=root_key,
            bundle=trust.bundle.envelope,
            certificate=certificate.envelope,
            limits=_parse_limits(answer),
        )
        self._journal.append(event, at_s=self._time.event_s())

    def is_renewal_due(self) -> bool:
        """Whether less than half of the certificate's life is left."""
        certificate = self.membership.certificate.message
        return self._time.now_s() >= certificate.not_before_s + certificate.lifetime_h * 1800

    def ask_renewal(self) -> Sealed[CertificateRequest]:
        """The message that asks for a fresh certificate."""
        return seal(CertificateRequest(made_at_s=self._time.now_s()), self.signer)

    def renew(self, answer: TerminalEnrolled) -> None:
        """Check the fresh certificate against the pinned root and this very till, and make it durable.

        Raises:
            MalformedMessageError, RuleViolationError: TRUST_ROLLED_BACK, WRONG_TERMINAL ...; nothing was changed.
            UnavailableError: STORAGE_FAILED.
        """
        held = self.membership
        trust = verify_bundle(from_base64url(answer.bundle), root_key=held.root_key, newest=self.trust)
        certificate = self._check_certificate(answer, trust)
        before = held.certificate.message
        if (certificate.message.merchant_id, certificate.message.terminal_id) != (
            before.merchant_id,
            before.terminal_id,
        ):
            raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "a certificate of another till", param="certificate")
        event = CertificateRenewed(
            bundle=trust.bundle.envelope, certificate=certificate.envelope, limits=_parse_limits(answer)
        )
        self._journal.append(event, at_s=self._time.event_s())

    def refresh_trust(self, bundle: bytes) -> None:
        """Take a newer bundle; the same one again changes nothing.

        Raises:
            MalformedMessageError, RuleViolationError: TRUST_ROLLED_BACK for an older one.
            UnavailableError: STORAGE_FAILED.
        """
        trust = verify_bundle(bundle, root_key=self.membership.root_key, newest=self.trust)
        if trust.bundle.digest != open_unverified(self.membership.bundle, TrustBundle).digest:
            self._journal.append(TrustRefreshed(bundle=trust.bundle.envelope), at_s=self._time.event_s())

    def take_denylist(self, denylist: bytes) -> None:
        """Take a list of what is revoked; one that brings nothing new changes nothing.

        Raises:
            MalformedMessageError, RuleViolationError: TRUST_ROLLED_BACK, DENYLIST_GAP, REVOKED ...
            UnavailableError: STORAGE_FAILED.
        """
        before = self.trust.denied
        if take_denylist(denylist, self.trust).denied != before:
            self._journal.append(DenylistTaken(denylist=Envelope(denylist)), at_s=self._time.event_s())

    def _check_certificate(self, answer: TerminalEnrolled, trust: TrustStore) -> Sealed[TerminalCertificate]:
        envelope = Envelope(from_base64url(answer.certificate))
        # The operator signs what time it is at least: a till without a clock can enrol.
        claimed = open_unverified(envelope, TerminalCertificate).message
        at_s = max(self._time.now_s(), claimed.not_before_s)
        certificate = verify_certificate(envelope, trust, at_s=at_s)
        if certificate.message.terminal_key != self.signer.public_key:
            raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "a certificate over another key", param="terminal_key")
        if self._currency not in certificate.message.currencies:
            raise RuleViolationError(
                ErrorCode.CURRENCY_MISMATCH, f"the shop does not take {self._currency.name}", param="currency"
            )
        return certificate


def _parse_limits(answer: TerminalEnrolled) -> OfflineLimits:
    limits = answer.offline_limits
    if not all(limits.get(name, -1) >= 0 for name in _LIMIT_NAMES):
        raise MalformedMessageError(
            ErrorCode.BAD_REQUEST_BODY, "a limit is missing or negative", param="offline_limits"
        )
    return OfflineLimits(**{name: limits[name] for name in _LIMIT_NAMES})


def _not_enrolled() -> MisuseError:
    return MisuseError(ErrorCode.NOT_ENROLLED, "this till belongs to no shop yet")
