"""The gate: similarity → weight."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import UsageError
from mmavk_cli.similarity.gate import GateSettings, weight

cosines = st.floats(-1, 1)


@pytest.mark.parametrize(
    ("similarity", "threshold", "below", "expected"),
    [
        (0.36, 0.35, 0.0, 1.0),
        (0.35, 0.35, 0.0, 1.0),  # "lower than the threshold" counts less, so the threshold itself counts
        (math.nextafter(0.35, 0), 0.35, 0.0, 0.0),
        (0.1, 0.35, 0.25, 0.25),
        (-1.0, -1.0, 0.0, 1.0),
        (1.0, 1.0, 0.0, 1.0),
        (0.0, 0.15, 0.0, 0.0),  # what a scorer says of an empty text
        (-1.0, None, 0.0, 1.0),
        (math.nan, -1.0, 0.0, 0.0),
        (math.nan, None, 0.0, 1.0),
    ],
)
def test_knowledge_under_the_threshold_counts_less(similarity, threshold, below, expected):
    assert weight(similarity, threshold, below) == expected


@given(cosines, cosines, cosines, st.floats(0, 1))
def test_more_similar_never_counts_less(one, two, threshold, below):
    low, high = sorted((one, two))
    assert 0 <= weight(low, threshold, below) <= weight(high, threshold, below) <= 1


@pytest.mark.parametrize(
    ("given_threshold", "own", "expected"),
    [(None, 0.2, 0.2), (None, None, None), ("none", 0.2, None), ("0.35", 0.2, 0.35), (0, 0.2, 0.0), ("-1", None, -1.0)],
)
def test_threshold_of_the_flag_goes_before_the_models_own(given_threshold, own, expected):
    assert GateSettings(threshold=given_threshold).cut(own) == expected


@pytest.mark.parametrize("wrong", ["1.01", -2, "nan", "inf", "auto", "", "0,35", [0.3]])
def test_what_is_no_threshold_is_refused_by_its_flag(wrong):
    with pytest.raises(UsageError, match=r"--threshold: .*neither a number in \[-1, 1\] nor `none`"):
        GateSettings.gather({"threshold": wrong})


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_weight_below_the_threshold_is_a_share(wrong):
    with pytest.raises(UsageError, match="--below"):
        GateSettings.gather({"below": wrong})
