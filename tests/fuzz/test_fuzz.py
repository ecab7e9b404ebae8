"""A few inputs for every decoder in each run of the suite, many in `make soak`; TILLCODE_FUZZ=n makes n of both.

`make fuzz` goes deeper, guided by coverage, where atheris has a wheel. See docs/testing.md.
"""

import os
from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest

from tests.fuzz.mutator import INPUT_BYTES_MAX, mutated, reshaped
from tests.fuzz.targets import TARGETS, corpus

SUITE_INPUTS = int(os.environ.get("TILLCODE_FUZZ", "1000"))
SOAK_INPUTS = int(os.environ.get("TILLCODE_FUZZ", "50000"))
CORPUS = corpus()


def fuzz(name: str, rng: Random, count: int) -> None:
    """Feed a decoder; on a failure say which bytes it was."""
    target = TARGETS[name]
    for _ in range(count):
        content = rng.choice((mutated, reshaped))(rng, CORPUS[name])
        try:
            target(content)
        except BaseException as error:
            error.add_note(f"{name} was given {content.hex()}")
            raise


def test_every_target_begins_with_something_good() -> None:
    """And takes all of its corpus, good and bad, without complaint."""
    assert CORPUS.keys() == TARGETS.keys()
    for name, seeds in CORPUS.items():
        assert seeds
        for content in seeds:
            TARGETS[name](content)


def test_the_same_seed_gives_the_same_bytes() -> None:
    """So that a failure can be replayed; and none is longer than what a reader is given."""
    one, other = ([mutated(Random(5), CORPUS["cbor"]) for _ in range(20)] for _ in range(2))
    assert one == other
    long = Random(6)
    assert all(len(mutated(long, [b"x" * 4_000])) <= INPUT_BYTES_MAX for _ in range(200))


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_refuses_in_our_way_or_not_at_all(name: str, rng: Random) -> None:
    """Errors of our tree and nothing else; what is accepted has one encoding."""
    fuzz(name, rng, SUITE_INPUTS)


@pytest.mark.soak
@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_holds_for_long(name: str, rng: Random) -> None:
    """The same with many more."""
    fuzz(name, rng, SOAK_INPUTS)
