"""CSV and TSV: every row is a post or told, and what a program wrote reads back."""

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.csv_cells import safe_cell
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.records import BadRow, Counted, Post
from mmavk_cli.corpus.formats.registry import FORMATS
from mmavk_cli.corpus.formats.table import ColumnNames, Table
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, strict_spans

cell_texts = st.text(alphabet="ab é👩,;\t|\"'\n\r\0=@", min_size=1, max_size=12).filter(cut)


def read(raw: bytes | str, delimiter: str | None = None, **columns: str) -> tuple[list[Post | BadRow], list[str]]:
    counted = Counted()
    content = raw.encode() if isinstance(raw, str) else raw
    table = Table("csv", ".csv", delimiter, ColumnNames(**columns))
    found = list(table.read_lines(content.splitlines(keepends=True), counted))
    return found, [note.detail for note in counted.notes.values()]


def texts(rows: list[Post | BadRow]) -> list[str]:
    return [row.text for row in rows if isinstance(row, Post)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(posts=st.lists(cell_texts, min_size=1, max_size=6))
def test_every_row_is_a_post_whatever_is_quoted(delimiter: str, end: str, posts: list[str]):
    if end == "\n":  # Python's writer does not quote a lone carriage return then
        posts = [text.replace("\r", ".") for text in posts]
    if delimiter == "\t":  # a cell of tabs and line ends may look like rows without quoting
        posts = [text.replace("\t", ".") for text in posts]
    written = io.StringIO()
    table = csv.writer(written, delimiter=delimiter, lineterminator=end)
    table.writerows([["id", "text", "image"], *([str(number), text, ""] for number, text in enumerate(posts))])
    found, _ = read(written.getvalue())
    assert texts(found) == posts
    assert [row.id for row in found] == [str(number) for number in range(len(posts))]


@given(st.lists(st.text(alphabet='ab "', min_size=1, max_size=8).filter(cut), min_size=1, max_size=6))
def test_tabs_without_quoting_lose_no_row(posts: list[str]):
    """Many programs write tabs between cells and quote nothing: a quote is then a character."""
    lines = ["id\ttext", *(f"{number}\t{text}" for number, text in enumerate(posts))]
    found, _ = read("\n".join(lines) + "\n", "\t")
    assert len(found) == len(posts)
    for number, (text, row) in enumerate(zip(posts, found, strict=True)):
        if isinstance(row, BadRow):
            assert not text.replace('"', "").strip() or '""' in text  # blank once its quotes are taken off
        else:
            assert row.id == str(number)
            assert row.text == text or '"' in text


@given(st.lists(st.lists(st.sampled_from(["Ann", "in Rome", '"', 'a"b', '"x"', ""]), max_size=4), max_size=6))
def test_no_line_is_lost_without_a_word(rows: list[list[str]]):
    lines = ["id,text", *(",".join(cells) for cells in rows)]
    found, _ = read("\n".join(lines) + "\n")
    seen = sum(1 for line in lines[1:] if line.strip())
    joined = sum(f"{row.id}{row.text}".count("\n") for row in found if isinstance(row, Post))
    bad = [row for row in found if isinstance(row, BadRow)]
    assert bad or len(found) + joined == seen, "a row of several lines may be bad as a whole"


def test_what_is_guessed_is_told():
    found, said = read("Tweet ID;Tweet Text;Likes\n7;Ann in Rome;3\n")
    assert [(row.id, row.text) for row in found if isinstance(row, Post)] == [("7", "Ann in Rome")]
    assert said == ["semicolon between cells, text from 'Tweet Text', id from 'Tweet ID'; not read: 'Likes'"]


def test_without_a_heading_the_longest_column_is_the_text_and_that_is_told():
    found, said = read("1,Ann Lee visits Rome,a.jpg\n2,Bob in Oslo,b.jpg\n")
    assert texts(found) == ["Ann Lee visits Rome", "Bob in Oslo"]
    assert "there is no heading" in said[0]


def test_an_unknown_heading_is_one():
    found, said = read("review,stars\nAnn Lee visits Rome,5\nBob in Oslo,4\n")
    assert texts(found) == ["Ann Lee visits Rome", "Bob in Oslo"]
    assert "'review'" in said[0]


def test_columns_are_named_by_heading_or_number():
    raw = "a,b,c\nAnn in Rome,x y z w,p.jpg\n"
    found, _ = read(raw, text="a", image="c", id="b")
    assert [(row.id, row.text, str(row.image)) for row in found if isinstance(row, Post)] == [
        ("x y z w", "Ann in Rome", "p.jpg")
    ]
    assert texts(read(raw, text="2", image="c")[0]) == ["x y z w"]
    with pytest.raises(UsageError, match=r"no column 'd'.*a, b, c"):
        read(raw, text="d", image="c")


@pytest.mark.parametrize(
    ("raw", "line", "what"),
    [
        ("id,text\n1,a\n2,b,c\n3,d\n", 3, "3 cells where the first row has 2"),
        ("id,text\n1,a\n2\n3,d\n", 3, "1 cells where the first row has 2"),
        (b"id,text\n1,a\n2,caf\xe9\n3,d\n", 3, "not UTF-8"),
        ('id,text\n1,a\n2,"b, c\n3,d\n', 3, "a quote is not closed"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_go_on(raw: bytes | str, line: int, what: str):
    found, _ = read(raw)
    assert texts(found) == ["a", "d"]
    (bad,) = (row for row in found if isinstance(row, BadRow))
    assert bad.problem.where == f"stdin:{line}"
    assert what in bad.problem.what


def test_other_encodings_are_refused():
    with pytest.raises(DataError, match="UTF-16"):
        read("id,text\n1,a\n".encode("utf-16"))
    assert texts(read("\ufeffid,text\n1,é\n")[0]) == ["é"]


def test_a_table_of_a_word_a_row_is_refused_with_advice():
    with pytest.raises(DataError, match=r"a word a row.*CoNLL"):
        read("Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,B-per\n,in,IN,O\n")


def test_a_nul_is_a_character():
    assert texts(read("id,text\n1,a\0b\n")[0]) == ["a\0b"]


def names(row: Post | BadRow) -> list[Any]:
    assert isinstance(row, Post), row
    return [(*characters(span, row.words), span.type) for span in strict_spans(row.tags or ())]


@pytest.mark.parametrize("name", ["csv", "tsv"])
@settings(max_examples=40, deadline=None)
@given(posts=st.lists(st.tuples(cell_texts, st.booleans()), min_size=1, max_size=5))
def test_what_is_written_reads_back(name: str, posts: list[tuple[str, bool]]):
    given_posts = []
    for number, (text, named) in enumerate(posts):
        words = cut(text)
        tags = ("B-PER", *("O",) * (len(words) - 1)) if named else ("O",) * len(words)
        given_posts.append(Post(f"'{number}", text, words, tags, f"@{number}", None, image_url="https://x/y?=1"))
    form, counted = FORMATS[name], Counted()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"f{form.suffix}"
        with form.writer(path) as put:
            for post in given_posts:
                put(form.record(post, path.parent))
        found = list(form.read(path, counted))
    assert [(row.id, row.text, names(row)) for row in found if isinstance(row, Post)] == [
        (post.id, post.text, names(post)) for post in given_posts
    ]
    assert [(row.image_id, row.image_url) for row in found if isinstance(row, Post)] == [
        (post.image_id, post.image_url) for post in given_posts
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_cell_is_a_formula(text: str):
    assert safe_cell(text) == f"'{text}"


def test_a_cell_that_is_none_stays():
    assert [safe_cell(text) for text in ("Ann", "1=1", "", "'x")] == ["Ann", "1=1", "", "''x"]


def test_tag_reads_and_writes_a_table(mmavk: Any, tmp_path: Path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('id,tweet\n1,"@Harry Kane, at Wembley"\n2,"=1+1"\n')
    code, out, err = mmavk("tag", source, "--format", "csv")
    assert code == 0
    assert "text from 'tweet'" in err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {(row["id"], row["text"]) for row in rows} == {("1", "'@Harry Kane, at Wembley"), ("2", "'=1+1")}
    target.write_text(out)
    code, again, _ = mmavk("data", "convert", target, "-", "--to", "jsonl")
    assert code == 0
    assert [json.loads(line)["text"] for line in again.splitlines()] == ["@Harry Kane, at Wembley", "=1+1"]
    code, out, _ = mmavk("tag", source, "--text-column", "id", "--format", "jsonl")
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["1", "2"]


def test_a_table_through_pipes(mmavk: Any, tmp_path: Path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "text": "Ann in Rome", "entities": [{"start": 7, "end": 11, "type": "LOC"}]}\n')
    _, out, _ = mmavk("data", "convert", source, "-", "--to", "csv")
    assert out.splitlines() == [
        "id,text,start,end,type,name,score,image_id,image", "a,Ann in Rome,7,11,LOC,Rome,,,"
    ]  # fmt: skip


def test_the_line_by_which_excel_is_told_the_delimiter_is_no_row():
    found, _ = read("\ufeffsep=|\r\nid|text\r\n1|Ann, or Bob, or Cid\r\n2\r\n")
    assert texts(found) == ["Ann, or Bob, or Cid"]
    assert [row.problem.where for row in found if isinstance(row, BadRow)] == ["stdin:4"]
    assert texts(read("sep=;\n")[0]) == []


def test_blank_lines_above_the_first_row_count():
    found, _ = read("\n\nid,text\n1\n")
    assert [row.problem.where for row in found if isinstance(row, BadRow)] == ["stdin:4"]
