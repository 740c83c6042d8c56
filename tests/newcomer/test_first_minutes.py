"""The script that walks through README.md as a newcomer: one shell for all lines, and no fault passes."""

from pathlib import Path

import pytest
from first_minutes import Shell, WrongError, bare, walk


@pytest.fixture
def shell(tmp_path: Path):
    with Shell(tmp_path, tmp_path / "home") as started:
        yield started


def test_a_line_finds_what_those_before_it_have_set(shell: Shell, tmp_path: Path):
    for line in ("mkdir inner", "cd inner   # a comment", "word=here", 'echo "$word $HOME" > said'):
        assert shell(line) >= 0
    assert (tmp_path / "inner" / "said").read_text() == f"here {tmp_path / 'home'}\n"


def test_a_line_that_fails_ends_all_with_what_it_printed(shell: Shell, tmp_path: Path):
    with pytest.raises(WrongError, match=r"^one\ntwo\n\necho .*; false\nexit 1$"):
        walk(["true", "echo one; echo two >&2; false", "touch never"], shell, "")
    assert not (tmp_path / "never").exists()


def test_a_line_that_ends_the_shell_is_told(shell: Shell):
    with pytest.raises(WrongError, match="exit 7\nended the shell"):
        shell("exit 7")


def test_a_line_does_not_read_the_lines_after_it(shell: Shell, tmp_path: Path):
    walk(["cat > said", "touch reached"], shell, "")
    assert (tmp_path / "said").read_text() == "" and (tmp_path / "reached").exists()


def test_what_is_fetched_comes_from_the_server(shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    lines = ['mmavk() { echo "$* $MMAVK_MIRROR" > called; }', "mmavk data fetch x", "make test   # not here"]
    walk(lines, shell, "http://127.0.0.1:1")
    assert (tmp_path / "called").read_text() == "data fetch x http://127.0.0.1:1\n"
    assert "make test (not run again)" in capsys.readouterr().out


def test_a_newcomer_has_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mmavk").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin")
    for name in ("MMAVK_DATA", "XDG_CACHE_HOME", "PYTHONPATH", "MAKEFLAGS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "x")
    left = bare(tmp_path / "home")
    assert left["PATH"] == "/usr/bin" and left["HOME"] == str(tmp_path / "home")
    assert not {"MMAVK_DATA", "XDG_CACHE_HOME", "PYTHONPATH", "MAKEFLAGS", "VIRTUAL_ENV"} & left.keys()
