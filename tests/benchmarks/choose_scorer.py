"""How the text scorer and its threshold were chosen, on the validation splits (docs/decisions.md).

    python tests/benchmarks/choose_scorer.py forms      --data-dir DATA --captions DATA/knowledge/blip2
    python tests/benchmarks/choose_scorer.py thresholds --data-dir DATA --captions DATA/knowledge/blip2
    python tests/benchmarks/choose_scorer.py sweep      --data-dir DATA --store STORE --model RUN|embedded

`forms` compares ways to score: a post's own caption against the captions of other posts (rings in random order, five
seeds); about two minutes on one core. `thresholds` shows what a threshold of the shipped scorer keeps and drops.
`sweep` gives a tagger's validation F1 at every threshold, with a post's own captions and with another post's, from a
store that holds them as `blip2` (`mmavk store import`).
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mmavk_cli
from mmavk_cli.base.paths import dataset_folder
from mmavk_cli.base.tokenizers import load_tokenizer
from mmavk_cli.flows.evaluate.evaluate import EvalSettings, evaluate
from mmavk_cli.flows.train.fit_text_scorer import NEUTRAL, captioned
from mmavk_cli.report.metrics.f1 import OVERALL
from mmavk_cli.similarity.text_scorer import TOKENIZER, WEIGHTS, TextScorer, piece_ids
from mmavk_cli.similarity.text_scorer_fit import FitSettings, Pair, fit, word_embeddings
from mmavk_cli.tagger.encoders.transformer import MINILM, encoder_folder
from mmavk_cli.tagger.encoders.transformer_layers import load_transformer

DATASETS = ("twitter2015", "twitter2017")
SEEDS = range(5)
EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded"

Numbers = NDArray[np.float64]
Score = Callable[[Sequence[str], Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Separation:
    """How well a scorer tells a post's own caption from another's."""

    auc: float
    auc_sd: float
    distance: float
    own: float
    other: float


def pairs_of(data_dir: Path, captions: Path, split: str) -> dict[str, list[Pair]]:
    """Posts with their own captions, a data set; without the placeholder's."""
    return {name: captioned(dataset_folder(name, data_dir), captions / f"{name}.txt", split) for name in DATASETS}


def of_others(pairs: Sequence[Pair], seed: int) -> list[str]:
    """For each post the caption of another: the next in a ring of random order."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    moved = np.empty_like(order)
    moved[order] = np.roll(order, 1)
    return [pairs[row][1] for row in moved]


def auc(own: Numbers, other: Numbers) -> float:
    """Share of (own, other) pairs in which the own scores higher; a tie counts half."""
    ordered = np.sort(other)
    below, upto = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
    return float((below + upto).mean() / 2 / len(other))


def scores_of(score: Score, pairs: Sequence[Pair]) -> tuple[Numbers, list[Numbers]]:
    """Scores of the own captions, and for each seed of the others'."""
    posts = [post for post, _ in pairs]
    own = np.asarray(score(posts, [caption for _, caption in pairs]))
    return own, [np.asarray(score(posts, of_others(pairs, seed))) for seed in SEEDS]


def separation(score: Score, pairs: Sequence[Pair]) -> Separation:
    """AUC (mean and sd over the seeds) and the distance of the means in standard deviations."""
    own, others = scores_of(score, pairs)
    aucs, other = [auc(own, one) for one in others], np.concatenate(others)
    distance = (own.mean() - other.mean()) / np.sqrt((own.var() + other.var()) / 2)
    return Separation(float(np.mean(aucs)), float(np.std(aucs)), float(distance), own.mean(), other.mean())


