"""Printed codes: who is paid by whoever scans one."""

from dataclasses import dataclass, field

from wallet_sdk.protocol.ids import Envelope, MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.money import Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCode:
    """One static code that was issued. Its payments stand under ``terminal_id``, a terminal without a device."""

    code_id: RequestId
    terminal_id: TerminalId
    merchant_id: MerchantId
    label: str
    currency: Currency
    payment_max_minor: int
    made_at_s: int
    expires_at_s: int
    ended_at_s: int | None
    envelope: Envelope = field(repr=False)
