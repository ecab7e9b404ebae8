"""The back office of the demo: the server's and the wallet's command lines, run as a person would run them."""

import re
from pathlib import Path
from typing import Final

from server_stub.demo.amounts import CURRENCY, FUNDED_CENTS, Expected, figures_of, text_of
from server_stub.demo.processes import DemoFailedError, run_to_end

_ROOT_KEY: Final = re.compile(r"^root key: ([0-9a-f]+)$", re.MULTILINE)
_MERCHANT: Final = re.compile(r"^merchant (\d+):", re.MULTILINE)
_ACCOUNT: Final = re.compile(
    rf"^(?P<kind>[a-z ]+?) {{2,}}(?P<holder>\S+) +(?P<balance>-?\d+\.\d\d) {CURRENCY}$", re.MULTILINE
)


class Office:
    """Runs `tillcode-server` and `tillcode-wallet` commands and reads what they print."""

    def __init__(self, folder: Path, *, log: Path) -> None:
        self.folder = folder
        self._log = log
        #: PostgreSQL's address; empty for a file beside the settings.
        self.database = ""
        self._root_key = ""
        self._merchant_names: dict[str, str] = {}

    def found(self) -> None:
        """Make the scheme: keys, settings, an empty ledger."""
        database = ["--database", self.database] if self.database else []
        self._root_key = _found(_ROOT_KEY, self._server("init", *database), what="a root key")

    def add_merchant(self, name: str, *, city: str) -> str:
        """Add a shop; its number."""
        said = self._server("merchant", "add", "--name", name, "--city", city, "--country", "PT", "--mcc", "5812")
        number = _found(_MERCHANT, said, what="a merchant's number")
        self._merchant_names[number] = name
        return number

    def terminal_code(self, merchant: str) -> str:
        """A one-time activation code for one till."""
        return self._server("activation-code", "terminal", "--merchant", merchant).strip()

    def wallet_code(self) -> str:
        """A one-time activation code for one funded wallet."""
        funds = figures_of(FUNDED_CENTS)
        return self._server("activation-code", "wallet", "--currency", CURRENCY, "--funds", funds).strip()

    def ledger(self) -> str:
        """The accounts, as the server prints them."""
        return self._server("ledger")

    def audit(self) -> str:
        """The audit, as the server prints it.

        Raises:
            DemoFailedError: the ledger is not clean.
        """
        return self._server("audit")

    def expect(self, expected: Expected) -> None:
        """Compare the server's books with the story's own sums, to the cent.

        Raises:
            DemoFailedError: they differ.
        """
        sums = self._sums()
        told = {
            "payer": expected.payer,
            "fraud loss": -expected.fraud_loss,
            "funding": -FUNDED_CENTS,
            **{f"merchant {name}": cents for name, cents in expected.merchants.items()},
        }
        for name in sorted(set(sums) | set(told)):
            if sums.get(name, 0) != told.get(name, 0):
                raise DemoFailedError(
                    f"{name}: the server has {text_of(sums.get(name, 0))}, the story {text_of(told.get(name, 0))}"
                )
        if sum(sums.values()) != 0:
            raise DemoFailedError(f"the accounts sum to {text_of(sum(sums.values()))} and not to zero")

    def export_proof(self, path: Path) -> Path:
        """Export the proof of the one fraud case.

        Raises:
            DemoFailedError: there is not exactly one case with a proof.
        """
        folder = path.parent / "fraud-cases"
        self._server("fraud-cases", "--export", str(folder))
        proofs = sorted(folder.glob("*.cbor"))
        if len(proofs) != 1:
            raise DemoFailedError(f"expected one proof of fraud, the server exported {len(proofs)}")
        proof = proofs[0].rename(path)
        folder.rmdir()
        return proof

    def verify_proof(self, proof: Path) -> str:
        """Check the proof with nothing but the root key, in a process of its own; the verdict's first line."""
        arguments = ["wallet_sdk", "verify-proof", str(proof), "--root-key", self._root_key]
        return run_to_end(arguments, log=self._log).splitlines()[0]

    def _sums(self) -> dict[str, int]:
        """Balances in cents by party: a payer's available and escrow accounts are one party's money."""
        sums: dict[str, int] = {}
        for found in _ACCOUNT.finditer(self.ledger()):
            name = self._party(found["kind"].strip(), found["holder"])
            sums[name] = sums.get(name, 0) + _cents(found["balance"])
        return sums

    def _party(self, kind: str, holder: str) -> str:
        if kind.startswith("payer"):
            return "payer"
        return f"merchant {self._merchant_names[holder]}" if kind.startswith("merchant") else kind

    def _server(self, *words: str) -> str:
        return run_to_end(["server_stub", "--data", str(self.folder), *words], log=self._log)


def _cents(figures: str) -> int:
    sign = -1 if figures.startswith("-") else 1
    whole, _, fraction = figures.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(fraction))


def _found(pattern: re.Pattern[str], text: str, *, what: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise DemoFailedError(f"the server did not print {what}: {text.strip()[:200]}")
    return found[1]
