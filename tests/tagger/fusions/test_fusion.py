"""The fusions of Table 4 beside the word-level one: `concat`, `text`, `prefix`, each against a plain way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import DynamicCache

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import TYPES, Knowledge, Word
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.encoders.transformer import load_encoder
from mmavk_cli.tagger.fusions.prefix import PREFIXES
from mmavk_cli.tagger.model import Tagger
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import Fusion, PieceSettings

WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13)]
WIDTH = 12
SIGN = Knowledge("a sign", "r")
FEATURES = Knowledge("", "r", visual=tuple(np.linspace(-1, 1, WIDTH).tolist()))


def fused(tokenizer: Tokenizer, fusion: Fusion) -> PieceCutter:
    return PieceCutter(tokenizer, PieceSettings(fusion=fusion))


def made(folder: Path, fusion: Fusion) -> Tagger:
    torch.manual_seed(1)
    return Tagger(load_encoder(folder), tag_names(TYPES), 0.0, fusion, visual=WIDTH).eval()


def test_concat_reads_the_pair_as_the_tokenizer_joins_it(cutter: PieceCutter) -> None:
    example = Example.of(fused(cutter.tokenizer, "concat"), WORDS, SIGN)
    assert list(example.rows[0]) == cutter.tokenizer.encode("Houston calls", "a sign").ids
    assert (example.apart, example.length[1]) == ((), 0)
    assert len(collate([example]).knowledge_ids) == 0
    assert collate([example]).first.tolist() == collate([Example.of(cutter, WORDS, None)]).first.tolist()


def test_concat_leaves_out_knowledge_of_weight_0(cutter: PieceCutter) -> None:
    concat = fused(cutter.tokenizer, "concat")
    bare = Example.of(concat, WORDS, None).rows
    assert Example.of(concat, WORDS, replace(SIGN, weight=0.0)).rows == bare
    assert replace(Example.of(concat, WORDS, SIGN), knowledge=()).rows == bare


def test_a_roberta_pair_has_two_separators_between(cutter: PieceCutter) -> None:
    from tokenizers.processors import RobertaProcessing

    roberta = Tokenizer.from_str(cutter.tokenizer.to_str())
    roberta.post_processor = RobertaProcessing(("[SEP]", cutter.closing), ("[CLS]", cutter.opening))
    example = Example.of(fused(roberta, "concat"), WORDS, SIGN)
    assert list(example.rows[0]) == roberta.encode("Houston calls", "a sign").ids
    assert example.rows[0].count(cutter.closing) == 3


def test_text_reads_no_knowledge_and_emits_the_encoders_words(tiny_encoder: Path, cutter: PieceCutter) -> None:
    text, model = fused(cutter.tokenizer, "text"), made(tiny_encoder, "text")
    example = Example.of(text, WORDS, SIGN)
    assert example == Example.of(text, WORDS, None)
    with torch.no_grad():
        ids = torch.tensor([cutter.tokenizer.encode("Houston calls").ids])
        hidden = model.encoder(input_ids=ids).last_hidden_state[0, [1, 2]]
        plain = model.emit(hidden).numpy()
        np.testing.assert_allclose(model.emissions(collate([example]))[0].numpy(), plain, atol=1e-6)


def test_prefix_is_what_keys_and_values_of_a_cache_would_be(tiny_encoder: Path, cutter: PieceCutter) -> None:
    prefix, model = fused(cutter.tokenizer, "prefix"), made(tiny_encoder, "prefix")
    together = collate([Example.of(prefix, WORDS, FEATURES), Example.of(prefix, WORDS[:1], None)])
    plain = made(tiny_encoder, "text")
    plain.emit.load_state_dict(model.emit.state_dict())
    plain.encoder.config.is_decoder = False
    ids = torch.tensor([cutter.tokenizer.encode("Houston calls").ids])
    with torch.no_grad():
        assert model.prefix is not None
        parts, _ = model.prefix(torch.tensor([FEATURES.visual]))
        cache = DynamicCache()
        for layer in range(parts.shape[1]):
            cache.update(parts[:, layer, 0], parts[:, layer, 1], layer)
        hidden = plain.encoder(
            input_ids=ids,
            attention_mask=torch.ones(1, PREFIXES + ids.shape[1], dtype=torch.long),
            position_ids=torch.arange(ids.shape[1])[None],
            past_key_values=cache,
        ).last_hidden_state
        emissions = model.emissions(together)
        np.testing.assert_allclose(emissions[0].numpy(), plain.emit(hidden[0, [1, 2]]).numpy(), atol=1e-5)
        alone = plain.emissions(collate([Example.of(prefix, WORDS[:1], None)]))
        np.testing.assert_allclose(emissions[1, :1].numpy(), alone[0].numpy(), atol=1e-5)
        assert not torch.allclose(emissions[0, 0], emissions[1, 0], atol=1e-3)


def test_a_prefix_learns(tiny_encoder: Path, cutter: PieceCutter) -> None:
    model = made(tiny_encoder, "prefix")
    example = replace(Example.of(fused(cutter.tokenizer, "prefix"), WORDS, FEATURES), tags=(1, 0))
    model.loss(collate([example])).backward()
    assert model.prefix is not None
    gradient = model.prefix.reduce.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_an_encoder_that_cannot_take_a_prefix() -> None:
    from transformers import DebertaV2Config, DebertaV2Model

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    with pytest.raises(UsageError, match="deberta-v2 cannot take a prefix"):
        Tagger(DebertaV2Model(DebertaV2Config(**sizes)), tag_names(TYPES), 0.0, "prefix", visual=WIDTH)
