"""The server in memory behind real sockets, on an event loop of its own, and what is left open when all is done."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.wallet_sdk.fakes import FakeServer
from wallet_sdk.ports import HttpRequest


@dataclass(slots=True)
class Loopback:
    """Serves one ``FakeServer`` over HTTP/1.1 and counts its connections."""

    server: FakeServer
    url: str = ""
    connections: set[Any] = field(default_factory=set)
    most_open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request of one connection."""
        self.connections.add(writer)
        self.most_open = max(self.most_open, len(self.connections))
        try:
            while head := await _head_of(reader):
                writer.write(self._answer(head, await reader.readexactly(int(head.get("content-length", "0")))))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    def _answer(self, head: dict[str, str], body: bytes) -> bytes:
        request = HttpRequest(
            method=head["method"], path=head["path"], body=body, authorization=head.get("authorization", "")
        )
        with self.lock:
            answer = self.server.send(request)
        lines = (
            f"HTTP/1.1 {answer.http_status} Word",
            f"content-type: {answer.content_type}",
            f"content-length: {len(answer.body)}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body


async def _head_of(reader: asyncio.StreamReader) -> dict[str, str]:
    """Method, path and headers of the next request; empty when the connection ended between two."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return {}
    method, path, _ = lines[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
    return {"method": method, "path": path, **headers}


@contextmanager
def listening(server: FakeServer) -> Iterator[Loopback]:
    """Serve from a thread."""
    loopback = Loopback(server=server)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(loopback.serve, "127.0.0.1", 0, backlog=2048)

    def run() -> None:
        asyncio.set_event_loop(loop)
        listener = loop.run_until_complete(listen())
        loopback.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        ready.set()
        loop.run_forever()
        listener.close()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(timeout=10)
    try:
        yield loopback
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)


def open_files() -> int:
    """File descriptors of this process."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))
