"""The text scorer that ships: its arithmetic, its borders, and how well it tells own from other captions."""

import json
import math
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

import mmavk_cli
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.paths import dataset_folder
from mmavk_cli.base.tokenizers import load_tokenizer
from mmavk_cli.flows.train.fit_text_scorer import NEUTRAL, captioned
from mmavk_cli.knowledge.generators.ocr import SENTENCE
from mmavk_cli.similarity.interfaces import Scorer
from mmavk_cli.similarity.text_scorer import LONGEST, TOKENIZER, WEIGHTS, TextScorer

EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded"
MEASURED = {"twitter2015": 0.841, "twitter2017": 0.867}
"""AUC on the validation splits by tests/benchmarks/choose_scorer.py."""

POST = "Who else is off to the #Blackhawks game, Chicago? https://example.org/tickets"
TEXTS = [
    POST,
    "a queue of fans before a stadium gate",
    "a hockey player on the ice",
    "Café in München ☕",
    "東京タワー",
    "one\ntwo\tthree\x00four",
    "",
]


@pytest.fixture(scope="module")
def scorer() -> TextScorer:
    return TextScorer.load(EMBEDDED)


def by_hand(scorer: TextScorer, one: str, two: str) -> float:
    """The same cosine in plain Python, a piece at a time."""
    sums = []
    for text in (one, two):
        words = re.sub(r"(https?:|www\.)\S*", " ", text)
        total = [0.0] * scorer.vectors.shape[1]
        for piece in scorer.tokenizer.encode(words, add_special_tokens=False).ids:
            for place, number in enumerate(scorer.vectors[piece].tolist()):
                total[place] += number * float(scorer.scales[piece])
        sums.append(total)
    lengths = [math.sqrt(sum(number * number for number in total)) for total in sums]
    if not all(lengths):
        return 0.0
    return sum(a * b for a, b in zip(*sums, strict=True)) / lengths[0] / lengths[1]


def test_scores_are_those_of_a_plain_loop(scorer: TextScorer):
    pairs = [(one, two) for one in TEXTS for two in TEXTS]
    found = scorer.score([one for one, _ in pairs], [two for _, two in pairs])
    assert found == pytest.approx([by_hand(scorer, one, two) for one, two in pairs], abs=1e-6)
    assert len(set(found)) > len(TEXTS)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_texts_give_a_cosine_and_the_same_both_ways(scorer: TextScorer, pairs: list[tuple[str, str]]):
    one, two = [a for a, _ in pairs], [b for _, b in pairs]
    found = scorer.score(one, two)
    assert all(type(value) is float and -1 <= value <= 1 for value in found)
    assert found == scorer.score(two, one)


@given(st.text())
def test_a_text_is_most_like_itself_if_it_says_anything(scorer: TextScorer, text: str):
    (found,) = scorer.score([text], [text])
    assert found == 0 or found == pytest.approx(1, abs=1e-6)


def test_company_and_order_change_nothing(scorer: TextScorer):
    pairs = [(one, two) for one in TEXTS for two in TEXTS]
    alone = {pair: scorer.score([pair[0]], [pair[1]])[0] for pair in pairs}
    for seed in range(3):
        random.Random(seed).shuffle(pairs)
        assert scorer.score([one for one, _ in pairs], [two for _, two in pairs]) == [alone[pair] for pair in pairs]


@pytest.mark.parametrize(
    "nothing",
    ["", " \t\n\u00a0", "😀😂🎉", "\u200d\ufe0f", "http://t.co/vEAEq9CS8q", SENTENCE.format(words=""), "\x00\x1f"],
)
def test_a_text_that_says_nothing_scores_0(scorer: TextScorer, nothing: str):
    assert scorer.score([POST, nothing, nothing], [nothing, POST, nothing]) == [0, 0, 0]


def test_no_pairs_no_scores(scorer: TextScorer):
    assert scorer.score([], []) == []


def test_as_many_posts_as_knowledge_texts(scorer: TextScorer):
    with pytest.raises(ValueError, match="2 posts, 1 knowledge texts"):
        scorer.score(["a", "b"], ["c"])


def test_a_huge_text_is_read_up_to_its_limit(scorer: TextScorer):
    huge = "the blackhawks play hockey " * 4000
    whole, head = scorer.score([huge, huge[:LONGEST]], ["a hockey game"] * 2)
    assert len(huge) > 100_000
    assert whole == head > 0.5
    assert scorer.score(["x" * 100_000], ["a hockey game"]) == [0]  # one word without a piece


def test_half_a_surrogate_pair_is_read_as_a_question_mark(scorer: TextScorer):
    assert scorer.score(["hockey \ud800"], ["ice"]) == scorer.score(["hockey ?"], ["ice"])


def test_urls_do_not_count(scorer: TextScorer):
    plain, linked = scorer.score(["hockey game", "hockey game https://hockey.example/ice"], ["ice"] * 2)
    assert plain == linked


