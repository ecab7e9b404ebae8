"""The server's programs as they are installed: without the packages of their extra they say which one it is."""

from wallet_sdk.about import run_with_extra


def server() -> int:
    """``tillcode-server``."""

    def main() -> int:
        from server_stub.__main__ import main as run

        return run()

    return run_with_extra("tillcode-server", main, extra="server")


def demo() -> int:
    """``tillcode-demo``."""

    def main() -> int:
        from server_stub.demo import main as run

        return run()

    return run_with_extra("tillcode-demo", main, extra="demo")
