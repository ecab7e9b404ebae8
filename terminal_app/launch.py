"""The terminal as it is installed: without the packages of its extra it says which one it is."""

from wallet_sdk.about import run_with_extra


def terminal() -> int:
    """``tillcode-terminal``."""

    def main() -> int:
        from terminal_app.__main__ import main as run

        return run()

    return run_with_extra("tillcode-terminal", main, extra="terminal")
