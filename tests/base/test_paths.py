"""The files of a data set's splits, under every name that people give them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import ENDINGS, SPLIT_NAMES, split_file, splits_in, unread_files


@pytest.mark.parametrize("name", ["valid.txt", "dev.bio", "VAL.jsonl", "validation.conll", "Dev.TXT"])
def test_a_split_is_found_under_its_names(name: str, tmp_path: Path):
    (tmp_path / name).touch()
    assert split_file(tmp_path, "valid") == tmp_path / name
    assert splits_in(tmp_path) == {"valid": tmp_path / name}
    assert unread_files(tmp_path, splits_in(tmp_path).values()) == []


def test_of_two_files_the_first_is_read_and_the_other_named(tmp_path: Path):
    for name in ("dev.txt", "valid.jsonl", "train.txt", "train.jsonl", "README.md"):
        (tmp_path / name).touch()
    found = splits_in(tmp_path)
    assert [path.name for path in found.values()] == ["train.txt", "valid.jsonl"]
    assert [path.name for path in unread_files(tmp_path, found.values())] == ["dev.txt", "train.jsonl"]


def test_files_that_lie_there_are_named(tmp_path: Path):
    for name in ("a.conll", "eng.testb.csv", "notes.md"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"no test split .*There is a\.conll, eng\.testb\.csv: rename it"):
        split_file(tmp_path, "test")


names = st.sampled_from([f"{name}{end}" for own in SPLIT_NAMES.values() for name in (*own, "x") for end in ENDINGS])


@given(files=st.sets(names, max_size=6))
def test_every_file_is_a_split_or_named(files: set[str], tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("set")
    for name in files:
        (folder / name).touch()
    found = splits_in(folder)
    rest = unread_files(folder, found.values())
    assert sorted([*(path.name for path in found.values()), *(path.name for path in rest)]) == sorted(files)
    for split, path in found.items():
        assert path.stem in SPLIT_NAMES[split]
