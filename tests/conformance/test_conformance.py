"""A real sandbox against its own OpenAPI document, by schemathesis: no 5xx, every answer as the document says."""

import json
import os
import subprocess
import sys
from pathlib import Path

from server_stub.config import CONFIG_FILE, RequestLimits, ServerConfig, WebhookPolicy, write_config
from server_stub.webhooks.guard import Reach
from tests.system.server.conftest import ServerFolder, read_all, stop
from tests.unit.server_stub.harness import ONLINE, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.testing import SeededRandom

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".cache" / "conformance"
TIME_S_MAX = 240
EXAMPLES = 12
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)


def test_every_answer_is_what_the_document_says(tmp_path: Path, seed: int) -> None:
    """Good and bad input to every operation, with credentials that let it in; then the books are still clean."""
    folder = ServerFolder(folder=tmp_path / "server", random=SeededRandom(seed))
    papers = dict(line.split(": ", 1) for line in folder.said("init", "--sandbox").splitlines() if ": " in line)
    # Two hundred requests a second from one address are the test here, not what is tested.
    unlimited = RequestLimits(address_per_s=0, key_per_s=0)
    config = ServerConfig(limits=unlimited, webhooks=WebhookPolicy(reach=Reach.LOOPBACK_TOO))
    write_config(folder.folder / CONFIG_FILE, config)
    with folder.serving("--sandbox") as process:
        known = json.dumps(known_things(folder, papers))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{folder.address}/openapi.json"),
                *("--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES), "--seed", str(seed)),
                *("--phases", "examples,coverage,fuzzing", "--no-color", "--suppress-health-check", "all"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": f"{PACKAGES}:{ROOT}",
                "SCHEMATHESIS_HOOKS": "tests.conformance.hooks",
                "TILLCODE_CONFORMANCE": known,
                "PYTHONHASHSEED": "0",
            },
            capture_output=True,
            text=True,
            timeout=TIME_S_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
        assert stop(process) == 0
        assert "Traceback" not in read_all(process.stderr)
    folder.assert_clean()


def known_things(folder: ServerFolder, papers: dict[str, str]) -> dict[str, str]:
    """A terminal, a wallet, a payment between them and an endpoint; and the credentials of all."""
    secrets = {name: folder.random.random_bytes(32) for name in ("terminal", "wallet")}
    signers = {name: SoftwareSigner(secret) for name, secret in secrets.items()}
    terminal = TestTerminal(call=folder.call, clock=folder.clock, random=folder.random, signer=signers["terminal"])
    terminal.enrol(papers["terminal code"]).ok()
    wallet = TestWallet(call=folder.call, clock=folder.clock, random=folder.random, signer=signers["wallet"])
    wallet.enrol(papers["wallet code"]).ok()
    wallet.renew(5_000).ok()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    wallet.send(request.envelope, intent.envelope).ok()
    url = json.dumps({"url": "http://127.0.0.1:9/"}).encode()
    endpoint = folder.call("POST", "/v1/webhooks/endpoints", url, f"Bearer {papers['api key']}").ok()
    return {
        "api_key": papers["api key"],
        "operator_key": papers["operator key"],
        **{name: secret.hex() for name, secret in secrets.items()},
        "name": api.to_base64url(request.message.request_id),
        "consent": api.to_base64url(intent.digest),
        "endpoint_id": str(endpoint["endpoint_id"]),
        "merchant_id": "1001",
    }
