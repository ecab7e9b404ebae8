"""For tests of programs that use this SDK: a till by hand, and a network that fails when it is told to.

``wallet_sdk.kit.sandbox`` has the real server in this process (``pip install "tillcode[server]"``), and pytest has the
fixtures of ``wallet_sdk.pytest_plugin``, ready to use.
"""

from wallet_sdk.kit.faults import FaultySender, NetworkFault
from wallet_sdk.kit.terminal import MerchantTerminal, ShownRequest

__all__ = ["FaultySender", "MerchantTerminal", "NetworkFault", "ShownRequest"]
