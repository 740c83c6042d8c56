"""`mmavk data fetch` against servers on loopback, sound and faulty."""

import hashlib
import json
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from web import Server, Silent, serving

from mmavk_cli.corpus.public_datasets import PICTURES, RELEASES


class Files(Silent, SimpleHTTPRequestHandler):
    """The files of a folder; what was asked for is kept."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()


class Faulty(Silent, BaseHTTPRequestHandler):
    """Answers every request with one fault."""

    fault: str

    def do_GET(self) -> None:
        if self.fault == "dropped":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"IMGID:1\n")
        elif self.fault == "endless":
            self.send_response(200)
            self.end_headers()
            self._pour()
        elif self.fault == "elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
        elif self.fault == "wrong":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"IMGID:1\nAnn\tB-PER\n")
        else:
            self.send_error(404)

    def _pour(self) -> None:
        with suppress(OSError):  # the other side hangs up
            for _ in range(20):
                self.wfile.write(b"x" * 1024 * 1024)


def test_real_files_arrive_byte_for_byte_and_only_once(shared_data, tmp_path: Path, mmavk, monkeypatch):
    monkeypatch.setattr(Files, "asked", [], raising=False)
    fetch = ("data", "fetch", "twitter2017", "--data-dir", tmp_path, "--mirror")
    folder = tmp_path / "twitter2017"
    with serving(Server(partial(Files, directory=str(shared_data)))) as server:
        url = server.url
        code, out, err = mmavk(*fetch, url)
        assert code == 0
        assert out == "".join(f"{folder / split}.txt\tfetched\n" for split in ("train", "valid", "test"))
        assert PICTURES in err
        assert "copyrights set by Twitter" in err
        assert err.count("Cite:") == 2
        (folder / "valid.txt").unlink()
        code, out, err = mmavk(*fetch, f"{url}/", "--quiet")
        assert (code, err) == (0, "")
        assert [line.rpartition("\t")[2] for line in out.splitlines()] == ["exists", "fetched", "exists"]
    assert Files.asked == [f"/twitter2017/{split}.txt" for split in ("train", "valid", "test", "valid")]
    assert {path.name for path in folder.iterdir()} == {"train.txt", "valid.txt", "test.txt"}
    for path in folder.iterdir():
        assert path.read_bytes() == (shared_data / "twitter2017" / path.name).read_bytes()
    code, out, _ = mmavk(*fetch, url)
    assert (code, out.count("exists")) == (0, 3), "nothing is left to fetch, so no server is needed"
    told = json.loads(mmavk(*fetch, url, "--json", "--quiet")[1])
    assert told["was_there"] == ["train", "valid", "test"] == list(told["files"])


def test_digests_are_those_of_the_shared_files(shared_data):
    for name, release in RELEASES.items():
        for split, expected in release.sha256.items():
            assert hashlib.sha256((shared_data / name / f"{split}.txt").read_bytes()).hexdigest() == expected


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("404", "the server answered 404"),
        ("wrong", "not the released file: 18 bytes with SHA-256"),
        ("dropped", "the connection broke after 8 of 1000 bytes"),
        ("endless", "more than 16777216 bytes came"),
        ("elsewhere", "the server answered 302"),
    ],
)
def test_a_fault_of_the_server_is_told_and_leaves_nothing(tmp_path: Path, mmavk, monkeypatch, fault: str, what: str):
    monkeypatch.setattr(Faulty, "fault", fault, raising=False)
    with serving(Server(Faulty)) as server:
        url = server.url
        code, out, err = mmavk("data", "fetch", "twitter2015", "--data-dir", tmp_path, "--mirror", url)
    assert (code, out) == (3, "")
    assert err.startswith(f"mmavk: {url}/twitter2015/train.txt: {what}")
    assert list(tmp_path.rglob("*.txt")) == []


def test_no_server_is_told(tmp_path: Path, mmavk):
    with serving(Server(Faulty)) as server:
        url = server.url
    code, _, err = mmavk("data", "fetch", "twitter2015", "--data-dir", tmp_path, "--mirror", url)
    assert code == 3
    assert "cannot be reached" in err
    assert "Run the command again" in err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["imagenet"], "NAME: no data set 'imagenet' can be fetched. Known: twitter2015, twitter2017"),
        (["twitter2015", "--mirror", "file:///etc"], "--mirror: 'file:///etc' is not an http or https address"),
        (["twitter2015", "--mirror", "http://["], "--mirror: 'http://[' is not"),
        (["twitter2015", "--mirror", "https:///x"], "--mirror: 'https:///x' is not"),
    ],
)
def test_what_cannot_be_asked_exits_2(tmp_path: Path, mmavk, arguments: list[str], what: str):
    code, out, err = mmavk("data", "fetch", *arguments, "--data-dir", tmp_path)
    assert (code, out) == (2, "")
    assert what in err


def test_a_file_of_ones_own_is_never_overwritten(tmp_path: Path, mmavk):
    own = tmp_path / "twitter2015" / "test.txt"
    own.parent.mkdir()
    own.write_text("mine")
    code, _, err = mmavk("data", "fetch", "twitter2015", "--data-dir", tmp_path, "--mirror", "http://127.0.0.1:9")
    assert code == 3
    assert f"{own}: the file exists and its checksum differs" in err
    assert own.read_text() == "mine"
