"""What ``import wallet_sdk`` promises."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import wallet_sdk

FROZEN = Path(__file__).with_name("public_names.txt")


def test_the_public_names_are_sorted_and_all_there() -> None:
    """Each can be had, and each is listed once."""
    assert wallet_sdk.__all__ == sorted(set(wallet_sdk.__all__))
    assert [name for name in wallet_sdk.__all__ if getattr(wallet_sdk, name).__name__ != name] == []
    assert set(wallet_sdk.__all__) <= set(dir(wallet_sdk))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Purse'"):
        _ = wallet_sdk.Purse  # type: ignore[attr-defined]


def test_importing_the_sdk_loads_nothing_heavy() -> None:
    """Neither HTTP nor cryptography nor pictures, before a name is used."""
    heavy = "{'httpx', 'cryptography', 'PIL', 'qrcode', 'cbor2', 'sqlite3'}"
    probe = f"import sys, wallet_sdk; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_wallet_needs_no_http_before_it_sends() -> None:
    """httpx is the heaviest import; it waits until the first byte is to leave."""
    probe = "import sys; from wallet_sdk import Wallet; print('httpx' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_public_names_are_those_that_were_promised() -> None:
    """The frozen list: a name comes or goes on purpose, with a line there and one in the changelog."""
    promised = [line for line in FROZEN.read_text().splitlines() if line and not line.startswith("#")]
    found = [
        f"{module}.{name}"
        for module in ("wallet_sdk", "wallet_sdk.webhooks", "wallet_sdk.kit")
        for name in sorted(importlib.import_module(module).__all__)
    ]
    assert found == promised
