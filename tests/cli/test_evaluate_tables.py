"""What `mmavk eval` prints of many types: nothing is cut at the screen's edge."""

import pytest

from mmavk_cli.base.records import Entity, Post, Tagged
from mmavk_cli.cli.evaluate import _print
from mmavk_cli.corpus.tokenize import joined
from mmavk_cli.flows.evaluate.evaluate import Evaluation
from mmavk_cli.report.metrics.breakdown import Known, breakdown
from mmavk_cli.report.metrics.significance import ResamplingSettings


def evaluation(types: int) -> Evaluation:
    """A post a type, in which the type after it was found."""
    rows = []
    text, words = joined(["see", "Name"])
    for number in range(types):
        post = Post(str(number), text, words, ("O", f"B-kind {number}"))
        other = Entity(4, 8, 1, 2, f"kind {(number + 1) % types}", "Name", 0.5)
        rows.append(Tagged(post, (other,), None, "model"))
    judged = breakdown(rows, Known(), "strict", ResamplingSettings())
    return Evaluation("model", "set", "test", "none", types, 0, 0.0, 0, "strict", judged, None)


def printed(types: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    _print(evaluation(types))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_few_types_are_a_table_across(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    lines = printed(3, capsys, monkeypatch)
    at = lines.index("Gold types down, found types across:")
    assert lines[at + 1].split() == ["kind", "0", "kind", "1", "kind", "2"]
    assert lines[at + 2].split() == ["kind", "0", "0", "1", "0"]


def test_many_types_are_a_list_of_pairs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    lines = printed(50, capsys, monkeypatch)
    at = lines.index("Gold and found types that differ, the 20 commonest of 50 pairs (--json has all):")
    assert lines[at + 2].split() == ["kind", "0", "kind", "1", "1"]
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
