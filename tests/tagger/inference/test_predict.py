"""Batching: every post once, in bounds, and the order of the results is that of the posts."""

from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.tagger.inference.predictor import BATCH, MOST_PIECES, _batches


@given(st.lists(st.integers(1, 3 * MOST_PIECES // 2), max_size=60))
def test_batches_hold_every_post_once_and_stay_in_bounds(pieces: list[int]) -> None:
    order = sorted(range(len(pieces)), key=pieces.__getitem__)
    batches = list(_batches(order, pieces))
    assert [index for batch in batches for index in batch] == order
    for batch in batches:
        assert 1 <= len(batch) <= BATCH
        assert len(batch) == 1 or sum(pieces[index] for index in batch) <= MOST_PIECES


def test_batches_are_full_where_posts_are_short() -> None:
    assert [len(batch) for batch in _batches(range(40), [20] * 40)] == [16, 16, 8]
