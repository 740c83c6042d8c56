"""Tables of scores: what has no name of the gold has no score."""

from mmavk_cli.report.score_tables import score_table


def row(gold: int) -> dict[str, object]:
    return {"precision": 50.0, "recall": 50.0, "f1": 50.0, "gold": gold, "interval": (40.0, 60.0) if gold else None}


def test_empty_rows_show_a_dash():
    scores = {"strict": {"overall": row(4), "ORG": row(0)}, "conlleval": {"overall": row(4), "ORG": row(0)}}
    groups = {"strict": {"unseen": row(0)}, "conlleval": {"unseen": row(2)}}
    rows = score_table("", scores | {"groups": groups}).rows
    assert rows == (
        ("overall", "50.00", "50.00", "50.00", "40.0 to 60.0", "4", "50.00"),
        ("ORG", "-", "-", "-", "-", "0", "-"),
        ("unseen", "-", "-", "-", "-", "0", "50.00"),
    )
