"""Intervals and p-values against small independent ways to get them."""

import random
from itertools import product

import numpy as np
import pytest

from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.resampling import f1, resampled, swapped, table
from mmavk_cli.report.metrics.seeds import seed_scores
from mmavk_cli.report.metrics.significance import ResamplingSettings, difference, holm, intervals

SETTINGS = ResamplingSettings()


def plain_f1(counts: list[Count]) -> float:
    right, spurious, missed = (sum(part) for part in zip(*counts, strict=True))
    return 200 * right / (2 * right + spurious + missed) if right else 0.0


def enumerated(first: list[Count], second: list[Count]) -> float:
    """The exact two-sided p: the share of all 2^N ways to swap that part the two at least as far."""
    gap = abs(plain_f1(first) - plain_f1(second))
    wider = 0
    for swaps in product((False, True), repeat=len(first)):
        pairs = [(b, a) if swap else (a, b) for a, b, swap in zip(first, second, swaps, strict=True)]
        wider += abs(plain_f1([a for a, _ in pairs]) - plain_f1([b for _, b in pairs])) >= gap - 1e-9
    return wider / 2 ** len(first)


def drawn(seed: int, posts: int) -> tuple[list[Count], list[Count]]:
    dice = random.Random(seed)
    one = [Count(dice.randrange(3), dice.randrange(2), dice.randrange(2)) for _ in range(posts)]
    other = [Count(dice.randrange(2), dice.randrange(3), dice.randrange(3)) for _ in range(posts)]
    return one, other


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_all_swaps(seed: int) -> None:
    first, second = drawn(seed, posts=8)
    found = difference(first, second, SETTINGS)
    exact = enumerated(first, second)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / SETTINGS.swaps) + 2 / SETTINGS.swaps)
    assert found.difference == pytest.approx(plain_f1(first) - plain_f1(second))
    assert found.significant == (found.p < 0.05)


def test_p_of_a_case_by_hand() -> None:
    """One is right in each of 6 posts, the other never: only no swap and all swaps part them as far, 2 of 64."""
    first, second = [Count(1, 0, 0)] * 6, [Count(0, 1, 1)] * 6
    assert enumerated(first, second) == 2 / 64
    found = difference(first, second, SETTINGS)
    assert found.p == pytest.approx(2 / 64, abs=0.006)
    assert found.significant
    assert found.interval == (100.0, 100.0)
    assert not difference(first[:4], second[:4], SETTINGS).significant, "with 4 posts p is 2/16 at best"


def test_equal_systems_have_no_gap() -> None:
    one, _ = drawn(1, posts=30)
    found = difference(one, list(one), SETTINGS)
    assert (found.difference, found.interval, found.p, found.significant) == (0.0, (0.0, 0.0), 1.0, False)


def test_order_of_the_two_changes_the_sign_alone() -> None:
    first, second = drawn(2, posts=20)
    there, back = difference(first, second, SETTINGS), difference(second, first, SETTINGS)
    assert there.difference == -back.difference
    assert there.p == back.p
    assert there.interval == pytest.approx(tuple(-end for end in reversed(back.interval)))


def test_swaps_are_of_whole_posts() -> None:
    first, second = [Count(2, 0, 1)], [Count(0, 3, 3)]
    found = set(np.round(swapped(table([first])[:, 0], table([second])[:, 0], 300, 1), 9))
    assert found == {80.0, -80.0}


def test_resampled_f1_is_that_of_posts_drawn_again() -> None:
    one, other = drawn(3, posts=7)
    dice = np.random.default_rng(5)
    expected = []
    for _ in range(20):
        chosen = dice.integers(7, size=7)
        expected.append([plain_f1([group[row] for row in chosen]) for group in (one, other)])
    np.testing.assert_allclose(resampled(table([one, other]), 20, 5), expected)


def test_f1_without_names_is_zero() -> None:
    assert f1(np.zeros((2, 3))).tolist() == [0.0, 0.0]


def test_interval_is_as_wide_as_theory_says() -> None:
    """F1 of posts that are all right or all missed is a known function of a binomial share."""
    posts = [Count(1, 0, 0)] * 320 + [Count(0, 0, 1)] * 80
    found = intervals({"all": posts}, SETTINGS)["all"]
    assert found is not None
    low, high = found
    ends = [200 * share / (1 + share) for share in (0.8 - 1.96 * 0.02, 0.8 + 1.96 * 0.02)]
    assert (low, high) == pytest.approx(tuple(ends), abs=0.5)
    assert intervals({}, SETTINGS) == {}


def test_a_draw_without_gold_says_nothing() -> None:
    nothing, wrong = Count(0, 0, 0), Count(0, 1, 0)
    found = intervals({"rare": [Count(1, 0, 0), *[nothing] * 20], "empty": [nothing, *[wrong] * 20]}, SETTINGS)
    assert found == {"rare": (100.0, 100.0), "empty": None}
    assert seed_scores({1: [wrong] * 3, 2: [nothing] * 3}, SETTINGS).interval is None
    assert difference([wrong] * 3, [nothing] * 3, SETTINGS).interval == (0.0, 0.0)


def test_interval_hangs_on_the_seed_alone() -> None:
    one, _ = drawn(4, posts=50)
    again = intervals({"a": one}, SETTINGS)
    assert again == intervals({"a": one}, SETTINGS)
    assert again != intervals({"a": one}, ResamplingSettings(resampling_seed=2))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
