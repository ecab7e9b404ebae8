"""Another device for a till: its merchant's word after a delay, the operator's at once, and refunds of before."""

from typing import Final

from server_stub.activation import hash_of_code
from server_stub.routes import bodies
from server_stub.routes.administration import operator_operation
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import code_expiry_s, key_operation
from server_stub.routes.operations import Incoming
from server_stub.service import merchants
from server_stub.service.administration import new_code
from server_stub.service.refunds import ApproveRefund
from server_stub.service.replacing import ReplaceTerminal
from server_stub.store.callers import Scope
from wallet_sdk.protocol import api
from wallet_sdk.protocol.ids import MerchantId, TerminalId


async def _replace_terminal(desk: Desk, incoming: Incoming) -> bodies.ReplacingTold:
    delay_s = desk.operator.config.terminals.replace_delay_h * 3600
    return await _replaced(desk, incoming, incoming.merchant, delay_s=delay_s)


async def _replace_at_once(desk: Desk, incoming: Incoming) -> bodies.ReplacingTold:
    return await _replaced(desk, incoming, MerchantId(incoming.id_in_path("merchant_id")), delay_s=0)


async def _replaced(desk: Desk, incoming: Incoming, merchant_id: MerchantId, *, delay_s: int) -> bodies.ReplacingTold:
    at_s = desk.operator.now_s()
    expires_at_s = code_expiry_s(desk) + delay_s
    code = new_code(desk.operator.random)
    command = ReplaceTerminal(
        terminal_id=TerminalId(incoming.id_in_path("terminal_id")),
        merchant_id=merchant_id,
        code_hash=hash_of_code(code),
        made_by=incoming.key.key_id,
        not_before_s=at_s + delay_s,
        expires_at_s=expires_at_s,
        at_s=at_s,
    )
    await desk.commit(command)
    return bodies.ReplacingTold(code=code, not_before_s=at_s + delay_s, expires_at_s=expires_at_s)


async def _approve_refund(desk: Desk, incoming: Incoming) -> bodies.RefundApprovalTold:
    asked = incoming.json(bodies.RefundApprovalAsked)
    payment = await desk.run(merchants.payment_named, desk.operator, incoming.merchant, incoming.names["name"])
    command = ApproveRefund(
        payment_number=payment.number,
        amount_minor=asked.amount_minor,
        approved_by=incoming.key.key_id,
        at_s=desk.operator.now_s(),
    )
    made = await desk.commit(command)
    return bodies.RefundApprovalTold(
        terminal_id=payment.terminal_id,
        request_id=api.to_base64url(payment.request_id),
        amount_minor=made.amount_minor,
        currency=payment.currency.name,
        approved_by=made.approved_by,
        at_s=made.at_s,
    )


OPERATIONS: Final = (
    key_operation(
        "POST",
        "/v1/terminals/{terminal_id}/activation-codes",
        "replaceTerminal",
        "A lost or broken till: its device ends at once, and after a delay the code lets another take its number over.",
        bodies.ReplacingTold,
        _replace_terminal,
        tag="Terminals",
        scope=Scope.DEVICES_REPLACE,
        answer_http_status=201,
        is_another_act=True,
    ),
    operator_operation(
        "POST",
        "/v1/merchants/{merchant_id}/terminals/{terminal_id}/activation-codes",
        "replaceTerminalAtOnce",
        "The same for a merchant who has asked the operator: the code works at once.",
        bodies.ReplacingTold,
        _replace_at_once,
        answer_http_status=201,
        is_another_act=True,
    ),
    key_operation(
        "POST",
        api.PATH_PAYMENTS + "/{name}/refund-approval",
        "approveRefund",
        "Let a device that has taken the terminal over give back so much, in all, of a payment from before it.",
        bodies.RefundApprovalTold,
        _approve_refund,
        tag="Payments",
        scope=Scope.REFUNDS_APPROVE,
        asked=bodies.RefundApprovalAsked,
    ),
)
