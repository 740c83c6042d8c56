"""Reading other people's knowledge files, real ones and broken ones."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Post, Word
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.knowledge import importing
from mmavk_cli.knowledge.importing import Imported, detect_format, import_recipe, read_blip2, read_export, read_pgim

SPLITS = ("train", "valid", "test")


def post(image_id: str | None, *words: str) -> Post:
    return Post(image_id or "?", " ".join(words), tuple(Word(word, 0, 0) for word in words), image_id=image_id)


def archive(path: Path, files: Mapping[str, Sequence[tuple[str, str]]], end: str = "\r\n") -> Path:
    """A zip like PGIM's: file name → (tweet, knowledge), each of words with spaces."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, tweets in files.items():
            blocks = []
            for tweet, text in tweets:
                lines = [f"{word}\tO" for word in tweet.split(" ")] + [
                    f"{word}\tX" for word in ("<EOS>", *text.split())
                ]
                blocks.append(end.join(lines))
            made.writestr(name, (end * 2).join(blocks))
    return path


# ---------------------------------------------------------------- BLIP-2


def test_captions_are_read_as_they_stand(tmp_path: Path):
    path = tmp_path / "captions.txt"
    path.write_text("16_05.jpg :a board that says: no :entry \n\nO_1.PNG :\r\n7.jpeg :\u00a0é\n", "utf-8")
    counted = Counted()
    found = list(read_blip2(path, counted))
    assert found == [Imported("16_05", "a board that says: no :entry"), Imported("O_1", ""), Imported("7", "é")]
    assert counted.counts == {}


def test_lines_of_another_form_are_counted_and_the_others_go_on(tmp_path: Path):
    path = tmp_path / "captions.txt"
    path.write_text("1.jpg :a\nno caption\n.jpg :no id\n2.txt :no picture\n3.jpg:no space\n4.jpg :d", "utf-8")
    counted = Counted()
    assert [one.image_id for one in read_blip2(path, counted)] == ["1", "4"]
    assert counted.counts == {"bad_lines": 4}


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path: Path):
    path = tmp_path / "captions.txt"
    path.write_bytes(b"1.jpg :a\n2.jpg :\xff\n")
    with pytest.raises(DataError) as caught:
        list(read_blip2(path, Counted()))
    assert caught.value.where == f"{path}:2"


def test_the_mark_that_some_programs_begin_utf8_with_is_no_part_of_an_id(tmp_path: Path):
    path = tmp_path / "captions.txt"
    path.write_text("1.jpg :a\n2.jpg :b\n", "utf-8-sig")
    assert detect_format(path) == "blip2"
    assert [one.image_id for one in read_blip2(path, Counted())] == ["1", "2"]


@pytest.mark.parametrize(("dataset", "lines", "empty"), [("twitter2015", 8288, 2), ("twitter2017", 4819, 0)])
def test_the_published_captions(shared_data: Path, dataset: str, lines: int, empty: int):
    path, counted = shared_data / "knowledge" / "blip2" / f"{dataset}.txt", Counted()
    assert detect_format(path) == "blip2"
    found = {one.image_id: one.text for one in read_blip2(path, counted)}
    assert (len(found), list(found.values()).count(""), counted.counts) == (lines, empty, {})
    ids = {post.image_id for split in SPLITS for post in read_conll(shared_data / dataset / f"{split}.txt")}
    assert ids <= found.keys()


# ---------------------------------------------------------------- PGIM


