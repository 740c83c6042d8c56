"""Every example of a help page and every command in README.md and docs/ runs as it is written."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from lines import block_lines, command_lines, exits, python_blocks
from registered import Command, commands
from workplace import Shell

ROOT = Path(__file__).parents[2]
NOT_RUN = {
    "mmavk generate --dataset": "needs pictures, and weights or a server; tests/flows/generate/ has small ones",
    "mmavk data fetch": "reads from the authors' repository; tests/flows/data/ runs it against a server on loopback",
    "mmavk score --dataset twitter2017 --out": "needs CLIP's weights and the pictures; another line has a tiny CLIP",
}
"""How a command line begins that cannot run here, and why."""

WHOLE = {"own-data.md", "recipes.md"}
"""Pages of which every line runs, also those without mmavk."""

TOOLS = {"jq": "jq", "parallel": "GNU parallel"}
"""Programs that the pages use, and that a machine may lack."""


def lacking(line: str) -> list[str]:
    """The programs that a line wants and that are not here."""
    words = set(re.findall(r"[\w-]+", line))
    return [name for tool, name in TOOLS.items() if tool in words and shutil.which(tool) is None]


def run_all(lines: Sequence[str], shell: Shell) -> None:
    for line in lines:
        if line.startswith(tuple(NOT_RUN)):
            continue
        done = shell(line)
        assert done.returncode in exits(line), f"{line}\nexit {done.returncode}\n{done.stderr}"


def pages() -> list[Path]:
    """The pages a person wrote; the help pages are made of the examples."""
    written = [path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "help"]
    return [ROOT / "README.md", *sorted(written)]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands(), ids=str)
def test_examples_of_the_help_page_run(command: Command, shell: Shell):
    run_all(command.examples, shell)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_of_the_page_run(page: Path, shell: Shell):
    text = page.read_text("utf-8")
    lines = block_lines(text) if page.name in WHOLE else command_lines(text)
    run_all([line for line in lines if not lacking(line)], shell)
    if missing := sorted({name for line in lines for name in lacking(line)}):
        pytest.skip(f"all but the lines that need {', '.join(missing)} ran: not installed here")


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in pages() if python_blocks(page.read_text("utf-8"))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_python_of_the_page_runs_and_prints_what_it_says(page: Path, shell: Shell, tmp_path: Path):
    program = "\n".join(python_blocks(page.read_text("utf-8")))
    (tmp_path / "page.py").write_text(program, "utf-8")
    done = shell("python page.py")
    assert done.returncode == 0, done.stderr
    said = re.findall(r"# prints: (.*)", program)
    assert said
    assert done.stdout.splitlines() == said


def test_readme_has_commands_and_each_is_found():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(command_lines(readme)) == len(re.findall(r"^mmavk ", readme, re.MULTILINE)) > 0


def test_readme_shows_what_its_first_command_prints(shell: Shell):
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = re.findall(r"^```text\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[0]
    done = shell(f"{command_lines(readme)[0]} --format table")
    printed = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines()) + "\n"
    assert _without_numbers(printed) == _without_numbers(shown)


def _without_numbers(text: str) -> str:
    """Probabilities differ in their last digit between processors."""
    return re.sub(r"\d\.\d\d", "0.00", text)


def test_command_lines_are_read_from_marked_blocks_alone():
    page = """
```sh
mmavk a \\
  --b
make test
echo x | mmavk tag -
```

```text
mmavk no
```
```console
$ mmavk c
```
"""
    assert command_lines(page) == ["mmavk a   --b", "echo x | mmavk tag -", "mmavk c"]
    assert block_lines(page) == ["mmavk a   --b", "make test", "echo x | mmavk tag -", "mmavk c"]


def test_programs_that_a_line_needs_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    assert lacking("parallel mmavk tag {} | jq -r .id") == ["jq", "GNU parallel"]
    assert lacking("mmavk tag parallels.jsonl") == []


def test_a_command_that_fails_is_told(shell: Shell):
    with pytest.raises(AssertionError, match="exit 2"):
        run_all(["mmavk nosuchcommand"], shell)
