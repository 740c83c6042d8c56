"""Files appear whole, and what is no file of the user's own is not replaced."""

import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from ran import EXAMPLES, Mmavk

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_binary, atomic_folder, atomic_write


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def umask(request: pytest.FixtureRequest):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path) -> None:
    with atomic_write(path) as handle:
        handle.write("new\n")


def test_a_new_file_has_what_the_umask_leaves(umask: int, tmp_path: Path):
    put(tmp_path / "new.txt")
    assert mode(tmp_path / "new.txt") == 0o666 & ~umask
    with atomic_binary(tmp_path / "deep" / "new.bin") as handle:
        handle.write(b"new")
    assert mode(tmp_path / "deep" / "new.bin") == 0o666 & ~umask


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o666, 0o755], ids=oct)
def test_a_file_that_is_replaced_keeps_its_mode_and_is_never_open_wider(kept: int, tmp_path: Path):
    path = tmp_path / "old.txt"
    path.write_text("old\n")
    path.chmod(kept)
    with atomic_write(path) as handle:
        assert path.read_text() == "old\n"
        assert stat.S_IMODE(os.fstat(handle.fileno()).st_mode) == kept
        handle.write("new\n")
    assert (path.read_text(), mode(path)) == ("new\n", kept)


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "old.txt"
    path.write_text("old\n")

    def fails() -> None:
        with atomic_write(path) as handle:
            handle.write("half")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert ([*tmp_path.iterdir()], path.read_text()) == ([path], "old\n")


@pytest.mark.parametrize("there", [True, False])
def test_a_link_and_its_target_stay(there: bool, tmp_path: Path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    if there:
        target.write_text("theirs\n")
    link.symlink_to(target)
    with pytest.raises(DataError, match=r"a link to .*target"):
        put(link)
    assert link.is_symlink()
    assert target.exists() is there
    assert not there or target.read_text() == "theirs\n"


def test_a_fifo_is_written_into(tmp_path: Path):
    pipe, link, seen = tmp_path / "pipe", tmp_path / "link", []
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        reader = threading.Thread(target=lambda: seen.append(pipe.read_text()), daemon=True)
        reader.start()
        put(path)
        reader.join(20)
    assert seen == ["new\n", "new\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


def test_a_device_is_written_into(tmp_path: Path):
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    for path in (Path(os.devnull), link):
        put(path)
        assert stat.S_ISCHR(path.stat().st_mode)
    assert link.is_symlink()


def test_a_socket_and_a_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket has room for about a hundred letters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(DataError, match="a socket or a disk"):
            put(Path("socket"))
        assert stat.S_ISSOCK(Path("socket").stat().st_mode)
    Path("folder").mkdir()
    with pytest.raises(DataError, match="a folder"):
        put(Path("folder"))


@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
def test_a_folder_replaces_nothing(kind: str, tmp_path: Path):
    path = tmp_path / "out"
    {"file": path.touch, "link": lambda: path.symlink_to(tmp_path / "nowhere"), "pipe": lambda: os.mkfifo(path)}[kind]()
    before = path.lstat()

    def make() -> None:
        with atomic_folder(path) as place:
            (place / "one").touch()

    with pytest.raises(DataError, match="something else of this name"):
        make()
    assert path.lstat().st_ino == before.st_ino
    assert [*tmp_path.iterdir()] == [path]


def test_config_set_keeps_mode_and_link(mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target, link = tmp_path / "dotfiles" / "mmavk.toml", tmp_path / "config.toml"
    target.parent.mkdir()
    target.write_text("# mine\nseed = 3\n")
    target.chmod(0o600)
    link.symlink_to("dotfiles/mmavk.toml")
    monkeypatch.setenv("MMAVK_CONFIG", str(link))
    assert mmavk("config", "set", "seed", "4").code == 0
    assert (target.read_text(), mode(target), link.is_symlink()) == ("# mine\nseed = 4\n", 0o600, True)
    assert mmavk("config", "unset", "seed").code == 0
    assert (target.read_text(), mode(target), link.is_symlink()) == ("# mine\n", 0o600, True)


def test_out_is_the_device_or_told_by_the_command(mmavk: Mmavk, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    store = tmp_path / "store"
    made = mmavk("generate", "--generator", "echo", "--images", EXAMPLES / "folder", "--store", store)
    assert made.code == 0, made.err
    assert mmavk("store", "export", "--store", store, "--out", os.devnull).code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    refused = mmavk("store", "export", "--store", store, "--out", link)
    assert (refused.code, "a link to" in refused.err) == (3, True)
    assert link.is_symlink()
    assert not (tmp_path / "target").exists()
