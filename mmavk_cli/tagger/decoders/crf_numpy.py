"""The CRF's best tags (Viterbi) and exact span probabilities (forward-backward) from emissions, in NumPy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmavk_cli.base.records import Span

Array = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chain:
    """A CRF's scores: start [T], transitions [T from, T to], end [T], and the names of the T tags."""

    start: Array
    transitions: Array
    end: Array
    tags: tuple[str, ...]


def best_tags(chain: Chain, emissions: Array, lengths: Lengths) -> list[list[str]]:
    """The Viterbi path of each post; emissions [B, W, T], lengths [B] in words."""
    posts, longest, _ = emissions.shape
    if not longest:
        return [[] for _ in range(posts)]
    score = chain.start + emissions[:, 0]
    back = np.zeros(emissions.shape, np.int64)
    for word in range(1, longest):
        through = score[:, :, None] + chain.transitions
        back[:, word] = through.argmax(1)
        going = (word < lengths)[:, None]
        score = np.where(going, through.max(1) + emissions[:, word], score)
    last = (score + chain.end).argmax(1)
    return [_walk(back[post], int(last[post]), int(lengths[post]), chain.tags) for post in range(posts)]


def _walk(back: npt.NDArray[np.int64], last: int, length: int, tags: tuple[str, ...]) -> list[str]:
    path = [last] * min(length, 1)
    for word in range(length - 1, 0, -1):
        path.append(int(back[word, path[-1]]))
    return [tags[tag] for tag in reversed(path)]


@dataclass(frozen=True, slots=True)
class Sums:
    """Forward and backward log-sums [B, W, T] and the log-partition [B] of a batch, float64."""

    forward: Wide
    backward: Wide
    total: Wide


def span_scores(chain: Chain, emissions: Array, lengths: Lengths, spans: list[list[Span]]) -> list[list[float]]:
    """Marginal probability of each span of each post, exact by forward-backward.

    P(span) sums over all paths with B-X at its start, I-X to its end, and no I-X behind it.

    Args:
        chain: the scores of tags beside each other.
        emissions: [B, W, T].
        lengths: [B] words of each post.
        spans: of each post.
    """
    if not any(spans):
        return [[] for _ in spans]
    sums = forward_backward(chain, emissions, lengths)
    return [
        [_span_score(chain, emissions[post, : lengths[post]], span, sums, post) for span in found]
        for post, found in enumerate(spans)
    ]


def forward_backward(chain: Chain, emissions: Array, lengths: Lengths) -> Sums:
    """The sums over all tag paths of each post; a post of length 0 has total 0."""
    forward = np.zeros(emissions.shape, np.float64)
    backward = np.zeros(emissions.shape, np.float64)
    longest = emissions.shape[1]
    if longest:
        forward[:, 0] = chain.start + emissions[:, 0]
    for word in range(1, longest):
        forward[:, word] = _logsum(forward[:, word - 1, :, None] + chain.transitions, 1) + emissions[:, word]
    for word in range(longest - 1, -1, -1):
        backward[:, word] = chain.end
        going = word + 1 < lengths
        if going.any():
            ahead = emissions[going, word + 1] + backward[going, word + 1]
            backward[going, word] = _logsum(chain.transitions + ahead[:, None, :], 2)
    last = forward[np.arange(len(lengths)), np.maximum(lengths - 1, 0)] if longest else np.zeros((len(lengths), 1))
    total = np.where(lengths > 0, _logsum(last + (chain.end if longest else 0.0), 1), 0.0)
    return Sums(forward, backward, total)


def _span_score(chain: Chain, emissions: Array, span: Span, sums: Sums, post: int) -> float:
    begin, inside = chain.tags.index(f"B-{span.type}"), chain.tags.index(f"I-{span.type}")
    score = float(sums.forward[post, span.start, begin])
    at = begin
    for word in range(span.start + 1, span.end):
        score += float(chain.transitions[at, inside]) + float(emissions[word, inside])
        at = inside
    if span.end == len(emissions):
        score += float(chain.end[at])
    else:
        rest = chain.transitions[at] + emissions[span.end] + sums.backward[post, span.end]
        rest[inside] = -np.inf
        score += float(_logsum(rest, 0))
    return float(min(1.0, np.exp(score - sums.total[post])))


def _logsum(values: Wide, axis: int) -> Wide:
    peak = values.max(axis=axis, keepdims=True)
    out: Wide = np.log(np.exp(values - peak).sum(axis=axis)) + peak.squeeze(axis)
    return out