class Lexical:
    """Cosine of IDF-weighted bags of pieces."""

    def __init__(self, tokenizer: Any, idf: Numbers) -> None:
        self.tokenizer, self.idf = tokenizer, idf

    def __call__(self, posts: Sequence[str], knowledge: Sequence[str]) -> list[float]:
        sides = (piece_ids(self.tokenizer, posts), piece_ids(self.tokenizer, knowledge))
        return [self._cosine(*both) for both in zip(*sides, strict=True)]

    def _cosine(self, a: Sequence[int], b: Sequence[int]) -> float:
        one, two = (dict(zip(*np.unique(ids, return_counts=True), strict=True)) for ids in (a, b))
        dot = sum(one[i] * two[i] * self.idf[i] ** 2 for i in one.keys() & two.keys())
        norms = [sum((count * self.idf[i]) ** 2 for i, count in bag.items()) for bag in (one, two)]
        return float(dot / np.sqrt(norms[0] * norms[1])) if all(norms) else 0.0


def cosine_of(embed: Callable[[Sequence[str]], Numbers]) -> Score:
    """A scorer from what turns texts into vectors."""

    def score(posts: Sequence[str], knowledge: Sequence[str]) -> Sequence[float]:
        a, b = embed(posts), embed(knowledge)
        norms = np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-9)
        found: list[float] = ((a * b).sum(axis=1) / norms).tolist()
        return found

    return score


def static(tokenizer: Any, vectors: Numbers, weights: Numbers) -> Score:
    """Weighted sums of fixed piece vectors."""
    weighted = vectors * weights[:, None]
    return cosine_of(lambda texts: np.stack([weighted[ids].sum(axis=0) for ids in piece_ids(tokenizer, texts)]))


def principal(vectors: Numbers, width: int) -> Numbers:
    """The first principal components of the vectors."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.T @ centred)
    return centred @ axes[:width].T


def encode(encoder: Any, rows: Sequence[Sequence[int]]) -> Numbers:
    """Mean over a text's pieces of the full encoder's last layer, [CLS] and [SEP] among them, as it was trained."""
    import torch

    order = np.argsort([len(ids) for ids in rows])
    found = np.zeros((len(rows), encoder.config.hidden_size))
    for start in range(0, len(order), 64):
        chosen = order[start : start + 64]
        texts = [torch.tensor([101, *rows[row][:126], 102]) for row in chosen]
        ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
        with torch.no_grad():
            hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        found[chosen] = ((hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
    return found


def forms(train: dict[str, list[Pair]]) -> Iterator[tuple[str, int, Score]]:
    """Name, bytes to ship, and the scorer, of everything that was compared."""
    source = encoder_folder(MINILM)
    tokenizer, encoder = load_tokenizer(source / TOKENIZER), load_transformer(source).model.eval()
    pairs = [pair for own in train.values() for pair in own]
    rows = piece_ids(tokenizer, [text for pair in pairs for text in pair])
    words = word_embeddings(source)
    size = len(words)
    seen = np.bincount(np.concatenate([np.unique(ids) for ids in rows if ids]), minlength=size)
    counts = np.bincount(np.concatenate([ids for ids in rows if ids]), minlength=size)
    idf = np.log((len(rows) + 1) / (seen + 1))
    sif = 1e-3 / (1e-3 + counts / counts.sum())
    yield "lexical overlap, IDF", 2 * size, Lexical(tokenizer, idf)
    yield "word embeddings, IDF", 384 * size, static(tokenizer, words, idf)
    yield "word embeddings, SIF", 384 * size, static(tokenizer, words, sif)
    yield "word embeddings, SIF, PCA 64", 68 * size, static(tokenizer, principal(words, 64), sif)
    yield "word embeddings, SIF, PCA 128", 132 * size, static(tokenizer, principal(words, 128), sif)
    encoded = encode(encoder, [[piece] for piece in range(size)])
    yield "pieces through the encoder, SIF, PCA 64", 68 * size, static(tokenizer, principal(encoded, 64), sif)
    yield "pieces through the encoder, SIF, PCA 128", 132 * size, static(tokenizer, principal(encoded, 128), sif)
    for width, seed in ((32, 1), (128, 1), (64, 3), (64, 2), (64, 1)):
        fitted = fit(pairs, words, tokenizer, NEUTRAL, FitSettings(width=width, seed=seed))
        scorer = TextScorer(fitted.vectors, fitted.scales, tokenizer, "")
        yield f"fitted map and weights, {width}, seed {seed}", (width + 4) * size, scorer.score
    yield "as shipped", (EMBEDDED / WEIGHTS).stat().st_size, TextScorer.load(EMBEDDED).score
    full = cosine_of(lambda texts: encode(encoder, piece_ids(tokenizer, texts)))
    yield "the full sentence encoder", (source / "model.safetensors").stat().st_size // 4, full


def youden(own: Numbers, other: Numbers) -> float:
    """The threshold with the largest share of own captions kept minus share of others' kept."""
    cuts = np.arange(-0.5, 1, 0.01)
    return float(cuts[np.argmax([(own >= cut).mean() - (other >= cut).mean() for cut in cuts])])


