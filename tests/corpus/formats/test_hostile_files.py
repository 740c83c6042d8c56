"""Damaged files end in a clear error of the data, whatever the bytes."""

import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from ran import Mmavk

from mmavk_cli.base.config import read_toml
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.records import BadRow, Counted, Post
from mmavk_cli.corpus.formats.docbin import DocBinFile
from mmavk_cli.corpus.formats.parquet import ParquetFile
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import decode
from mmavk_cli.store.store import Store

DEEP = 200_000
LINES = (
    '{"id": "a", "text": "Ana saw Café Löwe", "words": ["Ana", "saw", "Café", "Löwe"],'
    ' "tags": ["B-PER", "O", "B-LOC", "I-LOC"]}\n'
    '{"id": "b", "text": "nothing here", "words": ["nothing", "here"], "tags": ["O", "O"]}\n'
)


def posts(folder: Path) -> list[Post]:
    path = folder / "posts.jsonl"
    path.write_text(LINES, "utf-8")
    return [row for row in read_jsonl(path) if isinstance(row, Post)]


def arrow(path: Path) -> None:
    import pyarrow

    table = pyarrow.table({"id": ["a", "b"], "tokens": [["Ana", "saw"], ["Café"]], "ner_tags": [["B-PER", "O"], ["O"]]})
    with path.open("wb") as handle, pyarrow.ipc.new_stream(handle, table.schema) as stream:
        stream.write_table(table)


def written(folder: Path, kind: str) -> Path:
    path = folder / f"whole.{kind}"
    if kind == "arrow":
        arrow(path)
        return path
    form = DocBinFile() if kind == "spacy" else ParquetFile()
    with form.writer(path) as put:
        for post in posts(folder):
            put(form.record(post, folder))
    return path


def damages(data: bytes, seed: int) -> bytes:
    drawn = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(drawn.choice((1, 1, 2, 8))):
        damaged[drawn.randrange(len(damaged))] = drawn.randrange(256)
    return bytes(damaged[: drawn.randrange(len(damaged))] if drawn.random() < 0.2 else damaged)


@pytest.mark.parametrize("kind", ["spacy", "parquet", "arrow"])
def test_damaged_bytes_are_told_as_such(kind: str, tmp_path: Path):
    form = DocBinFile() if kind == "spacy" else ParquetFile()
    whole = written(tmp_path, kind).read_bytes()
    path, told = tmp_path / f"train.{kind}", 0
    for seed in range(150):
        path.write_bytes(_spacy_inner(whole, seed) if kind == "spacy" else damages(whole, seed))
        try:
            told += any(isinstance(row, BadRow) for row in form.read(path, Counted()))
        except DataError as error:
            told += 1
            assert str(path) in error.where
    assert told > 20


def _spacy_inner(whole: bytes, seed: int) -> bytes:
    """Damage inside what zlib holds, where its checksum would otherwise refuse all."""
    return zlib.compress(damages(zlib.decompress(whole), seed))


def test_text_of_an_arrow_file_that_is_not_utf8(tmp_path: Path):
    path = tmp_path / "train.arrow"
    arrow(path)
    path.write_bytes(path.read_bytes().replace("Café".encode(), b"Caf\xff\xfe"))
    with pytest.raises(DataError, match="not a file of a data set"):
        [*ParquetFile().read(path, Counted())]


@pytest.mark.parametrize("target", ["o.conll", "o.jsonl"])
def test_half_a_character_is_told_or_kept(target: str, mmavk: Mmavk, tmp_path: Path):
    source = tmp_path / "posts.jsonl"
    source.write_text('{"text": "Ana ran", "entities": [{"start": 0, "end": 3, "type": "PER\\udfff"}]}\n')
    done = mmavk("data", "convert", source, tmp_path / target, "--from", "jsonl")
    assert done.code == (3 if target == "o.conll" else 0), done.err
    assert ("lone surrogate" in done.err) is (target == "o.conll")


@pytest.mark.parametrize(
    "text", [f"a = {'[' * DEEP}", f"a = {'1' * 10_000}", "a.b = 1\na = \xff"], ids=["deep", "huge", "no"]
)
def test_toml_that_cannot_be_read(text: str, tmp_path: Path):
    path = tmp_path / "c.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match="not TOML"):
        read_toml(path)


@pytest.mark.parametrize("make", [lambda: "[" * DEEP, lambda: '{"digest":"x","a":' + "[" * DEEP + "]" * DEEP + "}"])
def test_a_deep_row_of_the_store(make: Callable[[], str]):
    with pytest.raises(DataError):
        decode(make())


def test_no_escape_of_a_name_reaches_the_screen(mmavk: Mmavk, tmp_path: Path):
    evil = "\x1b]52\x07[bold]"
    with Store(tmp_path / "store") as opened:
        opened.put_recipe(Recipe(name=evil, generator=evil, model=evil))
    done = mmavk("store", "ls", "--store", tmp_path / "store")
    assert done.code == 0, done.err
    assert "[bold]" in done.out
    assert not {"\x1b", "\x07"} & set(done.out + done.err)
