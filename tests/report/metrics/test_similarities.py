"""Numbers about many similarities, and vectors as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmavk_cli.report.metrics.similarities import MOST_BINS, QUANTILES, distribution
from mmavk_cli.similarity.vectors import cosine, packed, unpacked

cosines = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200)


@given(cosines, st.floats(-1, 1, width=32))
def test_numbers_are_those_of_numpy(values: list[float], cut: float):
    found = distribution(values, [cut])
    assert found is not None
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert found.median == pytest.approx(np.median(values), abs=1e-9)
    assert list(found.quantiles.values()) == pytest.approx(np.quantile(values, QUANTILES).tolist(), abs=1e-9)
    assert list(found.gated.values()) == [np.mean(np.array(values) < cut)]


@given(cosines)
def test_every_similarity_is_in_one_bin(values: list[float]):
    found = distribution(values, [])
    assert found is not None
    assert sum(one.posts for one in found.bins) == len(values)
    assert len(found.bins) <= MOST_BINS
    for one in found.bins:
        assert one.posts == sum(one.low <= value < one.high for value in values)
        assert one.under == pytest.approx(sum(value < one.high for value in values) / len(values))


def test_no_similarity_has_no_numbers():
    assert distribution([], [0.35]) is None


vectors = arrays(np.float32, 16, elements=st.floats(-1, 1, width=32))


@given(vectors)
def test_vector_comes_back_to_the_bit(vector: np.ndarray):
    assert unpacked(packed(vector)).tobytes() == vector.tobytes()


@given(vectors, vectors)
def test_cosine_is_numpys_and_never_past_one(one: np.ndarray, two: np.ndarray):
    norms = np.linalg.norm(one) * np.linalg.norm(two)
    if norms > 1e-3:
        one, two = one / np.linalg.norm(one), two / np.linalg.norm(two)
        assert cosine(one, two) == pytest.approx(float(one @ two), abs=1e-5)
        assert -1 <= cosine(one, one) <= 1
