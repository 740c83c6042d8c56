"""No command opens a connection or leaves a file that was not asked for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ran import EXAMPLES

TOLD = "CONNECTION:"
HOOK = f"""
import sys
EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")
def told(event, arguments):
    if event in EVENTS:
        print("{TOLD}", event, arguments, file=sys.stderr)
sys.addaudithook(told)
"""
"""A sitecustomize that tells what Python code connects to; what a library's own code does is seen by strace."""

POSTS = "IMGID:1\nAlice\tB-PER\nslept\tO\n\nIMGID:2\nParis\tB-LOC\nshone\tO\n\n"
PICTURE = EXAMPLES / "picture.jpg"
LINES = [
    ["tag", "--text", "Alice flew from Paris"],
    ["tag", "--text", "Alice flew from Paris", "--image", str(PICTURE)],
    ["generate", "--generator", "ocr", "--images", str(EXAMPLES / "folder")],
    ["eval", "embedded", "--dataset", "tiny", "--data-dir", "data", "--out", "out"],
    ["doctor"],
    ["train", "--help"],
]


def works(*line: str) -> bool:
    return shutil.which(line[0]) is not None and subprocess.run(line, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def around() -> list[str]:
    """What a command line runs under, where this machine can: no network, its system calls written down."""
    alone = ["unshare", "--map-root-user", "--net"]
    traced = ["strace", "-f", "-qq", "-o", "trace.txt", "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    return [
        *(alone if works(*alone, "true") else []),
        *(traced if works(*traced[:3], "-o", os.devnull, "true") else []),
    ]


def ran(place: Path, line: list[str], around: list[str]) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The process with a home of its own under `place`, and the connections it tried."""
    (place / "hook").mkdir()
    (place / "hook" / "sitecustomize.py").write_text(HOOK)
    for folder in ("home", "cwd", "tmp"):
        (place / folder).mkdir()
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH")
    environment = {name: value for name, value in os.environ.items() if name in kept} | {
        "HOME": str(place / "home"),
        "XDG_CACHE_HOME": str(place / "home" / ".cache"),
        "TMPDIR": str(place / "tmp"),
        "MMAVK_HOME": str(place / "mmavk"),
        "PYTHONPATH": str(place / "hook"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [*around, sys.executable, *line],
        check=False,
        cwd=place / "cwd",
        env=environment,
        capture_output=True,
        text=True,
    )
    tried = [one for one in done.stderr.splitlines() if one.startswith(TOLD)]
    trace = place / "cwd" / "trace.txt"
    if trace.exists():
        tried += [one for one in trace.read_text("utf-8", "replace").splitlines() if "AF_INET" in one]
        trace.unlink()
    return done, tried


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_command_connects_to_nothing_and_leaves_no_file_elsewhere(line: list[str], around: list[str], tmp_path: Path):
    data = tmp_path / "data" / "tiny"
    data.mkdir(parents=True)
    for split in ("train", "valid", "test"):
        (data / f"{split}.txt").write_text(POSTS)
    words = [str(tmp_path / word) if word in {"data", "out"} else word for word in line]
    done, tried = ran(tmp_path, ["-m", "mmavk_cli", *words], around)
    assert done.returncode == 0, done.stderr
    assert tried == []
    left = [path for folder in ("home", "cwd", "tmp") for path in (tmp_path / folder).rglob("*")]
    assert left == []


def test_the_python_interface_does_the_same(around: list[str], tmp_path: Path):
    script = "from mmavk_cli import Tagger\nprint(Tagger.load('embedded')('Alice flew from Paris'))"
    done, tried = ran(tmp_path, ["-c", script], around)
    assert done.returncode == 0, done.stderr
    assert "Alice" in done.stdout
    assert (tried, list((tmp_path / "home").rglob("*"))) == ([], [])


def test_a_connection_would_be_seen(around: list[str], tmp_path: Path):
    script = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    assert ran(tmp_path, ["-c", script], around)[1]


def test_what_the_user_has_set_stays_and_the_rest_is_set_before_any_library():
    script = "import os, sys, mmavk_cli; print(*(os.environ[name] for name in sys.argv[1:])); print(*sys.modules)"
    names = ["ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"]
    environment = {name: value for name, value in os.environ.items() if name not in names} | {"DO_NOT_TRACK": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script, *names], check=True, env=environment, capture_output=True, text=True
    )
    values, modules = done.stdout.splitlines()
    assert values == "1 1 1 0"
    assert not {"onnxruntime", "huggingface_hub", "rapidocr"} & set(modules.split())
