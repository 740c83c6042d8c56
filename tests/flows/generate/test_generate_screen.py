"""What people see while `mmavk generate` runs."""

import io
import json
import re
from pathlib import Path

import pytest
from generate_tools import noise
from ran import Mmavk
from rich.console import Console

from mmavk_cli.cli import generate as module
from mmavk_cli.cli.generate import FINISHING, Pace, drawn_on, new_bar
from mmavk_cli.flows.generate.generate import GenerateSettings, generate
from mmavk_cli.flows.generate.job import Generation
from mmavk_cli.flows.generate.survey import LOOKING
from mmavk_cli.flows.generate.worker import BATCH, STARTING, WRITING


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the command's clock shows."""
    seconds = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: seconds[0])
    return seconds


def come_to(**counts: int) -> Generation:
    generation = Generation("any")
    for name, number in counts.items():
        generation.totals.add(name, number)
    return generation


@pytest.mark.parametrize("width", [60, 80, 200])
def test_bar_and_words_are_whole_at_any_width(width: int, clock: list[float]):
    bar = new_bar()
    generation = come_to(pictures=400)
    moved, warned = drawn_on(bar, generation)
    moved(0, 400, STARTING)
    clock[0] = 10.0
    generation.totals.add("made", 40)
    generation.totals.add("tokens", 400)
    moved(40, 400, BATCH)
    warned()
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(bar.get_renderable())
    shown = captured.get()
    assert max(map(len, shown.splitlines())) <= width
    words = " ".join(re.sub("[━╸╺]+", "", shown).split())
    assert "━━" in shown
    assert words.startswith(f"{FINISHING} 0 cached, 40 made, 0 failed, 360 left, 4.00 pictures/s, 40 tokens/s, ")
    assert words.endswith(" MB, ETA 0:01:30")


def test_the_time_in_which_a_model_is_loaded_is_in_no_estimate(clock: list[float]):
    pace = Pace()
    assert pace.words(LOOKING, come_to(), 0) == "looking: 0 left"
    assert pace.words(STARTING, come_to(failed=3), 100) == "starting: 100 left"
    clock[0] = 60.0
    assert "pictures/s" not in pace.words(WRITING, come_to(failed=3, made=1), 99)
    pace.words(BATCH, come_to(failed=3, made=20), 80)
    clock[0] = 70.0
    assert "0.33 pictures/s" in pace.words(WRITING, come_to(failed=3, made=21), 79)
    words = pace.words(BATCH, come_to(failed=3, made=40), 60)
    assert "2.00 pictures/s" in words
    assert "ETA 0:00:30" in words


def test_files_that_are_no_pictures_are_not_left_to_do(tmp_path: Path):
    rows = [{"text": "a", "image": f"{number}.png"} for number in range(9)]
    for number in range(3):
        noise(20, 20, number).save(tmp_path / f"{number}.png")
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    left: list[int] = []

    def moved(done: int, total: int, step: str) -> None:
        if step in {STARTING, WRITING}:
            left.append(total - done)

    settings = GenerateSettings(generator="echo", input=str(tmp_path / "posts.jsonl"), store=tmp_path / "store")
    done = Generation()
    generate(settings, done, moved, lambda: None)
    assert (done.totals.counts["made"], done.totals.counts["failed"]) == (3, 6)
    assert left == [3, 2, 1, 0]


@pytest.mark.slow
def test_a_model_that_is_loaded_is_told_before_it_is(mmavk: Mmavk, tiny: Path, pictures: Path, tmp_path: Path):
    asked = ("generate", "--images", pictures, "--vlm", tiny, "--device", "cpu", "--max-new-tokens", "4")
    done = [mmavk(*asked, "--store", tmp_path / "store").err for _ in range(2)]
    assert done[0].splitlines()[0] == "loading the model: 6 left"
    assert "loading" not in done[1], "nothing is left to load it for"
