"""What a sandbox can be told. A live server has none of these paths."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

import msgspec

from server_stub.committer import Command
from server_stub.routes.bodies import Asked, Told
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import key_operation
from server_stub.routes.operations import Incoming
from server_stub.service.playground import AHEAD_S_MAX, DELAY_MS_MAX, Fault, FaultKind, Playground
from server_stub.store.callers import Scope
from server_stub.store.nature import SandboxMark
from server_stub.store.tables.nature import SANDBOX
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

PATH: Final = "/v1/sandbox"


class ClockAsked(Asked, frozen=True, kw_only=True):
    """Set the sandbox's clock forward; it never goes back."""

    advance_s: Annotated[int, msgspec.Meta(ge=0, le=AHEAD_S_MAX)]


class FaultAsked(Asked, frozen=True, kw_only=True):
    """Let something go wrong with the next requests that change something.

    ``operation`` is an operationId, or empty for any; ``error_code`` is for "decline" only, ``delay_ms`` for "delay".
    """

    kind: FaultKind
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    operation: Annotated[str, msgspec.Meta(max_length=64)] = ""
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=DELAY_MS_MAX)] = 0
    error_code: int = int(ErrorCode.INSUFFICIENT_FUNDS)


class FaultTold(Told, frozen=True, kw_only=True):
    """Something that is still to go wrong."""

    kind: FaultKind
    count: int
    operation: str
    delay_ms: int
    error_code: int


class SandboxTold(Told, frozen=True, kw_only=True):
    """The sandbox as it stands."""

    now_s: int
    clock_ahead_s: int
    faults: tuple[FaultTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClock(Command[SandboxMark]):
    """Remember how far the clock is ahead, so that a restart does not set it back."""

    seconds: int

    def apply(self, writer: Writer) -> SandboxMark:
        mark = writer.find(SANDBOX, 1)
        assert mark is not None, "only a sandbox has a playground"
        if mark.clock_ahead_s + self.seconds > AHEAD_S_MAX:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "no further than ten years", param="advance_s")
        ahead = replace(mark, clock_ahead_s=mark.clock_ahead_s + self.seconds)
        writer.change(SANDBOX, ahead)
        return ahead


def _playground(desk: Desk) -> Playground:
    playground = desk.operator.playground
    assert playground is not None, "a live server has none of these routes"
    return playground


async def _look(desk: Desk, _incoming: Incoming) -> SandboxTold:
    playground = _playground(desk)
    return SandboxTold(
        now_s=desk.operator.now_s(),
        clock_ahead_s=playground.clock.ahead_s,
        faults=tuple(
            FaultTold(
                kind=fault.kind,
                count=fault.count,
                operation=fault.operation,
                delay_ms=fault.delay_ms,
                error_code=int(fault.error_code),
            )
            for fault in playground.faults
        ),
    )


async def _advance(desk: Desk, incoming: Incoming) -> SandboxTold:
    seconds = incoming.json(ClockAsked).advance_s
    await desk.commit(AdvanceClock(seconds=seconds))
    _playground(desk).clock.advance(seconds)
    return await _look(desk, incoming)


async def _fault(desk: Desk, incoming: Incoming) -> SandboxTold:
    asked = incoming.json(FaultAsked)
    if asked.error_code // 1000 != 2 or asked.error_code not in {int(code) for code in ErrorCode}:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "an error code of a rule, 2xxx, is expected", param="error_code")
    _playground(desk).add(
        Fault(
            kind=asked.kind,
            count=asked.count,
            operation=asked.operation,
            delay_ms=asked.delay_ms,
            error_code=ErrorCode(asked.error_code),
        )
    )
    return await _look(desk, incoming)


async def _clear(desk: Desk, incoming: Incoming) -> SandboxTold:
    _playground(desk).clear()
    return await _look(desk, incoming)


OPERATIONS: Final = (
    key_operation(
        "GET", PATH, "getSandbox", "The sandbox as it stands.", SandboxTold, _look, tag="Sandbox", scope=Scope.SANDBOX
    ),
    key_operation(
        "POST",
        PATH + "/clock",
        "advanceClock",
        "Set the sandbox's clock forward; it never goes back.",
        SandboxTold,
        _advance,
        tag="Sandbox",
        scope=Scope.SANDBOX,
        asked=ClockAsked,
        is_another_act=True,
    ),
    key_operation(
        "POST",
        PATH + "/faults",
        "addFault",
        "Let something go wrong with the next requests that change something.",
        SandboxTold,
        _fault,
        tag="Sandbox",
        scope=Scope.SANDBOX,
        asked=FaultAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    key_operation(
        "DELETE",
        PATH + "/faults",
        "clearFaults",
        "Let nothing go wrong any more.",
        SandboxTold,
        _clear,
        tag="Sandbox",
        scope=Scope.SANDBOX,
    ),
)
