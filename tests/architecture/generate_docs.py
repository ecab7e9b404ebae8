"""Write what the protocol's pages take from the code: python -m tests.architecture.generate_docs

docs/openapi.json is written too, but not when that would break a caller of what it says: such a change is made by
hand, with a new version of the interface (or, before the first release, by deleting the file first).
A page marks a region with `<!-- generated: NAME -->` and `<!-- end -->`; docs/protocol.cddl and
docs/sdk/reference.md are generated whole.
test_protocol_docs.py fails when a page is not current.
"""

import json
import re
import sys
from pathlib import Path

from server_stub.routes.app import operations
from server_stub.routes.openapi import document
from tests.architecture.openapi_changes import breaking_changes
from tests.architecture.protocol_cddl import cddl
from tests.architecture.protocol_tables import REGIONS as PROTOCOL_REGIONS
from tests.architecture.protocol_tables import ROOT
from tests.architecture.sdk_reference import errors, faults, reference

CDDL = ROOT / "docs" / "protocol.cddl"
OPENAPI = ROOT / "docs" / "openapi.json"
REFERENCE = ROOT / "docs" / "sdk" / "reference.md"
PAGES = (
    ROOT / "docs" / "protocol.md",
    *sorted((ROOT / "docs" / "protocol").glob("*.md")),
    ROOT / "docs" / "sdk" / "errors.md",
)
REGIONS = {**PROTOCOL_REGIONS, "sdkerrors": errors, "faults": faults}
_REGION = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def openapi() -> str:
    """The server's OpenAPI document as it is now."""
    return document(operations()).decode()


def current(path: Path) -> str:
    """What a generated file or a page with generated regions should hold now."""
    if path == CDDL:
        return cddl()
    if path == OPENAPI:
        return openapi()
    if path == REFERENCE:
        return reference()
    return _REGION.sub(lambda found: f"{found[1]}{REGIONS[found[2]]()}\n{found[3]}", path.read_text())


def regions_of(path: Path) -> list[str]:
    """The names of a page's generated regions."""
    return [found[2] for found in _REGION.finditer(path.read_text())]


def main() -> None:
    """Rewrite whatever is not current."""
    broken = breaking_changes(json.loads(OPENAPI.read_text()), json.loads(openapi())) if OPENAPI.exists() else []
    if broken:
        sys.exit("\n".join(["docs/openapi.json is left as it is; these would break callers:", *broken]))
    for path in (CDDL, OPENAPI, REFERENCE, *PAGES):
        text = current(path)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
