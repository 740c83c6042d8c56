"""Encoders of every kind in use, tiny and random: they prove plumbing, never quality."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import TAGS, example, listening, network
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.base.records import Knowledge, Span, Word
from mmavk_cli.base.tokenizers import lead_of
from mmavk_cli.tagger.batch import collate
from mmavk_cli.tagger.build import check_lengths
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.encoders.transformer import encoder_folder, encoder_tokenizer, save_tokenizer
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers, load_transformer
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.inference.torch_model import load_model, save_model
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
RELATIVE = {**SIZES, "position_biased_input": False, "relative_attention": True}
TEXTS = ["Houston calls the moon", "a sign with the words welcome to Houston", "the moon is far"]
WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13), Word("☎", 14, 15)]


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>")
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


KINDS: dict[str, tuple[Callable[[], PreTrainedModel], Callable[[], Tokenizer]]] = {
    "bert": (lambda: BertModel(BertConfig(vocab_size=300, **SIZES), add_pooling_layer=False), wordpiece),
    "roberta": (lambda: RobertaModel(RobertaConfig(vocab_size=300, max_position_embeddings=130, **SIZES)), byte_level),
    "xlm-roberta": (lambda: XLMRobertaModel(XLMRobertaConfig(vocab_size=300, **SIZES)), unigram),
    "deberta-v2": (lambda: DebertaV2Model(DebertaV2Config(vocab_size=300, **RELATIVE)), unigram),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model, tokenizer = KINDS[request.param]
    model().save_pretrained(tmp_path / "encoder")
    tokenizer().save(str(tmp_path / "encoder" / "tokenizer.json"))
    return tmp_path / "encoder"


def test_learns_saves_and_loads(folder: Path, tmp_path: Path) -> None:
    pieces = PieceSettings(text_pieces=64)
    cutter = PieceCutter(encoder_tokenizer(encoder_folder(str(folder))), pieces)
    model, gold = listening(network(folder)), (Span(0, 1, "LOC"),)
    posts = [example(cutter, WORDS, Knowledge("a sign with words", "r"), gold), example(cutter, WORDS[:1], None, gold)]
    batch = collate(posts)
    before = model.losses(batch)["decoder"].item()
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    for _ in range(5):
        optimizer.zero_grad()
        model.losses(batch)["decoder"].backward()
        optimizer.step()
    assert model.losses(batch)["decoder"].item() < before
    save_model(model.eval(), TaggerConfig(TAGS, pieces, "tiny"), tmp_path / "model")
    save_tokenizer(folder, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    with torch.no_grad():
        np.testing.assert_array_equal(loaded.logits(batch).numpy(), model.logits(batch).numpy())


def test_a_word_is_cut_as_in_running_text(folder: Path) -> None:
    tokenizer = encoder_tokenizer(folder)
    pieces = PieceCutter(tokenizer, PieceSettings()).post(WORDS[:2])
    assert list(pieces.windows[0]) == tokenizer.encode(f"{lead_of(tokenizer)}Houston calls").ids


def test_an_encoder_with_few_positions_says_so() -> None:
    room = TransformerLayers(KINDS["roberta"][0]()).longest  # 128, as BERTweet
    check_lengths(room, FUSIONS["word"](), PieceSettings())
    with pytest.raises(UsageError, match="192 pieces are more than the encoder's 128 positions"):
        check_lengths(room, FUSIONS["concat"](), PieceSettings(fusion="concat"))


def test_a_tokenizer_of_older_files(tmp_path: Path) -> None:
    BertModel(BertConfig(vocab_size=300, **SIZES)).save_pretrained(tmp_path)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "moon", "hou", "##ston"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    assert encoder_tokenizer(tmp_path).encode("Houston").ids == [2, 6, 7, 3]
    save_tokenizer(tmp_path, tmp_path)
    assert encoder_tokenizer(tmp_path).encode("moon").ids == [2, 5, 3]


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingError, match="hf download xlm-roberta-large"):
        encoder_folder("xlm-roberta-large")
    with pytest.raises(MissingError, match="not a folder or a Hugging Face model id"):
        encoder_folder("no/such/folder here")
    with pytest.raises(MissingError, match="no encoder here"):
        encoder_folder(str(tmp_path))


@pytest.mark.parametrize("spoilt", ["weights gone", "weights cut", "pickle only", "code of its own"])
def test_weights_that_cannot_be_had(spoilt: str, tmp_path: Path) -> None:
    KINDS["bert"][0]().save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    if spoilt == "weights gone":
        weights.unlink()
    elif spoilt == "weights cut":
        weights.write_bytes(weights.read_bytes()[:100])
    elif spoilt == "pickle only":
        weights.rename(tmp_path / "pytorch_model.bin")
    else:
        config = json.loads((tmp_path / "config.json").read_text())
        config |= {"model_type": "strange", "auto_map": {"AutoModel": "code.Strange", "AutoConfig": "code.Config"}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "code.py").write_text("raise SystemExit('ran')")
    with pytest.raises(MissingError, match="cannot load the encoder"):
        load_transformer(tmp_path)
