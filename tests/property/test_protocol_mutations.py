"""Mutated messages: over a million of them none is accepted, and every refusal is an error of our tree.

The suite makes 3,000; `make soak` makes 1,000,000; TILLCODE_MUTATIONS=n makes n of both.
"""

import os
from collections import Counter as Tally
from collections.abc import Callable
from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest

from tests.property.forgeries import FORGERIES, World
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError

SUITE_MUTATIONS = int(os.environ.get("TILLCODE_MUTATIONS", "3000"))
SOAK_MUTATIONS = int(os.environ.get("TILLCODE_MUTATIONS", "1000000"))


def refusals(world: World, rng: Random, count: int) -> tuple[Tally[ErrorCode], Tally[str]]:
    """Mutate ``count`` times; give back how often each code refused, and how often each kind of mutation was new."""
    codes: Tally[ErrorCode] = Tally()
    tried: Tally[str] = Tally()
    kinds = sorted(world.valid)
    while tried.total() < count:
        kind = rng.choice(kinds)
        forge = rng.choice(FORGERIES)
        forged = forge(world, rng, kind)
        if forged is None or forged in world.valid[kind]:
            continue
        tried[forge.__name__] += 1
        try:
            world.accept[kind](forged)
        except TillcodeError as error:
            codes[error.code] += 1
        else:
            pytest.fail(f"accepted: {kind} by {forge.__name__}: {forged.hex()}")
    return codes, tried


def check(world: World, rng: Random, count: int) -> None:
    """No mutation passes, and every kind of mutation had its part."""
    codes, tried = refusals(world, rng, count)
    print(f"{tried.total()} mutations refused", dict(tried), {code.name: n for code, n in codes.most_common()})
    if count >= 3_000:
        assert {forge.__name__ for forge in FORGERIES} == set(tried)
        assert codes[ErrorCode.BAD_SIGNATURE] > 0 < codes[ErrorCode.NOT_CANONICAL]
        assert len(codes) >= 12, "a run that only ever fails in one way proves little"


def test_the_originals_are_accepted() -> None:
    """Else it would be no wonder that their mutations are not."""
    world = World()
    for kind, envelopes in world.valid.items():
        for envelope in envelopes:
            world.accept[kind](envelope)


def test_no_mutation_is_accepted(rng: Random) -> None:
    """A few thousand in every run of the suite."""
    check(World(), rng, SUITE_MUTATIONS)


@pytest.mark.soak
def test_no_mutation_of_a_million_is_accepted(rng: Random) -> None:
    """The gate of the design: over a million mutated messages, zero accepted."""
    check(World(), rng, SOAK_MUTATIONS)


@pytest.mark.parametrize("kind", sorted(World().valid))
def test_every_single_flipped_bit_is_refused(kind: str) -> None:
    """Not by chance: each bit of one message of each kind, of a batch the first 200 bytes."""
    world = World()
    original = min(world.valid[kind])
    accept: Callable[[bytes], object] = world.accept[kind]
    for place in range(min(len(original), 200)):
        for bit in range(8):
            flipped = bytearray(original)
            flipped[place] ^= 1 << bit
            with pytest.raises(TillcodeError):
                accept(bytes(flipped))
