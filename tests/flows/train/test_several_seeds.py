"""train --seeds, and eval and compare of what it makes, through the command line."""

import json
import shutil
from pathlib import Path
from statistics import mean, stdev

import pytest

from mmavk_cli.base.errors import UsageError
from mmavk_cli.flows.shared.seeds import SeedChoice, check_unchanged, seed_folders
from mmavk_cli.flows.train.settings import TrainSettings

SEEDS = (3, 1)


@pytest.fixture(scope="module")
def trained(small_place: Path, quick, mmavk) -> Path:
    out = small_place / "seeds"
    mmavk("train", "--dataset", "twitter2017", *quick, "--seeds", "3,1", "--quiet", "--out", out)
    return out


@pytest.fixture(scope="module")
def scored(small_place: Path, trained: Path, mmavk) -> Path:
    """The evaluated seeds, in `own` with captions and in `none` without."""
    for name, more in (("own", ("--knowledge", "blip2", "--other-knowledge")), ("none", ())):
        mmavk("eval", trained, "--dataset", "twitter2017", *more, "--out", small_place / name)
    return small_place


@pytest.mark.slow
def test_a_seed_is_the_run_that_train_makes_with_it(trained: Path, small_place: Path, quick, mmavk):
    alone = small_place / "alone"
    mmavk("train", "--dataset", "twitter2017", *quick, "--seed", 3, "--quiet", "--out", alone)
    ours = trained / "seed-3"
    head = "model/head.safetensors"
    assert (ours / head).read_bytes() == (alone / head).read_bytes() != (trained / "seed-1" / head).read_bytes()
    ran = [json.loads((run / "run.json").read_text())["settings"] for run in (ours, alone)]
    assert [{**one, "out": ""} for one in ran] == [{**ran[0], "out": ""}] * 2


@pytest.mark.slow
def test_the_summary_has_mean_and_sample_deviation(trained: Path):
    runs = {seed: json.loads((trained / f"seed-{seed}" / "scores.json").read_text()) for seed in SEEDS}
    summary = json.loads((trained / "scores.json").read_text())
    f1 = [run["f1"] for run in runs.values()]
    assert summary["f1"] == {"mean": pytest.approx(mean(f1)), "sd": pytest.approx(stdev(f1))}
    assert summary["runs"] == {str(seed): run for seed, run in runs.items()}
    assert "epoch" not in summary


@pytest.mark.slow
def test_finished_seeds_are_not_trained_again(trained: Path, tmp_path: Path, quick, mmavk):
    out = tmp_path / "seeds"
    shutil.copytree(trained, out)
    before = (out / "seed-1" / "run.json").stat().st_mtime_ns
    asked = ("train", "--dataset", "twitter2017", *quick, "--out", out)
    result = mmavk(*asked, "--seeds", "1,3,2")
    assert {line.split("  ")[0] for line in result.stderr.splitlines() if line.startswith("seed")} == {"seed 2"}
    assert (out / "seed-1" / "run.json").stat().st_mtime_ns == before
    assert json.loads((out / "scores.json").read_text())["runs"].keys() == {"1", "2", "3"}
    other = mmavk(*asked, "--seeds", "1,4", "--batch-size", 8, code=2)
    assert "seed-1: was made with --batch-size 16, now 8" in str(other.exception)
    assert not (out / "seed-4").exists()
    (out / "seed-2" / "run.json").unlink()
    mmavk(*asked, "--seeds", "1,2", code=3)  # a seed's folder that is no run is no finished seed
    mmavk(*asked[:-1], out / "seed-1", "--seeds", "1,2", code=3)  # a run is no folder for several


@pytest.mark.slow
def test_seeds_on_other_data_are_told(trained: Path, small_place: Path, quick, mmavk):
    path = small_place / "data" / "twitter2017" / "valid.txt"
    before = path.read_text("utf-8")
    path.write_text(before.replace("\tO\n", "\tB-PER\n", 1), "utf-8")
    told = mmavk("train", "--dataset", "twitter2017", *quick, "--seeds", "3,1", "--out", trained, code=3)
    path.write_text(before, "utf-8")
    assert "made with another twitter2017/valid" in str(told.exception)


