"""An option that had another name: refused with its new one wherever it is written, read in what was stored before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.renamed import RENAMED, SHARED, variable
from mmavk_cli.base.run_record import read_run
from mmavk_cli.cli.commands import settings_classes
from mmavk_cli.flows.shared.models import EMBEDDED, folder_of
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.checkpoint import CONFIG, TaggerConfig

Mmavk = Callable[..., tuple[int, str, str]]

CHANGED = [(command, old, new) for command, renamed in RENAMED.items() for old, new in renamed.items()]
GONE = [one for one in CHANGED if one[1] not in SHARED]
LIVING = [one for one in CHANGED if one[1] in SHARED]

NEEDED = {"dataset": ["any"], "out": "run"}

pytestmark = pytest.mark.usefixtures("config")


def dashed(name: str) -> str:
    return name.replace("_", "-")


@pytest.mark.parametrize("spelt", ["--{} x", "--{}=x"])
@pytest.mark.parametrize(("command", "old", "new"), CHANGED)
def test_an_old_option_is_refused_with_the_new_one(spelt: str, command: str, old: str, new: str, mmavk: Mmavk):
    code, out, err = mmavk(*command.split(), *spelt.format(dashed(old)).split())
    assert (code, out) == (2, "")
    assert err == f"mmavk: --{dashed(old)}: is now --{dashed(new)} for mmavk {command}\n"


def test_an_option_that_never_was_is_refused_as_before(mmavk: Mmavk):
    code, _, err = mmavk("generate", "--urll", "x")
    assert code == 2
    assert "--urll" in err
    assert "is now" not in err


@pytest.mark.parametrize(("command", "old", "new"), GONE)
def test_a_variable_that_no_command_reads_any_more_is_refused(
    command: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(variable(old), "x")
    with pytest.raises(UsageError) as told:
        settings_classes()[command].gather({}, command)
    assert str(told.value).startswith(f"{variable(old)}: is now {variable(new)} for mmavk {command}")


def test_who_set_a_variable_of_several_meanings_sees_them_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMAVK_URL", "http://localhost:8000/v1")
    with pytest.raises(UsageError) as told:
        TrainSettings.gather(NEEDED, "train")
    for new in ("server-url (mmavk tag, generate)", "url-token (mmavk train, reproduce)", "mirror (mmavk data fetch)"):
        assert new in told.value.do


def test_a_command_that_never_read_a_variable_is_not_disturbed_by_it(mmavk: Mmavk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMAVK_URL", "http://localhost:8000/v1")
    assert mmavk("config", "path")[0] == 0


@pytest.mark.parametrize(("command", "old", "new"), LIVING)
def test_a_variable_that_only_another_command_reads_now_gets_a_note(
    command: str, old: str, new: str, mmavk: Mmavk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(variable(old), "7")
    line = [*command.split(), *needed(command, tmp_path)]
    note = f"mmavk: {variable(old)} is not read by mmavk {command} any more: set {variable(new)}\n"
    assert note in mmavk(*line)[2]
    assert note not in mmavk(*line, "--quiet")[2]
    assert note not in mmavk("config", "path")[2]
    monkeypatch.setenv(variable(new), "8")
    assert note not in mmavk(*line)[2]


def needed(command: str, place: Path) -> list[str]:
    """What the command cannot do without, so that its settings are complete; it may fail on them afterwards."""
    lacking = str(place / "none")
    return {
        "compare": [lacking, lacking],
        "eval": [lacking, "--dataset", "none", "--data-dir", lacking],
        "push": [lacking, "me/mine"],
        "store export": ["--store", lacking],
        "store rm": ["--store", lacking, "--knowledge", "none"],
        "tag": ["--text", "Ann", "--model", lacking],
    }.get(command, ["--images", lacking])


@pytest.mark.parametrize(("command", "old", "new"), CHANGED)
def test_files_are_refused_with_the_new_name(command: str, old: str, new: str, config: Path, tmp_path: Path):
    settings, file = settings_classes()[command], tmp_path / "file.toml"
    expected = f"'{dashed(old)}' is now '{dashed(new)}' for mmavk {command}"
    for content in (f'[{".".join(command.split())}]\n{dashed(old)} = "x"\n', f'{old} = "x"\n' * (old not in SHARED)):
        config.write_text(content)
        if content:
            with pytest.raises(UsageError, match=rf"settings\.toml: {expected}"):
                settings.gather({}, command)
    config.unlink()
    file.write_text(f'{dashed(old)} = "x"\n')
    with pytest.raises(UsageError, match=rf"file\.toml: {expected}"):
        settings.gather({"config": str(file)}, command)


def test_config_knows_the_new_names(mmavk: Mmavk, config: Path):
    code, _, err = mmavk("config", "set", "url", "http")
    assert code == 2
    assert "server-url (mmavk tag, generate)" in err
    code, _, err = mmavk("config", "set", "sweep.run", "x")
    assert (code, "model (mmavk sweep)" in err) == (2, True)
    config.write_text('url = "http"\n')
    code, _, err = mmavk("config", "show")
    assert code == 0
    assert "no command has 'url'" in err
    assert "mirror (mmavk data fetch)" in err


def test_nothing_that_is_set_for_other_commands_changes_a_training(monkeypatch: pytest.MonkeyPatch):
    classes = settings_classes()
    own = set(TrainSettings.model_fields)
    others = {name for command, cls in classes.items() if command != "train" for name in cls.model_fields} - own
    assert "server_url" in others
    for name in others - {"url", "run", "name"}:
        monkeypatch.setenv(variable(name), "http://localhost:8000/v1")
    assert TrainSettings.gather(NEEDED, "train") == TrainSettings(**NEEDED)


@pytest.mark.parametrize("line", ['recipe = "mmavk"', 'knowledge = "mmavk"'])
def test_what_is_set_for_training_does_not_narrow_an_export_of_the_store(
    line: str, mmavk: Mmavk, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Store(tmp_path / "store") as store:
        for name in ("one", "two"):
            store.put_knowledge("id:set/1", Recipe(name=name, generator="echo", decoding={"n": name}), "a text")
    config.write_text(f"{line}\n")
    monkeypatch.setenv("MMAVK_KNOWLEDGE", "one")
    code, out, _ = mmavk("store", "export", "--store", tmp_path / "store")
    assert code == 0
    assert sum("a text" in row for row in out.splitlines()) == 2
    part = mmavk("store", "export", "--store", tmp_path / "store", "--knowledge", "one")[1]
    assert sum("a text" in row for row in part.splitlines()) == 1


def test_what_is_set_for_training_removes_nothing_from_the_store(mmavk: Mmavk, config: Path, tmp_path: Path):
    with Store(tmp_path / "store") as store:
        store.put_knowledge("id:set/1", Recipe(name="one", generator="echo"), "a text")
    config.write_text('knowledge = "one"\nyes = true\n')
    code, _, err = mmavk("store", "rm", "--store", tmp_path / "store")
    assert code == 2
    assert "--knowledge" in err
    assert mmavk("store", "verify", "--store", tmp_path / "store")[0] == 0
    assert "a text" in mmavk("store", "export", "--store", tmp_path / "store")[1]


def test_one_value_and_a_list_of_one_are_the_same(config: Path):
    classes = settings_classes()
    config.write_text('dataset = "trip"\n')
    assert TrainSettings.gather({"out": "run"}, "train").dataset == ["trip"]
    config.write_text('dataset = ["trip"]\n')
    assert classes["eval"].gather({"model": "embedded"}, "eval").model_dump()["dataset"] == "trip"
    config.write_text('dataset = ["trip", "tour"]\n')
    with pytest.raises(UsageError, match="--dataset"):
        classes["eval"].gather({"model": "embedded"}, "eval")


def test_a_checkpoint_from_before_still_loads(tmp_path: Path):
    content = json.loads((folder_of(EMBEDDED) / CONFIG).read_text())
    content["pieces"].pop("url_token", None)
    content["pieces"]["url"] = "<url>"
    (tmp_path / CONFIG).write_text(json.dumps(content))
    config = TaggerConfig.read(tmp_path)
    assert config.pieces.url_token == "<url>"
    config.write(tmp_path)
    assert TaggerConfig.read(tmp_path) == config
    assert "url" not in json.loads((tmp_path / CONFIG).read_text())["pieces"]


@pytest.mark.parametrize(("command", "old", "new"), CHANGED)
def test_a_run_from_before_is_read_under_the_names_of_today(command: str, old: str, new: str, tmp_path: Path):
    record = {"command": command, "settings": {old: "x", "other": 1}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert read_run(tmp_path, command)["settings"] == {new: "x", "other": 1}
