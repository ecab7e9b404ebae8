"""Long polls are woken by what their own process commits, and by what another worker of the same server does."""

import asyncio
from collections.abc import Generator

import pytest

from server_stub.wakeups import Links, Wakeups


@pytest.fixture
def links(request: pytest.FixtureRequest) -> Generator[Links]:
    """Links of two workers, or of as many as a test asks for."""
    made = Links(getattr(request, "param", 2))
    yield made
    made.close()


KEY, OTHER = b"payment-1", b"payment-2"


@pytest.mark.parametrize("links", [3], indirect=True)
def test_a_wake_up_reaches_the_one_that_waits_in_another_worker(links: Links) -> None:
    """By its key alone; what nobody waits for costs nothing, and many keys go in several datagrams."""
    first, second, third = (Wakeups(links.of(number)) for number in range(3))

    async def wait_and_wake() -> tuple[bool, bool, bool]:
        with first.waiting_for(KEY) as here, first.waiting_for(OTHER) as beside, third.waiting_for(OTHER) as there:
            second.wake([KEY])
            await asyncio.wait_for(here.wait(), 5)
            untouched = (beside.is_set(), there.is_set())
            second.wake([*(f"key-{number}".encode() for number in range(5_000)), OTHER])
            await asyncio.wait_for(there.wait(), 5)
            await asyncio.wait_for(beside.wait(), 5)
        return here.is_set(), *untouched

    assert asyncio.run(wait_and_wake()) == (True, False, False)
    for number in range(3):
        assert list(links.of(number).received()) == []


def test_nobody_is_written_to_while_nothing_waits_there(links: Links) -> None:
    """A commit costs a worker nothing more until somebody elsewhere waits; then its keys come whole."""
    writer, reader = links.of(0), links.of(1)
    writer.send([KEY])
    assert list(reader.received()) == []
    reader.note_waiting(1)
    writer.send([KEY, OTHER])
    assert list(reader.received()) == [KEY, OTHER]
    reader.note_waiting(0)
    writer.send([KEY])
    assert list(reader.received()) == []


def test_a_full_mailbox_harms_nobody(links: Links) -> None:
    """Nothing blocks and nothing is raised: a poll looks again by itself."""
    writer, reader = links.of(0), links.of(1)
    reader.note_waiting(1)
    for _ in range(10_000):
        writer.send([KEY * 10])
    assert 0 < len(list(reader.received())) < 10_000


def test_it_is_known_whether_anybody_waits_anywhere(links: Links) -> None:
    """Here or in another worker; so a commit names what it has changed only when somebody wants to know."""
    here, there = Wakeups(links.of(0)), Wakeups(links.of(1))

    async def wait() -> tuple[bool, bool]:
        with here.waiting_for(KEY):
            return here.is_waited_for, there.is_waited_for

    assert (here.is_waited_for, there.is_waited_for) == (False, False)
    assert asyncio.run(wait()) == (True, True)
    assert (here.is_waited_for, there.is_waited_for) == (False, False)
    assert not Wakeups().is_waited_for
