"""Server-sent events: what became of one payment, told as it happens, over a connection that is kept open.

Source: WHATWG HTML, "Server-sent events", section "The event stream format".
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from starlette.responses import StreamingResponse

from server_stub.routes.desk import Desk
from server_stub.service import reads
from server_stub.service.reads import Question
from wallet_sdk.protocol import api

MEDIA_TYPE: Final = "text/event-stream"
#: A word between events, so that nobody on the way takes the connection for dead.
_STILL_HERE_S: Final = 15.0
#: A request lives two minutes: after five whoever listens has forgotten it, and may ask again.
_STREAM_S_MAX: Final = 300.0


def response(desk: Desk, question: Question) -> StreamingResponse:
    """The answer as it is now, each change of it, and the end when there is no more to come."""
    return StreamingResponse(_told(desk, question), media_type=MEDIA_TYPE)


async def _told(desk: Desk, question: Question) -> AsyncGenerator[bytes]:
    last: api.PaymentAnswer | None = None
    ends_ms = desk.operator.clock.monotonic_ms() + int(_STREAM_S_MAX * 1000)
    with desk.wakeups.waiting_for(question.key) as event:
        while True:
            found = await desk.run(reads.answer, desk.operator, question)
            if found is not None and found != last:
                last = found
                yield b"event: payment\ndata: " + api.to_json(found) + b"\n\n"
            over = desk.wakeups.is_closed or desk.operator.clock.monotonic_ms() >= ends_ms
            if reads.is_settled(found) or over:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STILL_HERE_S):
                    await event.wait()
            if event.is_set():
                event.clear()
            else:
                yield b": still here\n\n"
