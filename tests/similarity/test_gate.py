"""The gate: similarity → weight."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import UsageError
from mmavk_cli.similarity.gate import Gate, GateSettings, best_gate, quantile

cosines = st.floats(-1, 1)
shares = st.floats(0, 1)


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
def test_knowledge_under_the_threshold_counts_less(
    similarity: float, threshold: float | None, below: float, expected: float
) -> None:
    assert Gate(threshold, below).weight(similarity) == expected


def test_a_ramp_rises_evenly_up_to_the_threshold() -> None:
    gate = Gate(0.4, below=0.2, ramp=0.1)
    weights = [gate.weight(similarity) for similarity in (0.29, 0.3, 0.35, 0.4, 0.5)]
    assert weights == pytest.approx([0.2, 0.2, 0.6, 1.0, 1.0])


def test_a_learned_gate_is_logistic() -> None:
    gate = Gate(0.3, steepness=20)
    assert gate.weight(0.3) == 0.5
    assert gate.weight(0.35) == pytest.approx(1 / (1 + math.exp(-1)))
    assert gate.weight(-1) == pytest.approx(0, abs=1e-9)


@given(cosines, cosines, cosines, shares, shares, st.none() | st.floats(0, 100))
def test_more_similar_never_counts_less(
    one: float, two: float, threshold: float, below: float, ramp: float, steepness: float | None
) -> None:
    gate, (low, high) = Gate(threshold, below, ramp, steepness), sorted((one, two))
    assert 0 <= gate.weight(low) <= gate.weight(high) + 1e-12 <= 1 + 1e-12


@pytest.mark.parametrize(
    ("given_threshold", "expected"),
    [(None, Gate(0.2, 0.5)), ("none", Gate()), ("0.35", Gate(0.35, 0.5)), (0, Gate(0.0, 0.5)), ("-1", Gate(-1, 0.5))],
)
def test_threshold_of_the_flag_goes_before_the_models_own(given_threshold: object, expected: Gate) -> None:
    assert GateSettings(threshold=given_threshold).gate(Gate(0.2, below=0.5)) == expected


@pytest.mark.parametrize("trained", ["auto", "learned", "quantile:0.85"])
def test_what_only_training_finds_is_no_threshold_for_a_trained_model(trained: str) -> None:
    with pytest.raises(UsageError, match=f"'{trained}' can only be found by training"):
        GateSettings(threshold=trained).gate(Gate(0.2))


@given(st.lists(cosines, min_size=1, max_size=50), st.integers(0, 100))
def test_at_most_the_share_is_under_its_quantile(similarities: list[float], percent: int) -> None:
    threshold = quantile(similarities, percent / 100)
    under = sum(one < threshold for one in similarities)
    assert under * 100 <= percent * len(similarities)
    assert threshold in similarities


def test_training_gates() -> None:
    similarities = [number / 100 for number in range(100)]
    assert GateSettings(threshold="quantile:0.85").training_gate(similarities) == Gate(0.85)
    assert GateSettings(threshold="auto").training_gate(similarities) == Gate()
    assert GateSettings(threshold=0.35, below=0.1, ramp=0.2).training_gate(similarities) == Gate(0.35, 0.1, 0.2)
    learned = GateSettings(threshold="learned").training_gate(similarities)
    assert (learned.threshold, learned.steepness) == (0.5, pytest.approx(5.0))
    assert GateSettings().training_gate(similarities) == Gate()


def test_auto_takes_the_best_and_of_equals_the_one_that_gates_least() -> None:
    similarities = [number / 100 for number in range(100)]

    def right(gate: Gate) -> float:
        counted: Sequence[float] = [one for one in similarities if gate.weight(one) > 0]
        return sum(1 if one >= 0.4 else -1 for one in counted)

    assert best_gate(right, similarities, GateSettings()) == Gate(0.4)
    assert best_gate(lambda _: 1.0, similarities, GateSettings()) == Gate()


@pytest.mark.parametrize("wrong", ["1.01", -2, "nan", "inf", "automatic", "", "0,35", [0.3]])
def test_what_is_no_threshold_is_refused_by_its_flag(wrong: object) -> None:
    with pytest.raises(UsageError, match=r"--threshold: .*neither a number in \[-1, 1\] nor `none`"):
        GateSettings.gather({"threshold": wrong})


def test_a_quantile_is_a_share() -> None:
    with pytest.raises(UsageError, match=r"--threshold: .*a quantile is from 0 to 1"):
        GateSettings.gather({"threshold": "quantile:85"})


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_weight_below_the_threshold_is_a_share(wrong: float) -> None:
    with pytest.raises(UsageError, match="--below"):
        GateSettings.gather({"below": wrong})
