"""The arrows of the design, read from the source: cli → flows → stages → store → spans → base; what each may see."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "mmavk_cli"
STAGES = {"corpus", "knowledge", "similarity", "tagger", "report"}
LEVELS = (
    {"__init__": -1, "base": 0, "spans": 1, "store": 2}
    | dict.fromkeys(STAGES, 3)
    | {"flows": 4, "api": 5, "cli": 6, "__main__": 7}
)
HEAVY = {
    "torch", "torchvision", "torchcrf", "transformers", "open_clip", "bitsandbytes", "accelerate", "ray",
    "onnxruntime", "onnx", "tokenizers", "rapidocr", "cv2", "PIL", "numpy", "scipy", "sklearn", "seqeval", "diskcache",
    "safetensors", "jinja2", "matplotlib",
}  # fmt: skip
HANDED_ON = ("__init__", "api")
"""`from mmavk_cli import Tagger` loads the API when it is asked for: the one import that points up, and a late one."""

SCREEN = {"typer", "rich", "click"}
RUNS = {
    # A cell of a grid is a `mmavk train` and a `mmavk eval` of it, with their settings and run folders: what stands
    # in a table is what the two commands give.
    "reproduce": {"train", "evaluate"},
    # Where large models see the pictures, a `mmavk generate` and a `mmavk score` of the posts come before the tagging:
    # the store holds the same rows, whichever command wrote them.
    "tag": {"generate", "score"},
}
"""Commands that run other commands. All others have what they share in flows/shared/."""


@dataclass(frozen=True)
class Import:
    """One imported module; `late` where it is imported inside a function or for types alone."""

    module: str
    late: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports(tree: ast.AST, late: bool = False) -> Iterator[Import]:
    """All imports under a syntax tree."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(name.name, late) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (Import(f"{node.module}.{name.name}", late) for name in node.names)
        else:
            typing_only = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(node, late or inside or typing_only)


def part(module: str) -> str:
    """`mmavk_cli.cli.main` → `cli`; `mmavk_cli.__version__` → `__init__`."""
    name = module.split(".")[1] if "." in module else "__init__"
    return name if name in LEVELS else "__init__"


def faults(module: str, source: str) -> list[str]:
    """What one file of the package imports against the arrows."""
    own = part(module)
    found = []
    inside = [entry for entry in imports(ast.parse(source)) if entry.top == "mmavk_cli"]
    for entry in inside:
        other = part(entry.module)
        if (own, other) == HANDED_ON and entry.late:
            continue
        if other != own and LEVELS[other] >= LEVELS[own]:
            found.append(f"{module} imports {entry.module}: not downwards")
    stages = {own, *(part(entry.module) for entry in inside)} & STAGES
    if own != "flows" and len(stages) > 1:
        found.append(f"{module} joins {sorted(stages)}: two stages meet in flows only")
    if own not in {"cli", "__main__"}:
        seen = {entry.module for entry in imports(ast.parse(source)) if entry.top in SCREEN}
        found += [f"{module} imports {name}: only cli writes on the screen" for name in sorted(seen)]
    return found


def room(module: str) -> str | None:
    """`mmavk_cli.flows.train.gate` → `train`; None outside flows/."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 and parts[1] == "flows" else None


def strange_rooms(module: str, source: str) -> list[str]:
    """Imports of one command's room by another's."""
    own = room(module)
    allowed = {own, "shared"} | RUNS.get(own or "", set())
    inside = (entry.module for entry in imports(ast.parse(source)))
    return [f"{module} imports {one}" for one in inside if own and room(one) and room(one) not in allowed]


def circles(sources: dict[str, Path | str]) -> list[set[str]]:
    """Modules of which each imports the others in the end, imports inside functions and for types counted: the strongly
    connected parts of the graph of imports (Tarjan), without those of one module.
    """
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        text = source if isinstance(source, str) else source.read_text("utf-8")
        named = (entry.module for entry in imports(ast.parse(text)) if (part(module), part(entry.module)) != HANDED_ON)
        found = {next((one for one in (name, name.rpartition(".")[0]) if one in sources), module) for name in named}
        graph[module] = found - {module}
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    circles: list[set[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        path.append(module)
        for other in graph[module]:
            if other not in order:
                visit(other)
            if other in path:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == order[module]:
            circle = set(path[path.index(module) :])
            del path[path.index(module) :]
            if len(circle) > 1:
                circles.append(circle)

    for module in graph:
        if module not in order:
            visit(module)
    return circles


def files() -> dict[str, Path]:
    """Dotted module name → file, of the whole package."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def loaded_at_start(sources: dict[str, Path]) -> set[str]:
    """The modules that `mmavk --help` and the commands' help load: all of cli, what it imports, and so on."""
    found: set[str] = set()
    waiting = [module for module in sources if part(module) == "cli"]
    while waiting:
        module = waiting.pop()
        if module in found or module not in sources:
            continue
        found.add(module)
        waiting += [".".join(module.split(".")[:depth]) for depth in range(1, module.count(".") + 1)]
        for entry in imports(ast.parse(sources[module].read_text("utf-8"))):
            if not entry.late:
                waiting += [entry.module, entry.module.rpartition(".")[0]]
    return found


