"""``python -m wallet_sdk`` is the command tillcode-wallet."""

import sys

from wallet_sdk.cli import main

if __name__ == "__main__":
    sys.exit(main())
