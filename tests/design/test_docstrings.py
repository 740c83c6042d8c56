"""A public function with more than three arguments describes each of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mmavk_cli"
MOST = 3
"""Arguments that a docstring may leave to their names and types."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its classes, without those that begin with `_`."""
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for body in bodies:
        for node in body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield node


def arguments(function: Function) -> list[str]:
    """Names of the arguments without `self` and `cls`."""
    several = [one for one in (function.args.vararg, function.args.kwarg) if one]
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs, *several]
    return [one.arg for one in every if one.arg not in {"self", "cls"}]


def undescribed(function: Function) -> list[str]:
    """Arguments that `Args:` does not describe, of a function that has many."""
    names = arguments(function)
    if len(names) <= MOST:
        return []
    _, _, described = (ast.get_docstring(function) or "").partition("\nArgs:\n")
    found = re.findall(r"^    \*{0,2}(\w+): ", described, re.MULTILINE)
    return [name for name in names if name not in found]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_many_arguments_are_described(path: Path):
    lacking = {one.name: undescribed(one) for one in public_functions(ast.parse(path.read_text("utf-8")))}
    assert {name: names for name, names in lacking.items() if names} == {}


def test_what_is_not_described_is_found():
    source = '''
def many(a, b, c, d):
    """Do it.

    Args:
        a: first.
        c: third.
    """


def few(a, b, c): ...


class One:
    def method(self, a, b, c, *, d, **others):
        """Nothing."""
'''
    found = {one.name: undescribed(one) for one in public_functions(ast.parse(source))}
    assert found == {"many": ["b", "d"], "few": [], "method": ["a", "b", "c", "d", "others"]}
