"""What the command line loads. Modules are counted, nothing is timed."""

import subprocess
import sys

import pytest
from registered import commands

from mmavk_cli.cli.main import COMMANDS, load

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


def test_probe_sees_what_is_loaded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "PROBE", "import numpy" + PROBE)
    assert loaded("--help") & HEAVY == {"numpy"}
