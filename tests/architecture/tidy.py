"""What a machine can see of the house style. Each check takes files and returns what it found; the tests judge."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

BANNED_WORDS = frozenset(
    {"transaction", "order", "user", "status", "data", "info", "manager", "helper", "util", "handle", "flag", "misc"}
)
# Two words that together name something of another trade, where no word of ours exists.
ALLOWED_PAIRS = frozenset({("byte", "order"), ("database", "transaction"), ("http", "status")})
# Names that a library, Python or mathematics chose, and we only use.
FOREIGN_NAMES = frozenset({"handle_request", "handle_async_request", "status_code", "user_data_dir", "P256_ORDER"})

BARE_EXCEPTIONS = frozenset({"Exception", "BaseException"})

# Built from pieces, so that this file does not find itself.
FORBIDDEN_ADDRESSES = re.compile(
    "|".join(
        [
            r"(?<![\w.-])" + "/(work|root|home/[a-z]+|opt/pypi|opt/pypi-more|opt/wheels)" + "/",
            r"\.\./" + "shared/",
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "piwheels" + r"\.org",
            "(extra-)?" + "index" + "-url",
        ]
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One breach of the style: where, and which."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


Check = Callable[[Path], list[Finding]]


def python_files(folders: Iterable[Path]) -> list[Path]:
    """Every Python file below the folders, sorted."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def tree_files(root: Path) -> list[Path]:
    """Every file of the tree that is tracked, or would be if it were added. Without git: every file not hidden."""
    asked = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(asked, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        hidden = {".venv", ".cache", ".git", "__pycache__"}
        return sorted(path for path in root.rglob("*") if path.is_file() and not hidden.intersection(path.parts))
    return sorted(path for name in listed.split("\0") if name and (path := root / name).is_file())


def too_long_file(path: Path) -> list[Finding]:
    """Find a file above the cap."""
    lines = len(path.read_text().splitlines())
    if lines <= FILE_LINES_MAX:
        return []
    return [Finding(path=path, line=lines, what=f"{lines} lines; at most {FILE_LINES_MAX}: make it a folder")]


def too_long_functions(path: Path) -> list[Finding]:
    """Find functions above the cap, counted from `def` to the last line, docstring included."""
    return [
        Finding(path=path, line=node.lineno, what=f"{node.name} has {lines} lines; at most {FUNCTION_LINES_MAX}")
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def missing_docstring(path: Path) -> list[Finding]:
    """Find a module that does not say what it is."""
    return [] if ast.get_docstring(_parse(path)) else [Finding(path=path, line=1, what="the module has no docstring")]


def tests_without_a_sentence(path: Path) -> list[Finding]:
    """Find tests that do not say in a sentence what they hold to be true."""
    return [
        Finding(path=path, line=node.lineno, what=f"{node.name} has no sentence (docstring)")
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]


def banned_words(path: Path) -> list[Finding]:
    """Find banned words in the public names a module defines: modules, classes, functions, parameters, constants."""
    names = [(path.stem, 1), *_defined_names(_parse(path))]
    return [
        Finding(path=path, line=line, what=f"the name {name} has the banned word {word!r}")
        for name, line in names
        if not name.startswith("_") and name not in FOREIGN_NAMES
        for word in _banned_in(name)
    ]


def bare_exceptions(path: Path) -> list[Finding]:
    """Find `raise Exception`, which nobody can tell from any other."""
    return [
        Finding(path=path, line=node.lineno, what="raises a bare Exception; use the error tree")
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.Raise) and _name_of(node.exc) in BARE_EXCEPTIONS
    ]


def blind_excepts(path: Path) -> list[Finding]:
    """Find `except:`, `except Exception` and `except BaseException`, alone or in a tuple."""
    found = []
    for node in ast.walk(_parse(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(one is None or _name_of(one) in BARE_EXCEPTIONS for one in caught):
            found.append(Finding(path=path, line=node.lineno, what="catches everything; name what can happen"))
    return found


def sleeps_and_patches(path: Path) -> list[Finding]:
    """Find tests that sleep, or that patch by a string which no tool can follow."""
    found = []
    for node in ast.walk(_parse(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        by_string = bool(node.args) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        if called.rpartition(".")[2] == "sleep":
            found.append(Finding(path=path, line=node.lineno, what="sleeps; wait for what must happen instead"))
        if by_string and (called in {"patch", "mock.patch"} or called == "monkeypatch.setattr"):
            found.append(Finding(path=path, line=node.lineno, what="patches by string; pass in a fake instead"))
    return found


def two_clocks(path: Path) -> list[Finding]:
    """Find tests that hang on the day: a command on this machine's clock in a house whose own stands still.

    ``server_stub.__main__.main`` runs on the machine's clock, ``run`` on the one it is given. So tests call ``run``,
    and whoever has a ``House`` (its ``command`` runs on the house's clock) has no ``SystemClock`` at hand.
    """
    imported = {
        (node.module or "", alias.name): node.lineno
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    if line := imported.get(("server_stub.__main__", "main")):
        found.append(Finding(path=path, line=line, what="runs a command on the machine's clock; run() is given one"))
    in_house = ("tests.unit.server_stub.harness", "House") in imported
    if in_house and (line := imported.get(("wallet_sdk.system", "SystemClock"))):
        found.append(Finding(path=path, line=line, what="the machine's clock beside a house whose clock stands still"))
    return found


def machine_addresses(path: Path) -> list[Finding]:
    """Find paths of one machine and addresses of package registries. Files that are not text have none."""
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return []
    return [
        Finding(path=path, line=number, what=f"names a place of one machine or registry: {match[0]!r}")
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := FORBIDDEN_ADDRESSES.search(line))
    ]


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def _name_of(node: ast.expr | None) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else ""


def _words_of(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, small and singular: HTTPStatus_codes is http, status, code."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return [_singular(word.lower()) for word in words]


def _singular(word: str) -> str:
    if word in BANNED_WORDS:
        return word
    return next((word.removesuffix(end) for end in ("es", "s") if word.removesuffix(end) in BANNED_WORDS), word)


def _banned_in(name: str) -> list[str]:
    words = _words_of(name)
    before = ["", *words]
    return [
        word
        for previous, word in zip(before, words, strict=False)
        if word in BANNED_WORDS and (previous, word) not in ALLOWED_PAIRS
    ]


def _defined_names(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, int]]:
    """Names which others can see: what stands inside a function is its own affair."""
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
            if not node.name.startswith("_"):
                yield from ((one.arg, one.lineno) for one in ast.walk(node.args) if isinstance(one, ast.arg))
        elif isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
            yield from () if node.name.startswith("_") else _defined_names(node)
        elif isinstance(node, ast.Assign):
            yield from (name for target in node.targets for name in _assigned_names(target))
        elif isinstance(node, ast.AnnAssign):
            yield from _assigned_names(node.target)


def _assigned_names(target: ast.expr) -> Iterator[tuple[str, int]]:
    """Names in `a`, `a, b` and `a, *b`; not those in `a.b` or `a[b]`, which define nothing."""
    if isinstance(target, ast.Name):
        yield target.id, target.lineno
    elif isinstance(target, ast.Tuple | ast.List):
        yield from (name for one in target.elts for name in _assigned_names(one))
    elif isinstance(target, ast.Starred):
        yield from _assigned_names(target.value)
