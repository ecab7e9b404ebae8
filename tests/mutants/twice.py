"""Whether pytest finds every test by its own name, also the second time in one process, as mutmut asks for them."""

import sys

import pytest


class _Names:
    """Keeps the names of what was collected."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = [item.nodeid for item in items]


def main(arguments: list[str]) -> int:
    """Collect twice: what the arguments say, then what was found by name."""
    names = _Names()
    quiet = ("--collect-only", "-qq", "--no-summary", "--seed=1")
    pytest.main([*quiet, *arguments], plugins=[names])
    if not names.found:
        return 1
    chosen = [argument for argument in arguments if argument.startswith("-")]
    return int(pytest.main([*quiet, *chosen, *names.found]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
