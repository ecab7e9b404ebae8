"""A second type checker reads what integrators write: pyright, strict. mypy --strict has read it in ``make check``."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORACLE = ROOT / ".cache" / "oracle"
READ = ["tests/typing", "docs/examples"]


def test_pyright_is_content_with_usage_and_examples(tmp_path: Path) -> None:
    """Strict mode, every name of the SDK typed (py.typed), no error; one planted error is found."""
    found = _check(tmp_path, READ)
    assert found == []
    planted = tmp_path / "planted.py"
    planted.write_text("from wallet_sdk import Wallet\n\ndef pay(wallet: Wallet) -> int:\n    return wallet.scan(7)\n")
    rules = {rule for _, rule in _check(tmp_path, [str(planted)])}
    assert rules == {"reportArgumentType", "reportReturnType"}


def _check(folder: Path, paths: list[str]) -> list[tuple[str, str]]:
    """File and rule of each error."""
    project = folder / "pyrightconfig.json"
    settings = {
        "include": [str(ROOT / path) for path in paths],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "pythonVersion": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    project.write_text(json.dumps(settings))
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "basedpyright",
            "--project",
            str(project),
            "--pythonpath",
            sys.executable,
            "--outputjson",
        ],
        env=os.environ | {"PYTHONPATH": str(ORACLE)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode in {0, 1}, run.stderr
    diagnostics = json.loads(run.stdout)["generalDiagnostics"]
    return [
        (one["file"] + one["message"], one.get("rule", one["message"]))
        for one in diagnostics
        if one["severity"] == "error"
    ]
