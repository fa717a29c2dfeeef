"""The cores are functions of what they are given: no clock, no files, no unseeded randomness.

Imports are import-linter's part (pyproject.toml). This looks at calls, which it cannot see.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
# The named modules that do input and output, as the import contracts list them.
INPUT_AND_OUTPUT = {
    line.removesuffix(" -> **").replace(".", "/") + ".py"
    for contract in CONTRACTS
    if contract["name"].startswith("Pure modules know no clock")
    for line in contract["ignore_imports"]
}
PURE = [
    path
    for room in ("streams", "pricing", "alerts")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.relative_to(ROOT).as_posix() not in INPUT_AND_OUTPUT
]
CLOCK = {"now", "utcnow", "today", "time_ns", "perf_counter", "monotonic", "localtime", "gmtime"}
BUILTINS = {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pure_module_asks_for_no_clock_file_or_chance(path: Path) -> None:
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "date.today()",
        "open('x')",
        "print(1)",
        "np.random.rand(3)",
        "np.random.default_rng()",
        "np.load('x.npy')",
        "Path('x').read_text()",
    ],
)
def test_what_is_impure_is_found(line: str) -> None:
    assert len(impurities(f"def f():\n    return {line}\n")) == 1


@pytest.mark.parametrize(
    "line", ["np.random.default_rng(seed)", "datetime.fromtimestamp(ms / 1000, UTC)", "now_ms + 1"]
)
def test_what_is_pure_is_let_through(line: str) -> None:
    assert impurities(f"def f(seed, ms, now_ms):\n    return {line}\n") == []


def impurities(source: str) -> list[str]:
    """Every call in this source that depends on something else than its arguments."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"line {call.lineno}: {ast.unparse(call)}" for call in calls if _is_impure(call)]


def _is_impure(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    last = name.rsplit(".", 1)[-1]
    if last == "default_rng":
        return not call.args and not call.keywords
    return (
        name in BUILTINS
        or (last in CLOCK and "." in name)
        or ".random." in f".{name}"
        or last
        in {"read_text", "write_text", "read_bytes", "write_bytes", "load", "save", "loadtxt", "fromfile", "tofile"}
    )
