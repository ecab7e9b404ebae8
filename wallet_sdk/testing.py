"""Fakes for integrators and for this project's own tests: a clock that stands still, seeded randomness,
and a whole scheme (root, operators, terminal, wallet) in memory.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from wallet_sdk.protocol.envelope import Sealed, key_id_of, seal
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    time_ordered_id,
)
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    Denylist,
    Grade,
    OperatorKey,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Role,
    StaticCode,
    TerminalCertificate,
    TokenClosing,
    TrustBundle,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.trust import TrustStore, verify_bundle

#: 2026-11-23 12:00:00 UTC.
FROZEN_NOW_S = 1_795_435_200


@dataclass(slots=True)
class FrozenClock:
    """Stands still until it is told to move; wall and monotonic time move together unless ``jump`` is used."""

    wall_ms: int = FROZEN_NOW_S * 1000
    running_ms: int = 0

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.wall_ms

    def monotonic_ms(self) -> int:
        """Milliseconds since the clock was made."""
        return self.running_ms

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall_ms += int(seconds * 1000)
        self.running_ms += int(seconds * 1000)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a bad time server would."""
        self.wall_ms += int(seconds * 1000)


@dataclass(slots=True)
class SeededRandom:
    """Reproducible bytes: SHA-256 of a seed and a running number. Never for real keys."""

    seed: int
    drawn: int = 0

    def random_bytes(self, count: int) -> bytes:
        """``count`` bytes that only depend on the seed and on what was drawn before."""
        content = b""
        while len(content) < count:
            self.drawn += 1
            content += hashlib.sha256(f"{self.seed}:{self.drawn}".encode()).digest()
        return content[:count]


