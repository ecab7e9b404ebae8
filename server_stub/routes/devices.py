"""What terminals and wallets ask. Bodies that move money are the signed messages themselves."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from starlette.responses import Response

from server_stub.committer import Command
from server_stub.faults import FaultPoint
from server_stub.routes import streams
from server_stub.routes.bodies import PaymentTold
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import payment_of_merchant
from server_stub.routes.operations import Access, Body, Incoming, Operation, Parameter
from server_stub.service import devices, enrolment, holding, payments, reads, refunds, showing, tokens
from server_stub.service.operator import Operator
from server_stub.service.playground import after_commit, before_commit
from server_stub.service.reads import Question
from server_stub.store.callers import Scope
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import KeyId

T = TypeVar("T")

#: An intent and a request as base64url, and the JSON around them.
_INTENT_BODY_BYTES_MAX: Final = 2 * (limits.MESSAGE_BYTES_MAX * 4 // 3 + 4) + 256

#: A wake-up from another process may be lost, so a poll also looks by itself.
LOOK_AGAIN_S: Final = 5.0
WAIT: Final = Parameter(
    name="wait",
    about=f"Seconds to wait for a change before answering; at most {api.WAIT_S_MAX}.",
    schema={"type": "integer", "minimum": 0, "default": 0},
)

SINCE: Final = Parameter(
    name="since",
    about="Refunds made at this second or later; seconds since 1970.",
    schema={"type": "integer", "minimum": 0, "default": 0},
)


def _command(
    path: str,
    name: str,
    about: str,
    body: str,
    answer: type[Any],
    prepare: Callable[[Operator, bytes], Command[T]],
    shown: Callable[[Operator, T], object],
    *,
    tag: str,
    bytes_max: int = limits.MESSAGE_BYTES_MAX,
    json: type[Any] | None = None,
    signer: Callable[[Operator, KeyId], object] | None = None,
) -> Operation:
    is_long = signer is not None

    async def call(desk: Desk, incoming: Incoming) -> object:
        return await take(desk, incoming.body)

    async def take(desk: Desk, body: bytes) -> object:
        with desk.load.taken(now_ms=desk.operator.clock.monotonic_ms()):
            return await settle(desk, body)

    async def settle(desk: Desk, body: bytes) -> object:
        desk.faults.reach(FaultPoint.RECEIVED)
        command = await (desk.run_alone if is_long else desk.run_quickly)(prepare, desk.operator, body)
        desk.faults.reach(FaultPoint.VERIFIED)
        playground = desk.operator.playground
        fault = None if playground is None else playground.fault_of(name, payments.amounts_of(command))
        await before_commit(fault)
        settled = await desk.commit(command)
        await after_commit(fault)
        desk.faults.reach(FaultPoint.BEFORE_ANSWER)
        return await (desk.run if is_long else desk.run_quickly)(shown, desk.operator, settled)

    return Operation(
        method="POST",
        path=path,
        name=name,
        about=about,
        tag=tag,
        access=Access.SIGNED_BODY,
        answer=answer,
        call=call,
        body=Body(about=body, bytes_max=bytes_max, json=json),
        signer=signer,
        take=take,
    )


async def _balance(desk: Desk, incoming: Incoming) -> api.BalanceAnswer:
    return await desk.run(
        reads.balance, desk.operator, authorization=incoming.authorization, path=incoming.path, message=incoming.message
    )


async def _refunds(desk: Desk, incoming: Incoming) -> api.RefundsAnswer:
    since_s = incoming.number("since", default=0, highest=limits.TIME_S_MAX)
    return await desk.run(
        reads.refunds_received,
        desk.operator,
        authorization=incoming.authorization,
        path=incoming.path,
        since_s=since_s,
        message=incoming.message,
    )


async def _payment(desk: Desk, incoming: Incoming) -> object:
    if incoming.caller is not None:
        return await payment_of_merchant(desk, incoming)
    return await _asked(desk, incoming, reads.question_about_payment)


async def _consent(desk: Desk, incoming: Incoming) -> object:
    return await _asked(desk, incoming, reads.question_about_consent)


async def _receipt(desk: Desk, incoming: Incoming) -> Response:
    if incoming.caller is not None:
        receipt = (await payment_of_merchant(desk, incoming)).receipt
    else:
        question = await desk.run(
            reads.question_about_payment,
            desk.operator,
            authorization=incoming.authorization,
            path=incoming.path,
            name=incoming.names["name"],
            message=incoming.message,
        )
        receipt = reads.required(await desk.run(reads.answer, desk.operator, question)).receipt
    if not receipt:
        raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "there is no receipt yet", param="name")
    return Response(api.from_base64url(receipt), media_type=api.COSE)


async def _asked(desk: Desk, incoming: Incoming, ask: Callable[..., Question]) -> object:
    question = await desk.run(
        ask,
        desk.operator,
        authorization=incoming.authorization,
        path=incoming.path,
        name=incoming.names["name"],
        message=incoming.message,
    )
    if streams.MEDIA_TYPE in incoming.headers.get("accept", ""):
        reads.required(await desk.run(reads.answer, desk.operator, question))
        return streams.response(desk, question)
    wait_s = incoming.number("wait", default=0, highest=api.WAIT_S_MAX)
    return reads.required(await answer_when_settled(desk, question, wait_s=wait_s))


async def answer_when_settled(desk: Desk, question: Question, *, wait_s: int) -> api.PaymentAnswer | None:
    """The long poll: look, and look again at each wake-up until it is settled or the time is over."""
    with desk.wakeups.waiting_for(question.key) as event:
        found = await desk.run(reads.answer, desk.operator, question)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while wait_s and not reads.is_settled(found) and not desk.wakeups.is_closed:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), LOOK_AGAIN_S)
                    event.clear()
                    found = await desk.run(reads.answer, desk.operator, question)
    return found


def _read(path: str, name: str, about: str, answer: type[Any], call: Any, *, tag: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        about=about,
        tag=tag,
        access=Access.SIGNED_READ,
        answer=answer,
        call=call,
        parameters=(WAIT,) if "{" in path else (),
        media_types=(api.JSON, streams.MEDIA_TYPE) if "{" in path else (api.JSON,),
    )


OPERATIONS: Final = (
    _command(
        api.PATH_ENROL_WALLET,
        "enrolWallet",
        "Let a wallet in with a one-time activation code.",
        "A signed Enrolment.",
        api.WalletEnrolled,
        enrolment.prepare_wallet_enrolment,
        enrolment.wallet_answer,
        tag="Enrolment",
    ),
    _command(
        api.PATH_ENROL_TERMINAL,
        "enrolTerminal",
        "Let a terminal in with a one-time activation code.",
        "A signed Enrolment.",
        api.TerminalEnrolled,
        enrolment.prepare_terminal_enrolment,
        enrolment.terminal_answer,
        tag="Enrolment",
    ),
    _command(
        api.PATH_CERTIFICATES,
        "renewCertificate",
        "A fresh certificate for a terminal; they live for days.",
        "A signed CertificateRequest.",
        api.TerminalEnrolled,
        enrolment.prepare_certificate,
        enrolment.terminal_answer,
        tag="Enrolment",
    ),
    _command(
        api.PATH_TOKENS,
        "issueToken",
        "Issue a wallet's token, or close the previous one and issue its successor.",
        "A signed TokenRequest; or, for a ledger that was restored, JSON with it and the token it closes (TokenBody).",
        api.TokenIssued,
        tokens.prepare_token,
        lambda _operator, envelope: tokens.token_answer(envelope),
        tag="Tokens",
        bytes_max=_INTENT_BODY_BYTES_MAX,
    ),
    _command(
        api.PATH_TRUST,
        "showTrust",
        "Show a ledger that was restored a newer bundle than it knows: the root's word, whoever brings it.",
        "A TrustBundle.",
        api.TrustAnswer,
        showing.prepare_bundle,
        enrolment.shown_trust_answer,
        tag="Trust",
        bytes_max=limits.BUNDLE_BYTES_MAX,
    ),
    _command(
        api.PATH_RETURNS,
        "returnToken",
        "Close a token without a successor; what was not spent is available again.",
        "A signed TokenClosing.",
        api.TokenReturned,
        tokens.prepare_return,
        tokens.return_answer,
        tag="Tokens",
    ),
    _command(
        api.PATH_INTENTS,
        "payIntent",
        "Pay a request with the wallet's consent to it. The same pair again gets the same answer, for ever.",
        "The intent and the request, both signed envelopes as base64url.",
        api.PaymentAnswer,
        payments.prepare_intent,
        lambda operator, outcomes: payments.seen_by_wallet(operator, outcomes[0]),
        tag="Payments",
        bytes_max=_INTENT_BODY_BYTES_MAX,
        json=api.IntentBody,
    ),
    _command(
        api.PATH_CAPTURES,
        "captureBatch",
        "Claim up to 1,024 payments; each is answered by itself, and a claim sent again gets its first answer.",
        "A signed CaptureBatch.",
        api.CaptureAnswer,
        payments.prepare_capture,
        payments.capture_answer,
        tag="Payments",
        bytes_max=limits.BATCH_BYTES_MAX,
        signer=devices.terminal_of_key,
    ),
    _command(
        api.PATH_CLOSURES,
        "closeRequest",
        "Close a request for ever, unless it is paid already; the answer says which.",
        "A signed CloseRequest; or, for a signed answer, JSON with it and the request it closes (ClosureBody).",
        api.PaymentAnswer,
        payments.prepare_closure,
        lambda operator, outcomes: payments.seen_by_terminal(operator, outcomes[0]),
        tag="Payments",
        bytes_max=_INTENT_BODY_BYTES_MAX,
    ),
    _command(
        api.PATH_HOLD_CAPTURES,
        "captureHold",
        "Take a part of what a payer has authorized, or nothing, which voids it; the rest goes back at once.",
        "A signed HoldCapture.",
        api.PaymentAnswer,
        holding.prepare_hold_capture,
        lambda operator, outcomes: payments.seen_by_terminal(operator, outcomes[0]),
        tag="Payments",
    ),
    _command(
        api.PATH_REFUNDS,
        "refundPayment",
        "Give back a part of a payment, or all of it. The same refund again gets the same answer, for ever.",
        "A signed Refund.",
        api.RefundAnswer,
        refunds.prepare_refund,
        refunds.refund_answer,
        tag="Payments",
    ),
    _read(
        api.PATH_BALANCE,
        "getBalance",
        "A wallet's own balance.",
        api.BalanceAnswer,
        _balance,
        tag="Wallets",
    ),
    Operation(
        method="GET",
        path=api.PATH_REFUNDS,
        name="listRefunds",
        about="What merchants gave back to a wallet, the oldest first.",
        tag="Wallets",
        access=Access.SIGNED_READ,
        answer=api.RefundsAnswer,
        call=_refunds,
        parameters=(SINCE,),
    ),
    Operation(
        method="GET",
        path=api.PATH_PAYMENTS + "/{name}",
        name="getPayment",
        about="What became of a request, by its id: a terminal asks about its own, a key about any of its merchant.",
        tag="Payments",
        access=Access.SIGNED_READ_OR_API_KEY,
        scope=Scope.PAYMENTS_READ,
        answer=(api.PaymentAnswer, PaymentTold),
        call=_payment,
        parameters=(WAIT,),
        media_types=(api.JSON, streams.MEDIA_TYPE),
    ),
    Operation(
        method="GET",
        path=api.PATH_PAYMENTS + "/{name}/receipt",
        name="getReceipt",
        about="The operator's signed receipt of a payment: proof for anybody who has the root key.",
        tag="Payments",
        access=Access.SIGNED_READ_OR_API_KEY,
        scope=Scope.PAYMENTS_READ,
        answer=None,
        call=_receipt,
        media_types=(api.COSE,),
    ),
    _read(
        api.PATH_CONSENTS + "/{name}",
        "getConsent",
        "What became of a wallet's own intent or code, by its digest.",
        api.PaymentAnswer,
        _consent,
        tag="Payments",
    ),
)
