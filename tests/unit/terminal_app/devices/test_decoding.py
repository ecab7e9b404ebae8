"""The terminal's name for the cascade."""

from terminal_app.devices import decoding
from wallet_sdk import decoding as cascade


def test_the_terminal_uses_the_one_cascade() -> None:
    """One entry point, one implementation: what the terminal reads, the wallet reads too."""
    assert decoding.decode_codes is cascade.decode_codes
    assert decoding.GreyFrame is cascade.GreyFrame
    assert list(decoding.__all__) == sorted(decoding.__all__)
