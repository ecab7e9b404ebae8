"""What schemathesis does not know by itself: which credentials an operation wants, and names of things that exist.

Loaded by the schemathesis process of test_conformance.py (SCHEMATHESIS_HOOKS), which says the rest in the environment.
"""

import json
import os
from typing import Any

import schemathesis

from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.messages import ReadRequest
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemClock

KNOWN: dict[str, str] = json.loads(os.environ["TILLCODE_CONFORMANCE"])
#: These end what the others need: they are only ever asked with names that schemathesis has made up.
REMOVALS = {"removeEndpoint", "revokeApiKey", "blockTerminal", "blockWallet", "blockMerchant"}


@schemathesis.serializer(api.COSE)
def signed_bytes(_context: Any, value: Any) -> Any:
    """Bodies of signed messages are bytes; whatever schemathesis makes of them is refused as no message."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Give every other case names that exist, keep the sandbox from cutting us off, and sign or show a key."""
    raw = case.operation.definition.raw
    if case.path_parameters and raw["operationId"] not in REMOVALS and hash(case.id) % 2:
        names = KNOWN | ({"name": KNOWN["consent"]} if raw["operationId"] == "getConsent" else {})
        case.path_parameters = {name: names.get(name, text) for name, text in case.path_parameters.items()}
    if isinstance(case.body, dict):
        if raw["operationId"] == "addFault" and isinstance(case.body.get("kind"), str):
            case.body["operation"] = "nothing"
        if raw["operationId"] == "advanceClock" and type(case.body.get("advance_s")) is int:
            case.body["advance_s"] = min(case.body["advance_s"], 1)
    if case.headers.get("Authorization") is None or "TC1" not in str(case.headers.get("Authorization")):
        case.headers["Authorization"] = credentials_of(raw, case.formatted_path)


def credentials_of(raw: dict[str, Any], path: str) -> str:
    """A key of the merchant or of the operator, or a read signed for this path."""
    if "signedRead" not in {name for way in raw["security"] for name in way}:
        return "Bearer " + KNOWN["operator_key" if "`operator`" in raw.get("description", "") else "api_key"]
    device = "wallet" if path.startswith((api.PATH_BALANCE, api.PATH_CONSENTS)) else "terminal"
    signer = SoftwareSigner(bytes.fromhex(KNOWN[device]))
    read = ReadRequest(path=path[:64], made_at_s=SystemClock().now_ms() // 1000)
    return f"{api.AUTHORIZATION_SCHEME} {api.to_base64url(seal(read, signer).envelope)}"
