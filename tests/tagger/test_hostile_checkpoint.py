"""A checkpoint whose fields are of other kinds is told as broken."""

import json
from pathlib import Path
from typing import Any

import pytest

import mmavk_cli
from mmavk_cli.base.errors import DataError, MissingError
from mmavk_cli.base.run_record import read_record
from mmavk_cli.tagger.checkpoint import TaggerConfig

WHOLE = (Path(mmavk_cli.__file__).parent / "embedded" / "tagger.json").read_text("utf-8")
WRONG: dict[str, dict[str, Any]] = {
    "trained": {"trained": [{}]},
    "recipes": {"trained": {"recipes": 7}},
    "datasets": {"trained": {"datasets": "twitter2017"}},
    "gate": {"gate": 0.5},
    "name": {"name": None},
    "encoder": {"encoder": ["minilm"]},
    "frozen": {"frozen": "yes"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_field_of_another_kind(change: dict[str, Any], tmp_path: Path):
    path = tmp_path / "tagger.json"
    path.write_text(WHOLE)
    TaggerConfig.read(tmp_path)
    path.write_text(json.dumps(json.loads(WHOLE) | change))
    with pytest.raises(MissingError, match="the checkpoint is broken"):
        TaggerConfig.read(tmp_path)


def test_deep_lists(tmp_path: Path):
    (tmp_path / "tagger.json").write_text("[" * 200_000)
    with pytest.raises(MissingError, match="the checkpoint is broken"):
        TaggerConfig.read(tmp_path)
    with pytest.raises(DataError, match="the run is broken"):
        read_record(tmp_path / "tagger.json")
