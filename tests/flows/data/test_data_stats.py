"""`mmavk data stats`: Table 1 of the real data sets, and of a small one."""

import json
from pathlib import Path

import pytest

from mmavk_cli.flows.data.stats import DataStatsSettings, data_stats
from mmavk_cli.report.paper.published import published_counts

# split → (strict, conlleval, published, words), by hand from the counts that were made before this program.
TWITTER2015 = {
    "train": (6166, 6352, 6176, 64439),
    "valid": (1541, 1594, 1546, 16178),
    "test": (5072, 5207, 5078, 52822),
}
TWITTER2017 = {
    "train": (6049, 6049, 6049, 53007),
    "valid": (1324, 1324, 1234, 11309),
    "test": (1351, 1351, 1351, 11330),
}


@pytest.mark.parametrize(("name", "expected"), [("twitter2015", TWITTER2015), ("twitter2017", TWITTER2017)])
def test_totals_of_the_real_data(shared_data, name: str, expected: dict[str, tuple[int, ...]]):
    stats = data_stats(DataStatsSettings(dataset=name, data_dir=shared_data))
    cells = {(line.split, line.what): line for line in stats.lines}
    found = {}
    for split in expected:
        total, words = cells[split, "total"], cells[split, "words"]
        found[split] = (total.strict, total.lenient, total.published, words.strict)
        assert cells[split, "tweets"].strict == cells[split, "tweets"].published
        assert sum(cells[split, kind].strict for kind in ("PER", "LOC", "ORG", "MISC")) == total.strict
    assert found == expected


def test_cells_that_no_rule_gives(shared_data):
    def unexplained(name: str) -> set[tuple[str, str]]:
        stats = data_stats(DataStatsSettings(dataset=name, data_dir=shared_data))
        return {(line.split, line.what) for line in stats.lines if line.unexplained}

    assert unexplained("twitter2015") == {
        ("train", "ORG"), ("train", "MISC"), ("valid", "MISC"), ("test", "MISC"),
        ("train", "total"), ("valid", "total"), ("test", "total"),
    }  # fmt: skip
    assert unexplained("twitter2017") == {("valid", "total")}


def test_published_numbers_are_those_of_the_paper(shared_data):
    table = json.loads((shared_data.parent / "paper" / "published.json").read_text("utf-8"))["table1_entities"]
    for name, splits in table.items():
        published = published_counts(name)
        assert published.source.startswith("MMAVK, 2025")
        assert published.splits.keys() == splits.keys()
        for split, row in splits.items():
            own = published.splits[split]
            assert own.entities | {"tweets": own.tweets} == {key: row[key] for key in row if key != "note"}
            assert own.note == row.get("note", "")


TINY = "IMGID:1\nAnn\tB-PER\nLee\tI-PER\nof\tI-ORG\nX\tB-GAME\n"


def test_a_set_that_nobody_published(make_set, mmavk):
    folder = make_set(train=TINY)
    code, out, err = mmavk("data", "stats", "tiny", "--data-dir", folder.parent, "--format", "json")
    assert (code, err) == (0, "missing: valid, test\n")
    found = json.loads(out)
    assert {line["what"]: (line["strict"], line["lenient"]) for line in found["lines"]} == {
        "PER": (1, 1), "LOC": (0, 0), "ORG": (0, 1), "MISC": (0, 0), "GAME": (1, 1),
        "total": (2, 3), "tweets": (1, 1), "words": (4, 4),
    }  # fmt: skip
    assert {line["published"] for line in found["lines"]} == {None}
    assert not any(line["unexplained"] for line in found["lines"])


def test_table_of_real_data(shared_data, mmavk):
    code, out, err = mmavk("data", "stats", "twitter2017", "--data-dir", shared_data)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "a slip" in out
    (line,) = [line for line in out.splitlines() if "no rule reproduces it" in line]
    assert [part.strip() for part in line.split("│")[2:6]] == ["total", "1234", "1324", "1324"]


@pytest.mark.parametrize("content", [None, "a\tX\n"], ids=["no such set", "a bad tag"])
def test_what_cannot_be_counted_exits_3(make_set, mmavk, tmp_path: Path, content: str | None):
    if content:
        make_set(test=content)
    code, out, err = mmavk("data", "stats", "tiny", "--data-dir", tmp_path)
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert ("test.txt:1" if content else "no data set 'tiny'") in err


def test_files_that_are_not_read_are_named(make_set, mmavk):
    folder = make_set(train="a\tO\n", dev="a\tB-PER\n", other="a\tO\n")
    code, out, err = mmavk("data", "stats", "tiny", "--data-dir", folder.parent)
    assert (code, err) == (0, "missing: test\n")
    assert "not read: other.txt" in out
    assert "train: no post has a name" in out
    for path in folder.glob("*"):
        path.rename(path.with_suffix(".csv"))
    code, _, err = mmavk("data", "stats", "tiny", "--data-dir", folder.parent)
    assert (code, "There is dev.csv, other.csv, train.csv" in err) == (3, True)
