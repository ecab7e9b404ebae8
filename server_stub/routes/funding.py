"""Letting money in: codes for wallets with funds, and the second person who approves the large ones."""

from typing import Final

from server_stub.activation import hash_of_code
from server_stub.routes import bodies
from server_stub.routes.administration import PAGED, currency_named, operator_operation, page_of
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import code_expiry_s
from server_stub.routes.operations import Incoming
from server_stub.service.administration import new_code
from server_stub.service.funding import ApproveFunding, AskFunding, RefuseFunding, check_reason, standing_of_funding
from server_stub.store.callers import Scope
from server_stub.store.records_funding import Funding
from server_stub.store.tables.funding import FUNDINGS
from wallet_sdk.protocol.money import Money


def _told(funding: Funding, *, at_s: int) -> bodies.FundingTold:
    return bodies.FundingTold(
        funding_id=funding.id,
        state=standing_of_funding(funding, at_s=at_s),
        currency=funding.currency.name,
        amount_minor=funding.amount_minor,
        asked_by=funding.asked_by,
        asked_at_s=funding.asked_at_s,
        expires_at_s=funding.expires_at_s,
        reason=funding.reason,
        decided_by=funding.decided_by,
        decided_at_s=funding.decided_at_s,
    )


async def _wallet_code(desk: Desk, incoming: Incoming) -> bodies.WalletCodeTold:
    asked = incoming.json(bodies.WalletCodeAsked)
    check_reason(asked.reason)
    expires_at_s, at_s = code_expiry_s(desk), desk.operator.now_s()
    code = new_code(desk.operator.random)
    command = AskFunding(
        code_hash=hash_of_code(code),
        funds=Money(minor=asked.funds_minor, currency=currency_named(asked.currency)),
        code_expires_at_s=expires_at_s,
        asked_by=incoming.key.key_id,
        reason=asked.reason,
        limits=desk.operator.config.funding,
        ring=desk.operator.signers.receipt,
        at_s=at_s,
    )
    funding = await desk.commit(command)
    return bodies.WalletCodeTold(code=code, expires_at_s=expires_at_s, funding=_told(funding, at_s=at_s))


async def _fundings(desk: Desk, incoming: Incoming) -> bodies.FundingsTold:
    at_s = desk.operator.now_s()
    return bodies.FundingsTold(fundings=tuple(_told(one, at_s=at_s) for one in await page_of(desk, FUNDINGS, incoming)))


async def _approve(desk: Desk, incoming: Incoming) -> bodies.FundingTold:
    at_s = desk.operator.now_s()
    command = ApproveFunding(
        funding_id=incoming.id_in_path("funding_id"),
        approved_by=incoming.key.key_id,
        ring=desk.operator.signers.receipt,
        at_s=at_s,
    )
    return _told(await desk.commit(command), at_s=at_s)


async def _refuse(desk: Desk, incoming: Incoming) -> bodies.FundingTold:
    at_s = desk.operator.now_s()
    command = RefuseFunding(funding_id=incoming.id_in_path("funding_id"), refused_by=incoming.key.key_id, at_s=at_s)
    return _told(await desk.commit(command), at_s=at_s)


OPERATIONS: Final = (
    operator_operation(
        "POST",
        "/v1/wallets/activation-codes",
        "makeWalletCode",
        "A one-time code that lets one wallet in, with its opening balance; above a limit a second person approves it.",
        bodies.WalletCodeTold,
        _wallet_code,
        asked=bodies.WalletCodeAsked,
        answer_http_status=201,
        scope=Scope.FUNDS_WRITE,
        is_another_act=True,
    ),
    operator_operation(
        "GET",
        "/v1/fundings",
        "listFundings",
        "What was let in from outside and what waits for it: who asked, and who approved or refused.",
        bodies.FundingsTold,
        _fundings,
        parameters=PAGED,
    ),
    operator_operation(
        "POST",
        "/v1/fundings/{funding_id}/approve",
        "approveFunding",
        "Let in what another key, or the command line, has asked for; from now on its code works.",
        bodies.FundingTold,
        _approve,
        scope=Scope.FUNDS_APPROVE,
    ),
    operator_operation(
        "POST",
        "/v1/fundings/{funding_id}/refuse",
        "refuseFunding",
        "Its code never works.",
        bodies.FundingTold,
        _refuse,
        scope=Scope.FUNDS_APPROVE,
    ),
)
