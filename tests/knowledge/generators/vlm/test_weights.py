"""Which files of a Qwen2-VL are taken: a folder's, or those of a revision in the hub's cache."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.knowledge.generators.vlm.weights import find_weights

MODEL = "Qwen/Qwen2-VL-7B-Instruct"
COMMITS = {"main": "a" * 40, "older": "b" * 40, "half": "c" * 40}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as `hf download` fills it, with three revisions; the last was interrupted."""
    place = tmp_path / "models--Qwen--Qwen2-VL-7B-Instruct"
    (place / "refs").mkdir(parents=True)
    for name, commit in COMMITS.items():
        (place / "refs" / name).write_text(commit)
        snapshot = place / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text('{"model_type": "qwen2_vl"}')
        for file in ("model.safetensors", "tokenizer.json")[: 1 if name == "half" else 2]:
            (snapshot / file).write_text(name)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return place / "snapshots"


@pytest.mark.parametrize(("asked", "name"), [(None, "main"), ("older", "older"), (COMMITS["older"], "older")])
def test_a_revision_by_its_name_or_its_commit(asked: str | None, name: str, cache: Path):
    found = find_weights(MODEL, asked)
    assert (found.folder, found.model, found.revision) == (cache / COMMITS[name], MODEL, COMMITS[name])


@pytest.mark.parametrize(
    ("asked", "what"), [("half", r"missing: tokenizer\.json"), ("never", "not on this"), ("../..", "not on this")]
)
def test_a_revision_that_is_not_there(asked: str, what: str, cache: Path):
    with pytest.raises(MissingError, match=what) as caught:
        find_weights(MODEL, asked)
    assert cache.is_dir()
    assert caught.value.do == f"Fetch them (16.6 GB): hf download {MODEL} --revision {asked}"


def test_a_folder_has_no_revisions(cache: Path):
    with pytest.raises(UsageError, match="no revisions"):
        find_weights(str(cache / COMMITS["main"]), "older")
