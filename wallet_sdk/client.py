"""The HTTP contract as calls: typed answers, typed errors, and retries that cannot charge twice.

Every POST of the protocol is idempotent by content, so a retry repeats the very same bytes. A retry
starts only inside the call's own time budget: the payer is standing at the counter.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from wallet_sdk import flow
from wallet_sdk.log import tell
from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest, Random, Sender
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Signer, seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MoneyOutcome, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import ReadRequest

__all__ = ["RETRIES_MAX", "TIMEOUT_S", "ApiClient", "Calls", "Patience"]

#: Budget of one call with all its tries.
TIMEOUT_S: Final = 10.0
#: Two more tries: a lost packet is repaired, a dead server is not hammered.
RETRIES_MAX: Final = 2
#: First pause; each further one doubles. Up to half of it is cut off at random, so that a crowd spreads out.
PAUSE_MS: Final = 200
#: A try with less time than this is not begun.
TRY_MS_MIN: Final = 250
#: Names one call in the logs of both sides: 64 bits of chance.
CALL_ID_BYTES: Final = 8

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one call may take with all its tries, and how many more than one it may make."""

    timeout_s: float = TIMEOUT_S
    retries_max: int = RETRIES_MAX


class Calls:
    """The calls to one server, as flows. A driver runs them; see ``wallet_sdk.flow``."""

    def __init__(self, server: str, *, clock: Clock, random: Random, patience: Patience | None = None) -> None:
        self._server = server
        self._clock = clock
        self._random = random
        self._patience = patience or Patience()

    #
    async def post_message(
        self, path: str, envelope: Envelope, answer_type: type[A], *, timeout_s: float | None = None
    ) -> A:
        """POST one signed message.

        Raises:
            TillcodeError: the server's own word, or UnavailableError; ``outcome`` is unknown when any try may have
                arrived and none was answered.
        """
        return await self._post(path, envelope, api.COSE, answer_type, timeout_s=timeout_s)

    async def post_json(self, path: str, body: Any, answer_type: type[A], *, timeout_s: float | None = None) -> A:
        """POST one of the bodies of protocol.api.

        Raises:
            TillcodeError: as ``post_message``.
        """
        return await self._post(path, api.to_json(body), api.JSON, answer_type, timeout_s=timeout_s)

    async def get(self, path: str, answer_type: type[A], *, signer: Signer | None = None, wait_s: int = 0) -> A:
        """GET a path, signed when a signer is given; with ``wait_s`` the server may wait for a change (a long poll).

        A query is not signed: it only chooses among what is the signer's own.

        Raises:
            TillcodeError: as ``post_message``.
        """
        assert 0 <= wait_s <= api.WAIT_S_MAX, "the server waits no longer than that"
        request = HttpRequest(
            method="GET",
            path=f"{path}?wait={wait_s}" if wait_s else path,
            authorization=self._authorization(path.partition("?")[0], signer) if signer else "",
            timeout_s=self._patience.timeout_s + wait_s,
        )
        return await self._call(request, answer_type)

    async def _post(
        self, path: str, body: bytes, content_type: str, answer_type: type[A], *, timeout_s: float | None
    ) -> A:
        request = HttpRequest(
            method="POST",
            path=path,
            body=body,
            content_type=content_type,
            timeout_s=self._patience.timeout_s if timeout_s is None else timeout_s,
        )
        return await self._call(request, answer_type)

    def _authorization(self, path: str, signer: Signer) -> str:
        sealed = seal(ReadRequest(path=path, made_at_s=self._clock.now_ms() // 1000), signer)
        return f"{api.AUTHORIZATION_SCHEME} {api.to_base64url(sealed.envelope)}"

    async def _call(self, request: HttpRequest, answer_type: type[A]) -> A:
        request = replace(request, call_id=self._random.random_bytes(CALL_ID_BYTES).hex())
        deadline_ms = self._clock.monotonic_ms() + int(request.timeout_s * 1000)
        may_have_arrived = False
        tries = 0
        while True:
            left_ms = max(TRY_MS_MIN, deadline_ms - self._clock.monotonic_ms())
            result = await self._try(replace(request, timeout_s=left_ms / 1000), answer_type)
            if not isinstance(result, _Failure):
                tell("debug", "%s %s: answered", request.method, _told(request))
                return result
            error = result.error
            tell("debug", "%s %s: %s, %s", request.method, _told(request), error.code.name, error.outcome.value)
            may_have_arrived = may_have_arrived or error.outcome is MoneyOutcome.UNKNOWN
            pause_ms = max(self._pause_ms(tries), result.retry_after_s * 1000)
            in_time = self._clock.monotonic_ms() + pause_ms + TRY_MS_MIN <= deadline_ms
            if tries >= self._patience.retries_max or not _worth_retrying(error) or not in_time:
                _doubt_if(may_have_arrived, error)
                error.call_id = error.call_id or request.call_id
                raise error
            tries += 1
            tell("info", "%s %s: %s, again in %d ms", request.method, _told(request), error.code.name, pause_ms)
            await flow.Pause(seconds=pause_ms / 1000)

    async def _try(self, request: HttpRequest, answer_type: type[A]) -> "A | _Failure":
        try:
            answer = await flow.Send(server=self._server, request=request)
        except UnavailableError as error:
            return _Failure(error=error)
        if not 200 <= answer.http_status < 300:
            return _Failure(error=_error_of(answer), retry_after_s=answer.retry_after_s)
        try:
            return api.parse_json(answer.body, answer_type)
        except MalformedMessageError as error:
            return _Failure(
                error=UnavailableError(
                    ErrorCode.BAD_ANSWER, f"not a {answer_type.__name__}: {error.message}", outcome=MoneyOutcome.UNKNOWN
                )
            )

    def _pause_ms(self, tries: int) -> int:
        """200 ms, then 400, with up to half of it cut off at random."""
        full_ms = PAUSE_MS << tries
        cut = int.from_bytes(self._random.random_bytes(2), "big")
        return full_ms - full_ms * cut // (2 * 0xFFFF)


class ApiClient:
    """Calls one server from the calling thread. Threads may share it when its sender may be shared."""

    def __init__(
        self,
        sender: Sender,
        *,
        clock: Clock,
        random: Random,
        sleep: Callable[[float], None] = time.sleep,
        retries_max: int = RETRIES_MAX,
    ) -> None:
        self._driver = _SenderDriver(sender, sleep)
        self._calls = Calls("", clock=clock, random=random, patience=Patience(retries_max=retries_max))

    def post_message(self, path: str, envelope: Envelope, answer_type: type[A], *, timeout_s: float = TIMEOUT_S) -> A:
        """POST one signed message.

        Raises:
            TillcodeError: as ``Calls.post_message``.
        """
        return flow.run(self._calls.post_message(path, envelope, answer_type, timeout_s=timeout_s), self._driver)

    def post_json(self, path: str, body: Any, answer_type: type[A], *, timeout_s: float = TIMEOUT_S) -> A:
        """POST one of the bodies of protocol.api.

        Raises:
            TillcodeError: as ``Calls.post_message``.
        """
        return flow.run(self._calls.post_json(path, body, answer_type, timeout_s=timeout_s), self._driver)

    def get(self, path: str, answer_type: type[A], *, signer: Signer | None = None, wait_s: int = 0) -> A:
        """GET a path, signed when a signer is given; with ``wait_s`` the server may wait for a change (a long poll).

        Raises:
            TillcodeError: as ``Calls.post_message``.
        """
        return flow.run(self._calls.get(path, answer_type, signer=signer, wait_s=wait_s), self._driver)

    def close(self) -> None:
        """Close the sender; may be called twice."""
        self._driver.sender.close()


class _SenderDriver:
    """Sends everything through one sender."""

    def __init__(self, sender: Sender, sleep: Callable[[float], None]) -> None:
        self.sender = sender
        self._sleep = sleep

    def send(self, _server: str, request: HttpRequest) -> HttpAnswer:
        return self.sender.send(request)

    def pause(self, seconds: float) -> None:
        self._sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """One try that brought no answer of the wanted type."""

    error: TillcodeError
    retry_after_s: int = 0


def _error_of(answer: HttpAnswer) -> TillcodeError:
    error = api.error_of(answer.body, http_status=answer.http_status)
    error.call_id = error.call_id or answer.call_id or None
    # The bytes have left and no signature says what became of them: "busy" may as well be somebody on the way, who
    # keeps what he has heard and sends it on later.
    if isinstance(error, UnavailableError) and error.outcome is MoneyOutcome.NOT_CHARGED:
        error.outcome = MoneyOutcome.UNKNOWN
    return error


def _told(request: HttpRequest) -> str:
    """Path and name of a call, for the log: the same name is in the server's."""
    return f"{request.path.partition('?')[0]} ({request.call_id})"


def _worth_retrying(error: TillcodeError) -> bool:
    """A refusal stays a refusal, and a switch stays off until somebody turns it."""
    return error.safe_to_retry and error.code is not ErrorCode.SWITCHED_OFF


def _doubt_if(may_have_arrived: bool, error: TillcodeError) -> None:  # noqa: FBT001 (private, one call)
    """One try that may have arrived leaves the money unknown, however harmlessly the last one failed.

    The server's refusal is another matter: it answers for these very bytes, whichever try brought them.
    """
    if may_have_arrived and isinstance(error, UnavailableError):
        error.outcome = MoneyOutcome.UNKNOWN
