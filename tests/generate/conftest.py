"""What the tests of `mmavk generate` share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from generate_tools import Mmavk, Ran, generator, noise
from loopback import Loopback
from tiny_qwen import save_tiny
from web import serving

from mmavk_cli.cli.main import main
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator


@pytest.fixture
def mmavk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mmavk:
    """`mmavk …` through the real entry point, in this process."""

    def ran(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return ran


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Qwen2-VL."""
    return save_tiny(tmp_path_factory.mktemp("tiny-qwen"))


@pytest.fixture
def qwen(tiny: Path) -> Iterator[QwenGenerator]:
    """What writes with it."""
    made = generator(tiny)
    yield made
    made.free()


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A chat server that answers well unless it is told otherwise."""
    with serving(Loopback()) as started:
        yield started


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of six pictures of different sizes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, size in enumerate([(112, 84), (196, 56), (56, 56), (280, 196), (84, 112), (60, 45)]):
        noise(*size, number).save(folder / f"p{number}.png")
    return folder
