"""Nothing asks which fusion, decoder or kind of encoder it has: who wants to know something of a part asks the part.

Else one more part would be more than a file and a line in its registry.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS

PACKAGE = Path(__file__).parents[2] / "mmavk_cli"
KINDS = {"fusion": FUSIONS, "decoder": DECODERS, "encoder_kind": ENCODERS}
"""What a variable or an attribute that holds a part's name is called."""


def asked(source: str) -> list[int]:
    """Numbers of the lines that compare the name of a part with a part's name, or look it up among such."""
    found = (node for node in ast.walk(ast.parse(source)) for kind in KINDS if _asks(node, kind))
    return sorted({node.lineno for node in found if isinstance(node, ast.expr | ast.stmt)})


def _asks(node: ast.AST, kind: str) -> bool:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(_holds(one, kind) for one in sides) and any(_names(one, kind) for one in sides)
    if isinstance(node, ast.Match):
        return _holds(node.subject, kind) and any(_names(case.pattern, kind) for case in node.cases)
    if isinstance(node, ast.Subscript):  # {"word": 1}[fusion]
        return _holds(node.slice, kind) and _names(node.value, kind)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr == "get":  # {"word": 1}.get(fusion)
            return _holds(node.args[0], kind) and _names(node.func.value, kind)
        if node.func.attr in {"startswith", "endswith"}:
            return _holds(node.func.value, kind) and _names(node.args[0], kind)
    return False


def _holds(node: ast.expr, kind: str) -> bool:
    """Whether an expression is a part's name: `fusion`, `config.pieces.fusion`, `asked["fusion"]`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=name)):
            return name == kind
        case ast.Tuple(elts=parts):
            return any(_holds(one, kind) for one in parts)
    return False


def _names(node: ast.AST, kind: str) -> bool:
    """Whether the name of a part stands in it as a literal."""
    return any(one.value in set(KINDS[kind]) for one in _constants(node))


def _constants(node: ast.AST) -> Iterator[ast.Constant]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_asks_for_the_name_of_a_part(path: Path) -> None:
    assert asked(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'if fusion == "word": pass',
        'if "concat" != settings.fusion: pass',
        'wide = config.pieces.fusion in ("text", "prefix")',
        'if config.decoder not in {"crf"}: pass',
        'a = 1 if asked["encoder_kind"] == "transformer" else 2',
        'match self.decoder:\n    case "crf" | "other":\n        pass',
        'match fusion, size:\n    case ("word", 1):\n        pass',
        'a = {"word": 1, "text": 2}[self.fusion]',
        'a = {"crf": 1}.get(decoder, 0)',
        'a = fusion.startswith("prefix")',
    ],
)
def test_a_name_that_is_asked_for_is_found(source: str) -> None:
    assert asked(source) == [1]


@pytest.mark.parametrize(
    "source",
    [
        'changed |= {"fusion": "word"}',
        'if "knowledge" not in FUSIONS[settings.fusion].reads: pass',
        'if scorer == "text": pass',
        'untrained(fusion="word")',
        "if fusion.gate is None: pass",
        "if made.fusion == other.fusion: pass",
        'if fusion.described == "word": pass',
    ],
)
def test_other_uses_are_none_of_it(source: str) -> None:
    assert asked(source) == []
