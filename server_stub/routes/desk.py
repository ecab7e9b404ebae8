"""What the routes stand on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, ParamSpec, TypeVar

from server_stub.committer import Command
from server_stub.faults import Faults
from server_stub.routes.arriving import Arrivals
from server_stub.routes.buckets import Buckets, Policy
from server_stub.routes.load import Load
from server_stub.routes.measures import Measures
from server_stub.service.operator import Operator
from server_stub.wakeups import Wakeups

P = ParamSpec("P")
T = TypeVar("T")

#: A full batch comes within this over a slow mobile line; who sends a byte a minute must not hold a place for ever.
BODY_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the routes stand on.

    Attributes:
        workers: threads in which signatures are verified and the ledger is read.
        is_first: whether it is this process that does what one of them has to.
        is_one_of_many: whether there are processes for the other cores, so that a thread's hand-over only costs.
    """

    operator: Operator
    workers: Executor
    wakeups: Wakeups
    faults: Faults
    body_s_max: float = BODY_S_MAX
    is_one_of_many: bool = False
    is_first: bool = True
    measures: Measures = field(default_factory=Measures)
    load: Load = field(default_factory=Load)
    arrivals: Arrivals = field(default_factory=Arrivals)
    key_buckets: Buckets = field(init=False)
    _turn: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(1))

    def __post_init__(self) -> None:
        limits = self.operator.config.limits
        policy = Policy(name="key", per_s=limits.key_per_s, burst=limits.key_burst)
        object.__setattr__(self, "key_buckets", Buckets(policy))

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something slow outside the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.workers, lambda: call(*args, **kwargs))

    async def run_quickly(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what takes a tenth of a millisecond: here, when other processes have the other cores."""
        return call(*args, **kwargs) if self.is_one_of_many else await self.run(call, *args, **kwargs)

    async def run_alone(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what uses a whole core for long; one at a time where other processes have the other cores."""
        if not self.is_one_of_many:
            return await self.run(call, *args, **kwargs)
        async with self._turn:  # no two fight for the interpreter
            return await self.run(call, *args, **kwargs)

    async def commit(self, command: Command[T]) -> T:
        """The command's answer, once it is durable."""
        return await self.operator.committer.submit_here(command)