def show_forms(valid: dict[str, list[Pair]], train: dict[str, list[Pair]]) -> None:
    """A line a form: megabytes; AUC, its sd and the separation for each data set."""
    print(f"{'form':45}{'MB':>6}", *(f"{name:>12}{'sd':>7}{'d':>6}{'own':>7}{'other':>7}" for name in valid))
    for name, size, score in forms(train):
        found = [separation(score, pairs) for pairs in valid.values()]
        cells = (f"{s.auc:12.3f}{s.auc_sd:7.3f}{s.distance:6.2f}{s.own:7.3f}{s.other:7.3f}" for s in found)
        print(f"{name:45}{size / 1e6:6.1f}", *cells, flush=True)


def show_thresholds(valid: dict[str, list[Pair]]) -> None:
    """A line a threshold: the share of own and of other posts' captions it keeps, in percent."""
    scorer = TextScorer.load(EMBEDDED)
    found = {name: scores_of(scorer.score, pairs) for name, pairs in valid.items()}
    both = {name: (own, np.concatenate(others)) for name, (own, others) in found.items()}
    print(f"{'threshold':>9}", *(f"{name + ' own':>17}{'other':>7}" for name in both))
    for cut in np.arange(-0.1, 0.61, 0.05):
        kept = (f"{100 * (own >= cut).mean():17.1f}{100 * (other >= cut).mean():7.1f}" for own, other in both.values())
        print(f"{cut:9.2f}", *kept)
    print("Youden's:", *(f"{name} {youden(*scores):.2f}" for name, scores in both.items()))


def show_sweep(model: str, data_dir: Path, store: Path | None) -> None:
    """A line a threshold and data set: how many posts keep their knowledge, and F1 with own and others' captions."""
    print(f"{'data set':12}{'threshold':>10}{'kept':>7}{'own F1':>8}{'kept':>7}{'others F1':>11}")
    for name in DATASETS:
        place = {"model": model, "dataset": name, "split": "valid", "data_dir": data_dir, "store": store}
        for cut in ("none", *(f"{cut:.2f}" for cut in np.arange(0, 0.51, 0.05))):
            line = f"{name:12}{cut:>10}"
            for pairing, width in (("own", 8), ("shuffled", 11)):
                how = EvalSettings(**place, knowledge="blip2", threshold=cut, pairing=pairing)
                found = evaluate(how, lambda _done, _all: None)
                line += f"{found.with_knowledge:7}{found.scores.strict[OVERALL].f1:{width}.2f}"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("forms", "thresholds", "sweep"))
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--captions", type=Path, help="forms, thresholds: folder of the BLIP-2 captions")
    parser.add_argument("--model", default="embedded", help="sweep: the tagger")
    parser.add_argument("--store", type=Path, help="sweep: the knowledge store")
    given = parser.parse_args()
    if given.what == "sweep":
        show_sweep(given.model, given.data_dir, given.store)
        return
    if given.captions is None:
        parser.error("--captions is needed")
    valid = pairs_of(given.data_dir, given.captions, "valid")
    if given.what == "forms":
        show_forms(valid, pairs_of(given.data_dir, given.captions, "train"))
    else:
        show_thresholds(valid)


if __name__ == "__main__":
    main()
