"""`mmavk generate` with a language model that says nothing of use: failed rows, an exit code."""

import json
from pathlib import Path

import pytest
from loopback import Loopback, error, said
from ran import Mmavk, Ran

from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store

NO_ANSWERS = {
    "cut while it thought": {"message": {"content": None, "reasoning_content": "Ajax"}, "finish_reason": "length"},
    "think tags": {"message": {"content": "<think>Ajax"}, "finish_reason": "length"},
    "a refusal": {"message": {"content": None, "refusal": "I do not name people."}, "finish_reason": "stop"},
    "a filter": {"message": {"content": ""}, "finish_reason": "content_filter"},
    "nothing": {"message": {"content": ""}, "finish_reason": "stop"},
}


@pytest.fixture
def asked(mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path):
    """`mmavk generate` about six pictures, by the server."""
    line = ("generate", "--images", pictures, "--generator", "server", "--server-url", server.url, "--vlm", "tiny")

    def ran(*more: str) -> Ran:
        return mmavk(*line, "--store", tmp_path / "store", "--retries", "0", *more)

    return ran


def rows(store: Path) -> list[KnowledgeRow]:
    with Store(store, read_only=True) as opened:
        return [row for row in opened.rows() if isinstance(row, KnowledgeRow)]


@pytest.mark.parametrize("choice", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_is_a_failed_row_that_is_tried_again(
    choice: dict[str, object], asked, server: Loopback, tmp_path: Path
):
    server.always = said({"choices": [choice]})
    first = asked()
    assert (first.code, first.err.count(".png: ")) == (3, 6)
    assert all(row.text is None and row.error and "Ajax" not in row.error for row in rows(tmp_path / "store"))
    again = asked()
    assert (again.code, len(server.bodies)) == (3, 6), "what failed before is told, and nothing is asked"
    assert again.err.count("failed before, not retried") == 6
    server.always = None
    last = asked("--retry-failed")
    assert (last.code, len(server.bodies)) == (0, 12)
    assert all(row.text for row in rows(tmp_path / "store"))


def test_a_request_that_is_refused_for_every_picture_leaves_no_rows(asked, server: Loopback, tmp_path: Path):
    server.always = error(400, "tiny does not support images")
    done = asked()
    assert done.code == 5
    assert "the server refuses: HTTP 400" in done.err
    assert "Take a --vlm that sees pictures" in done.err
    assert rows(tmp_path / "store") == []
    server.always = None
    assert asked().code == 0


FLAGGED = {
    "cut": ("One is here. Two", "length", "6 of 6 texts are of little use (6 cut): raise --max-new-tokens"),
    "loops": ("Go to Oslo! " * 40, "stop", "(6 repeating): the model only repeats itself"),
}


@pytest.mark.parametrize(("text", "reason", "told"), FLAGGED.values(), ids=FLAGGED)
def test_a_run_of_which_most_is_flagged_says_so(text: str, reason: str, told: str, asked, server: Loopback):
    server.text, server.reason = text, reason
    done = asked("--quiet")
    assert done.code == 3
    assert told in done.err
    assert asked().code == 0, "the next run makes nothing"


def test_a_run_of_which_a_part_is_flagged_is_well(asked, server: Loopback):
    cut = said({"choices": [{"message": {"content": "One is here. Two"}, "finish_reason": "length"}]})
    server.faults = [cut] * 3
    done = asked("--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert (found["totals"]["made"], found["flags"]) == (6, {"cut": 3})


def test_what_people_should_know_of_the_server_is_told(asked, server: Loopback):
    server.models = {"data": [{"id": "other"}]}
    done = asked()
    assert done.code == 0
    assert "note: the server does not list the model 'tiny' (it lists other)" in done.err
