"""What the command line loads. Modules are counted, nothing is timed."""

import subprocess
import sys
from pathlib import Path

import pytest
from registered import commands

from mmavk_cli.cli.commands import COMMANDS, load

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
HEAVY = {"torch", "transformers", "open_clip", "PIL", "seqeval", "numpy", "onnxruntime"}
NEVER_TO_TAG = {"torch", "transformers", "open_clip", "bitsandbytes", "accelerate", "sklearn", "scipy"}

PROBE = """
import sys
from mmavk_cli.cli.main import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """The top-level modules a run of `mmavk` has loaded when it ends."""
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.splitlines()[-1].split())
    assert {"mmavk_cli", "typer"} <= modules
    return modules


def test_help_loads_nothing_heavy():
    assert loaded("--help") & HEAVY == set()


def test_first_help_page_loads_no_command_and_says_of_each_what_its_own_page_says():
    assert "pydantic" not in loaded("--help")
    for name, (_, line) in COMMANDS.items():
        assert load(name).get_short_help_str(100) == line


@pytest.mark.parametrize("path", [command.path for command in commands()], ids=" ".join)
def test_help_of_a_command_loads_nothing_heavy(path: tuple[str, ...]):
    assert loaded(*path, "--help") & HEAVY == set()


TAG_TEXT = ("tag", "--text", "Two days in Paris", "--format", "jsonl")
TAG_PICTURE = ("tag", str(EXAMPLES / "post.txt"), "--image", str(EXAMPLES / "picture.jpg"), "--format", "jsonl")


@pytest.mark.parametrize("arguments", [TAG_TEXT, TAG_PICTURE], ids=["text", "picture"])
def test_tagging_loads_neither_torch_nor_transformers(arguments: tuple[str, ...]):
    modules = loaded(*arguments)
    assert "onnxruntime" in modules
    assert modules & NEVER_TO_TAG == set()


def test_text_alone_loads_nothing_for_pictures():
    assert loaded(*TAG_TEXT) & {"PIL", "cv2", "rapidocr"} == set()


def test_probe_sees_what_is_loaded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "PROBE", "import numpy" + PROBE)
    assert loaded("--help") & HEAVY == {"numpy"}
