"""The house style, where a machine can see it."""

from pathlib import Path

import pytest

from tests.architecture import tidy

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "wallet_sdk", ROOT / "terminal_app", ROOT / "server_stub"]
TESTS = ROOT / "tests"

# Process edges: whatever went wrong, the process must answer or stop in good order. Each with its reason.
PROCESS_EDGES = {
    "terminal_app/devices/boundary.py": "a fault in somebody's driver must not end the thread that uses it",
    "wallet_sdk/screen/mirror.py": "a picture that cannot be written must not end the mirror",
    "server_stub/__main__.py": "tells the operator why the server stopped",
    "server_stub/routes/dispatch.py": "an answer is due to the caller even for our own bugs",
    "terminal_app/__main__.py": "tells the merchant why the terminal stopped",
    "wallet_sdk/cli.py": "tells the caller why the command stopped",
}


def judge(check: tidy.Check, paths: list[Path]) -> None:
    """Fail with every finding as file:line, relative to the tree."""
    found = [str(finding).removeprefix(f"{ROOT}/") for path in paths for finding in check(path)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "check",
    [
        tidy.too_long_file,
        tidy.too_long_functions,
        tidy.missing_docstring,
        tidy.banned_words,
        tidy.bare_exceptions,
    ],
)
def test_every_module_of_the_product_keeps_the_style(check: tidy.Check) -> None:
    """Files and functions are short, modules say what they are, names use our words, errors are from the tree."""
    paths = tidy.python_files(PACKAGES)
    assert paths
    judge(check, paths)


def test_only_process_edges_catch_everything() -> None:
    """Inside a process nobody swallows an error which he does not know."""
    edges = {ROOT / name for name in PROCESS_EDGES}
    judge(tidy.blind_excepts, [path for path in tidy.python_files(PACKAGES) if path not in edges])


@pytest.mark.parametrize(
    "check", [tidy.too_long_file, tidy.missing_docstring, tidy.tests_without_a_sentence, tidy.sleeps_and_patches]
)
def test_every_test_keeps_the_style(check: tidy.Check) -> None:
    """Tests say what they hold to be true, never sleep, and never patch by string."""
    judge(check, tidy.python_files([TESTS]))


def test_no_test_hangs_on_the_day() -> None:
    """A command in a house whose clock stands still gets the house's clock: six tests failed a day after they came."""
    judge(tidy.two_clocks, tidy.python_files([TESTS]))


def test_the_tree_names_no_machine_and_no_registry() -> None:
    """The tree works wherever it is copied: it knows neither our paths nor our mirrors."""
    judge(tidy.machine_addresses, tidy.tree_files(ROOT))
