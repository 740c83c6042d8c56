"""`mmavk help`, exit codes on the help page, and names that were mistyped."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.cli.commands import COMMANDS
from mmavk_cli.cli.main import EXITS
from mmavk_cli.cli.topics import topics

ROOT = Path(__file__).parents[2]
Mmavk = Callable[..., tuple[int, str, str]]


def test_topics_are_the_pages_of_the_documents(mmavk: Mmavk):
    code, out, err = mmavk("help")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line] == list(topics())
    assert all(name in err for name in COMMANDS)
    assert {"formats", "errors", "settings"} <= topics().keys()
    for topic, page in topics().items():
        assert page.read_bytes() == (ROOT / "docs" / f"{topic}.md").read_bytes()


def test_a_topic_is_printed_as_it_is_in_a_pipe(mmavk: Mmavk):
    code, out, _ = mmavk("help", "errors")
    assert (code, out.strip()) == (0, (ROOT / "docs" / "errors.md").read_text("utf-8").strip())


@pytest.mark.parametrize("words", [("data",), ("data", "stats"), ("tag",)])
def test_the_help_of_a_command_is_that_of_its_own_option(words: tuple[str, ...], mmavk: Mmavk):
    code, out, _ = mmavk("help", *words)
    assert code == 0
    assert f"Usage: mmavk {' '.join(words)} " in out
    assert out == mmavk(*words, "--help")[1]


def test_exit_codes_on_the_help_page_are_those_of_the_errors(mmavk: Mmavk):
    codes = {kind.code for kind in (MmavkError, *MmavkError.__subclasses__())}
    assert set(EXITS) == codes | {0, 130}
    shown = re.findall(r"^ +(\d+) +(\S.*)$", mmavk("--help")[1].partition("Exit codes:")[2], re.MULTILINE)
    assert {int(code): meaning for code, meaning in shown} == EXITS


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("trian", "train"),
        ("data stat x", "stats"),
        ("data stats x --fromat json", "--format"),
        ("help formts", "formats"),
        ("train --recipe embeded --dataset x --out y", "embedded"),
        ("data stats twiter2017 --data-dir {shared}", "twitter2017"),
        ("tag --text x --generator orc", "ocr"),
    ],
)
def test_what_was_meant_is_asked(line: str, meant: str, mmavk: Mmavk, shared_data: Path):
    code, out, err = mmavk(*line.format(shared=shared_data).split())
    assert code in {2, 3}
    assert out == ""
    assert meant in err
