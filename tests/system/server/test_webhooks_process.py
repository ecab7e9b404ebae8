"""Webhooks from a real server to a real receiver on this machine."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook

from tests.system.server.conftest import PATIENCE_S, ServerFolder, read_all, stop
from tests.unit.server_stub.harness import TestTerminal, TestWallet
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.testing import SeededRandom


@dataclass(slots=True)
class Received:
    """What came, and a bell for when it is enough. The first answers are those given, then 204."""

    answers: list[int] = field(default_factory=list)
    wanted: int = 1
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiving(received: Received) -> Generator[str]:
    """The address of a receiver."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(received.answers.pop(0) if received.answers else 204)
            self.end_headers()
            if len(received.got) >= received.wanted:
                received.enough.set()

        def log_message(self, *_arguments: object) -> None:
            """Nothing: a test is read, not listened to."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


def test_a_payment_is_told_by_itself_and_verifies(tmp_path: Path, seed: int) -> None:
    """The server's own worker sends it soon after the payment, again after a failure, and stops in good order."""
    box = ServerFolder(folder=tmp_path / "server", random=SeededRandom(seed))
    papers = dict(line.split(": ", 1) for line in box.said("init", "--sandbox").splitlines() if ": " in line)
    received = Received(answers=[500], wanted=3)
    with receiving(received) as url, box.serving("--sandbox") as process:
        authorization = f"Bearer {papers['api key']}"
        asked = json.dumps({"url": url}).encode()
        endpoint = box.call("POST", "/v1/webhooks/endpoints", asked, authorization).ok()
        terminal = TestTerminal(
            call=box.call, clock=box.clock, random=box.random, signer=SoftwareSigner(box.random.random_bytes(32))
        )
        terminal.enrol(papers["terminal code"]).ok()
        wallet = TestWallet(
            call=box.call, clock=box.clock, random=box.random, signer=SoftwareSigner(box.random.random_bytes(32))
        )
        wallet.enrol(papers["wallet code"]).ok()
        wallet.renew(1_000).ok()
        for _ in range(2):
            wallet.pay(terminal.request(100))
        assert received.enough.wait(PATIENCE_S), "two events, one of them twice"
        assert stop(process) == 0
        assert read_all(process.stderr) == ""
    judge = Webhook(endpoint["secret"])
    events = [judge.verify(body, headers) for headers, body in received.got]
    assert {event["number"] for event in events} == {1, 2}
    assert {event["type"] for event in events} == {"payment.captured"}
    assert len({headers["webhook-id"] for headers, _ in received.got}) == 2
    box.assert_clean()
