"""What the first lines of a file tell; a table or tagged words are never one post without a word."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.formats import posts
from mmavk_cli.corpus.formats.sniff import format_of

TAGGED = "Ann\tB-PER\nLee\tI-PER\n\nBob\tB-PER\n"
_REST = "\tNOUN\t_\t_\t0\troot\t_"
CONLLU = f"# sent_id = 7\n1-2\tgonna{chr(9).join(['', *'_' * 8])}\n1\tgon\tgo{_REST}\t_\n2\tna\tto{_REST}\tNER=O\n\n"
ONTONOTES = "#begin document (a); part 000\na  0  0  Ann  NNP  (S*  -  -  -  Bob  (PERSON)  -\n#end document\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (TAGGED, "conll"),
        ("Ann B-PER\nin O\n", "conll"),
        ("Ann NNP B-NP B-PER\nin IN B-PP O\n", "conll"),
        ("-DOCSTART- -X- O O\n\nAnn NNP B-NP I-PER\n", "conll"),
        ("Ann\tS-PER\n", "conll"),
        ("IMGID:7\nAnn\tB-PER\n", "conll"),
        ('{"text": "Ann"}\n', "json"),
        ('[{"text": "Ann"}]', "json"),
        ('[\n  {"text": "Ann"}\n]', "json"),
        ('window.YTD.tweets.part0 = [\n{"tweet": {"full_text": "Ann"}}\n]', "json"),
        ("id,text\n1,Ann\n", "csv"),
        ("id;Tweet\n1;Ann\n", "csv"),
        ("id\ttext\n1\tAnn\n", "tsv"),
        ("7\tAnn in Rome\n8\tBob in Oslo\n", "tsv"),
        ("Ann in Rome", None),
        ("Hello, world\nAnn, in Rome\n", None),
        ("Vitamin B-12", None),
        ("We land at gate B-12\nSee you there", None),
        ("[Ann] in Rome", None),
        ("{Ann} in Rome", None),
        ("text me, please\nAnn", None),
        ("# one\n# two", None),
        (f"1\tAnn\tann{_REST}\tB-PER\n2\tran\trun{_REST}\tO\n", "conll"),
        ("", None),
    ],
)
def test_the_first_lines_tell(text: str, form: str | None):
    assert format_of(text.encode(), "x") == form


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"PK\x03\x04x", "Excel"), (b"%PDF-1.7", "PDF"), (b"<?xml version='1.0'?>", "XML"),
        (b"<!DOCTYPE html><p>Ann", "HTML"), (CONLLU.encode(), "CoNLL-U"), (ONTONOTES.encode(), "OntoNotes"),
        (CONLLU.partition("\n")[2].replace("\n", "\r\n").encode(), "CoNLL-U"),
        (b"#FORMAT=WebAnno TSV 3.3\n", "WebAnno"), (b"\x1f\x8b\x08", "gzip"),
    ],
)  # fmt: skip
def test_what_no_post_is_in_is_refused_by_name(raw: bytes, what: str):
    with pytest.raises(DataError, match=what):
        format_of(raw, "x")


words = st.text(alphabet="abÄ.", min_size=1, max_size=5)


@given(st.lists(st.tuples(words, st.sampled_from(["O", "B-PER", "I-LOC", "S-ORG"])), min_size=2, max_size=8))
def test_tagged_words_are_known(pairs: list[tuple[str, str]]):
    for gap in ("\t", " ", "\t_\t"):
        assert format_of("".join(f"{word}{gap}{tag}\n" for word, tag in pairs).encode(), "x") == "conll"


@pytest.mark.parametrize("name", ["train.bio", "train.iob", "train.tsv", "train.txt", "train"])
def test_a_file_of_tagged_words_is_no_post(name: str, mmavk: Any, tmp_path: Path):
    (tmp_path / name).write_text(TAGGED)
    code, out, _ = mmavk("tag", tmp_path / name, "--format", "jsonl")
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["Ann Lee", "Bob"]
    code, out, _ = mmavk("data", "convert", tmp_path / name, "-", "--to", "jsonl")
    assert [json.loads(line)["tags"] for line in out.splitlines()] == [["B-PER", "I-PER"], ["B-PER"]]


def test_a_raw_text_of_many_lines_is_told_to_be_one_post(mmavk: Any, tmp_path: Path):
    path = tmp_path / "posts.txt"
    path.write_text("Harry Kane in London\n" * 12)
    code, out, err = mmavk("tag", path, "--format", "jsonl")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "12 lines are one post; --lines reads one post a line" in err
    code, out, err = mmavk("tag", path, "--lines", "--format", "jsonl")
    assert (code, len(out.splitlines()), err) == (0, 12, "")
    assert [json.loads(line)["id"] for line in out.splitlines()][:2] == ["posts-1", "posts-2"]


@pytest.mark.parametrize(
    "content",
    [
        '{"full_text": "Ann in Rome", "entities": {"hashtags": []}}\n',
        '[{"content": "Ann in Rome"}]',
        "id,text\n1,Ann in Rome\n",
        "Ann\tB-PER\nin\tO\nRome\tB-LOC\n",
        "Ann in Rome\n",
    ],
)
def test_standard_input_is_what_it_looks_like(content: str, mmavk: Any, monkeypatch: pytest.MonkeyPatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    code, out, _ = mmavk("tag", "-", "--format", "jsonl")
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["Ann in Rome"]


def test_a_file_of_a_folder_that_is_no_raw_text_is_told(mmavk: Any, tmp_path: Path):
    (tmp_path / "a.txt").write_text("Ann in Rome")
    (tmp_path / "b.txt").write_text(TAGGED)
    (tmp_path / "c.txt").write_text("id,text\n1,Ann\n")
    code, out, err = mmavk("tag", tmp_path, "--format", "jsonl")
    assert code == 3
    assert ["error" in json.loads(line) for line in out.splitlines()] == [False, True, True]
    assert "no raw text but conll" in err
    assert "no raw text but csv" in err


def test_a_column_of_what_is_no_table_is_refused(mmavk: Any, tmp_path: Path):
    (tmp_path / "a.jsonl").write_text('{"text": "Ann"}\n')
    source = tmp_path / "a.jsonl"
    for line in (("tag", source), ("generate", "--input", source, "--generator", "echo")):
        code, out, err = mmavk(*line, "--text-column", "x")
        assert (code, out) == (2, "")
        assert "--text-column: the input is no table" in err


def test_the_advice_on_conllu_can_be_followed(mmavk: Any, tmp_path: Path):
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU.replace("1-2\tgonna" + "\t_" * 8 + "\n", "").replace("NOUN", "B-ORG"), "utf-8")
    refused = mmavk("data", "convert", path, "-", "--to", "jsonl")
    assert (refused.code, "--from conll --columns _,word," in refused.err) == (3, True)
    columns = "_,word,_,tag,_,_,_,_,_,_"
    done = mmavk("data", "convert", path, "-", "--to", "jsonl", "--from", "conll", "--columns", columns)
    assert done.code == 0, done.err
    assert json.loads(done.out)["tags"] == ["B-ORG", "B-ORG"]


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl", "a.csv"])
def test_a_file_without_a_post_is_told(name: str, mmavk: Any, tmp_path: Path):
    (tmp_path / name).write_text("\n\n", "utf-8")
    done = mmavk("data", "convert", tmp_path / name, "-", "--to", "jsonl")
    assert "there is no post" in done.err
    assert "is kept" not in done.err


@pytest.mark.parametrize("begin", ["[photo] ", "plain ", '["a ', "\n\n[photo] "])
def test_lines_of_a_pipe_are_judged_once_or_twice_however_many_there_are(
    begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []

    def counting(head: bytes, where: str) -> str | None:
        judged.append(len(head))
        return format_of(head, where)

    monkeypatch.setattr(posts, "format_of", counting)
    lines = [f"{begin}{number} in words\n".encode() for number in range(500)]
    (post,) = posts.read_stream(lines, "stdin")
    assert post.text.encode() == b"".join(lines).removesuffix(b"\n")
    assert len(judged) <= 2