def test_an_archive_that_is_cut_off_is_called_one(tmp_path: Path):
    whole = archive(tmp_path / "whole.zip", {"train.txt": [("a tweet", "some text")]}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert detect_format(tmp_path / "cut.zip") == "pgim"
    with pytest.raises(DataError, match=r"cannot read the archive.*Fetch it again"):
        list(read_pgim(tmp_path / "cut.zip", {"train": []}, Counted()))


def test_knowledge_is_what_follows_eos(tmp_path: Path):
    path = archive(tmp_path / "p.zip", {"train.txt": [("New Post", "Named entities:1. X (event) 2"), ("b", "")]})
    counted = Counted()
    found = list(read_pgim(path, {"train": [post("7", "New", "Post"), post("8", "b")]}, counted))
    assert found == [Imported("7", "Named entities:1. X (event) 2"), Imported("8", "")]
    assert counted.counts == {"matched": 2}


@pytest.mark.parametrize("name", ["valid.txt", "dev.txt", "PGIM/data/dev.txt"])
def test_dev_is_another_name_of_valid(tmp_path: Path, name: str):
    path = archive(tmp_path / "p.zip", {name: [("a", "x")], "__MACOSX/dev.txt": [("b", "y")]}, end="\n")
    assert list(read_pgim(path, {"valid": [post("7", "a")]}, Counted())) == [Imported("7", "x")]


def test_tweets_are_joined_by_their_words_and_never_by_their_place(tmp_path: Path):
    tweets = [("a b", "1"), ("gone", "2"), ("c", "3"), ("a b c", "4")]
    posts = [post("10", "new"), post("11", "c"), post("12", "a", "b"), post("13", "a b")]
    counted = Counted()
    found = list(read_pgim(archive(tmp_path / "p.zip", {"test.txt": tweets}), {"test": posts}, counted))
    assert found == [Imported("12", "1"), Imported("11", "3")]
    assert counted.counts == {"matched": 2, "archive_tweets_unmatched": 2}


def test_equal_tweets_are_joined_in_order_when_there_are_as_many(tmp_path: Path):
    path = archive(tmp_path / "p.zip", {"test.txt": [("a", "1"), ("b", "2"), ("a", "3")]})
    posts = [post("10", "a"), post("11", "a"), post("12", "b")]
    assert set(read_pgim(path, {"test": posts}, Counted())) == {
        Imported("10", "1"), Imported("11", "3"), Imported("12", "2"),
    }  # fmt: skip


@pytest.mark.parametrize("posts", [[post("10", "a")], [post("10", "a"), post("11", "a"), post("12", "a")]])
def test_equal_tweets_are_left_out_when_one_side_lacks_some(tmp_path: Path, posts: list[Post]):
    path = archive(tmp_path / "p.zip", {"test.txt": [("a", "1"), ("a", "2")]})
    counted = Counted()
    assert list(read_pgim(path, {"test": posts}, counted)) == []
    assert counted.counts == {"archive_tweets_unmatched": 2}


def test_a_tweet_of_another_split_is_not_joined(tmp_path: Path):
    path = archive(tmp_path / "p.zip", {"test.txt": [("a", "1")], "valid.txt": [("b", "2")]})
    posts = {"train": [post("9", "c")], "valid": [post("10", "a")], "test": [post("11", "b")]}
    counted = Counted()
    assert list(read_pgim(path, posts, counted)) == []
    assert counted.counts == {"archive_tweets_unmatched": 2}


def test_a_tweet_without_eos_is_counted(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as made:
        made.writestr("test.txt", "a\tO\n\nb\tO\n<EOS>\tX\n<EOS>\tX\nx\tX\n\n\n")
    counted = Counted()
    posts = {"test": [post("1", "a"), post("2", "b"), post(None, "b")]}
    assert list(read_pgim(tmp_path / "p.zip", posts, counted)) == [Imported("2", "<EOS> x")]
    assert counted.counts == {"archive_tweets_without_eos": 1, "matched": 1}


words = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=("Cs", "Zl", "Zp")), min_size=1).filter(
    lambda word: word != "<EOS>"
)


