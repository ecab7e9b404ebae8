"""The demo's own sums against the server's printed ledger: they agree to the cent, or the demo fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server_stub.demo.amounts import Expected, figures_of, text_of
from server_stub.demo.office import Office
from server_stub.demo.processes import DemoFailedError

LEDGER = """\
account            holder                                balance
funding            operator                              -200.00 EUR
payer available    3001                                   129.10 EUR
payer escrow       01a20a619438cef198fe5ef0                29.00 EUR
merchant payable   1001                                    41.90 EUR
"""


class PaperOffice(Office):
    """An office whose server prints what the test wrote."""

    def __init__(self, folder: Path, ledger: str) -> None:
        super().__init__(folder, log=folder / "log")
        self._paper = ledger
        self._merchant_names = {"1001": "Café Mole", "1002": "Livraria Sol"}

    def ledger(self) -> str:
        return self._paper


def expected() -> Expected:
    """What act 4 of the story expects."""
    told = Expected()
    told.pay("Café Mole", 41_90)
    return told


def test_equal_books_pass(tmp_path: Path) -> None:
    """Escrow and available are one party's money, and a shop that has sold nothing needs no account."""
    PaperOffice(tmp_path, LEDGER).expect(expected())


@pytest.mark.parametrize(
    ("bend", "named"),
    [
        (lambda text: text.replace("129.10", "129.11"), "payer"),
        (lambda text: text.replace("41.90", "41.89"), "merchant Café Mole"),
        (lambda text: text.replace("-200.00", "-200.01"), "funding"),
        (lambda text: text + "fraud loss         operator                                -0.01 EUR\n", "fraud loss"),
        (lambda text: text + "merchant payable   1002                                     0.01 EUR\n", "Livraria Sol"),
        (lambda text: text + "fees               operator                                 0.01 EUR\n", "fees"),
        (lambda _text: "", "funding"),
    ],
    ids=["payer", "merchant", "funding", "loss", "other merchant", "fees", "nothing"],
)
def test_one_cent_is_enough_to_fail(tmp_path: Path, bend: Callable[[str], str], named: str) -> None:
    """A single cent in any account, or an account that nobody told of, is found and named."""
    with pytest.raises(DemoFailedError, match=named):
        PaperOffice(tmp_path, bend(LEDGER)).expect(expected())


def test_amounts_are_written_as_screens_draw_them() -> None:
    """Cents keep their place."""
    assert [figures_of(cents) for cents in (0, 5, 50, 12_50, 200_00)] == ["0.00", "0.05", "0.50", "12.50", "200.00"]
    assert text_of(8_40) == "8.40 EUR"
