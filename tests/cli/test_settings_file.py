"""Flags over environment over files over the settings file over defaults, and the settings file itself."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.config import config_file, edited, flat
from mmavk_cli.base.errors import UsageError
from mmavk_cli.flows.data.convert import DataConvertSettings
from mmavk_cli.flows.train.settings import TrainSettings

Mmavk = Callable[..., tuple[int, str, str]]
NEEDED = {"dataset": ["any"], "out": "run"}

pytestmark = pytest.mark.usefixtures("config")


def test_each_layer_goes_before_the_next(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def epochs(**given: str | int) -> int:
        return TrainSettings.gather(NEEDED | given, "train").epochs

    recipe, file = tmp_path / "recipe.toml", tmp_path / "file.toml"
    assert epochs() == TrainSettings.model_fields["epochs"].default
    config.write_text("epochs = 2\n")
    assert epochs() == 2
    config.write_text("epochs = 2\n[train]\nepochs = 3\n[eval]\nepochs = 9\n")
    assert epochs() == 3
    recipe.write_text("epochs = 4\n")
    assert epochs(recipe=str(recipe)) == 4
    file.write_text("epochs = 5\n")
    assert epochs(recipe=str(recipe), config=str(file)) == 5
    monkeypatch.setenv("MMAVK_EPOCHS", "6")
    assert epochs(recipe=str(recipe), config=str(file)) == 6
    assert epochs(recipe=str(recipe), config=str(file), epochs=7) == 7


def test_without_a_command_nothing_outside_is_asked(config: Path, monkeypatch: pytest.MonkeyPatch):
    config.write_text("epochs = 2\n")
    monkeypatch.setenv("MMAVK_BATCH_SIZE", "3")
    settings = TrainSettings.gather(NEEDED)
    assert settings == TrainSettings(**NEEDED)


def test_a_recipe_may_be_named_in_the_settings_file(config: Path, tmp_path: Path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text("epochs = 4\n")
    config.write_text(f'[train]\nrecipe = "{recipe}"\n')
    assert TrainSettings.gather(NEEDED, "train").epochs == 4


def test_options_are_called_as_they_are_typed(config: Path, monkeypatch: pytest.MonkeyPatch):
    config.write_text('[data.convert]\nfrom = "prodigy"\ndata-dir = "x"\n')
    monkeypatch.setenv("MMAVK_TO", "doccano")
    settings = DataConvertSettings.gather({"source": "a", "target": "b"}, "data convert")
    assert (settings.source_format, settings.target_format, settings.data_dir) == ("prodigy", "doccano", Path("x"))


def test_several_values_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMAVK_DATASET", "one,two")
    assert TrainSettings.gather({"out": "run"}, "train").dataset == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("epochs = 'x'\n", ["--epochs", "settings.toml", "integer"]),
        ("[train]\nepoch = 3\n", ["no setting 'epoch'", "'epochs'"]),
        ("[train\n", ["not TOML", "settings.toml"]),
        ("[train]\ntraceback = true\n", ["no setting 'traceback'"]),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_place(content: str, words: list[str], config: Path):
    config.write_text(content)
    with pytest.raises(UsageError) as told:
        TrainSettings.gather(NEEDED, "train")
    assert [word for word in words if word not in str(told.value)] == []


def test_a_fault_in_the_environment_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMAVK_EPOCHS", "many")
    with pytest.raises(UsageError, match=r"--epochs \(MMAVK_EPOCHS\)"):
        TrainSettings.gather(NEEDED, "train")


def test_a_name_of_another_command_is_left_alone_before_the_first_table(config: Path):
    config.write_text("min-score = 0.5\n")
    assert TrainSettings.gather(NEEDED, "train") == TrainSettings(**NEEDED)


def test_set_show_unset(mmavk: Mmavk, config: Path, monkeypatch: pytest.MonkeyPatch):
    config.write_text("# mine\nquiet = false  # still mine\n")
    assert mmavk("config", "set", "train.epochs", "8")[0] == 0
    assert mmavk("config", "set", "data-dir", "some where")[0] == 0
    assert tomllib.loads(config.read_text()) == {"quiet": False, "data-dir": "some where", "train": {"epochs": 8}}
    assert config.read_text().startswith("# mine\nquiet = false  # still mine\n")
    monkeypatch.setenv("MMAVK_SEED", "5")
    monkeypatch.setenv("MMAVK_SEEED", "5")
    code, out, err = mmavk("config", "show", "train", "--json")
    lines = {line["setting"]: (line["value"], line["source"]) for line in json.loads(out)["lines"]}
    assert code == 0
    assert lines["epochs"] == ("8", str(config))
    assert lines["seed"] == ("5", "MMAVK_SEED")
    assert lines["batch-size"] == ("16", "default")
    code, out, err = mmavk("config", "show")
    assert "train.epochs" in out
    assert "seeed" in err
    assert mmavk("config", "unset", "train.epochs")[0] == 0
    assert tomllib.loads(config.read_text())["train"] == {}
    assert mmavk("config", "path")[1] == f"{config_file()}\n" == f"{config}\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("set train.epoch 8", ["'epoch'", "'epochs'"]),
        ("set trian.epochs 8", ["'trian'", "'train'"]),
        ("set train.epochs 0", ["train.epochs", "greater than or equal to 1"]),
        ("set format jsonl", ["format", "tag.format"]),
        ("set config x.toml", ["no setting 'config'"]),
        ("unset train.epochs", ["is not set"]),
        ("show trian", ["'trian'", "'train'"]),
    ],
)
def test_what_no_command_would_take_is_refused(line: str, words: list[str], mmavk: Mmavk, config: Path):
    code, out, err = mmavk("config", *line.split())
    assert (code, out) == (2, "")
    assert [word for word in words if word not in err] == []
    assert not config.exists()


def test_a_file_that_is_written_otherwise_is_left_as_it_is(mmavk: Mmavk, config: Path):
    content = 'train = { epochs = 3 }\ntext = """\nseed = 1\n"""\n'
    config.write_text(content)
    code, _, err = mmavk("config", "set", "train.seed", "8")
    assert code == 2
    assert "by hand" in err
    assert config.read_text() == content


keys = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3)
values = st.one_of(st.integers(), st.booleans(), st.text(), st.lists(st.text(max_size=3), max_size=2))


@given(st.lists(st.tuples(keys, st.one_of(st.none(), values)), max_size=8))
def test_edits_of_a_file_are_those_of_a_dictionary(edits: list[tuple[list[str], object]]):
    text, expected = "# first\n", {}
    for (*table, name), value in edits:
        key = (*table, name)
        others = [other for other in expected if other != key]
        if any(other[: len(key)] == key or key[: len(other)] == other for other in others):
            continue  # a name is a table or a value
        try:
            text = edited(text, tuple(table), name, value)
        except (ValueError, tomllib.TOMLDecodeError):
            assert _has_table(text, key)
            continue
        expected.pop(key, None)
        expected |= {} if value is None else {key: value}
    assert flat(tomllib.loads(text)) == expected
    assert text.startswith("# first\n")


def _has_table(text: str, key: tuple[str, ...]) -> bool:
    """A table that was emptied is still a table."""
    return any(line.startswith(f"[{'.'.join(key)}") for line in text.splitlines())


def test_verbose_tells_where_settings_are_from_and_what_it_took(mmavk: Mmavk, config: Path, shared_data: Path):
    config.write_text(f'data-dir = "{shared_data}"\n')
    code, out, err = mmavk("data", "stats", "twitter2017", "--json", "--verbose")
    assert code == 0
    assert json.loads(out)["name"] == "twitter2017"
    assert f"data-dir = {shared_data} ({config})" in err
    assert "MB of memory" in err
    assert mmavk("data", "stats", "twitter2017", "--json") == (0, out, "")


def test_json_is_format_json(mmavk: Mmavk, shared_data: Path):
    line = ("data", "stats", "twitter2017", "--data-dir", shared_data)
    assert mmavk(*line, "--json") == mmavk(*line, "--format", "json") == mmavk(*line, "--json", "--format", "json")
    code, _, err = mmavk(*line, "--json", "--format", "table")
    assert code == 2
    assert "--json" in err