@dataclass(slots=True)
class Scheme:
    """A root, one operator key for each role, one terminal and one wallet, all from one seed.

    ``device`` is the key of the wallet's token, ``wallet`` that of its enrolment.
    """

    seed: int = 1
    now_s: int = FROZEN_NOW_S
    random: SeededRandom = field(init=False)
    root: SoftwareSigner = field(init=False)
    terminal_ca: SoftwareSigner = field(init=False)
    token_issuer: SoftwareSigner = field(init=False)
    receipt_signer: SoftwareSigner = field(init=False)
    terminal: SoftwareSigner = field(init=False)
    device: SoftwareSigner = field(init=False)
    denylist_signer: SoftwareSigner = field(init=False)
    wallet: SoftwareSigner = field(init=False)

    def __post_init__(self) -> None:
        self.random = SeededRandom(self.seed)
        for name in ("root", "terminal_ca", "token_issuer", "receipt_signer", "terminal", "device"):
            setattr(self, name, self.new_signer())
        # Of a sequence of their own, so that what is drawn after them stays what it was.
        later = SeededRandom(-1 - self.seed)
        self.denylist_signer = SoftwareSigner(later.random_bytes(32))
        self.wallet = SoftwareSigner(later.random_bytes(32))

    def new_signer(self) -> SoftwareSigner:
        """A fresh key of the seed's sequence."""
        return SoftwareSigner(self.random.random_bytes(32))

    def new_id(self) -> bytes:
        """A fresh 12-byte id at the scheme's time."""
        return time_ordered_id(self.now_s * 1000, self.random.random_bytes(6))

    def bundle(self, *, version: int = 1) -> Sealed[TrustBundle]:
        """The root's word about the four operator keys, valid for a year around now."""
        signers = (
            (Role.TERMINAL_CA, self.terminal_ca),
            (Role.TOKEN_ISSUER, self.token_issuer),
            (Role.RECEIPT, self.receipt_signer),
            (Role.DENYLIST, self.denylist_signer),
        )
        keys = tuple(
            OperatorKey(
                role=role,
                public_key=signer.public_key,
                not_before_s=self.now_s - 86_400,
                expires_at_s=self.now_s + 365 * 86_400,
            )
            for role, signer in signers
        )
        return seal(TrustBundle(version=version, made_at_s=self.now_s, keys=keys), self.root)

    def trust(self) -> TrustStore:
        """What a program that pins the root and has the bundle knows."""
        return verify_bundle(self.bundle().envelope, root_key=self.root.public_key)

    def denylist(
        self,
        *,
        number: int = 1,
        base: int = 0,
        tokens: Iterable[TokenId] = (),
        terminals: Iterable[TerminalId] = (),
        keys: Iterable[PublicKeyBytes] = (),
    ) -> Sealed[Denylist]:
        """A list of what is revoked, made now; ``keys`` are public keys, listed by their ids."""
        listed = Denylist(
            number=number,
            base=base,
            made_at_s=self.now_s,
            token_ids=tuple(sorted(tokens)),
            terminal_ids=tuple(sorted(terminals)),
            key_ids=tuple(sorted(key_id_of(key) for key in keys)),
        )
        return seal(listed, self.denylist_signer)

    def static_code(
        self, *, name: str = "Café Mole", city: str = "Lisboa", payment_max_minor: int = 2_000
    ) -> Sealed[StaticCode]:
        """A printed code of the merchant, valid from an hour ago for 90 days."""
        return seal(
            StaticCode(
                code_id=RequestId(self.new_id()),
                merchant_id=MerchantId(1001),
                merchant_name=name,
                merchant_city=city,
                country="PT",
                mcc=5812,
                currency=Currency.EUR,
                payment_max_minor=payment_max_minor,
                not_before_s=self.now_s - 3600,
                lifetime_d=90,
            ),
            self.terminal_ca,
        )

    def certificate(
        self, *, name: str = "Café Mole", city: str = "Lisboa", currency: Currency = Currency.EUR
    ) -> Sealed[TerminalCertificate]:
        """A certificate over the terminal's key, valid from an hour ago for a day."""
        return seal(
            TerminalCertificate(
                merchant_id=MerchantId(1001),
                terminal_id=TerminalId(2001),
                terminal_key=self.terminal.public_key,
                not_before_s=self.now_s - 3600,
                lifetime_h=24,
                merchant_name=name,
                merchant_city=city,
                country="PT",
                mcc=5812,
                currencies=(currency,),
            ),
            self.terminal_ca,
        )

    def request(
        self,
        *,
        amount_minor: int = 1250,
        currency: Currency = Currency.EUR,
        reference: str = "R-0042",
        hold_h: int = 0,
        certificate: Envelope | None = None,
    ) -> Sealed[PaymentRequest]:
        """A request of the terminal, issued now, with its certificate."""
        return seal(
            PaymentRequest(
                request_id=RequestId(self.new_id()),
                amount_minor=amount_minor,
                currency=currency,
                issued_at_s=self.now_s,
                lifetime_s=120,
                reference=reference,
                hold_h=hold_h,
            ),
            self.terminal,
            embedded=certificate or self.certificate(currency=currency).envelope,
        )

    def token(
        self,
        *,
        currency: Currency = Currency.EUR,
        payment_max_minor: int = 5_000,
        total_max_minor: int = 20_000,
        count_max: int = 1_000,
    ) -> Sealed[PaymentToken]:
        """A token over the device's key, valid from an hour ago for 72 hours."""
        return seal(
            PaymentToken(
                token_id=TokenId(self.new_id()),
                device_key=self.device.public_key,
                currency=currency,
                payment_max_minor=payment_max_minor,
                total_max_minor=total_max_minor,
                count_max=count_max,
                grade=Grade.VERIFIED,
                not_before_s=self.now_s - 3600,
                lifetime_h=72,
            ),
            self.token_issuer,
        )

    def closing(self, token: Sealed[PaymentToken], *, spent_minor: int) -> Sealed[TokenClosing]:
        """The device's word that it has spent so much offline under a token, and spends no more."""
        return seal(TokenClosing(token_id=token.message.token_id, spent_minor=spent_minor), self.device)

    def intent(
        self,
        *,
        token: Envelope,
        request_digest: Digest,
        amount_minor: int = 1250,
        counter: int = 1,
        cumulative_minor: int = 1250,
        mode: AuthorizationMode = AuthorizationMode.OFFLINE,
    ) -> Sealed[PaymentIntent]:
        """The device's consent."""
        return seal(
            PaymentIntent(
                counter=Counter(counter),
                amount_minor=amount_minor,
                cumulative_minor=cumulative_minor,
                request_digest=request_digest,
                mode=mode,
            ),
            self.device,
            embedded=token,
        )

    def code(self, *, token: Envelope, counter: int = 1, ceiling_minor: int = 5_000) -> Sealed[PaymentCode]:
        """A customer-presented code, issued now for 60 seconds."""
        return seal(
            PaymentCode(counter=Counter(counter), issued_at_s=self.now_s, lifetime_s=60, ceiling_minor=ceiling_minor),
            self.device,
            embedded=token,
        )
