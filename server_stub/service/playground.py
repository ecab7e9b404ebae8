"""What only a sandbox can do: outcomes by amount, a clock that can be set forward, faults on demand.

A ledger is founded as a sandbox or it never is one; see ``bootstrap.opened_desk``. Nothing here is reachable without a
Playground, and a live server has none.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from server_stub.store.base import Store
from server_stub.store.nature import Nature
from server_stub.store.tables.nature import SANDBOX, nature_of
from wallet_sdk.ports import Clock
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import RequestId

#: A fault that waits longer than any client's patience tells nothing more.
DELAY_MS_MAX: Final = 30_000
FAULTS_MAX: Final = 100
#: Ten years: certificates and keys are then long past, and the numbers of seconds still fit the wire.
AHEAD_S_MAX: Final = 10 * 366 * 86_400
#: Requests that were hit once by their amount; after so many the first are forgotten.
_REMEMBERED_MAX: Final = 10_000


@unique
class FaultKind(Enum):
    """What can go wrong with the next requests that change something."""

    #: The connection is cut and nothing was done.
    DROP_BEFORE_COMMIT = "drop_before_commit"
    #: It was done, and the connection is cut before the answer.
    DROP_AFTER_COMMIT = "drop_after_commit"
    #: It was done, and the answer is an error of the server.
    ERROR_AFTER_COMMIT = "error_after_commit"
    #: 503, and nothing was done.
    BUSY = "busy"
    #: The answer comes late.
    DELAY = "delay"
    #: The next claim is declined with an error code.
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``count`` requests, of one operation or of any."""

    kind: FaultKind
    count: int = 1
    operation: str = ""
    delay_ms: int = 0
    error_code: ErrorCode = ErrorCode.INSUFFICIENT_FUNDS


class ConnectionCutError(UnavailableError):
    """The caller gets no answer at all."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.NETWORK_UNREACHABLE, "the sandbox has cut the connection", outcome=MoneyOutcome.UNKNOWN
        )


#: Amount in minor units of any currency -> why it is declined, whoever pays it.
DECLINED_AMOUNTS: Final[Mapping[int, ErrorCode]] = MappingProxyType(
    {
        101: ErrorCode.INSUFFICIENT_FUNDS,
        102: ErrorCode.OVER_TOKEN_LIMIT,
        103: ErrorCode.REVOKED,
        104: ErrorCode.TOKEN_CLOSED,
        105: ErrorCode.OVER_PAYMENT_LIMIT,
        106: ErrorCode.OVER_COUNT_LIMIT,
    }
)
#: Amount -> what happens to the first try of a request; the second try goes through.
FAULTY_AMOUNTS: Final[Mapping[int, Fault]] = MappingProxyType(
    {
        111: Fault(kind=FaultKind.BUSY),
        112: Fault(kind=FaultKind.DROP_BEFORE_COMMIT),
        113: Fault(kind=FaultKind.DROP_AFTER_COMMIT),
        114: Fault(kind=FaultKind.ERROR_AFTER_COMMIT),
        115: Fault(kind=FaultKind.DELAY, delay_ms=5_000),
    }
)


class SandboxClock:
    """Another clock, and how far it was set forward. Wall and monotonic time move together."""

    __slots__ = ("_ahead_ms", "_clock")

    def __init__(self, clock: Clock, *, ahead_s: int = 0) -> None:
        self._clock = clock
        self._ahead_ms = ahead_s * 1000

    @property
    def ahead_s(self) -> int:
        return self._ahead_ms // 1000

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self._clock.now_ms() + self._ahead_ms

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment."""
        return self._clock.monotonic_ms() + self._ahead_ms

    def advance(self, seconds: int) -> None:
        """Set it forward, never back."""
        assert seconds >= 0, "time only runs forward"
        self._ahead_ms += seconds * 1000


@dataclass(slots=True, kw_only=True)
class Playground:
    """The state of one sandbox's process; may be used from any thread."""

    clock: SandboxClock
    _faults: list[Fault] = field(default_factory=list)
    _hit: dict[RequestId, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests; the oldest goes when there are too many."""
        with self._lock:
            self._faults = [*self._faults, fault][-FAULTS_MAX:]

    def clear(self) -> None:
        """Let nothing happen any more."""
        with self._lock:
            self._faults = []

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is still to happen."""
        return tuple(self._faults)

    def refusal(self, amount_minor: int) -> TillcodeError | None:
        """Why a claim is declined, by its amount or because the next one is to be."""
        code = DECLINED_AMOUNTS.get(amount_minor)
        if code is None:
            fault = self._taken(lambda one: one.kind is FaultKind.DECLINE)
            code = None if fault is None else fault.error_code
        return None if code is None else RuleViolationError(code, "the sandbox declines it")

    def fault_of(self, operation: str, payments: list[tuple[RequestId, int]]) -> Fault | None:
        """What happens to a request: asked for, or by the amount of a payment in it that was not hit before."""
        fault = self._taken(lambda one: one.kind is not FaultKind.DECLINE and one.operation in {"", operation})
        if fault is not None:
            return fault
        for request_id, amount_minor in payments:
            if amount_minor in FAULTY_AMOUNTS and self._is_first(request_id):
                return FAULTY_AMOUNTS[amount_minor]
        return None

    def _is_first(self, request_id: RequestId) -> bool:
        with self._lock:
            if request_id in self._hit:
                return False
            self._hit[request_id] = None
            if len(self._hit) > _REMEMBERED_MAX:
                del self._hit[next(iter(self._hit))]
        return True

    def _taken(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fits(fault):
                    left = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                    self._faults[place : place + 1] = left
                    return fault
        return None


def playground_of(store: Store, nature: Nature, clock: Clock) -> Playground | None:
    """What a ledger was founded as decides, and nothing else: play money and money never meet in one ledger.

    Raises:
        MisuseError: BAD_ARGUMENT when the ledger is of the other nature.
    """
    with store.reading() as reader:
        mark, founded_as = reader.find(SANDBOX, 1), nature_of(reader)
    if founded_as is not nature:
        how = "serve it with --sandbox" if founded_as is Nature.SANDBOX else "a sandbox is founded with: init --sandbox"
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, f"this ledger was founded as {founded_as.value}; {how}", param="sandbox"
        )
    return None if mark is None else Playground(clock=SandboxClock(clock, ahead_s=mark.clock_ahead_s))


async def before_commit(fault: Fault | None) -> None:
    """What happens before anything is done.

    Raises:
        UnavailableError: SERVER_BUSY, or the connection is cut.
    """
    if fault is None:
        return
    if fault.kind is FaultKind.BUSY:
        raise UnavailableError(ErrorCode.SERVER_BUSY, "the sandbox is busy, as you asked")
    if fault.kind is FaultKind.DROP_BEFORE_COMMIT:
        raise ConnectionCutError


async def after_commit(fault: Fault | None) -> None:
    """What happens when it is done and nobody has heard of it yet.

    Raises:
        UnavailableError: SERVER_ERROR, or the connection is cut.
    """
    if fault is None:
        return
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.delay_ms / 1000)
    if fault.kind is FaultKind.ERROR_AFTER_COMMIT:
        raise UnavailableError(ErrorCode.SERVER_ERROR, "the sandbox fails, as you asked", outcome=MoneyOutcome.UNKNOWN)
    if fault.kind is FaultKind.DROP_AFTER_COMMIT:
        raise ConnectionCutError
