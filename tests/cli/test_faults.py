"""What is wrong with single rows, on stderr: not too many lines, and nothing that acts on the terminal."""

import pytest

from mmavk_cli.base.records import Problem
from mmavk_cli.cli.faults import FIRST, FaultPrinter


@pytest.mark.parametrize(("every", "shown"), [(False, FIRST + 1), (True, FIRST + 5)])
def test_the_first_are_shown_or_all(every: bool, shown: int, capsys: pytest.CaptureFixture[str]):
    faults = FaultPrinter(every)
    for number in range(FIRST + 5):
        faults(Problem("DataError", f"fault {number}", "a.jsonl:1", "Mend it"))
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert (out, len(lines)) == ("", shown)
    assert lines[0] == "mmavk: a.jsonl:1: fault 0. Mend it"
    assert ("--verbose" in lines[-1]) is not every


def test_control_characters_are_seen_and_do_nothing(capsys: pytest.CaptureFixture[str]):
    FaultPrinter(False, "left out").line("a\x1b[2Jb\rc")
    err = capsys.readouterr().err
    assert err.startswith("left out: a")
    assert not set(err.rstrip("\n")) & set("\x1b\r")
