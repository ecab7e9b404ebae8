"""A merchant's printed codes: issued, listed, ended. A print is paid online alone (R-109), so it can end any day."""

from dataclasses import dataclass, replace
from typing import Final

from server_stub.committer import Command
from server_stub.keys import KeyRing
from server_stub.service.enrolment import Certifier, certifier_of
from server_stub.service.operator import Operator
from server_stub.store.records import Merchant, Terminal
from server_stub.store.records_printed import PrintedCode
from server_stub.store.selecting import select
from server_stub.store.tables.parties import MERCHANTS, TERMINALS
from server_stub.store.tables.printed import STATIC_CODES
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, MerchantId, PublicKeyBytes, RequestId
from wallet_sdk.protocol.messages import StaticCode
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SECRET_BYTES, SoftwareSigner

#: A shop has a print at each table; more than this is a program that runs away.
CODES_MAX: Final = 500
_DAY_S: Final = 24 * 3600
_OF_MERCHANT: Final = "WHERE merchant_id = ? ORDER BY made_at_s, code_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeStaticCode(Command[PrintedCode]):
    """A new printed code, and the terminal without a device under whose number its payments stand.

    ``nobody`` is the key of that terminal; its secret was never kept.
    """

    merchant_id: MerchantId
    code_id: RequestId
    label: str
    currency: Currency
    payment_max_minor: int
    lifetime_d: int
    nobody: PublicKeyBytes
    certifier: Certifier
    ring: KeyRing
    at_s: int

    def apply(self, writer: Writer) -> PrintedCode:
        merchant = writer.find(MERCHANTS, self.merchant_id)
        assert merchant is not None, "merchants are never deleted"
        if self.currency not in merchant.currencies:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the merchant takes no {self.currency.name}", param="currency")
        if len(codes_of(writer, self.merchant_id)) >= CODES_MAX:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"at most {CODES_MAX} printed codes")
        bare = Terminal(
            terminal_id=writer.next_terminal_id(),
            merchant_id=merchant.merchant_id,
            public_key=self.nobody,
            certificate=Envelope(b""),
        )
        certificate = self.certifier.certificate(merchant, bare, at_s=self.at_s)
        writer.add(
            TERMINALS,
            Terminal(
                terminal_id=bare.terminal_id,
                merchant_id=bare.merchant_id,
                public_key=bare.public_key,
                certificate=certificate,
            ),
        )
        code = self._code(merchant)
        made = PrintedCode(
            code_id=self.code_id,
            terminal_id=bare.terminal_id,
            merchant_id=merchant.merchant_id,
            label=self.label,
            currency=self.currency,
            payment_max_minor=self.payment_max_minor,
            made_at_s=self.at_s,
            expires_at_s=code.expires_at_s,
            ended_at_s=None,
            envelope=seal(code, self.ring.for_period(self.at_s, code.expires_at_s)).envelope,
        )
        writer.add(STATIC_CODES, made)
        return made

    def _code(self, merchant: Merchant) -> StaticCode:
        """As long as was asked for, or as the key that signs it may."""
        days_left = (self.ring.end_s(self.at_s) - self.at_s) // _DAY_S
        return StaticCode(
            code_id=self.code_id,
            merchant_id=merchant.merchant_id,
            merchant_name=merchant.name,
            merchant_city=merchant.city,
            country=merchant.country,
            mcc=merchant.mcc,
            currency=self.currency,
            payment_max_minor=self.payment_max_minor,
            not_before_s=self.at_s,
            lifetime_d=max(1, min(self.lifetime_d, days_left, limits.STATIC_CODE_LIFETIME_D_MAX)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStaticCode(Command[PrintedCode]):
    """Nobody is paid by this print any more, wherever it still hangs."""

    code_id: RequestId
    merchant_id: MerchantId
    at_s: int

    def apply(self, writer: Writer) -> PrintedCode:
        code = _own(writer.find(STATIC_CODES, self.code_id), self.merchant_id)
        if code.ended_at_s is None:
            code = replace(code, ended_at_s=self.at_s)
            writer.change(STATIC_CODES, code)
        return code


def new_static_code(
    operator: Operator,
    merchant_id: MerchantId,
    *,
    label: str,
    currency: Currency,
    payment_max_minor: int,
    lifetime_d: int,
) -> MakeStaticCode:
    """What makes one more printed code."""
    return MakeStaticCode(
        merchant_id=merchant_id,
        code_id=RequestId(operator.new_id()),
        label=label,
        currency=currency,
        payment_max_minor=payment_max_minor,
        lifetime_d=lifetime_d,
        nobody=SoftwareSigner(operator.random.random_bytes(SECRET_BYTES)).public_key,
        certifier=certifier_of(operator),
        ring=operator.signers.terminal_ca,
        at_s=operator.now_s(),
    )


def codes_of_merchant(operator: Operator, merchant_id: MerchantId) -> tuple[PrintedCode, ...]:
    """A merchant's printed codes, those that were ended too."""
    with operator.store.reading() as reader:
        return select(reader, STATIC_CODES, _OF_MERCHANT, (merchant_id,))


def codes_of(writer: Writer, merchant_id: MerchantId) -> tuple[PrintedCode, ...]:
    """As a writer sees them that has made none itself."""
    return select(writer, STATIC_CODES, _OF_MERCHANT, (merchant_id,))


def own_code(operator: Operator, merchant_id: MerchantId, name: str) -> PrintedCode:
    """One of a merchant's printed codes.

    Raises:
        RuleViolationError: UNKNOWN_RESOURCE.
    """
    with operator.store.reading() as reader:
        return _own(reader.find(STATIC_CODES, id_of(name)), merchant_id)


def id_of(name: str) -> RequestId:
    """A code's id in a path.

    Raises:
        RuleViolationError: UNKNOWN_RESOURCE for what is none.
    """
    try:
        code_id = RequestId(api.from_base64url(name))
    except MalformedMessageError as error:
        raise _unknown() from error
    if len(code_id) != limits.REQUEST_ID_BYTES:
        raise _unknown()
    return code_id


def _own(code: PrintedCode | None, merchant_id: MerchantId) -> PrintedCode:
    if code is None or code.merchant_id != merchant_id:
        raise _unknown()
    return code


def _unknown() -> RuleViolationError:
    return RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such code", param="code_id")
