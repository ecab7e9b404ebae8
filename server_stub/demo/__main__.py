"""`python -m server_stub.demo` is `tillcode-demo`."""

import sys

from server_stub.demo.program import main

if __name__ == "__main__":
    sys.exit(main())
