"""Letting devices in by one-time activation codes, and keeping terminals' certificates fresh.

The same code with the same key gets the same answer again: an answer may be lost on its way. With another key it is
unknown.
"""

import dataclasses
from dataclasses import asdict, dataclass
from typing import TypeVar

from msgspec.structs import replace

from server_stub.activation import hash_of_code
from server_stub.committer import Command
from server_stub.config import TerminalLimits
from server_stub.keys import KeyRing
from server_stub.ledger import AccountKind
from server_stub.service import events, telling
from server_stub.service.denylist import end_terminal_device, end_wallet_device, is_denied, name_of_terminal
from server_stub.service.devices import enrolled_terminal
from server_stub.service.funding import bring_in
from server_stub.service.operator import Operator
from server_stub.service.standing import check_open
from server_stub.service.verification import check_made_recently
from server_stub.store.records import ActivationCode, DeviceKind, Merchant, Terminal, Trust, Wallet
from server_stub.store.records_replacing import Replacing, ReplacingStep
from server_stub.store.records_trust import DenialKind
from server_stub.store.tables.parties import (
    ACTIVATION_CODES,
    MERCHANTS,
    TERMINAL_KEY,
    TERMINALS,
    WALLET_KEY,
    WALLETS,
)
from server_stub.store.tables.replacing import REPLACINGS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, key_id_of, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, TerminalId, WalletId
from wallet_sdk.protocol.messages import CertificateRequest, Enrolment, TerminalCertificate
from wallet_sdk.protocol.trust import TrustStore, verify_enrolment, verify_from_device