@pytest.mark.parametrize(
    ("post", "related", "unrelated"),
    [
        ("Was that Lady Gaga who just crossed Broadway in NYC ?", "GAGA NYC", "SALE 50% OFF"),
        (POST, "Chicago Blackhawks", "Happy birthday Emma"),
        ("Unpacking the Canon EOS R5 that came this morning", "Canon EOS R5", "Chicago Blackhawks"),
        ("Tonight on TV : the bomb that was meant to kill Hitler", "HITLER bomb history", "GAGA NYC"),
    ],
)
def test_words_in_a_picture_score_by_what_they_say(scorer: TextScorer, post: str, related: str, unrelated: str):
    own, other = scorer.score([post] * 2, [SENTENCE.format(words=words) for words in (related, unrelated)])
    assert own > 0.4
    assert other < 0.2
    assert scorer.score([post] * 2, [related, unrelated]) == pytest.approx([own, other], abs=1e-6)


def test_shipped_weights_know_the_words_around_a_pictures_text(scorer: TextScorer):
    """Changing the sentence asks for fitting the scorer again."""
    pieces = [piece for text in NEUTRAL for piece in scorer.tokenizer.encode(text, add_special_tokens=False).ids]
    assert pieces
    assert not scorer.scales[pieces].any()
    assert (scorer.scales > 0).mean() > 0.99


def auc(own: list[float], other: list[float]) -> float:
    wins = [(a > b) + (a == b) / 2 for a in own for b in other]
    return sum(wins) / len(wins)


@pytest.mark.parametrize("name", MEASURED)
def test_own_captions_score_above_those_of_other_posts(scorer: TextScorer, shared_data: Path, name: str):
    captions = shared_data / "knowledge" / "blip2" / f"{name}.txt"
    pairs = captioned(dataset_folder(name, shared_data), captions, "valid")
    posts, own = [post for post, _ in pairs], [caption for _, caption in pairs]
    other = own[7:] + own[:7]
    assert auc(scorer.score(posts, own), scorer.score(posts, other)) >= MEASURED[name] - 0.015


def test_id_changes_with_the_weights_and_with_nothing_else(scorer: TextScorer, tmp_path: Path):
    shutil.copy(EMBEDDED / TOKENIZER, tmp_path)
    shutil.copy(EMBEDDED / WEIGHTS, tmp_path)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", scorer.id)
    assert TextScorer.load(tmp_path, scorer.tokenizer).id == scorer.id
    vectors = scorer.vectors.copy()
    vectors[2000, 0] ^= 1
    save_file({"vectors": vectors, "scales": scorer.scales}, tmp_path / WEIGHTS)
    assert TextScorer.load(tmp_path).id != scorer.id


def test_it_is_small_and_a_scorer(scorer: TextScorer):
    assert (EMBEDDED / WEIGHTS).stat().st_size <= 5_000_000
    as_protocol: Scorer = scorer
    assert as_protocol.score(["hockey"], ["ice hockey"])[0] > 0.5


@pytest.mark.parametrize("missing", [WEIGHTS, TOKENIZER])
@pytest.mark.parametrize("content", [None, b"", b"not one of ours"])
def test_a_file_that_is_missing_or_broken_is_named(tmp_path: Path, missing: str, content: bytes | None):
    for name in (WEIGHTS, TOKENIZER):
        shutil.copy(EMBEDDED / name, tmp_path)
    (tmp_path / missing).unlink()
    if content is not None:
        (tmp_path / missing).write_bytes(content)
    with pytest.raises(MissingError) as caught:
        TextScorer.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.code == 5


@pytest.mark.parametrize("fault", ["rows", "kind", "name"])
def test_weights_that_do_not_fit_the_tokenizer_are_refused(scorer: TextScorer, tmp_path: Path, fault: str):
    shutil.copy(EMBEDDED / TOKENIZER, tmp_path)
    vectors, scales = scorer.vectors[:100], scorer.scales[:100]
    if fault != "rows":
        vectors, scales = scorer.vectors.astype(np.float32), scorer.scales
    save_file({"vectors" if fault != "name" else "other": vectors, "scales": scales}, tmp_path / WEIGHTS)
    with pytest.raises(MissingError, match=re.escape(WEIGHTS)):
        TextScorer.load(tmp_path)


def test_a_tokenizer_that_pads_and_cuts_is_told_not_to():
    settings = json.loads((EMBEDDED / TOKENIZER).read_text("utf-8"))
    assert settings["padding"] or settings["truncation"]
    tokenizer = load_tokenizer(EMBEDDED / TOKENIZER)
    lengths = [len(one.ids) for one in tokenizer.encode_batch(["word " * 600, "word"], add_special_tokens=False)]
    assert lengths == [600, 1]


def test_scoring_loads_no_heavy_library():
    code = (
        "import sys; from pathlib import Path; from mmavk_cli.similarity.text_scorer import TextScorer;"
        "print(TextScorer.load(Path(sys.argv[1])).score(['hockey'], ['ice hockey'])[0] > 0.5);"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(EMBEDDED)], check=True, capture_output=True, text=True)
    said, modules = done.stdout.splitlines()
    assert said == "True"
    assert {"tokenizers", "numpy"} <= set(modules.split())
    assert {"torch", "transformers", "scipy", "onnxruntime", "PIL"} & set(modules.split()) == set()