@settings(max_examples=50, deadline=None)
@given(tweets=st.lists(st.lists(words, min_size=1, max_size=4), max_size=6, unique_by=tuple))
def test_any_words_find_their_tweet(tweets: list[list[str]], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("zip") / "p.zip"
    with zipfile.ZipFile(path, "w") as made:
        blocks = ["".join(f"{word}\tO\n" for word in [*tweet, "<EOS>", str(n)]) for n, tweet in enumerate(tweets)]
        made.writestr("test.txt", "\n".join(blocks))
    posts = {"test": [post(f"id{n}", *tweet) for n, tweet in reversed(list(enumerate(tweets)))]}
    found = {one.image_id: one.text for one in read_pgim(path, posts, Counted())}
    assert found == {f"id{n}": str(n) for n in range(len(tweets))}


@pytest.mark.parametrize(
    ("dataset", "joined", "lost"), [("twitter2015", (3999, 999, 3256), 3), ("twitter2017", (3373, 723, 723), 0)]
)
def test_the_published_archives(shared_data: Path, dataset: str, joined: tuple[int, ...], lost: int):
    path, total = shared_data / "knowledge" / "pgim" / f"{dataset}.zip", 0
    assert detect_format(path) == "pgim"
    for split, number in zip(SPLITS, joined, strict=True):
        posts = list(read_conll(shared_data / dataset / f"{split}.txt"))
        counted = Counted()
        found = {one.image_id for one in read_pgim(path, {split: posts}, counted)}
        assert counted.counts == {"matched": number}
        missing = [post.image_id for post in posts if post.image_id not in found]
        assert missing == ([posts[-1].image_id] if lost else [])  # the archive drops each split's last tweet
        total += len(missing)
    assert total == lost


# ---------------------------------------------------------------- archives that are not


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_pgim(path, {split: [post("1", "a")] for split in SPLITS}, Counted()))
    assert caught.value.where.startswith(str(path))
    return caught.value.what


def test_an_archive_without_splits(tmp_path: Path):
    assert "no train.txt" in refused(archive(tmp_path / "p.zip", {"readme.txt": [("a", "b")]}))


def test_two_files_for_one_split(tmp_path: Path):
    files = {"a/dev.txt": [("a", "1")], "b/valid.txt": [("a", "2")]}
    assert "two files for the valid split" in refused(archive(tmp_path / "p.zip", files))


def test_a_file_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MAX_MEGABYTES", 0.5)
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("test.txt", "a\tO\n" * 200_000)
    assert (tmp_path / "p.zip").stat().st_size < 10_000
    assert "megabytes unpacked" in refused(tmp_path / "p.zip")


def test_a_file_that_lies_about_its_size_is_not_read_further(tmp_path: Path):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("test.txt", "a\tO\n" * 100_000)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 400_000), struct.pack("<I", 40)))
    assert "cannot read the archive" in refused(path)


def test_an_encrypted_file(tmp_path: Path):
    path = archive(tmp_path / "p.zip", {"test.txt": [("a", "1")]})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the file's header, and in the directory's
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_a_fault_or_read(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("test.txt", "a\tO\n<EOS>\tX\nb\tX\n" * 20)
    content = bytearray(whole.getvalue())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("zip") / "p.zip"
    path.write_bytes(content)
    try:
        list(read_pgim(path, {"test": [post("1", "a")]}, Counted()))
    except DataError as error:
        assert error.where.startswith(str(path))


# ---------------------------------------------------------------- formats and recipes


@pytest.mark.parametrize("content", ["", "\n\n", "# a page of text\n", "a\tO\n", "{}", "1.jpg a caption\n"])
def test_a_file_of_no_known_format(tmp_path: Path, content: str):
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(DataError, match="not a file of knowledge"):
        detect_format(path)


@pytest.mark.parametrize("name", ["none.txt", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str):
    with pytest.raises(DataError, match="cannot read"):
        detect_format(tmp_path / name)


def test_bad_lines_of_an_export_are_counted(tmp_path: Path):
    path = tmp_path / "export.jsonl"
    path.write_text('{"kind":"name"}\n[]\nnonsense\n')
    counted = Counted()
    assert list(read_export(path, counted)) == []
    assert counted.counts == {"bad_lines": 3}


def test_a_name_and_a_format_have_their_own_recipe():
    ids = {import_recipe(name, kind).id for name in ("mine", "yours") for kind in ("blip2", "pgim")}
    assert len(ids) == 4
    assert import_recipe("mine", "blip2").name == "mine"
