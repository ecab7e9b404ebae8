"""The one logger of the SDK, ``wallet_sdk``: calls and outcomes, for whoever runs the program; never a secret.

DEBUG has each try of a call, INFO what a person may want to know; nothing is louder, for errors are raised. Importing
``logging`` takes long beside all of this, and whoever listens has imported it: until then nothing is told.
"""

import sys


def tell(level: str, text: str, *values: object) -> None:
    """Log a line at "debug" or "info"; ``values`` fill it in, and are ids, paths, codes and times, never content."""
    logging = sys.modules.get("logging")
    if logging is not None:
        getattr(logging.getLogger("wallet_sdk"), level)(text, *values)
