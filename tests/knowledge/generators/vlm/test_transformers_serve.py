"""The server engine against `transformers serve`, with the tiny model: a real server, not one of ours."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from ran import Mmavk

from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tiny: Path, tmp_path: Path) -> Iterator[str]:
    """The address of `transformers serve` with the tiny model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(tiny), "--device", "cpu"]
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*line, "--port", str(port)], stdout=log, stderr=log, env=offline)
        try:
            _wait(f"http://localhost:{port}/health", process, tmp_path / "log")
            yield f"http://localhost:{port}/v1"
        finally:
            process.kill()
            process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text("utf-8")
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(log.read_text("utf-8"))


def test_pictures_get_the_texts_of_the_served_model(
    served: str, tiny: Path, mmavk: Mmavk, pictures: Path, tmp_path: Path
):
    line = ["generate", "--images", pictures, "--generator", "server", "--server-url", served, "--vlm", tiny]
    done = mmavk(*line, "--max-new-tokens", "12", "--concurrency", "2", "--store", tmp_path / "store")
    assert done.code == 0, done.err
    with Store(tmp_path / "store", read_only=True) as store:
        assert store.verify() == []
        rows = [row for row in store.rows() if isinstance(row, KnowledgeRow)]
    assert len(rows) == 6
    assert len({row.text for row in rows}) > 1
    assert all(0 < row.details["new_tokens"] <= 12 for row in rows)