@pytest.mark.slow
def test_eval_scores_every_seed(scored: Path):
    summary = json.loads((scored / "own" / "scores.json").read_text())
    runs = [json.loads((scored / "own" / f"seed-{seed}" / "scores.json").read_text()) for seed in SEEDS]
    for rule in ("strict", "conlleval"):
        for kind in ("overall", "PER"):
            f1 = [run[rule][kind]["f1"] for run in runs]
            assert summary[rule][kind]["f1"] == {"mean": pytest.approx(mean(f1)), "sd": pytest.approx(stdev(f1))}
            assert summary[rule][kind]["gold"] == runs[0][rule][kind]["gold"]
    assert summary["seeds"]["3"]["strict"] == runs[0]["strict"]


@pytest.mark.slow
def test_eval_prints_each_seed_and_the_mean(trained: Path, scored: Path, mmavk):
    lines = mmavk("eval", trained, "--dataset", "twitter2017").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    mean_f1 = json.loads((scored / "none" / "scores.json").read_text())["strict"]["overall"]["f1"]["mean"]
    rows = {line.split()[0]: line.split() for line in lines[1:9]}
    assert rows["strict"][1:4] == ["P", "R", "F1"]
    assert rows["mean"][3] == f"{mean_f1:.2f}"
    assert [line.split()[:2] for line in lines if line.startswith("seed")][:2] == [["seed", "1"], ["seed", "3"]]


@pytest.mark.slow
def test_compare_tests_the_seeds_together(scored: Path, mmavk):
    told = json.loads(mmavk("compare", scored / "own", scored / "none", "--format", "json").stdout)
    f1 = [one["scores"]["f1"]["mean"] for one in told["runs"]]
    assert f1[0] == pytest.approx(
        json.loads((scored / "own" / "scores.json").read_text())["strict"]["overall"]["f1"]["mean"]
    )
    assert [one["knowledge"] for one in told["runs"]] == ["blip2 (own)", "none"]
    assert "knowledge: blip2 (own)" in (scored / "own" / "README.md").read_text()
    (gap,) = told["gaps"]
    assert gap["difference"] == pytest.approx(f1[0] - f1[1], abs=1)  # counts added up, not a mean of F1
    single = scored / "own" / "seed-1"
    assert "2 seeds are here, and 1 in" in str(mmavk("compare", single, scored / "none", code=3).exception)


def test_seed_and_seeds_exclude_each_other(mmavk):
    told = mmavk("train", "--dataset", "x", "--seed", 1, "--seeds", "1,2", "--out", "x", code=2)
    assert "--seeds: give --seed or --seeds, not both" in str(told.exception)


@pytest.mark.parametrize("text", ["", "1,1", "1,,2", "-1", "one"])
def test_what_is_no_list_of_seeds_is_told(text: str):
    with pytest.raises(UsageError, match=r"--seeds: .*is not a list of distinct numbers"):
        SeedChoice.gather({"seeds": text})


def test_seeds_keep_their_order():
    assert SeedChoice(seeds=" 3, 1").seed_list == (3, 1)
    assert SeedChoice().seed_list == ()


def test_folders_that_are_whole_are_found(tmp_path: Path):
    for name in ("seed-10", "seed-2", ".seed-3.unfinished", "seed-x", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "seed-4").touch()
    assert list(seed_folders(tmp_path)) == [2, 10]
    assert seed_folders(tmp_path / "nothing") == {}


def test_only_what_changes_the_result_is_held_against_a_run(tmp_path: Path):
    settings = TrainSettings(dataset=["a"], out=tmp_path / "x", epochs=2)
    facts = {"settings": settings.model_dump(mode="json")}
    moved = settings.model_copy(update={"out": tmp_path / "y", "data_dir": tmp_path, "quiet": True})
    check_unchanged(tmp_path, facts, moved)
    del facts["settings"]["warmup"]  # a run from before there was this setting
    check_unchanged(tmp_path, facts, settings)
    with pytest.raises(UsageError, match=r"was made with --knowledge \(not given\), now pgim"):
        check_unchanged(tmp_path, facts, settings.model_copy(update={"knowledge": "pgim"}))
