"""Bodies that have not come whole: read within bounds of bytes, of time, and of what one address may have on its way.

A body of 512 bytes is nothing; a batch has three quarters of a MiB, and whoever may send a thousand of them at once
fills the memory before the first signature is looked at. So a long body must name a device that is known before more
of it than its beginning is kept, and what an address has on its way is counted.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from wallet_sdk.protocol.envelope import HEAD_BYTES, key_id_at_head
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, UnavailableError
from wallet_sdk.protocol.ids import KeyId
from wallet_sdk.protocol.limits import BATCH_BYTES_MAX

#: Of one address: a shop whose tills all come back at once behind one router sends eight full batches side by side.
ADDRESS_BYTES_MAX: Final = 8 * BATCH_BYTES_MAX

#: Raises for a key that may not send what it has begun to send.
CheckSigner = Callable[[KeyId], Awaitable[object]]


class Arrivals:
    """How many bytes of bodies each address has on their way; of one event loop's thread.

    A connection knows its proxy's address only, an operation the caller's own: so the sum of all is bounded there
    (``connections``), and each one's share here.
    """

    __slots__ = ("_address_bytes_max", "_of_address")

    def __init__(self, *, address_bytes_max: int = ADDRESS_BYTES_MAX) -> None:
        self._address_bytes_max = address_bytes_max
        self._of_address = Counter[str]()

    @contextmanager
    def of(self, address: str) -> Generator[Callable[[int], None]]:
        """One body arrives inside; what is given is told of each piece.

        The call raises UnavailableError, SERVER_BUSY, when the address has too much on the way.
        """
        kept = 0

        def keep(count: int) -> None:
            nonlocal kept
            if self._of_address[address] + count > self._address_bytes_max:
                raise UnavailableError(ErrorCode.SERVER_BUSY, "too much of this address is on its way")
            kept += count
            self._of_address[address] += count

        try:
            yield keep
        finally:
            self._of_address[address] -= kept
            if not self._of_address[address]:
                del self._of_address[address]


async def arrived(
    receive: Receive,
    *,
    bytes_max: int,
    seconds_max: float | None,
    arrivals: Arrivals,
    address: str,
    check_signer: CheckSigner | None = None,
) -> bytes:
    """The whole body, given up as soon as it is too large, too slow, or of somebody who is not known.

    Args:
        check_signer: asked once, with the key that the body's head names, when the body does not come in one piece.

    Raises:
        MalformedMessageError: MESSAGE_TOO_LARGE, or BAD_ENVELOPE for a head that names no key.
        UnavailableError: NETWORK_TIMEOUT or SERVER_BUSY.
        RuleViolationError: what ``check_signer`` says.
        ClientDisconnect: the caller has left.
    """
    with arrivals.of(address) as keep:
        try:
            async with asyncio.timeout(seconds_max):
                body = bytearray()
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientDisconnect
                    body += message.get("body", b"")
                    if len(body) > bytes_max:
                        raise MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, f"at most {bytes_max} bytes are taken")
                    if not message.get("more_body", False):
                        return bytes(body)
                    keep(len(message.get("body", b"")))
                    if check_signer is not None and len(body) >= HEAD_BYTES:
                        await check_signer(key_id_at_head(body))
                        check_signer = None
        except TimeoutError as error:
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "the body did not come in time") from error
