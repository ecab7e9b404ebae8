"""One seed for every random test of a run, and an environment in which Kivy needs no display."""

import os
import random
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

from server_stub.demo.database import LocalPostgres, local_postgres

CACHE = Path(__file__).parents[1] / ".cache"

# Set before anything imports Kivy, and inherited by the programs which tests start.
KIVY_ENVIRONMENT = {
    "KIVY_HOME": str(CACHE / "kivy"),
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_FILELOG": "1",
    "SDL_VIDEODRIVER": "offscreen",
}

SEED_BITS = 32
SEED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --seed, which replays a run, and how long the machine over money and the crash loop run in a soak."""
    parser.addoption("--seed", type=int, default=None, help="seed of the random tests, to replay a run")
    parser.addoption("--kills", type=int, default=200, help="kills of a server in a soak, for each database")
    parser.addoption("--steps", type=int, default=50_000, help="steps of the machine over money in a soak")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of the run, and settle the surroundings of Kivy and Hypothesis."""
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().getrandbits(SEED_BITS)  # xdist hands the options on to its workers
    config.stash[SEED] = config.option.seed
    (CACHE / "kivy").mkdir(parents=True, exist_ok=True)
    for name, setting in KIVY_ENVIRONMENT.items():
        os.environ.setdefault(name, setting)
    # No deadline: a slow machine must not fail a test. The blob replays a failure found on another machine.
    hypothesis.settings.register_profile(
        "house", deadline=None, print_blob=True, database=DirectoryBasedExampleDatabase(CACHE / "hypothesis")
    )
    hypothesis.settings.load_profile("house")


def pytest_report_header(config: pytest.Config) -> str:
    """Show the seed at the top of every run."""
    return f"seed: {config.stash[SEED]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print beside a failed random test the command that replays it."""
    report = yield
    if report.failed and "rng" in getattr(item, "fixturenames", ()):
        marked = "-m soak " if item.get_closest_marker("soak") else ""
        replay = f'.venv/bin/python -m pytest {marked}--seed={item.config.stash[SEED]} "{item.nodeid}"'
        report.sections.append(("replay", replay))
    return report


@pytest.fixture(scope="session")
def postgres() -> Generator[LocalPostgres]:
    """A PostgreSQL for the tests of this run that ask what the rules do; what a power cut does is asked elsewhere."""
    with local_postgres(fsync="off", synchronous_commit="off", full_page_writes="off") as server:
        yield server


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run, for tests that start programs which take one."""
    return request.config.stash[SEED]


@pytest.fixture
def rng(request: pytest.FixtureRequest, seed: int) -> random.Random:
    """A generator of this test's own: the same numbers whichever tests run before it."""
    return random.Random(f"{seed}:{request.node.nodeid}")
