"""The Tillcode SDK: the protocol, and a wallet that speaks it."""

__all__: list[str] = []
