"""What the mutants that survived have changed: words for people only, or something that a program could notice.

    .venv/bin/python -m tests.mutants.judge FOLDER      FOLDER holds mutmut's `mutants/` (see docs/testing.md)

Ends with 1 when a mutant survived that changes more than words and is not in survivors.json with its reason.
"""

import ast
import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ACCEPTED: Final = Path(__file__).parent / "survivors.json"
PROTOCOL: Final = Path("wallet_sdk/protocol")
#: mutmut keeps the exit code of the tests under each mutant: 0 means that none of them failed.
SURVIVED: Final = 0
#: As in pyproject.toml; a copy without the programs does not use every error code.
SELECTION: Final = (
    "-ptests.mutants.plain_names",
    "--ignore=tests/unit/wallet_sdk/protocol/emv",
    "--deselect=tests/unit/wallet_sdk/protocol/test_errors.py::test_every_code_is_used_or_reserved",
)
#: Where the sentence of an error stands among its arguments: in ours behind the code, in Python's own first.
SENTENCE: Final = {"AssertionError": 0, "ValueError": 0}
#: Arguments that go nowhere but into the sentence of an error.
WORD_ARGUMENTS: Final = frozenset({"what", "whose"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant which no test noticed: its function, and the lines that differ, without their places."""

    module: str
    function: str
    change: str
    key: str = field(default="", compare=False)


class _Wordless(ast.NodeTransformer):
    """Takes out the sentence of every error, and what is only said in one."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
            node.args[SENTENCE.get(node.func.id, 1) :] = []
        if isinstance(node.func, ast.Name) and node.func.id == "cast":  # the type is for mypy alone
            node.args[0] = ast.Constant("")
        for argument in node.keywords:
            if argument.arg in WORD_ARGUMENTS:
                argument.value = ast.Constant("")
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        node.msg = None
        return node


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Every function of a mutated module by the name mutmut gave it."""
    tree = ast.parse(path.read_text())
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) if "__mutmut_" in node.name}


def without_words(function: ast.FunctionDef) -> str:
    """The body as text, without what is only for people."""
    whole = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(whole, ast.FunctionDef)
    whole.name = "f"
    return ast.unparse(_Wordless().visit(whole))


def change_between(original: str, mutated: str) -> str:
    """The lines that differ."""
    lines = difflib.unified_diff(original.splitlines(), mutated.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def outcomes(folder: Path) -> Iterator[tuple[str, str, int | None]]:
    """Module, full name and exit code of every mutant that was made."""
    for meta in sorted((folder / PROTOCOL).rglob("*.py.meta")):
        codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
        module = meta.name.removesuffix(".py.meta")
        for key, code in codes.items():
            yield module, key, code


def judge(folder: Path) -> tuple[Counter[str], dict[str, Counter[str]], list[Survivor]]:
    """Tallies of all modules together, of each module, and the survivors that change more than words."""
    every: Counter[str] = Counter()
    each: dict[str, Counter[str]] = {}
    survivors: list[Survivor] = []
    bodies: dict[str, dict[str, ast.FunctionDef]] = {}
    for module, key, code in outcomes(folder):
        mutant = key.rpartition(".")[2]
        if module not in bodies:
            bodies[module] = functions(folder / PROTOCOL / f"{module}.py")
        verdict = "killed"
        if code is None:
            verdict = "not run"
        elif code == SURVIVED:
            function = mutant.rpartition("__mutmut_")[0]
            change = change_between(
                without_words(bodies[module][f"{function}__mutmut_orig"]), without_words(bodies[module][mutant])
            )
            verdict = "more than words" if change else "words"
            if change:
                name = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
                survivors.append(Survivor(module=module, function=name, change=change, key=key))
        every[verdict] += 1
        each.setdefault(module, Counter())[verdict] += 1
    return every, each, survivors


def doubtful(folder: Path) -> list[str]:
    """Full names of the survivors that change more than words."""
    return [survivor.key for survivor in judge(folder)[2]]


def accepted() -> dict[Survivor, str]:
    """Survivors that a person has looked at, with the reason why no test can, or need, tell them from the original."""
    rows: list[dict[str, Any]] = json.loads(ACCEPTED.read_text()) if ACCEPTED.is_file() else []
    return {
        Survivor(module=row["module"], function=row["function"], change="\n".join(row["change"])): row["reason"]
        for row in rows
    }


def main(arguments: list[str]) -> int:
    """Print the score, and every survivor without a reason."""
    every, each, survivors = judge(Path(arguments[0]))
    reasons = accepted()
    for module, tally in sorted(each.items()):
        print(f"{module:12} {dict(sorted(tally.items()))}")
    print(f"{'all':12} {dict(sorted(every.items()))}")
    unexplained = [survivor for survivor in survivors if survivor not in reasons]
    for survivor in unexplained:
        print(f"\n{survivor.module}.{survivor.function}\n{survivor.change}")
    print(f"\n{len(survivors)} survivors that change more than words, {len(unexplained)} of them without a reason")
    return 1 if unexplained or every["not run"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
