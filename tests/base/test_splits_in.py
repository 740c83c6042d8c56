"""Which splits a data set has."""

from pathlib import Path

from mmavk_cli.base.paths import splits_in


def test_splits_come_in_their_order_with_the_file_that_is_read(tmp_path: Path):
    for name in ("test.jsonl", "train.txt", "train.jsonl", "other.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "valid.txt").mkdir()
    assert splits_in(tmp_path) == {"train": tmp_path / "train.txt", "test": tmp_path / "test.jsonl"}
    assert list(splits_in(tmp_path)) == ["train", "test"]


def test_a_folder_without_splits_has_none(tmp_path: Path):
    assert splits_in(tmp_path / "nowhere") == {}
