"""What `pip install .` gives in an empty environment: the base dependencies, a light import, and a payment.

No network: the wheel is built with the builder that is here, and the distributions it asks for are linked from the
environment of these tests, each and only those that it asks for.
"""

import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.system.sandboxes import ADDRESS, blocks_of, serving_sandbox

ROOT = Path(__file__).parents[2]
#: What the base may stand on. Another name is a decision, and a line in docs/decisions/0009-dependencies.md.
BASE = {"cbor2", "cryptography", "httpcore", "httpx", "pillow", "qrcode"}
#: CPU time of the import alone, above that of starting Python; far under what people notice.
IMPORT_MS_MAX = 100
PROBES = 5


class Clean:
    """An environment with the built wheel and its dependencies, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        (self.packages,) = folder.glob("lib/python*/site-packages")
        self.linked: set[str] = set()

    def install_wheel(self, wheel: Path) -> None:
        """Unpack it, as pip does."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def link(self, name: str) -> None:
        """Link a distribution and what it asks for without extras."""
        canonical = re.sub(r"[-_.]+", "-", name).lower()
        if canonical in self.linked:
            return
        self.linked.add(canonical)
        found = distribution(name)
        tops = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
        for top in tops:
            target = self.packages / top
            if not target.exists():
                target.symlink_to(Path(str(found.locate_file(top))))
        for wanted in required(found.requires or []):
            self.link(wanted)

    def run(self, program: str, *, stdin: str = "") -> str:
        """Run a program there, with nothing of this environment."""
        run = subprocess.run(
            [self.python, "-I", "-c", program], input=stdin, capture_output=True, text=True, check=False, timeout=60
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


def required(lines: list[str]) -> Iterator[str]:
    """Names of requirements that hold here without any extra."""
    for line in lines:
        asked = Requirement(line)
        if asked.marker is None or asked.marker.evaluate({"extra": ""}):
            yield asked.name


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """Built and installed once."""
    folder = tmp_path_factory.mktemp("clean")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    clean = Clean(folder / "venv")
    clean.install_wheel(folder / built.stdout.split()[-1])
    (metadata,) = clean.packages.glob("tillcode-*.dist-info/METADATA")
    asked = re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(), re.MULTILINE)
    for name in required(asked):
        clean.link(name)
    return clean


def test_the_base_stands_on_its_few_dependencies(clean: Clean) -> None:
    """By name: what is added is added on purpose."""
    (metadata,) = clean.packages.glob("tillcode-*.dist-info/METADATA")
    asked = re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(), re.MULTILINE)
    assert set(required(asked)) == BASE


def test_every_public_name_is_there_with_the_base_alone(clean: Clean) -> None:
    """Also those for asyncio, for webhooks, and the till of the quickstart; and the types are marked as such."""
    program = (
        "import wallet_sdk, wallet_sdk.webhooks, wallet_sdk.kit\n"
        "print(len([getattr(wallet_sdk, name) for name in wallet_sdk.__all__]) == len(wallet_sdk.__all__))"
    )
    assert clean.run(program) == "True\n"
    assert (clean.packages / "wallet_sdk" / "py.typed").exists()


def test_the_import_is_light(clean: Clean) -> None:
    """Measured as CPU time, the best of a few, so that a busy machine does not matter."""
    program = """
import time
begun = time.process_time()
import wallet_sdk
print(round((time.process_time() - begun) * 1000))
"""
    assert min(int(clean.run(program)) for _ in range(PROBES)) < IMPORT_MS_MAX


def test_a_payment_without_network_needs_nothing_but_the_base(clean: Clean) -> None:
    """Keys, store, codes, signatures and a picture: a whole wallet against a scheme in memory."""
    program = """
from wallet_sdk import MemoryKeyStore, MemoryWalletStore, QrCode, Wallet
from wallet_sdk.protocol import qr
from wallet_sdk.testing import Scheme
scheme = Scheme()
text = qr.to_text(scheme.request().envelope)
print(len(QrCode(text=text).png()) > 500, Wallet.open(store=MemoryWalletStore(), keys=MemoryKeyStore()).is_enrolled)
"""
    assert clean.run(program) == "True False\n"


@pytest.mark.parametrize(
    ("program", "launched", "words"),
    [
        ("tillcode-server", "server_stub.launch:server", ["--data", "shop", "init"]),
        ("tillcode-demo", "server_stub.launch:demo", []),
        ("tillcode-terminal", "terminal_app.launch:terminal", ["--home", "till"]),
    ],
)
def test_a_program_without_its_extra_says_which_one_it_is(
    clean: Clean, tmp_path: Path, program: str, launched: str, words: list[str]
) -> None:
    """One line, no trace, exit code 2; and the wheel's own program is the one that is tried here."""
    (points,) = clean.packages.glob("tillcode-*.dist-info/entry_points.txt")
    assert f"{program} = {launched}" in points.read_text()
    module, _, name = launched.partition(":")
    argv = [program, *(str(tmp_path / word) if word in {"shop", "till"} else word for word in words)]
    code = f"import sys; sys.argv = {argv!r}; from {module} import {name}; sys.exit({name}())"
    run = subprocess.run([clean.python, "-I", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    (line,) = run.stderr.splitlines()
    assert run.returncode == 2
    assert line.startswith(f"{program}: ")
    assert f'pip install "tillcode[{program.removeprefix("tillcode-")}]"' in line
    assert not (tmp_path / "shop").exists()


def test_the_command_line_starts_with_the_base_alone(clean: Clean) -> None:
    """And tells its words."""
    program = """
import contextlib
from wallet_sdk.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
"""
    told = clean.run(program)
    assert "verify-proof" in told


def test_the_readme_s_program_pays_as_it_stands(clean: Clean, tmp_path: Path) -> None:
    """Typed in an empty environment, with the codes that ``init`` printed, against a sandbox that listens."""
    (program,) = [block for block in blocks_of(ROOT / "README.md") if "MerchantTerminal" in block]
    with serving_sandbox(tmp_path / "play") as play:
        codes = f"{play.printed_code('wallet')}\n{play.printed_code('terminal')}\n"
        told = clean.run(program.replace(ADDRESS, play.url), stdin=codes)
    assert "Sandbox Shop 2.50 EUR\nOutcome.SETTLED" in told
