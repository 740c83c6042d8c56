"""Fitting the text scorer, on words made up here and by its real command line."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmavk_cli
from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.tokenizers import load_tokenizer
from mmavk_cli.flows.train import fit_text_scorer as fit_scorer
from mmavk_cli.flows.train.fit_text_scorer import captioned, main
from mmavk_cli.similarity.text_scorer import TOKENIZER, WEIGHTS, TextScorer
from mmavk_cli.similarity.text_scorer_fit import FitSettings, Fitted, Pair, fit, silent_pieces

EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded"
TOPICS = {
    "hockey": ("blackhawks goal stanley cup", "a man on the ice with a stick"),
    "music": ("concert tonight live album", "a woman with a guitar on a stage"),
    "food": ("dinner recipe tasty lunch", "a plate of pasta on a table"),
    "space": ("launch orbit mission nasa", "a rocket in the sky"),
}
HOW = FitSettings(width=8, epochs=60, pairs=16)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(EMBEDDED / TOKENIZER)


@pytest.fixture(scope="module")
def embeddings(tokenizer):
    """Embeddings that know nothing: what a scorer knows afterwards it has learnt from the pairs."""
    return np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 24)).astype(np.float32)


def made_up(count: int) -> list[Pair]:
    """Posts and captions of one topic share no word; three words of each side, drawn."""
    draw = random.Random(4)
    return [
        (" ".join(draw.sample(post.split(), 3)), " ".join(draw.sample(caption.split(), 4)))
        for post, caption in draw.choices(list(TOPICS.values()), k=count)
    ]


def score(fitted: Fitted, tokenizer, posts: list[str], captions: list[str]) -> list[float]:
    return TextScorer(fitted.vectors, fitted.scales, tokenizer, "").score(posts, captions)


def test_a_post_learns_its_own_topics_captions(tokenizer, embeddings):
    fitted = fit(made_up(200), embeddings, tokenizer, [], HOW)
    posts, captions = ([both[side] for both in TOPICS.values()] for side in (0, 1))
    for row, post in enumerate(posts):
        scores = score(fitted, tokenizer, [post] * len(captions), captions)
        assert np.argmax(scores) == row
        assert scores[row] > 0.3 + max(scores[:row] + scores[row + 1 :])
    blank = fit(made_up(2), embeddings, tokenizer, [], FitSettings(width=8, epochs=1, map_lr=1e-9, weight_lr=1e-9))
    assert max(score(blank, tokenizer, posts, captions)) < 0.9


def test_words_that_everything_says_count_less(tokenizer, embeddings):
    fitted = fit(made_up(200), embeddings, tokenizer, [], HOW)
    the, stage = (tokenizer.encode(word, add_special_tokens=False).ids[0] for word in ("a", "stage"))
    assert fitted.scales[the] < fitted.scales[stage]


def test_the_same_input_gives_the_same_weights_and_another_seed_others(tokenizer, embeddings):
    one, two = (fit(made_up(60), embeddings, tokenizer, ["a sign"], HOW) for _ in range(2))
    assert (one.vectors == two.vectors).all()
    assert (one.scales == two.scales).all()
    other = fit(made_up(60), embeddings, tokenizer, ["a sign"], HOW.model_copy(update={"seed": 2}))
    assert (one.vectors != other.vectors).any()


def test_eight_bits_are_as_good_as_the_vectors_they_stand_for(tokenizer, embeddings):
    fitted = fit(made_up(60), embeddings, tokenizer, [], HOW)
    largest = np.abs(fitted.vectors).max(axis=1)
    assert fitted.vectors.dtype == np.int8
    assert set(largest[fitted.scales > 0]) == {127}
    assert not largest[fitted.scales == 0].any()


def test_neutral_and_special_pieces_say_nothing(tokenizer, embeddings):
    fitted = fit(made_up(60), embeddings, tokenizer, ["a stage sign"], HOW)
    silent = silent_pieces(tokenizer, ["a stage sign"])
    names = {tokenizer.id_to_token(piece) for piece in silent}
    assert names == {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "stage", "sign"}
    assert not fitted.scales[silent].any()
    assert (np.delete(fitted.scales, silent) > 0).all()


@pytest.mark.parametrize("pairs", [[], [("hockey", "ice")], [("", "ice"), ("hockey", " "), ("😀", "a"), ("x", "y")]])
def test_too_few_pairs_are_refused(tokenizer, embeddings, pairs: list[Pair]):
    with pytest.raises(DataError, match="pairs of post and caption to fit on"):
        fit(pairs, embeddings, tokenizer, ["a"], HOW)


CONLL = "IMGID:1\nWorld\tB-MISC\nCup\tI-MISC\n\nIMGID:2\nNASA\tB-ORG\nlaunch\tO\n\nIMGID:3\nsnow\tO\n\nIMGID:4\nno\tO\n"
CAPTIONS = "1.jpg :a football match\n2.jpg :a rocket\n3.jpg :an empty frame\n9.jpg :not asked for\n"


@pytest.fixture
def small_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fit_scorer, "PLACEHOLDER", digest("an empty frame"))
    for name in ("twitter2015", "twitter2017"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.txt").write_text(CONLL, "utf-8")
        (tmp_path / f"{name}.txt").write_text(CAPTIONS, "utf-8")
    return tmp_path


def test_posts_without_caption_and_with_the_placeholders_are_left_out(small_data: Path):
    pairs = captioned(small_data / "twitter2017", small_data / "twitter2017.txt", "train")
    assert pairs == [("World Cup", "a football match"), ("NASA launch", "a rocket")]


def test_captions_of_another_data_set_are_refused(small_data: Path):
    (small_data / "twitter2017.txt").write_text("77.jpg :a dog\n", "utf-8")
    with pytest.raises(DataError, match="no post of twitter2017 train has a caption"):
        captioned(small_data / "twitter2017", small_data / "twitter2017.txt", "train")


def test_command_writes_a_scorer_that_loads(small_data: Path):
    command = [sys.executable, "-m", "mmavk_cli.flows.train.fit_text_scorer", "--data-dir", str(small_data)]
    command += ["--captions", str(small_data), "--out", str(small_data / "out")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    scorer = TextScorer.load(small_data / "out")
    assert json.loads(done.stdout) == {
        "id": scorer.id,
        "pairs": 6,  # another process: the stand-in of this one's placeholder is a caption to it
        "bytes": (small_data / "out" / WEIGHTS).stat().st_size,
    }
    assert sorted(path.name for path in (small_data / "out").iterdir()) == [WEIGHTS, TOKENIZER]
    assert scorer.score(["NASA"], ["a rocket"])[0] > scorer.score(["NASA"], ["a football match"])[0]


@pytest.mark.slow
def test_shipped_weights_come_again(shared_data: Path, tmp_path: Path):
    """Rounding may differ on another processor, so the weights may differ in the last of their 8 bits."""
    main(["--data-dir", str(shared_data), "--captions", str(shared_data / "knowledge/blip2"), "--out", str(tmp_path)])
    again, shipped = TextScorer.load(tmp_path), TextScorer.load(EMBEDDED)
    assert np.allclose(again.scales, shipped.scales, rtol=0.02)
    assert (np.abs(again.vectors.astype(int) - shipped.vectors) <= 3).all()
