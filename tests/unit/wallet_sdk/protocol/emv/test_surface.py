"""The package's public names."""

from wallet_sdk.protocol import emv


def test_the_public_surface_is_listed_and_sorted() -> None:
    """What others may import stands in __all__, sorted, and is there."""
    plain = [name for name in emv.__all__ if not name.isupper()]
    assert emv.__all__ == [name for name in emv.__all__ if name.isupper()] + sorted(
        plain, key=lambda name: (name[0].islower(), name)
    )
    assert all(hasattr(emv, name) for name in emv.__all__)
    assert len(set(emv.__all__)) == len(emv.__all__)
