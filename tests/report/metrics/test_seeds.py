"""Scores over seeds, on numbers worked by hand."""

import pytest

from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.f1 import Scores, scores_of
from mmavk_cli.report.metrics.seeds import Spread, mean_interval, seeds_text, spread, spread_scores, summed
from mmavk_cli.report.metrics.significance import ResamplingSettings

# Two posts, two seeds. Seed 1: 3 right, 1 spurious, 1 missed. Seed 2: 2 right, 2 missed.
COUNTS = {1: [Count(2, 1, 0), Count(1, 0, 1)], 2: [Count(2, 0, 0), Count(0, 0, 2)]}


def test_deviation_is_that_of_a_sample():
    assert spread([80.0, 82.0, 87.0]) == Spread(83.0, pytest.approx(13**0.5))
    assert spread([80.0]) == Spread(80.0, None)


def test_shown_with_and_without_deviation():
    assert str(Spread(83.456, 1.234)) == "83.46±1.23"
    assert str(Spread(80.0, None)) == "80.00"
    assert (seeds_text([1]), seeds_text([1, 2])) == ("seed 1", "seeds 1, 2")


def test_scores_are_the_mean_of_each_seeds():
    scores = spread_scores([scores_of(one) for one in COUNTS.values()])
    assert scores.precision == Spread(pytest.approx((75 + 100) / 2), pytest.approx(25 / 2**0.5))
    assert scores.recall == Spread(pytest.approx((75 + 50) / 2), pytest.approx(25 / 2**0.5))
    assert scores.f1.mean == pytest.approx((75 + 200 / 3) / 2)
    assert scores.gold == 4
    assert scores.interval is None
    assert scores.ends() == ""


def test_scores_put_together_have_no_interval_of_one_seed():
    rows = [Scores(50, 60, 55, 9, (1, 2)), Scores(70, 80, 75, 9, (3, 4))]
    assert spread_scores(rows).interval is None
    assert spread_scores(rows).f1.mean == 65


def test_interval_is_of_the_mean_over_the_same_draws():
    # A draw of two posts is (a, a), (a, b), or (b, b): mean F1 over the seeds 90, 70.83 or 33.33.
    low, high = mean_interval(COUNTS, ResamplingSettings(resamples=400))
    assert (low, high) == (pytest.approx((200 * 1 / 3 + 0) / 2), pytest.approx((80 + 100) / 2))
    one = mean_interval({1: COUNTS[1]}, ResamplingSettings(resamples=400))
    assert one == (pytest.approx(200 / 3), pytest.approx(80))


def test_counts_add_up_post_by_post():
    assert summed(COUNTS) == [Count(4, 1, 0), Count(1, 0, 3)]
