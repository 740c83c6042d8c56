"""mmavk push through the real command line, against a hub on loopback."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hub_stub import TOKEN, Fault, Handler, Hub, Repository, not_json, status, torn
from trip import SECRET, runner

pytestmark = pytest.mark.slow

Ran = Callable[..., tuple[int, str, str]]

TORCH = {
    "README.md", "data_card.md", "encoder/config.json", "encoder/model.safetensors", "head.safetensors", "run.json",
    "scores.json", "tagger.json", "tokenizer.json",
}  # fmt: skip
ONNX = (TORCH - {"encoder/config.json", "encoder/model.safetensors"}) | {"encoder.onnx"}


def test_without_the_flag_nothing_is_sent_and_all_is_shown(place: Path, hub: Hub, push: Ran):
    code, out, err = push("runs/trip", "me/trip")
    assert code == 0, err
    files, _, card = out.partition("\n\n")
    assert {line.split("\t")[0] for line in files.splitlines()} == TORCH
    assert card == (place / "runs/trip/README.md").read_text("utf-8")
    assert "nothing was uploaded; --to-hub would bring 9 files" in err
    assert "these stay here: data.json, metrics.jsonl" in err
    told = json.loads(push("runs/trip", "me/trip", "--json")[1])
    assert told["files"].keys() == TORCH
    assert (told["url"], told["private"], told["left_out"]) == (None, True, ["data.json", "metrics.jsonl"])
    assert hub.asked == []


def test_no_variable_and_no_settings_file_uploads(place: Path, hub: Hub, tmp_path: Path):
    file = tmp_path / "config.toml"
    file.write_text("to-hub = true\n")
    ways = {"MMAVK_CONFIG": str(file), "MMAVK_TO_HUB": "1", "HF_TOKEN": TOKEN, "HF_ENDPOINT": hub.url}
    done = runner(place, **ways)("push", "int8", "me/trip")
    assert "nothing was uploaded" in done.stderr
    done = runner(place, **ways)("push", "int8", "me/trip", "--config", file)
    assert (done.returncode, "to_hub can only be given on the command line" in done.stderr) == (2, True)
    assert hub.asked == []


@pytest.mark.parametrize(("run", "names"), [("runs/trip", TORCH), ("int8", ONNX)])
def test_what_arrived_is_the_tagger(run: str, names: set[str], hub: Hub, push: Ran, ran: Ran, tmp_path: Path):
    code, out, err = push(run, "me/trip", "--to-hub")
    assert code == 0, err
    assert out == f"{hub.url}/me/trip/commit/{1:040}\n"
    assert hub.repositories["me/trip"].private
    assert [set(one) for one in hub.repositories["me/trip"].commits] == [names]
    there = hub.checkout("me/trip", tmp_path / "there")
    scores = []
    for model in (run, there):
        code, out, err = ran("eval", model, "--dataset", "trip", "--knowledge", "hills", "--json")
        assert code == 0, err
        scores.append(json.loads(out)["strict"]["overall"])
    assert scores[0] == scores[1]
    assert scores[0]["f1"] > 0
    tags = [ran("tag", "--text", "Ann Lee saw Oslo", "--format", "conll", "--model", one)[1] for one in (run, there)]
    assert tags[0] == tags[1] != ""


def test_the_real_process_goes_where_the_environment_says_and_tells_nothing_of_itself(place: Path, hub: Hub):
    done = runner(place, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)("push", "int8", "me/trip", "--to-hub")
    assert (done.returncode, done.stdout) == (0, f"{hub.url}/me/trip/commit/{1:040}\n"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert hub.repositories["me/trip"].branches["main"].keys() == ONNX
    assert any(agent.startswith("mmavk/") for agent in hub.agents)
    assert not [agent for agent in hub.agents if "torch" in agent]


def test_no_text_no_path_and_no_token_goes(place: Path, hub: Hub, push: Ran):
    for run in ("runs/trip", "int8"):
        assert push(run, f"me/{Path(run).name}", "--to-hub")[0] == 0
    assert str(place).encode() in (place / "runs/trip/run.json").read_bytes()
    assert str(place).encode() in (place / "runs/trip/model/tagger.json").read_bytes()
    sent = {name: content for one in hub.repositories.values() for name, content in one.branches["main"].items()}
    assert sent.keys() == TORCH | ONNX
    del sent["tokenizer.json"]  # the encoder's own words
    for name, content in sent.items():
        for secret in (str(place), str(Path.home()), sys.prefix, SECRET, TOKEN):
            assert secret.encode() not in content, (name, secret)
    settings = json.loads(hub.repositories["me/trip"].branches["main"]["run.json"])["settings"]
    assert (settings["encoder"], settings["epochs"]) == ("…/tiny", 6)


def test_pushing_again_sends_what_changed_and_takes_what_is_gone(hub: Hub, push: Ran):
    assert push("runs/trip", "me/trip", "--to-hub")[0] == 0
    hub.repositories["me/trip"].branches["main"] |= {"notes.md": b"mine", ".gitattributes": b"*.onnx filter=lfs"}
    before = len(hub.sent("PUT"))
    code, _, err = push("runs/trip", "me/trip", "--to-hub")
    assert code == 0, err
    assert len(hub.repositories["me/trip"].commits) == 1
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert code == 0, err
    assert hub.repositories["me/trip"].branches["main"].keys() == ONNX | {"notes.md", ".gitattributes"}
    assert len(hub.sent("PUT")) == before + 1  # the head is the same file


def test_a_branch_is_made_and_main_stays(hub: Hub, push: Ran):
    for _ in range(2):
        code, _, err = push("int8", "me/trip", "--to-hub", "--branch", "next")
        assert code == 0, err
    branches = hub.repositories["me/trip"].branches
    assert (branches["main"], branches["next"].keys()) == ({}, ONNX)
    assert hub.sent("POST").count("/api/models/me/trip/branch/next") == 1


def test_a_public_repository_is_not_taken_for_a_private_one(hub: Hub, push: Ran):
    hub.repositories["me/trip"] = Repository(private=False)
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert (code, "me/trip: the repository exists and is public. Say --no-private" in err) == (2, True)
    assert hub.repositories["me/trip"].branches["main"] == {}
    assert push("int8", "me/trip", "--to-hub", "--no-private")[0] == 0
    assert push("int8", "me/new", "--to-hub", "--no-private")[0] == 0
    assert not hub.repositories["me/new"].private


REFUSALS: list[tuple[str, Fault, int, str]] = [
    ("POST /api/repos/create", status(404), 2, "the hub has no such place"),
    ("POST /api/repos/create", status(500), 5, "the hub fails (500)"),
    ("POST /api/repos/create", not_json, 5, "the server is not a hub"),
    ("POST /api/repos/create", torn, 5, "the hub cannot be reached"),
    ("POST /api/models/me/trip/commit", status(400, "a file is odd"), 3, "a file is odd"),
    ("POST /api/models/me/trip/commit", status(403), 5, "the token may not write there"),
    ("POST /api/models/me/trip/commit", torn, 5, "The repository has all of it or nothing"),
    ("PUT /lfs/", status(403, "too late"), 5, "Error while uploading"),
]


@pytest.mark.parametrize(("request_line", "fault", "code", "text"), REFUSALS)
def test_refusals_say_what_to_do(request_line: str, fault: Fault, code: int, text: str, hub: Hub, push: Ran):
    hub.faults += [(request_line, fault)] * 2
    ended, _, err = push("int8", "me/trip", "--to-hub")
    assert (ended, text in err, len(err.splitlines())) == (code, True, 1), err
    assert all(one.branches["main"] == {} for one in hub.repositories.values())
    hub.faults.clear()
    assert push("int8", "me/trip", "--to-hub")[0] == 0


def test_a_place_of_others_is_told(hub: Hub, push: Ran):
    code, _, err = push("int8", "you/trip", "--to-hub")
    assert (code, "the token may not write there: You don't have the rights to create a model" in err) == (5, True), err
    assert hub.repositories == {}


def test_no_token_and_a_wrong_one_are_told(hub: Hub, push: Ran, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert (code, "the hub does not take the token" in err, "hf_other" in err) == (5, True, False), err
    asked = list(hub.asked)
    monkeypatch.delenv("HF_TOKEN")
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert code == 5
    assert err == "mmavk: HF_TOKEN: no Hugging Face token. Set HF_TOKEN, or log in: hf auth login\n"
    assert hub.asked == asked


@pytest.mark.parametrize("token", ["hf_ä", "hf_a\x07"])
def test_a_token_that_cannot_be_sent_is_told_and_not_shown(
    token: str, hub: Hub, push: Ran, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", token)
    code, _, err = push("int8", "me/trip", "--to-hub")
    what = "the Hugging Face token has letters that cannot be sent. Copy it again, in one line"
    assert (code, err) == (2, f"mmavk: HF_TOKEN: {what}\n")
    assert hub.asked == []


def test_no_network_is_told(place: Path, hub: Hub, push: Ran):
    offline = runner(place, HF_ENDPOINT=hub.url, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1")("push", "int8", "me/t", "--to-hub")
    assert (offline.returncode, "HF_HUB_OFFLINE is set" in offline.stderr) == (5, True), offline.stderr
    hub.shutdown()
    hub.server_close()
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert (code, err.startswith(f"mmavk: {hub.url}: the hub cannot be reached: ")) == (5, True), err


def test_an_upload_that_is_torn_off_is_tried_again(place: Path, hub: Hub, push: Ran):
    hub.faults.append(("PUT /lfs/", torn))
    code, _, err = push("int8", "me/trip", "--to-hub")
    assert code == 0, err
    assert len(hub.sent("PUT")) == 3
    assert hub.repositories["me/trip"].branches["main"]["encoder.onnx"] == (place / "int8/encoder.onnx").read_bytes()


def test_ctrl_c_leaves_the_repository_as_it_was(place: Path, hub: Hub, push: Ran, ran: Ran, tmp_path: Path):
    model = tmp_path / "float"
    assert ran("export", "runs/trip", "--no-int8", "--out", model)[0] == 0
    encoder, head = model / "encoder.onnx", model / "head.safetensors"
    assert encoder.stat().st_size > 3_000_000  # more than two sockets hold, so that it is under way for sure
    hub.blobs[sha256(head.read_bytes()).hexdigest()] = head.read_bytes()  # the encoder alone is to be sent
    hub.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    process: list[subprocess.Popen[str]] = []

    def interrupts(handler: Handler) -> None:
        process[0].send_signal(signal.SIGINT)
        left = int(handler.headers["Content-Length"])
        while left and (data := handler.rfile.read1(65536)):
            left -= len(data)
        handler.reply(200)

    hub.faults.append(("PUT /lfs/", interrupts))
    ways = {"HF_TOKEN": TOKEN, "HF_ENDPOINT": hub.url, "HF_HOME": str(place / "hf")}
    script = f"import os; os.environ.update({ways!r})\nfrom mmavk_cli.cli.main import main\nmain()"
    line = [sys.executable, "-c", script, "push", str(model), "me/trip", "--to-hub", "--quiet"]
    process.append(subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    _, err = process[0].communicate()
    assert (process[0].returncode, err) == (130, "mmavk: stopped\n")
    assert hub.repositories["me/trip"].branches["main"] == {}
    assert push(model, "me/trip", "--to-hub")[0] == 0
    assert hub.repositories["me/trip"].branches["main"].keys() == ONNX


def test_a_card_that_the_hub_refuses_is_told(place: Path, push: Ran, tmp_path: Path):
    run = shutil.copytree(place / "int8", tmp_path / "int8")
    (run / "README.md").write_text("---\nlicense: [a, b]\n---\n# Mine\n")
    code, _, err = push(run, "me/trip", "--to-hub")
    assert code == 3
    assert 'the hub refuses the card: Invalid metadata in README.md. - "license" must be a string' in err
    (run / "README.md").write_text("# Mine\n")
    code, _, err = push(run, "me/trip", "--to-hub")
    assert (code, "note: Warnings while validating metadata" in err) == (0, True), err


@pytest.mark.parametrize(
    ("spoil", "code", "text"),
    [
        (lambda run: (run / "encoder.onnx").write_bytes(b"half"), 5, "encoder.onnx"),
        (lambda run: (run / "head.safetensors").unlink(), 5, "head.safetensors"),
        (lambda run: (run / "README.md").unlink(), 3, "the run has no card. Make it: mmavk card"),
        (lambda run: (run / "run.json").unlink(), 3, "no run here"),
    ],
)
def test_only_what_is_whole_goes(spoil, code: int, text: str, place: Path, hub: Hub, push: Ran, tmp_path: Path):
    run = shutil.copytree(place / "int8", tmp_path / "int8")
    spoil(run)
    ended, _, err = push(run, "me/trip", "--to-hub")
    assert (ended, text in err) == (code, True), err
    assert hub.asked == []


def test_a_folder_of_seeds_and_a_run_without_a_model_are_told(place: Path, push: Ran, ran: Ran, tmp_path: Path):
    shutil.copytree(place / "int8", tmp_path / "seeds/seed-1")
    code, _, err = push(tmp_path / "seeds", "me/trip")
    assert (code, "Name one: " in err) == (2, True), err
    assert ran("tag", "--text", "Ann Lee", "--out", tmp_path / "tagged")[0] == 0
    code, _, err = push(tmp_path / "tagged", "me/trip")
    assert (code, "not a run of mmavk train or export" in err) == (3, True), err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["trip"], "'trip' has no owner: OWNER/trip"),
        (["me/a trip"], "is not a repository name"),
        (["me/trip", "--endpoint", "hub.example"], "does not begin with https:// or http://"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_read(words: list[str], text: str, ran: Ran):
    code, _, err = ran("push", "nowhere", *words)
    assert (code, text in err) == (2, True), err
