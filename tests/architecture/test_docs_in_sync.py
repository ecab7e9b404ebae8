"""What the pages say is so."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECISION_LINES_MAX = 60
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("assets/**/*.md")])


def test_the_readme_shows_the_two_commands() -> None:
    """Whoever opens the README sees how to run it and how to test it."""
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_every_make_word_in_a_page_exists() -> None:
    """A page never names a make word which the Makefile does not have."""
    rules = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    unknown = [
        f"{page.relative_to(ROOT)}: make {word}"
        for page in PAGES
        for word in re.findall(r"(?:`|^|\$ )make ([a-z-]+)", page.read_text(), re.MULTILINE)
        if word not in rules
    ]
    assert not unknown


def test_help_tells_every_word() -> None:
    """Every word that people may use is in `make help`."""
    told = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 (make, wherever)
    words = ["setup", "demo", "test", "check", "gui", "soak", "bench", "docs", "screenshots", "newest", "clean"]
    assert [word for word in words if f"make {word} " not in told] == []


def test_decisions_are_short() -> None:
    """A decision is read in a minute or not at all."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in ROOT.glob("docs/decisions/*.md")}
    assert {name: lines for name, lines in lengths.items() if lines > DECISION_LINES_MAX} == {}


def test_the_changelog_knows_this_version_or_what_is_coming() -> None:
    """The newest heading of the changelog is this version, or work not yet released."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in {"Unreleased", version}


def test_every_link_lands() -> None:
    """A link from page to page, or to a picture, leads somewhere."""
    dangling = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not target.startswith("mailto:")
        if not (page.parent / target).exists()
    ]
    assert not dangling
