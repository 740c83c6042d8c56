"""Expected calibration error on cases that can be done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.report.metrics.calibration import BINS, calibration


def test_no_names_no_error() -> None:
    assert calibration([]).error is None


def test_scores_that_hold_have_no_error() -> None:
    found = calibration([(0.75, True), (0.75, True), (0.75, True), (0.75, False), (1.0, True)])
    assert found.error == pytest.approx(0.0)
    assert [(one.low, one.high, one.names) for one in found.bins] == [(0.7, 0.8, 4), (0.9, 1.0, 1)]


def test_error_is_the_distance_weighted_by_names() -> None:
    found = calibration([(0.95, True), (0.95, False), (0.15, True)])
    assert found.error == pytest.approx((2 * 0.45 + 0.85) / 3)
    assert [one.right for one in found.bins] == [1.0, 0.5]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_every_score_is_in_the_bin_that_holds_it(scored: list[tuple[float, bool]]) -> None:
    found = calibration(scored)
    for one in found.bins:
        inside = [right for score, right in scored if one.low < score <= one.high or (score == 0 == one.low)]
        assert len(inside) == one.names
        assert sum(inside) / len(inside) == pytest.approx(one.right)
    assert sum(one.names for one in found.bins) == len(scored)
    assert 0 <= (found.error or 0.0) <= 1
    assert len(found.bins) <= BINS
