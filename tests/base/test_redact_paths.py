"""What a run says of itself: a command line that makes it again, and nothing of the places it was made at."""

from pathlib import Path

import pytest

from mmavk_cli.base.redact_paths import portable
from mmavk_cli.base.settings import typed
from mmavk_cli.flows.evaluate.evaluate import EvalSettings
from mmavk_cli.flows.export import ExportSettings
from mmavk_cli.flows.train.settings import TrainSettings


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("/home/ann lee/models/tiny", "…/tiny"),
        ("~/models/tiny", "…/tiny"),
        ("../../ann/tiny", "…/tiny"),
        ("failed: '/home/ann/a.jpg' is broken", "failed: '…/a.jpg' is broken"),
        ("file:///home/ann/a.jpg", "file://…/a.jpg"),
        ("runs/text", "runs/text"),
        ("twitter2017/train", "twitter2017/train"),
        ("ViT-B-32/openai", "ViT-B-32/openai"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("and/or 1/2", "and/or 1/2"),
        ("", ""),
        (0.5, 0.5),
        (None, None),
        ({"/data/ours/train": ["/data/x", 1, {"a": "/b/c"}]}, {"…/train": ["…/x", 1, {"a": "…/c"}]}),
    ],
)
def test_paths_of_this_machine_are_cut(value: object, seen: object):
    assert portable(value) == seen


def test_a_command_line_has_what_is_not_a_default_the_commands_own_first():
    settings = TrainSettings(
        dataset=["a b", "c"], out=Path("runs/x"), epochs=3, recut=False, threshold="0.2", recipe="mmavk", quiet=True,
    )  # fmt: skip
    words = typed(settings, "train")
    assert words[:8] == ["mmavk", "train", "--dataset", "a b", "--dataset", "c", "--out", "runs/x"]
    assert sorted(words[8:]) == sorted(["--epochs", "3", "--no-recut", "--threshold", "0.2"])


def test_arguments_stand_without_a_flag_and_switches_without_a_value():
    asked = EvalSettings(model="embedded", dataset="ours", knowledge="hills", picture_test=True, rule="conlleval")
    words = typed(asked, "eval")
    assert words[:3] == ["mmavk", "eval", "embedded"]
    assert {"--picture-test", "--as", "conlleval"} <= set(words)
    made = ExportSettings(model="runs/x", out=Path("o"), int8=False)
    assert typed(made, "export") == ["mmavk", "export", "runs/x", "--no-int8", "--out", "o"]
