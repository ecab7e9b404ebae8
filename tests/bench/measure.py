"""How figures are taken: medians of interleaved rounds, beside one yardstick taken in the same run."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Call = Callable[[], object]
#: Name with its unit -> figure.
Parts = Mapping[str, float]

ROUNDS: Final = 15
#: CPU time of one round of one call: long against the clock's own cost, short against a neighbour's burst.
ROUND_US: Final = 4_000
_ECDSA: Final = ec.ECDSA(Prehashed(SHA256()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        bar: what design asks for, as it is printed: "< 10", ">= 0.5"; empty when it asks for none.
        parts: what the value is made of or stands beside, units last in the names.
    """

    name: str
    value: float
    bar: str = ""
    parts: Parts = field(default_factory=dict[str, float])

    @property
    def meets_bar(self) -> bool:
        """Whether the value is on the right side of the bar, for the table's mark only."""
        assert self.bar, "there is a bar"
        sign, _, bound = self.bar.partition(" ")
        comparisons = {
            "<": self.value < float(bound),
            "<=": self.value <= float(bound),
            ">=": self.value >= float(bound),
        }
        return comparisons[sign]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every row is given: the seed of its inputs, a folder of its own, and how large to make the large rows."""

    seed: int
    folder: Path
    scale: float = 1.0

    def sized(self, count: int) -> int:
        """A count of payments at the scale of this run, at least 64."""
        return max(64, int(count * self.scale))


class Yardstick:
    """What one signature costs on this machine just now: the bare library, nothing of ours around it."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        digest = bytes(range(32))
        self._key, self._public_key, self._digest = key, key.public_key(), digest
        self._signature = key.sign(digest, _ECDSA)
        self._point = self._public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def verify(self) -> None:
        """One P-256 verification by a key object that is already there."""
        self._public_key.verify(self._signature, self._digest, _ECDSA)

    def sign(self) -> bytes:
        """One P-256 signature."""
        return self._key.sign(self._digest, _ECDSA)

    def load(self) -> ec.EllipticCurvePublicKey:
        """A key object from a compressed point."""
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self._point)

    def calls(self) -> dict[str, Call]:
        """The three of them, named as parts."""
        return {"crypto_verify_us": self.verify, "crypto_sign_us": self.sign, "crypto_load_us": self.load}


def medians_us(calls: Mapping[str, Call], *, rounds: int = ROUNDS) -> dict[str, float]:
    """CPU microseconds of each call, the calls taking turns: what slows the machine slows them all alike.

    CPU time of this thread and not wall time, because others may be using the machine's cores.
    """
    counts = {name: _count_for_a_round(call) for name, call in calls.items()}
    taken_us: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken_us[name].append(_thread_us(call, counts[name]))
    return {name: statistics.median(each) for name, each in taken_us.items()}


def verify_us() -> float:
    """CPU microseconds of one verification, now."""
    return medians_us({"verify": Yardstick().verify}, rounds=25)["verify"]


def wall_ms(call: Call) -> float:
    """Wall milliseconds of one call; for what waits for a disk or another process."""
    start_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start_ns) / 1e6


def _count_for_a_round(call: Call) -> int:
    call()
    once_us = max(0.05, _thread_us(call, 3))
    return max(1, int(ROUND_US / once_us))


def _thread_us(call: Call, count: int) -> float:
    start_ns = time.thread_time_ns()
    for _ in range(count):
        call()
    return (time.thread_time_ns() - start_ns) / 1_000 / count
