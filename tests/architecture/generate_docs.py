"""Write what the protocol's pages take from the code: python -m tests.architecture.generate_docs

A page marks a region with `<!-- generated: NAME -->` and `<!-- end -->`; docs/protocol.cddl is generated whole.
test_protocol_docs.py fails when a page is not current.
"""

import re
from pathlib import Path

from tests.architecture.protocol_cddl import cddl
from tests.architecture.protocol_tables import REGIONS, ROOT

CDDL = ROOT / "docs" / "protocol.cddl"
PAGES = (ROOT / "docs" / "protocol.md", *sorted((ROOT / "docs" / "protocol").glob("*.md")))
_REGION = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def current(path: Path) -> str:
    """What a generated file or a page with generated regions should hold now."""
    if path == CDDL:
        return cddl()
    return _REGION.sub(lambda found: f"{found[1]}{REGIONS[found[2]]()}\n{found[3]}", path.read_text())


def regions_of(path: Path) -> list[str]:
    """The names of a page's generated regions."""
    return [found[2] for found in _REGION.finditer(path.read_text())]


def main() -> None:
    """Rewrite whatever is not current."""
    for path in (CDDL, *PAGES):
        text = current(path)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
