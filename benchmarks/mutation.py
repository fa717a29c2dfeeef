"""Which small mistakes in the pricing kernel the tests would not notice: `make bench ARGS=mutation`.

Each mutant is `pricing/kernel.py` with one change: a comparison flipped or moved by one, a check
dropped, a rounding or a bound turned round, a sign, a constant. The tests of the room run on it in
a process of their own, up to the first that fails; a mutant that none notices survives.
"""

from __future__ import annotations

import ast
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any, NamedTuple

from pricing import kernel

FOLDER = "tests/unit/pricing"
# The quick ones first: most mutants do not live long.
TESTS = (
    f"{FOLDER}/test_kernel.py",
    f"{FOLDER}/test_guards.py",
    f"{FOLDER}/test_batch.py::test_what_earlier_rules_made_is_still_verified_byte_for_byte",
    f"{FOLDER}/test_market_rules.py",
    f"{FOLDER}/test_signing.py",
    f"{FOLDER}/test_sizing.py",
    f"{FOLDER}/test_agent.py",
    f"{FOLDER}/test_explain.py",
    f"{FOLDER}/test_adversaries.py",
    f"{FOLDER}/test_machine.py",
)
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--timeout=120")
SWAPPED: dict[type[ast.AST], tuple[type[Any], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.USub: (ast.UAdd,),
    ast.Not: (ast.UAdd,),
}
TURNED = {"max": "min", "min": "max", "ceil": "floor", "floor": "ceil"}
Change = tuple[str, Callable[[Any], None]]


class Mutant(NamedTuple):
    """One change: its line, what was done there, and the whole source with it."""

    line: int
    what: str
    source: str


def run() -> dict[str, object]:
    """How many mutants the tests notice, and those that they do not."""
    import pytest  # noqa: PLC0415 a development dependency

    source = Path(kernel.__file__).read_text(encoding="utf-8")
    started, found = time.monotonic(), list(mutants(source))
    with redirect_stdout(sys.stderr):
        if pytest.main([*TESTS, *OPTIONS]) != 0:
            raise SystemExit("the tests fail on the kernel as it is")
    survivors = []
    for number, mutant in enumerate(found, start=1):
        if _survives(mutant.source, pytest.main):
            survivors.append(f"line {mutant.line}: {mutant.what}")
            print(f"{number} of {len(found)} survives: {survivors[-1]}", file=sys.stderr, flush=True)
    killed = len(found) - len(survivors)
    return {
        "mutants": len(found),
        "noticed": killed,
        "share": round(killed / len(found), 4),
        "survivors": survivors,
        "seconds": round(time.monotonic() - started),
    }


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of every function."""
    for place, node in enumerate(_inside_functions(ast.parse(source))):
        for what, change in _changes(node):
            tree = ast.parse(source)
            change(_inside_functions(tree)[place])
            yield Mutant(getattr(node, "lineno", 0), what, ast.unparse(tree))


def _inside_functions(tree: ast.Module) -> list[ast.AST]:
    """Nodes that decide something: not annotations, docstrings or names of tables."""
    found = []
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for statement in function.body:
            found += [node for node in ast.walk(statement) if not _is_docstring(statement)]
    return found


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: Any) -> Iterator[Change]:
    text = ast.unparse(node)
    if isinstance(node, ast.Compare):
        for other in SWAPPED.get(type(node.ops[0]), ()):
            yield f"{text}: {other.__name__}", partial(_compare, other)
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.UnaryOp):
        for other in SWAPPED.get(type(node.op), ()):
            yield f"{text}: {other.__name__}", partial(_operate, other)
    if isinstance(node, ast.BoolOp):
        for number, part in enumerate(node.values):
            yield f"{text}: without {ast.unparse(part)}", partial(_drop, number)
    if isinstance(node, ast.If | ast.IfExp):
        yield f"never {ast.unparse(node.test)}", _never
    if isinstance(node, ast.Tuple) and ast.unparse(node.elts[-1]).startswith("CODE_") and not _is_name(node.elts[0]):
        yield f"never {text}", _unchecked
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{text} + 1", _one_more
    if isinstance(node, ast.Call):
        yield from _of_calls(node, text)


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _of_calls(node: ast.Call, text: str) -> Iterator[Change]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name not in TURNED:
        return
    yield f"{text}: {TURNED[name]}", partial(_call, TURNED[name])
    for number, part in enumerate(node.args if name in ("max", "min") else ()):
        yield f"{text}: without {ast.unparse(part)}", partial(_leave_out, number)


def _compare(other: type[ast.cmpop], node: ast.Compare) -> None:
    node.ops[0] = other()


def _operate(other: type[Any], node: Any) -> None:
    node.op = other()


def _drop(number: int, node: ast.BoolOp) -> None:
    node.values.pop(number)


def _never(node: ast.If | ast.IfExp) -> None:
    node.test = ast.Constant(False)


def _unchecked(node: ast.Tuple) -> None:
    node.elts[0] = ast.Constant(False)


def _one_more(node: Any) -> None:
    node.value += 1


def _call(name: str, node: Any) -> None:
    setattr(node.func, "id" if isinstance(node.func, ast.Name) else "attr", name)


def _leave_out(number: int, node: ast.Call) -> None:
    """Another argument stands in its place, for max of one value is something else."""
    node.args[number] = node.args[number - 1]


def _survives(source: str, tests: Callable[[list[str]], int]) -> bool:
    """Whether every test passes with the mutant in the kernel's place, in a child of this process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
                _become(source)
                code = int(tests([*TESTS, *OPTIONS]))
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _become(source: str) -> None:
    """Put a mutant's code into the kernel's functions: whoever has imported one has the mutant."""
    space = dict(vars(kernel))
    exec(compile(source, "mutant", "exec"), space)
    for name, value in space.items():
        if isinstance(value, FunctionType) and value.__globals__ is space:
            getattr(kernel, name).__code__ = value.__code__


if __name__ == "__main__":
    print(run())
