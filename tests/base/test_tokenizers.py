"""A tokenizer is used as it behaves: what it wants before a word, and which scripts it has words of."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import mmavk_cli
from mmavk_cli.base.records import Word
from mmavk_cli.base.tokenizers import Scripts, lead_of, load_tokenizer
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"
SPECIAL = ["<s>", "</s>", "<unk>"]
WORDS = ["Night", "trains", "leave", "Oslo", "for", "Bergen", "when", "Bergen", "wakes", "and", "Oslo", "sleeps"]


def trained(pre: object, norm: object = None, model: object = None, decoder: object = None) -> Tokenizer:
    tokenizer = Tokenizer(model or models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre
    if norm is not None:
        tokenizer.normalizer = norm
    if decoder is not None:
        tokenizer.decoder = decoder
    kind = trainers.WordPieceTrainer if isinstance(model, models.WordPiece) else trainers.BpeTrainer
    tokenizer.train_from_iterator([" ".join(WORDS)] * 40, kind(vocab_size=400, special_tokens=SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return tokenizer


def byte_level(**how: bool) -> object:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **how)


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "byte level": lambda: trained(byte_level()),
    "byte level in a sequence": lambda: trained(
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r" ?\w+|\S"), "isolated"), byte_level(use_regex=False)])
    ),
    "blank replaced, split": lambda: trained(
        pre_tokenizers.Split("▁", "merged_with_next"), normalizers.Replace(" ", "▁")
    ),
    "blank replaced, prepended": lambda: trained(
        pre_tokenizers.Split("▁", "merged_with_next"),
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
    ),
    "metaspace": lambda: trained(pre_tokenizers.Metaspace()),
    "metaspace at the first word alone": lambda: trained(pre_tokenizers.Metaspace(prepend_scheme="first")),
    "metaspace never": lambda: trained(pre_tokenizers.Metaspace(prepend_scheme="never")),
    "white space, metaspace": lambda: trained(
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    ),
    "word piece": lambda: trained(pre_tokenizers.Whitespace(), model=models.WordPiece(unk_token="<unk>")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_a_post_gets_the_pieces_it_has_in_running_text(kind: str):
    tokenizer = KINDS[kind]()
    cutter = PieceCutter(tokenizer, PieceSettings())
    for before, word in pairwise(WORDS):
        running = tokenizer.encode(f"{before} {word}", add_special_tokens=False).ids
        alone = len(tokenizer.encode(before, add_special_tokens=False).ids)
        (window,) = cutter.post([Word(word, 0, len(word))]).windows
        assert list(window[1:-1]) == running[alone:], word
        assert list(cutter.knowledge(word)[1:-1]) == running[alone:], word


def test_the_shipped_tokenizer_wants_nothing_before_a_word():
    assert lead_of(load_tokenizer(EMBEDDED)) == ""


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("Ann in Paris", ()),
        ("Ænima à Málaga — Łódź…", ()),
        ("Привет, Paris", ("Cyrillic",)),
        ("Αθήνα и Москва", ("Greek", "Cyrillic")),
        ("李白在长安", ("CJK",)),
        ("น้ำใจ", ("Thai",)),
        (r"¯\_(ツ)_/¯ 5µ", ()),
        ("👩\u200d🚀🇫🇷", ()),
        ("", ()),
    ],
)
def test_scripts_the_shipped_tokenizer_has_no_words_of(text: str, unread: tuple[str, ...]):
    assert Scripts(load_tokenizer(EMBEDDED)).unread(text) == unread


@pytest.mark.parametrize("byte_level", [True, False])
def test_a_vocabulary_with_words_of_a_script_reads_it(byte_level: bool):
    syllables = [a + b + c for a in "бвгд" for b in "аоуи" for c in "нрст"]
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False) if byte_level else pre_tokenizers.Whitespace()
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel() if byte_level else decoders.BPEDecoder()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL)
    tokenizer.train_from_iterator([" ".join(syllables)] * 5, trainer)
    assert Scripts(tokenizer).unread("бан дос, Ελλάς") == ("Greek",)
