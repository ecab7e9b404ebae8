"""A merchant's printed codes: issued, listed, drawn, ended."""

import io
from typing import Any, Final

from starlette.responses import Response

from server_stub.routes import bodies
from server_stub.routes.administration import currency_named
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import key_operation
from server_stub.routes.operations import Access, Incoming, Operation, Parameter
from server_stub.service import printing
from server_stub.store.callers import Scope
from server_stub.store.records_printed import PrintedCode
from wallet_sdk.protocol import api, qr

_PATH: Final = "/v1/static-codes"
_ONE: Final = _PATH + "/{code_id}"
_PNG: Final = "image/png"
#: 300 dots an inch make a version 9 code of 61 modules 10 cm wide with this; smaller prints are read from nearer.
_MODULE_PX: Final = 20
_MODULE: Final = Parameter(
    name="module_px",
    about="Pixels of one module of the picture.",
    schema={"type": "integer", "minimum": 1, "default": _MODULE_PX},
)
_MODULE_PX_MAX: Final = 40


def _told(code: PrintedCode) -> bodies.StaticCodeTold:
    return bodies.StaticCodeTold(
        code_id=api.to_base64url(code.code_id),
        terminal_id=code.terminal_id,
        label=code.label,
        currency=code.currency.name,
        payment_max_minor=code.payment_max_minor,
        made_at_s=code.made_at_s,
        expires_at_s=code.expires_at_s,
        ended_at_s=code.ended_at_s,
        text=qr.to_text(code.envelope),
    )


async def _make(desk: Desk, incoming: Incoming) -> bodies.StaticCodeTold:
    asked = incoming.json(bodies.StaticCodeAsked)
    command = printing.new_static_code(
        desk.operator,
        incoming.merchant,
        label=asked.label,
        currency=currency_named(asked.currency),
        payment_max_minor=asked.payment_max_minor,
        lifetime_d=asked.lifetime_d,
    )
    return _told(await desk.commit(command))


async def _list(desk: Desk, incoming: Incoming) -> bodies.StaticCodesTold:
    codes = await desk.run(printing.codes_of_merchant, desk.operator, incoming.merchant)
    return bodies.StaticCodesTold(static_codes=tuple(map(_told, codes)))


async def _picture(desk: Desk, incoming: Incoming) -> Response:
    module_px = incoming.number("module_px", default=_MODULE_PX, lowest=1, highest=_MODULE_PX_MAX)
    merchant_id, name = incoming.merchant, incoming.names["code_id"]

    def draw() -> bytes:
        code = printing.own_code(desk.operator, merchant_id, name)
        drawn = io.BytesIO()
        qr.picture(qr.to_text(code.envelope), module_px=module_px).save(drawn, "PNG")
        return drawn.getvalue()

    return Response(await desk.run(draw), media_type=_PNG)


async def _end(desk: Desk, incoming: Incoming) -> bodies.StaticCodeTold:
    command = printing.EndStaticCode(
        code_id=printing.id_of(incoming.names["code_id"]), merchant_id=incoming.merchant, at_s=desk.operator.now_s()
    )
    return _told(await desk.commit(command))


def _row(method: str, path: str, name: str, about: str, answer: type[Any], call: Any, **more: Any) -> Operation:
    return key_operation(
        method, path, name, about, answer, call, tag="Printed codes", scope=Scope.DEVICES_WRITE, **more
    )


OPERATIONS: Final = (
    _row("GET", _PATH, "listStaticCodes", "The merchant's printed codes.", bodies.StaticCodesTold, _list),
    _row(
        "POST",
        _PATH,
        "makeStaticCode",
        "A code to print: whoever scans it says how much, and pays online.",
        bodies.StaticCodeTold,
        _make,
        asked=bodies.StaticCodeAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    Operation(
        method="GET",
        path=_ONE + "/picture",
        name="getStaticCodePicture",
        about="The code as a picture to print.",
        tag="Printed codes",
        access=Access.API_KEY,
        scope=Scope.DEVICES_WRITE,
        answer=None,
        call=_picture,
        parameters=(_MODULE,),
        media_types=(_PNG,),
    ),
    _row("DELETE", _ONE, "endStaticCode", "Nobody is paid by this print any more.", bodies.StaticCodeTold, _end),
)
