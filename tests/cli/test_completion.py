"""Completion as shells ask for it: bash for real, fish and zsh where they are installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store

ROOT = Path(__file__).parents[2]
Ask = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a program `mmavk`, data sets, knowledge in a store, and runs."""
    program = tmp_path / "bin" / "mmavk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmavk_cli "$@"\n')
    program.chmod(0o755)
    for name in ("tweets", "toots"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "test.txt").write_text("Rome\tB-LOC\n")
    (tmp_path / "data" / "pictures").mkdir()
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "run.json").write_text("{}")
    (tmp_path / "post.txt").write_text("Rome")
    with Store(tmp_path / "home" / "store") as store:
        store.put_knowledge("image:1", Recipe(name="captions", generator="echo"), "a text")
    return tmp_path


@pytest.fixture
def ask(place: Path) -> Ask:
    def run(script: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MMAVK_HOME": str(place / "home"),
            "MMAVK_DATA": str(place / "data"),
            "HOME": str(place),
        }
        done = subprocess.run(
            ["bash", "-c", script], check=False, cwd=place, env=environment, capture_output=True, text=True
        )  # fmt: skip
        assert done.stderr == ""
        return done

    return run


def in_bash(line: str) -> str:
    """A script that loads mmavk's completion and presses the tab key at the end of `line`."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    return (
        "source <(_MMAVK_COMPLETE=source_bash mmavk)\n"
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        "_mmavk_completion mmavk; printf '%s\\n' \"${COMPREPLY[@]}\""
    )


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mmavk tr", {"train"}),
        ("mmavk data ", {"stats", "check", "fetch", "convert"}),
        ("mmavk data stats ", {"tweets", "toots"}),
        ("mmavk data stats tw", {"tweets"}),
        ("mmavk train --dataset to", {"toots"}),
        ("mmavk eval embedded --knowledge ", {"captions"}),
        ("mmavk reproduce table3 --knowledge captions,", {"captions,captions"}),
        ("mmavk store rm --knowledge c", {"captions"}),
        ("mmavk train --recipe emb", {"embedded"}),
        ("mmavk train --fusion ", {"word", "concat", "text", "prefix"}),
        ("mmavk train --decoder s", {"softmax", "span"}),
        ("mmavk tag --generator ", {"ocr", "echo", "none"}),
        ("mmavk eval ", {"embedded", "runs/first"}),
        ("mmavk compare runs/", {"runs/first"}),
        ("mmavk data convert tweets out --to doc", {"doccano"}),
        ("mmavk help for", {"formats"}),
        ("mmavk config set train.ep", {"train.epochs"}),
        ("mmavk config show data.s", {"data.stats"}),
        ("mmavk data stats --jso", {"--json"}),
        ("mmavk tag post", set()),  # bash itself offers files
        ("mmavk data stats tweets --data-dir elsewhere ", set()),
    ],
)
def test_bash_is_offered_what_is_there(line: str, offered: set[str], ask: Ask):
    assert set(ask(in_bash(line)).stdout.split()) >= offered
    if not offered:
        assert ask(in_bash(line)).stdout.split() == []


def test_a_store_that_is_broken_is_no_reason_to_complain(ask: Ask, place: Path):
    (place / "home" / "store" / "cache.db").write_bytes(b"broken")
    assert ask(in_bash("mmavk eval embedded --knowledge ")).stdout.split() == []


def test_completion_loads_nothing_heavy(ask: Ask):
    probe = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*{name.partition('.')[0] for name in sys.modules}))\n"
        "from mmavk_cli.cli.main import main\n"
        "main()"
    )
    asked = {"COMP_WORDS": "mmavk train --dataset ", "COMP_CWORD": "3", "_MMAVK_COMPLETE": "complete_bash"}
    assigned = " ".join(f"{name}='{value}'" for name, value in asked.items())
    *offered, modules = ask(f'{assigned} "{sys.executable}" -c "{probe}"').stdout.splitlines()
    assert set(offered) == {"tweets", "toots"}
    heavy = {"torch", "transformers", "numpy", "PIL", "onnxruntime", "spacy", "pyarrow", "rich"}
    assert set(modules.split()) & heavy == set()


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_is_offered_what_is_there(ask: Ask):
    load = "env _MMAVK_COMPLETE=source_fish mmavk | source; "
    done = ask(f'fish -c \'{load} complete -C "mmavk data stats tw"; complete -C "mmavk tag po"\'')
    assert done.stdout.split() == ["tweets", "post.txt"]


def test_zsh_is_offered_what_is_there(ask: Ask):
    line = "mmavk eval embedded --knowledge c"
    done = ask(f"_TYPER_COMPLETE_ARGS='{line}' _MMAVK_COMPLETE=complete_zsh mmavk")
    assert "captions" in done.stdout
    if shutil.which("zsh"):
        assert ask("_MMAVK_COMPLETE=source_zsh mmavk | zsh -n").returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_where_the_shell_looks(shell: str, ask: Ask, place: Path):
    ask(f"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 mmavk --install-completion {shell}")
    written = [path for path in place.rglob("*") if path.is_file() and "_MMAVK_COMPLETE" in path.read_text("latin1")]
    assert len(written) == 1
