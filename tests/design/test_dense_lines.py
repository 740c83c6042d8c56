"""At most one comprehension or conditional expression begins on a line."""

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mmavk_cli"
DENSE = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp)


def crowded(source: str) -> list[int]:
    """Numbers of the lines on which more than one begins."""
    lines = Counter(node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, DENSE))
    return sorted(line for line, number in lines.items() if number > 1)


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_line_has_one_of_them_at_most(path: Path):
    assert crowded(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("a = [b for b in c]\nd = e if f else g", []),
        ("a = [b if c else d for b in e]", [1]),
        ("x = 1\na = [[b for b in c] for c in d]", [2]),
        ("a = 'y' if b else 'z' if c else 'w'", [1]),
    ],
)
def test_crowded_lines_are_found(source: str, lines: list[int]):
    assert crowded(source) == lines
