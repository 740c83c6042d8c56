"""A model on this machine that reasons: its tags are seen in the tokens, and in its chat template."""

import shutil
from pathlib import Path

import pytest
from generate_tools import generator, views
from tiny_qwen import SPECIAL

from mmavk_cli.knowledge.generators.vlm.clean_answer import UNFINISHED, clean
from mmavk_cli.knowledge.generators.vlm.token_text import decoded

SAID = "A stall of Van Dobben."


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize(("begin", "end"), [("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷")])
def test_tags_are_seen_whether_the_tokenizer_calls_them_special_or_not(special: bool, begin: str, end: str, tiny: Path):
    from transformers import AutoTokenizer
    from transformers.tokenization_utils_base import AddedToken

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    tokenizer.add_tokens([AddedToken(token, special=special) for token in (begin, end)])
    ids = tokenizer(f"{begin}Is it Ajax?{end}{SAID}<|im_end|><|endoftext|>")["input_ids"]
    text = decoded(tokenizer, ids)
    assert text == f"{begin}Is it Ajax?{end}{SAID}"
    assert clean(text, ended=True).text == SAID


def test_other_special_tokens_are_left_out(tiny: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    ids = tokenizer("".join(f"{token}a" for token in SPECIAL))["input_ids"]
    assert decoded(tokenizer, ids) == tokenizer.decode(ids, skip_special_tokens=True) == "a" * len(SPECIAL)


@pytest.mark.slow
def test_what_follows_a_template_that_opens_reasoning_is_reasoning(tiny: Path, tmp_path: Path):
    """The random model never closes it, so nothing that it writes is knowledge."""
    folder = shutil.copytree(tiny, tmp_path / "thinks")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text("utf-8").replace("assistant\n", "assistant\n<think>\n"), "utf-8")
    assert "<think>" in template.read_text("utf-8")
    made = generator(folder)
    found = dict(made.write(views(made)[:3]))
    made.free()
    assert [(written.text, written.error) for written in found.values()] == [(None, UNFINISHED)] * 3
