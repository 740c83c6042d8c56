"""The fusions of Table 4 beside the word-level one: `concat`, `text`, `prefix`, each against a plain way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import example, network, visual
from tokenizers import Tokenizer
from transformers import DynamicCache

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Knowledge, Span, Word
from mmavk_cli.tagger.batch import collate
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers
from mmavk_cli.tagger.fusions.prefix import PREFIXES
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13)]
WIDTH = 12
SIGN = Knowledge("a sign", "r")
FEATURES = Knowledge("", "r", visual=visual(np.linspace(-1, 1, WIDTH).tolist()))


def fused(tokenizer: Tokenizer, fusion: str) -> PieceCutter:
    return PieceCutter(tokenizer, PieceSettings(fusion=fusion))


def made(folder: Path, fusion: str) -> TaggerNetwork:
    return network(folder, fusion, features=(WIDTH,)).eval()


def test_concat_reads_the_pair_as_the_tokenizer_joins_it(cutter: PieceCutter) -> None:
    post = example(fused(cutter.tokenizer, "concat"), WORDS, SIGN)
    assert list(post.rows[0]) == cutter.tokenizer.encode("Houston calls", "a sign").ids
    assert (post.separate_knowledge, post.length[1]) == ((), 0)
    assert len(collate([post]).knowledge_ids) == 0
    assert collate([post]).first.tolist() == collate([example(cutter, WORDS, None)]).first.tolist()


def test_concat_leaves_out_knowledge_of_weight_0(cutter: PieceCutter) -> None:
    concat = fused(cutter.tokenizer, "concat")
    bare = example(concat, WORDS, None).rows
    assert example(concat, WORDS, replace(SIGN, weight=0.0)).rows == bare
    assert replace(example(concat, WORDS, SIGN), knowledge=()).rows == bare


def test_a_roberta_pair_has_two_separators_between(cutter: PieceCutter) -> None:
    from tokenizers.processors import RobertaProcessing

    roberta = Tokenizer.from_str(cutter.tokenizer.to_str())
    roberta.post_processor = RobertaProcessing(("[SEP]", cutter.closing), ("[CLS]", cutter.opening))
    post = example(fused(roberta, "concat"), WORDS, SIGN)
    assert list(post.rows[0]) == roberta.encode("Houston calls", "a sign").ids
    assert post.rows[0].count(cutter.closing) == 3


def test_text_reads_no_knowledge_and_emits_the_encoders_words(tiny_encoder: Path, cutter: PieceCutter) -> None:
    text, model = fused(cutter.tokenizer, "text"), made(tiny_encoder, "text")
    post = example(text, WORDS, SIGN)
    assert post == example(text, WORDS, None)
    with torch.no_grad():
        ids = torch.tensor([cutter.tokenizer.encode("Houston calls").ids])
        hidden = model.encoder.model(input_ids=ids).last_hidden_state[0, [1, 2]]
        plain = model.decoder.emit(hidden).numpy()
        np.testing.assert_allclose(model.logits(collate([post]))[0].numpy(), plain, atol=1e-6)


def test_prefix_is_what_keys_and_values_of_a_cache_would_be(tiny_encoder: Path, cutter: PieceCutter) -> None:
    prefix, model = fused(cutter.tokenizer, "prefix"), made(tiny_encoder, "prefix")
    together = collate([example(prefix, WORDS, FEATURES), example(prefix, WORDS[:1], None)])
    plain = made(tiny_encoder, "text")
    plain.decoder.load_state_dict(model.decoder.state_dict())
    plain.encoder.model.config.is_decoder = False
    ids = torch.tensor([cutter.tokenizer.encode("Houston calls").ids])
    with torch.no_grad():
        parts = model.fusion.prefixes(torch.linspace(-1, 1, WIDTH)[None])
        cache = DynamicCache()
        for layer in range(parts.shape[1]):
            cache.update(parts[:, layer, 0], parts[:, layer, 1], layer)
        hidden = plain.encoder.model(
            input_ids=ids,
            attention_mask=torch.ones(1, PREFIXES + ids.shape[1], dtype=torch.long),
            position_ids=torch.arange(ids.shape[1])[None],
            past_key_values=cache,
        ).last_hidden_state
        emissions = model.logits(together)
        np.testing.assert_allclose(emissions[0].numpy(), plain.decoder.emit(hidden[0, [1, 2]]).numpy(), atol=1e-5)
        alone = plain.logits(collate([example(prefix, WORDS[:1], None)]))
        np.testing.assert_allclose(emissions[1, :1].numpy(), alone[0].numpy(), atol=1e-5)
        assert not torch.allclose(emissions[0, 0], emissions[1, 0], atol=1e-3)


def test_a_prefix_learns(tiny_encoder: Path, cutter: PieceCutter) -> None:
    model = made(tiny_encoder, "prefix")
    post = example(fused(cutter.tokenizer, "prefix"), WORDS, FEATURES, (Span(0, 1, "PER"),))
    model.losses(collate([post]))["decoder"].backward()
    gradient = model.fusion.reduce.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_an_encoder_that_cannot_take_a_prefix() -> None:
    from transformers import DebertaV2Config, DebertaV2Model

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    with pytest.raises(UsageError, match="deberta-v2 cannot take a prefix"):
        network(TransformerLayers(DebertaV2Model(DebertaV2Config(**sizes))), "prefix", features=(WIDTH,))
