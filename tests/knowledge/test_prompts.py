"""Prompts are files with a version, and nothing of a post can reach one."""

import ast
import base64
import inspect
import io
import json
from dataclasses import fields
from pathlib import Path

import pytest
from generate_tools import noise
from loopback import Loopback
from PIL import Image, PngImagePlugin
from ran import Mmavk

import mmavk_cli.knowledge
from mmavk_cli.base.digest import short
from mmavk_cli.base.errors import UsageError
from mmavk_cli.knowledge.generators.generator import Generator, View
from mmavk_cli.knowledge.prompts import load_prompt, shipped

RELEASED = {
    "entity-1": "6247470ada59",
    "caption-1": "2f6dea0a36cb",
    "ocr-1": "5c6222b13134",
    "structured-1": "3a7f8340fe6e",
}
"""Name and version → first digits of the digest. A prompt that is to say something else gets a new version."""


def test_a_released_prompt_never_changes():
    assert {stem: short(load_prompt(stem).digest) for stem in shipped()} == RELEASED


@pytest.mark.parametrize("name", ["entity", "caption", "ocr", "structured"])
def test_a_name_is_its_newest_version(name: str):
    prompt = load_prompt(name)
    assert (prompt.name, prompt.version) == (name, 1)
    assert load_prompt(f"{name}-1") == prompt


CLUES = (
    "people",
    "location",
    "organization",
    "other",
    "characters",
    "maps",
    "landmarks",
    "attractions",
    "faces",
    "flags",
)


@pytest.mark.parametrize("name", ["entity", "structured"])
def test_the_clues_that_the_paper_lists_are_asked_for(name: str):
    text = load_prompt(name).text
    assert [clue for clue in (*CLUES, "slogans", "names") if clue not in text and clue != "other"] == []


def test_a_prompt_of_ones_own(tmp_path: Path):
    path = tmp_path / "My prompt.txt"
    path.write_text("Say it in Welsh.\n", "utf-8")
    prompt = load_prompt(str(path))
    assert (prompt.name, prompt.version, prompt.text) == ("my-prompt", 0, "Say it in Welsh.")


@pytest.mark.parametrize("name", ["structured", "entity"])
def test_a_file_called_like_a_prompt_is_none_of_ours(name: str, tmp_path: Path):
    path = tmp_path / f"{name}.txt"
    path.write_text("Say it in Welsh.", "utf-8")
    assert load_prompt(str(path)).name == f"own-{name}"


@pytest.mark.parametrize(("content", "what"), [(b" \n", "empty"), (b"x" * 9000, "9000 characters"), (b"\xff", "read")])
def test_what_is_no_prompt(tmp_path: Path, content: bytes, what: str):
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(UsageError, match=what):
        load_prompt(str(tmp_path / "p.txt"))


def test_an_unknown_prompt_names_those_there_are():
    with pytest.raises(UsageError, match="caption, entity, ocr, structured"):
        load_prompt("entitty")


# ---------------------------------------------------------------- nothing of a post


def test_a_generator_is_given_a_picture_and_nothing_else():
    assert {field.name for field in fields(View)} == {"image", "tokens"}
    taken = {
        name: list(inspect.signature(getattr(Generator, name)).parameters)[1:]
        for name in ("ready", "write", "generate")
    }
    assert taken == {"ready": ["image"], "write": ["views"], "generate": ["image"]}


def test_no_generator_knows_what_a_post_is():
    modules = Path(mmavk_cli.knowledge.__file__).parent.rglob("*.py")
    about_posts = set()
    for module in modules:
        tree = ast.parse(module.read_text("utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        if imported & {"Post", "Tagged", "Word", "Row", "Rows"}:
            about_posts.add(module.stem)
    assert about_posts == {"importing"}


def test_no_word_of_a_post_is_sent_to_a_server(mmavk: Mmavk, server: Loopback, tmp_path: Path):
    marked = PngImagePlugin.PngInfo()
    marked.add_text("comment", "wombatcomment")
    noise(90, 60, 1).save(tmp_path / "wombatfile.png", pnginfo=marked)
    noise(90, 60, 2).save(tmp_path / "wombatfile.jpg", comment=b"wombatjpeg")
    rows = [
        {"id": "wombatid", "text": "wombattext", "image": "wombatfile.png"},
        {"id": "b", "text": "wombattext again", "image": "wombatfile.jpg", "image_id": "wombatimage"},
    ]
    (tmp_path / "wombat.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    options = ("--generator", "server", "--server-url", server.url, "--vlm", "tiny", "--store", tmp_path / "store")
    done = mmavk("generate", "--input", tmp_path / "wombat.jsonl", *options)
    assert done.code == 0, done.err
    assert len(server.bodies) == 2
    for body in server.bodies:
        content = json.loads(body)["messages"][0]["content"]
        assert [part["type"] for part in content] == ["image_url", "text"]
        assert content[1]["text"] == load_prompt("entity").text
        sent = base64.b64decode(content[0]["image_url"]["url"].partition(",")[2])
        assert b"wombat" not in body + sent
        with Image.open(io.BytesIO(sent)) as image:
            assert "comment" not in image.info
