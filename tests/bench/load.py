"""The load: whole HTTP requests made beforehand, sent over kept-open loopback connections, answers kept unread.

It speaks HTTP with as little CPU as Python can, because it runs on the same cores as the server that it measures.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of one load; nothing in it was looked at while the clock ran.

    Attributes:
        latencies_s: from when each request was due (or sent, without a rate) to its whole answer, in any sequence.
    """

    wall_s: float
    latencies_s: Sequence[float]
    answers: Sequence[bytes]

    def latency_ms(self, share: float) -> float:
        """The latency that this share of the answers did not exceed, in milliseconds."""
        ranked = sorted(self.latencies_s)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1e3


def http_request(path: str, body: bytes, *, content_type: str) -> bytes:
    """A whole POST."""
    headers = ("host: 127.0.0.1", f"content-type: {content_type}", f"content-length: {len(body)}")
    return "\r\n".join((f"POST {path} HTTP/1.1", *headers, "", "")).encode() + body


def post_all(port: int, requests: Sequence[bytes], *, connections: int, rate_per_s: float | None = None) -> Load:
    """Send everything: each connection its next request as soon as it is free, or not before it is due by the rate."""
    return uvloop.run(_post_all(port, requests, connections=connections, rate_per_s=rate_per_s))


async def _post_all(port: int, requests: Sequence[bytes], *, connections: int, rate_per_s: float | None) -> Load:
    streams = [await asyncio.open_connection("127.0.0.1", port, limit=2**22) for _ in range(connections)]
    todo = iter(enumerate(requests))
    taken = [_work(reader, writer, todo, rate_per_s, time.perf_counter()) for reader, writer in streams]
    start_s = time.perf_counter()
    done = await asyncio.gather(*taken)
    wall_s = time.perf_counter() - start_s
    for _, writer in streams:
        writer.close()
    answers = [answer for each in done for answer, _ in each]
    return Load(wall_s=wall_s, answers=answers, latencies_s=[latency_s for each in done for _, latency_s in each])


async def _work(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    todo: Iterator[tuple[int, bytes]],
    rate_per_s: float | None,
    start_s: float,
) -> list[tuple[bytes, float]]:
    done = []
    for number, request in todo:
        due_s = time.perf_counter()
        if rate_per_s is not None:
            due_s = start_s + number / rate_per_s
            await _until(due_s)
        writer.write(request)
        answer = await _answer(reader)
        done.append((answer, time.perf_counter() - due_s))
    return done


async def _until(due_s: float) -> None:
    left_s = due_s - time.perf_counter()
    if left_s > 0:
        loop = asyncio.get_running_loop()
        due = loop.create_future()
        loop.call_later(left_s, due.set_result, None)
        await due


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head + await reader.read(4096)
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length))
