"""The recipes of docs/recipes.md answer what they say, not only without an error: held against the same in Python."""

import json
import shutil
from pathlib import Path

import pytest
from lines import block_lines
from workplace import Shell

LINES = block_lines((Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed: apt-get install jq"),
]

NAMES = [("PER", "Ann", 0, 3, 0.9), ("LOC", "Rome", 12, 16, 0.5)]
TEXT = "Ann goes to Rome"


def record(name: str, scores: tuple[float, float], weight: float | None, **more: object) -> dict[str, object]:
    found = [
        {"type": kind, "text": text, "start": start, "end": end, "score": score}
        for (kind, text, start, end, _), score in zip(NAMES, scores, strict=True)
    ]
    knowledge = None if weight is None else {"text": "a city", "similarity": 0.5, "weight": weight}
    return {"id": name, "text": TEXT, "entities": found, "knowledge": knowledge, "problem": None, **more}


@pytest.fixture
def place(tmp_path: Path) -> None:
    """Two runs written by hand: one tagged, with a bad row, and one evaluated."""
    rows = [record("sure", (0.9, 0.9), 1.0), record("gated", (0.9, 0.5), 0.0), record("none", (0.9, 0.9), None)]
    bad = {"id": "bad", "error": {"kind": "DataError", "what": "no 'text'", "where": "posts.jsonl:3", "do": "Put it"}}
    gold = [
        {"type": "PER", "text": "Ann", "start": 0, "end": 3},
        {"type": "ORG", "text": "Rome", "start": 12, "end": 16},
    ]
    for name, file, lines in (
        ("tagged", "predictions.jsonl", [*rows, bad]),
        ("own", "predictions.test.jsonl", [record("a", (0.9, 0.9), None, gold=gold)]),
    ):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / file).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    for name, scores in (("own", {"strict": {"overall": {"f1": 80.5}}, "dataset": "x"}), ("tagged", {"other": 1})):
        (tmp_path / "runs" / name / "scores.json").write_text(json.dumps(scores), "utf-8")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("uniq -c", ["3 LOC\tRome", "3 PER\tAnn"]),
        ("@csv", ['"gated","LOC","Rome",0.5']),
        (".knowledge.weight", ["sure\t0.5\t1"]),
        (".error // .problem", ["posts.jsonl:3: no 'text'. Put it"]),
        ("all($found", ["ORG\tRome"]),
        ("{id, text}", [f'{{"id":"gated","text":"{TEXT}"}}']),
        ("scores.json", ["80.5\tx\truns/own/scores.json"]),
    ],
)
def test_recipe_gives_the_right_answer(part: str, answer: list[str], shell: Shell):
    (line,) = [line for line in LINES if line.startswith("jq") and part in line]
    done = shell(line.partition(" | mmavk")[0])
    assert done.returncode == 0, done.stderr
    assert sorted(row.strip() for row in done.stdout.splitlines()) == sorted(answer)