each_file = pytest.mark.parametrize(("module", "path"), sorted(files().items()), ids=sorted(files()))


def test_top_level_is_that_of_the_design():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= LEVELS.keys() | {"embedded"}
    assert {path.stem for path in ROOT.glob("*.py")} <= LEVELS.keys()


@each_file
def test_imports_point_down(module: str, path: Path):
    assert faults(module, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("mmavk_cli.base.files", "from mmavk_cli.spans import tag_names"),
        ("mmavk_cli.spans", "from mmavk_cli.corpus.tokenize import cut"),
        ("mmavk_cli.corpus.conll", "import mmavk_cli.report.metrics.f1"),
        ("mmavk_cli.tagger.model", "def f():\n    from mmavk_cli.flows import tag"),
        ("mmavk_cli.flows.tag.tag", "from mmavk_cli.cli.tag import add"),
        ("mmavk_cli.cli.tag", "from mmavk_cli.report import html\nfrom mmavk_cli.corpus import words"),
        ("mmavk_cli.flows.tag.tag", "from rich.table import Table"),
        ("mmavk_cli.flows.tag.tag", "from mmavk_cli.api import Tagger"),
        ("mmavk_cli", "from mmavk_cli.api import Tagger"),
    ],
)
def test_an_import_against_the_arrows_is_seen(module: str, line: str):
    assert faults(module, line) != []


@each_file
def test_a_command_stands_on_no_other(module: str, path: Path):
    assert strange_rooms(module, path.read_text("utf-8")) == []


def test_a_command_that_stands_on_another_is_seen():
    late = "def f():\n    from mmavk_cli.flows.compare import compare"
    assert strange_rooms("mmavk_cli.flows.train.train", late) != []
    assert strange_rooms("mmavk_cli.flows.shared.seeds", "import mmavk_cli.flows.train.train") != []
    assert strange_rooms("mmavk_cli.flows.train.train", "from mmavk_cli.flows.train.gate import Item") == []
    assert strange_rooms("mmavk_cli.flows.reproduce.cells", "from mmavk_cli.flows.train.train import train") == []


def test_no_imports_go_in_a_circle():
    assert circles(dict(files())) == []


def test_a_circle_is_seen():
    sources: dict[str, Path | str] = {
        "m.a": "from m.b import x",
        "m.b": "def f():\n    import m.c",
        "m.c": "if TYPE_CHECKING:\n    from m.a import Y",
        "m.d": "from m import a",
        "m.e": "from m.d import z",
    }
    assert circles(sources) == [{"m.a", "m.b", "m.c"}]


def test_heavy_libraries_are_not_imported_by_what_loads_at_start_up():
    sources = files()
    start = loaded_at_start(sources)
    assert {"mmavk_cli.base.errors", "mmavk_cli.cli.options"} <= start
    heavy = {
        f"{module}: {entry.module}"
        for module in start
        for entry in imports(ast.parse(sources[module].read_text("utf-8")))
        if entry.top in HEAVY and not entry.late
    }
    assert heavy == set()


@each_file
def test_files_and_functions_are_short(module: str, path: Path):
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 400, module
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            assert node.end_lineno is not None
            assert node.end_lineno - first < 60, f"{module}.{node.name}"
