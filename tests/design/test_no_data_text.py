"""No text of the data sets or of their captions stands in the repository: their owners gave no licence for that."""

import re
from collections.abc import Iterator
from pathlib import Path

from mmavk_cli.corpus.conll import read_conll

ROOT = Path(__file__).parents[2]
RUN = 8
"""So many words in a row that are the same are a quotation; shorter runs are common English."""

PLACES = ("mmavk_cli", "tests", "docs", "README.md", "CHANGELOG.md")
KINDS = {".py", ".md", ".txt", ".jsonl", ".toml", ".html"}


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """All runs of `RUN` words of a text, in small letters."""
    words = re.findall(r"\w+", text.lower())
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def files() -> Iterator[Path]:
    for place in PLACES:
        inside = [ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*")
        yield from (path for path in inside if path.suffix in KINDS)


def published(data: Path) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for path in sorted(data.glob("twitter*/*.txt")):
        for post in read_conll(path):
            found.update(runs(post.text))
    for path in sorted(data.glob("knowledge/blip2/*.txt")):
        for line in path.read_text("utf-8").splitlines():
            found.update(runs(line.partition(":")[2]))
    return found


def test_no_file_quotes_the_data_sets(shared_data: Path):
    data = published(shared_data)
    assert len(data) > 100_000
    quoted = {(path.relative_to(ROOT), run) for path in files() for run in runs(path.read_text("utf-8")) if run in data}
    assert quoted == set()
