"""Drawings: values land where their axis says, and each number of a drawing stands in its table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import five, write_run

from mmavk_cli.report.html.charts import learning_charts, scored_chart, scores_chart, similarity_chart, sweep_chart
from mmavk_cli.report.html.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, axis
from mmavk_cli.report.predictions_reader import read_answers

VALUES = st.lists(st.integers(-1_000_000, 1_000_000).map(lambda number: number / 100), min_size=1, max_size=8)


@given(VALUES)
def test_an_axis_holds_all_values_and_has_round_ticks(values: list[float]):
    made = axis("x", values)
    assert made.low <= min(values) + 1e-9 and made.high >= max(values) - 1e-9
    assert 2 <= len(made.ticks) <= 12
    steps = {round(b[0] - a[0], 9) for a, b in zip(made.ticks, made.ticks[1:], strict=False)}
    assert max(steps) - min(steps) <= 1e-6 * max(steps)
    assert [float(text.replace(",", "")) for _, text in made.ticks] == pytest.approx([at for at, _ in made.ticks])


def test_counts_have_whole_ticks():
    assert [text for _, text in axis("posts", [0, 1], least=1).ticks] == ["0", "1"]


def test_curves_are_the_numbers_of_the_log():
    log = [
        {"step": 1, "epoch": 0.5, "loss": 3.0},
        {"step": 2, "epoch": 1.0, "eval_f1_ours_own": 40.0, "eval_f1": 41.0},
        {"step": 3, "epoch": 2.0, "loss": float("nan"), "eval_f1": 50.0},
    ]
    loss, f1 = learning_charts({"run": log})
    assert loss.lines[0].points == ((0.5, 3.0),)
    assert {line.name: line.points for line in f1.lines} == {
        "ours, own": ((1.0, 40.0),), "mean, which chooses the epoch": ((1.0, 41.0), (2.0, 50.0)),
    }  # fmt: skip
    first, last = f1.lines[1].points
    assert LEFT < f1.px(first[0]) < f1.px(last[0]) <= WIDTH - RIGHT
    assert HEIGHT - BOTTOM >= f1.py(first[1]) > f1.py(last[1]) >= TOP
    several = learning_charts({"a": log, "b": log})
    assert [line.name for line in several[1].lines] == ["a", "b"]


def test_similarities_are_parted_by_their_weight(tmp_path_factory: pytest.TempPathFactory):
    run = write_run(tmp_path_factory.mktemp("s") / "own", five(), knowledge="blip2")
    made = similarity_chart("", list(read_answers(run / "predictions.test.jsonl")))
    assert made is not None
    assert sum(int(row[1]) for row in made.rows) == 3 and sum(int(row[2]) for row in made.rows) == 1
    assert [rule.x for rule in made.rules] == [0.4]


def test_types_that_one_run_lacks_are_left_out_of_it():
    one, other = ({"f1": 50.0, "interval": [40.0, 60.0]}, {"f1": 55.0, "interval": None})
    made = scores_chart({"A": {"overall": one, "LOC": one}, "B": {"overall": other}}, "strict")
    assert made is not None
    assert [row[:2] for row in made.rows] == [("overall", "A"), ("overall", "B"), ("LOC", "A")]


def test_a_histogram_and_a_sweep_are_read_as_they_were_written():
    found = scored_chart("", {"scorer": "clip", "similarities": {
        "posts": 3, "mean": 0.2, "median": 0.2, "gated": {"0.35": 1.0},
        "bins": [
            {"low": 0.1, "high": 0.2, "posts": 1, "under": 0.33}, {"low": 0.2, "high": 0.3, "posts": 2, "under": 1.0},
        ],
    }})  # fmt: skip
    assert found is not None and [bar.top for bar in found.bars] == [1, 2] and [one.x for one in found.rules] == [0.35]
    assert scored_chart("", {"similarities": None}) is None

    def f1(mean: float) -> dict[str, object]:
        return {"f1": {"mean": mean, "sd": None}}

    swept = {"dataset": "ours", "split": "test", "scorer": "text", "every": f1(50.0), "none": f1(48.0),
             "points": [{"threshold": 0.1, "gated": 0.2, "scores": f1(51.0)}]}  # fmt: skip
    made = sweep_chart("", swept)
    assert made is not None and made.lines[0].points == ((0.1, 51.0),) and [one.y for one in made.rules] == [50.0, 48.0]
    assert sweep_chart("", {"points": []}) is None