D = TypeVar("D", Terminal, Wallet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certifier:
    """Makes terminal certificates."""

    limits: TerminalLimits
    ring: KeyRing

    def certificate(self, merchant: Merchant, terminal: Terminal, *, at_s: int) -> Envelope:
        return seal(
            TerminalCertificate(
                merchant_id=merchant.merchant_id,
                terminal_id=terminal.terminal_id,
                terminal_key=terminal.public_key,
                not_before_s=at_s,
                lifetime_h=self.limits.certificate_lifetime_h,
                merchant_name=merchant.name,
                merchant_city=merchant.city,
                country=merchant.country,
                mcc=merchant.mcc,
                currencies=merchant.currencies,
            ),
            self.ring.for_period(at_s, at_s + self.limits.certificate_lifetime_h * 3600),
        ).envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolTerminalCommand(Command[Envelope]):
    """Answered with the terminal's certificate."""

    sealed: Sealed[Enrolment]
    certifier: Certifier
    at_s: int

    def apply(self, writer: Writer) -> Envelope:
        code = _usable(writer, self.sealed.message, DeviceKind.TERMINAL, at_s=self.at_s)
        key = self.sealed.message.public_key
        if code.used_by is not None:
            known = _still_enrolled(_terminal_of(writer, code, key), key)
            return known.certificate
        if code.replaces is not None:
            return self._replace(writer, code)
        assert code.merchant_id is not None, "a terminal's code names its merchant"
        merchant = writer.find(MERCHANTS, code.merchant_id)
        assert merchant is not None, "merchants are never deleted"
        check_open(merchant)
        self._check_room(writer, merchant)
        bare = Terminal(
            terminal_id=writer.next_terminal_id(),
            merchant_id=merchant.merchant_id,
            public_key=key,
            certificate=Envelope(b""),
            enrolled_at_s=self.at_s,
        )
        certificate = self.certifier.certificate(merchant, bare, at_s=self.at_s)
        writer.add(TERMINALS, replace(bare, certificate=certificate))
        writer.change(ACTIVATION_CODES, replace(code, used_by=key))
        return certificate

    def _replace(self, writer: Writer, code: ActivationCode) -> Envelope:
        """Another device for a terminal; whatever device it has now is at its end."""
        key = self.sealed.message.public_key
        terminal = _terminal_of(writer, code, key)
        assert terminal is not None, "terminals are never deleted"
        if is_denied(writer, DenialKind.TERMINAL, name_of_terminal(terminal.terminal_id)):
            raise RuleViolationError(ErrorCode.REVOKED, "the terminal's number was denied meanwhile")
        merchant = writer.find(MERCHANTS, terminal.merchant_id)
        assert merchant is not None, "merchants are never deleted"
        check_open(merchant)
        if self.at_s < code.not_before_s:
            text = f"the code takes a terminal over, and works in {-(-(code.not_before_s - self.at_s) // 3600)} hours"
            raise RuleViolationError(ErrorCode.NOT_YET_VALID, text, param="activation_code")
        end_terminal_device(writer, terminal, reason="replaced", at_s=self.at_s)
        self._check_room(writer, merchant)
        bare = replace(terminal, public_key=key, blocked_at_s=None, enrolled_at_s=self.at_s)
        certificate = self.certifier.certificate(merchant, bare, at_s=self.at_s)
        writer.change(TERMINALS, replace(bare, certificate=certificate))
        writer.change(ACTIVATION_CODES, replace(code, used_by=key))
        done = Replacing(
            number=writer.next_number(),
            terminal_id=terminal.terminal_id,
            merchant_id=terminal.merchant_id,
            step=ReplacingStep.DONE,
            not_before_s=code.not_before_s,
            at_s=self.at_s,
            made_by="",
        )
        writer.add(REPLACINGS, done)
        events.write(writer, telling.of_replacing(done))
        return certificate

    def _check_room(self, writer: Writer, merchant: Merchant) -> None:
        """Whether a merchant may have one terminal more; the row of its merchant is locked until the commit."""
        if writer.count_terminals(merchant.merchant_id) >= self.certifier.limits.per_merchant_max:
            text = "the merchant has as many terminals as it may have: revoke one, or raise per_merchant_max"
            raise RuleViolationError(ErrorCode.OVER_COUNT_LIMIT, text, param="merchant_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolWalletCommand(Command[Wallet]):
    """Answered with the wallet; its opening funds are posted with it."""

    sealed: Sealed[Enrolment]
    trust: TrustStore
    at_s: int

    def apply(self, writer: Writer) -> Wallet:
        code = _usable(writer, self.sealed.message, DeviceKind.WALLET, at_s=self.at_s)
        key = self.sealed.message.public_key
        if code.used_by is not None:
            return _still_enrolled(_wallet_of(writer, code, key), key)
        if code.replaces is not None:
            return self._replace(writer, code)
        assert code.currency is not None, "a wallet's code names its currency"
        wallet_id = writer.next_wallet_id()
        account = writer.open_account(kind=AccountKind.PAYER_AVAILABLE, holder=str(wallet_id), currency=code.currency)
        wallet = Wallet(
            wallet_id=wallet_id,
            currency=code.currency,
            device_key=key,
            account_id=account,
            enrolled_at_s=self.at_s,
        )
        writer.add(WALLETS, wallet)
        writer.change(ACTIVATION_CODES, replace(code, used_by=key))
        if code.funds_minor:
            bring_in(writer, code, self.sealed.envelope, account, trust=self.trust, at_s=self.at_s)
        return wallet

    def _replace(self, writer: Writer, code: ActivationCode) -> Wallet:
        """Another device for a wallet; whatever device it has now is at its end."""
        key = self.sealed.message.public_key
        wallet = _wallet_of(writer, code, key)
        assert wallet is not None, "wallets are never deleted"
        end_wallet_device(writer, wallet, reason="replaced", at_s=self.at_s)
        going_on = replace(wallet, device_key=key, blocked_at_s=None, enrolled_at_s=self.at_s)
        writer.change(WALLETS, going_on)
        writer.change(ACTIVATION_CODES, replace(code, used_by=key))
        return going_on


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewCertificateCommand(Command[Envelope]):
    """A fresh certificate over the key that a terminal has; answered with it."""

    terminal_id: TerminalId
    public_key: PublicKeyBytes
    certificate: Envelope

    def apply(self, writer: Writer) -> Envelope:
        terminal = writer.find(TERMINALS, self.terminal_id)
        assert terminal is not None, "terminals are never deleted"
        if terminal.public_key != self.public_key:
            raise RuleViolationError(ErrorCode.REVOKED, "the terminal has got another device meanwhile")
        writer.change(TERMINALS, replace(terminal, certificate=self.certificate))
        return self.certificate


def prepare_terminal_enrolment(operator: Operator, body: bytes) -> EnrolTerminalCommand:
    """Verify that a terminal holds the key it brings.

    Raises:
        TillcodeError: nothing was stored.
    """
    return EnrolTerminalCommand(sealed=verify_enrolment(body), certifier=certifier_of(operator), at_s=operator.now_s())


def prepare_wallet_enrolment(operator: Operator, body: bytes) -> EnrolWalletCommand:
    """Verify that a wallet holds the key it brings.

    Raises:
        TillcodeError: nothing was stored.
    """
    return EnrolWalletCommand(sealed=verify_enrolment(body), trust=operator.trust, at_s=operator.now_s())


def prepare_certificate(operator: Operator, body: bytes) -> RenewCertificateCommand:
    """Verify a terminal's ask for a fresh certificate, and sign it.

    Raises:
        TillcodeError: nothing was stored.
    """
    terminal = enrolled_terminal(operator, body, CertificateRequest)
    asked = verify_from_device(body, CertificateRequest, device_key=terminal.public_key).message
    now_s = operator.now_s()
    check_made_recently(asked.made_at_s, at_s=now_s)
    with operator.store.reading() as reader:
        merchant = reader.find(MERCHANTS, terminal.merchant_id)
    assert merchant is not None, "a terminal has its merchant"
    check_open(merchant)  # what is remembered of it may be two seconds old, and a certificate lives for days
    certificate = certifier_of(operator).certificate(merchant, terminal, at_s=now_s)
    return RenewCertificateCommand(
        terminal_id=terminal.terminal_id, public_key=terminal.public_key, certificate=certificate
    )


def terminal_answer(operator: Operator, certificate: Envelope) -> api.TerminalEnrolled:
    """The answer to a terminal's enrolment or renewal."""
    return api.TerminalEnrolled(
        bundle=_bundle(operator.trust),
        root_key=api.to_base64url(operator.trust.root_key),
        certificate=api.to_base64url(certificate),
        offline_limits=asdict(operator.config.terminals.offline),
    )


def wallet_answer(operator: Operator, wallet: Wallet) -> api.WalletEnrolled:
    """The answer to a wallet's enrolment."""
    return api.WalletEnrolled(
        bundle=_bundle(operator.trust),
        root_key=api.to_base64url(operator.trust.root_key),
        wallet_id=wallet.wallet_id,
        currency=wallet.currency.name,
    )


def trust_answer(operator: Operator) -> api.TrustAnswer:
    """The newest bundle."""
    restored_at_s = 0 if operator.epoch is None else operator.epoch.at_s
    return api.TrustAnswer(bundle=_bundle(operator.trust), restored_at_s=restored_at_s)


def shown_trust_answer(operator: Operator, newest: Trust) -> api.TrustAnswer:
    """The answer to a bundle that was shown: the newest that the ledger has now."""
    return dataclasses.replace(trust_answer(operator), bundle=api.to_base64url(newest.bundle))


def _bundle(trust: TrustStore) -> str:
    return api.to_base64url(trust.bundle.envelope)


def certifier_of(operator: Operator) -> Certifier:
    """What signs certificates of this operator."""
    return Certifier(limits=operator.config.terminals, ring=operator.signers.terminal_ca)


def _terminal_of(writer: Writer, code: ActivationCode, key: PublicKeyBytes) -> Terminal | None:
    if code.replaces is None:
        return writer.find_by(TERMINALS, TERMINAL_KEY, key_id_of(key))
    return writer.find(TERMINALS, TerminalId(code.replaces))


def _wallet_of(writer: Writer, code: ActivationCode, key: PublicKeyBytes) -> Wallet | None:
    if code.replaces is None:
        return writer.find_by(WALLETS, WALLET_KEY, key_id_of(key))
    return writer.find(WALLETS, WalletId(code.replaces))


def _still_enrolled(device: D | None, key: PublicKeyBytes) -> D:
    """The device that a used code has let in, unless another has taken its place."""
    if device is None or key != (device.public_key if isinstance(device, Terminal) else device.device_key):
        raise RuleViolationError(ErrorCode.REVOKED, "another device has taken its place", param="public_key")
    return device


def _usable(writer: Writer, enrolment: Enrolment, kind: DeviceKind, *, at_s: int) -> ActivationCode:
    """The code that an enrolment brings, unused or used by the same key.

    Every other case reads the same from outside, so that codes cannot be guessed apart.
    """
    code = writer.find(ACTIVATION_CODES, hash_of_code(enrolment.activation_code))
    key = enrolment.public_key
    if code is None or code.kind is not kind or code.used_by not in {None, key} or at_s >= code.expires_at_s:
        raise RuleViolationError(ErrorCode.UNKNOWN_ACTIVATION_CODE, "unknown, used or expired", param="activation_code")
    key_id = key_id_of(key)
    if is_denied(writer, DenialKind.KEY, key_id):
        raise RuleViolationError(ErrorCode.REVOKED, "the key is on the denylist", param="public_key")
    enrolled = writer.find_by(TERMINALS, TERMINAL_KEY, key_id) or writer.find_by(WALLETS, WALLET_KEY, key_id)
    if code.used_by is None and enrolled is not None:
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, "the key is enrolled already", param="public_key")
    return code
