"""What the programs need of the world, as small protocols; each has an adapter and a fake.

Clock and Random are the only ways to time and chance (system.py has the real ones, testing.py the fakes).
"""

from dataclasses import dataclass, field
from typing import Protocol

from wallet_sdk.protocol.envelope import Signer
from wallet_sdk.protocol.ids import PublicKeyBytes


class Clock(Protocol):
    """Time. Wall time may jump; monotonic time only runs forward, from an arbitrary start."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment of this process; for durations and timeouts."""
        ...


class Random(Protocol):
    """Randomness fit for keys and ids."""

    def random_bytes(self, count: int) -> bytes:
        """``count`` unpredictable bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request. ``path`` is relative to the server's base address and may carry a query.

    ``call_id`` is made by the client, the same for every try of a call, so that a lost answer can be named too.
    What is shown of it (``repr``) has neither body nor authorization: logs are read by others.
    """

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    authorization: str = field(default="", repr=False)
    timeout_s: float = 10.0
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A whole HTTP answer.

    ``call_id`` is the name that the server gave to this call, if it gave one. ``date_s`` is what its clock said,
    in seconds since the epoch, 0 when it did not say: nobody has signed that, so it may be told and never decided by.
    """

    http_status: int
    body: bytes = field(repr=False)
    content_type: str
    retry_after_s: int = 0
    call_id: str = ""
    date_s: int = 0


class Sender(Protocol):
    """Sends one request once, and says honestly what happened."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        """The whole answer.

        Raises:
            UnavailableError: when no byte left (outcome not_charged) NETWORK_UNREACHABLE or SWITCHED_OFF, after which a
                wallet may pay offline, and NO_FREE_CONNECTION or TLS_FAILED, after which it may not;
                NETWORK_TIMEOUT or BAD_ANSWER when the request may have arrived (outcome unknown).
        """
        ...

    def close(self) -> None:
        """Give back connections; may be called twice."""
        ...


class AsyncSender(Protocol):
    """A ``Sender`` for asyncio. Cancelling ``send`` leaves the outcome unknown, as a lost answer does."""

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """The whole answer.

        Raises:
            UnavailableError: as ``Sender.send``.
        """
        ...

    async def close(self) -> None:
        """Give back connections; may be called twice."""
        ...


class KeyStore(Protocol):
    """Keeps private keys by name; they never leave it."""

    def create(self, name: str) -> PublicKeyBytes:
        """Make and keep a key under a name that is free.

        Raises:
            MisuseError: BAD_ARGUMENT when the name is taken.
        """
        ...

    def signer(self, name: str) -> Signer:
        """The signer of a name.

        Raises:
            MisuseError: BAD_ARGUMENT when there is no such key.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget a key for ever; one that is not there is forgotten already."""
        ...

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        ...
