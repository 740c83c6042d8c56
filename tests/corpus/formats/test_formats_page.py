"""docs/formats.md says what the readers do."""

import io
import re
from pathlib import Path

import pytest

from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.records import Post
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.findings import KINDS
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.spans import characters, strict_spans


@pytest.fixture
def page() -> str:
    return (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")


def names(post: Post) -> list[str]:
    return [post.text[slice(*characters(span, post.words))] + f" {span.type}" for span in strict_spans(post.tags or ())]


def section(page: str, title: str) -> str:
    return page.partition(f"\n### {title}\n")[2].partition("\n### ")[0]


def test_json_lines_example_is_read(page: str):
    (block,) = re.findall(r"```json\n(.*?)```", section(page, "JSON Lines"), re.DOTALL)
    rows = list(read_jsonl(io.BytesIO(block.encode()), "page"))
    assert [names(row) for row in rows if isinstance(row, Post)] == [[], *[["Ann Lee PER", "Rome LOC"]] * 2]


def test_conll_example_is_read(page: str, tmp_path: Path):
    (block,) = re.findall(r"```text\n(.*?)```", section(page, "CoNLL"), re.DOTALL)
    path = tmp_path / "page.conll"
    path.write_text(block, "utf-8")
    (post,) = read_conll(path)
    assert (post.id, names(post)) == ("17_06_1", ["Ann Lee PER", "Rome LOC"])


def test_findings_are_all_listed(page: str):
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d) \| (.*) \|$", section(page, "Data sets"), re.MULTILINE)
    assert rows == [(kind, "3" if severity == "score" else "0", meaning) for kind, (severity, meaning) in KINDS.items()]


def test_picture_suffixes_are_listed_in_order(page: str):
    (line,) = [line for line in page.splitlines() if line.startswith("Of several pictures with the same stem")]
    assert tuple(re.findall(r"`(\.[a-z]+)`", line)) == PICTURE_SUFFIXES
