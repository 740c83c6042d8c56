"""What the tests of `mmavk tag` share."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generate_tools import tiny
from PIL import Image
from ran import EXAMPLES, Mmavk, Ran

from mmavk_cli.cli.main import main
from mmavk_cli.flows.tag.rows import RowTagger
from mmavk_cli.similarity.gate import Gate

__all__ = ["tiny"]


@pytest.fixture
def tag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mmavk:
    """`mmavk tag …` through the real entry point, in this process."""

    def ran(*arguments: str | Path, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", "tag", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return ran


@pytest.fixture(scope="session")
def tagger() -> RowTagger:
    """The shipped model, text alone."""
    return RowTagger("embedded", Gate(), threads=1)


@pytest.fixture(scope="session")
def sign() -> Image.Image:
    """A picture with words on it."""
    with Image.open(EXAMPLES / "folder" / "abbey.jpg") as image:
        return image.convert("RGB")


@pytest.fixture
def posts(tmp_path: Path) -> Callable[..., Path]:
    """A JSON Lines file of rows; a string is a line as it is."""

    def written(*rows: dict[str, Any] | str) -> Path:
        path = tmp_path / "posts.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines), "utf-8")
        return path

    return written
