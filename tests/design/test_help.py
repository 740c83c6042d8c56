"""The help pages in docs/help/ are those of the commands."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from pages import COLUMNS, help_text, main, pages
from registered import Command, commands

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "help"


def test_pages_in_docs_are_those_of_the_commands():
    if f"typer=={version('typer')}" not in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        pytest.skip("the pages are as the typer of constraints.txt lays them out")
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert committed == pages(), "run: make docs"


def test_page_of_a_removed_command_goes(tmp_path: Path):
    (tmp_path / "gone.md").write_text("# mmavk gone\n")
    main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(pages())


@pytest.mark.parametrize("command", commands(), ids=str)
def test_help_ends_in_examples_of_that_command_as_they_can_be_copied(command: Command):
    text = help_text(command.path)
    assert command.examples
    for example in command.examples:
        assert f"mmavk {command} ".rstrip() in example
        assert f"    {example}" in text.splitlines(), "an example must stand on one line"


@pytest.mark.parametrize("path", [(), *(command.path for command in commands())], ids=" ".join)
def test_help_is_plain_text_of_fixed_width(path: tuple[str, ...]):
    text = help_text(path)
    assert "\x1b" not in text
    assert not set(text) & set("│╭╮╰╯─━┃")
    described = text.partition("Examples:")[0]
    assert max(map(len, described.splitlines())) <= COLUMNS


@pytest.mark.parametrize("command", commands(), ids=str)
def test_help_has_nothing_of_python_s_insides(command: Command):
    assert re.findall(r"list\[|\[\]|None\b", help_text(command.path)) == []


def test_an_argument_of_several_values_says_so():
    assert "\n  RUN...  Run folders. Of mmavk eval, two or more.\n" in help_text(("compare",))


NOT_RUN = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""Blocks whose lines need a GPU or a network, so that no test runs them."""


@pytest.mark.parametrize("page", sorted(FOLDER.parent.glob("*.md")), ids=lambda path: path.name)
def test_commands_that_are_not_run_have_the_options_they_name(page: Path):
    known = {command.path for command in commands()}
    for line in "\n".join(NOT_RUN.findall(page.read_text("utf-8"))).splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["mmavk"] or len(words) < 2 or words[1].startswith("-"):
            continue
        path = tuple(words[1:3]) if tuple(words[1:3]) in known else (words[1],)
        assert path in known, line
        options = set(re.findall(r"(?<!\S)--[a-z0-9-]+", line.partition("#")[0]))
        assert options <= set(re.findall(r"--[a-z0-9-]+", help_text(path))), line
