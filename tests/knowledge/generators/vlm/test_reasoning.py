"""Reasoning, channels and special tokens of language models are never part of an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.knowledge.generators.vlm.clean_answer import (
    CUT,
    NOTHING,
    ONLY_REASONING,
    UNFINISHED,
    Cleaned,
    clean,
)
from mmavk_cli.knowledge.generators.vlm.reasoning import LONGEST, is_reasoning_mark, opens_reasoning, spoken

SAID = "On the shirt stands Feyenoord."
MUSED = "They may want Ajax. Or is it Sparta?"

PAIRS = {
    "think": ("<think>", "</think>"),
    "thinking": ("<thinking>", "</thinking>"),
    "thought": ("<thought>", "</thought>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "reflection": ("<reflection>", "</reflection>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "capital letters": ("<THINK>", "</THINK>"),
    "attributes": ('<think effort="high">', "</think>"),
    "blanks": ("< think >", "</ think >"),
    "Seed": ("<seed:think>", "</seed:think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "Cohere": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "OpenThinker": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "a token": ("<|think|>", "<|/think|>"),
    "start and end": ("<|thinking_start|>", "<|thinking_end|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "Gemma": ("<|channel>thought\n", "<channel|>"),
    "escaped for a page": ("&lt;think&gt;", "&lt;/think&gt;"),
}
pairs = pytest.mark.parametrize(("begin", "end"), PAIRS.values(), ids=PAIRS)


@pairs
def test_what_stands_in_tags_is_left_out(begin: str, end: str):
    assert clean(f"{begin}\n{MUSED}\n{end}\n\n{SAID}", ended=True) == Cleaned(SAID)


@pairs
def test_reasoning_that_the_prompt_began_is_left_out(begin: str, end: str):
    del begin
    assert clean(f"{MUSED}\n{end}\n\n{SAID}", ended=True) == Cleaned(SAID, prompted=True)
    assert clean(f"{MUSED}\n{end}\n\n{SAID}", ended=True, prompted=True) == Cleaned(SAID)


@pairs
def test_reasoning_that_does_not_end_is_no_answer(begin: str, end: str):
    del end
    assert clean(f"{begin}\n{MUSED}", ended=False) == Cleaned(None, error=UNFINISHED)
    assert clean(f"{begin}\n{MUSED}", ended=True) == Cleaned(None, error=UNFINISHED)
    assert clean(MUSED, ended=False, prompted=True) == Cleaned(None, error=UNFINISHED)


@pairs
def test_an_answer_of_reasoning_alone_is_none(begin: str, end: str):
    assert clean(f"{begin}{MUSED}{end}\n", ended=True) == Cleaned(None, error=ONLY_REASONING)


@pairs
def test_the_tags_of_a_chat_template_are_seen_at_its_end(begin: str, end: str):
    if "&" in begin:  # no template writes so
        return
    assert opens_reasoning(f"<|im_start|>assistant\n{begin}\n")
    assert not opens_reasoning(f"<|im_start|>assistant\n{begin}\n\n{end}\n\n")
    assert not opens_reasoning("<|im_start|>assistant\n")


FINAL = "<|channel|>final<|message|>"
OTHER_FORMS = {
    "nested": "<think>a <think>Ajax</think> Sparta</think>" + SAID,
    "twice": f"<think>Ajax</think> {SAID} <think>Sparta</think>",
    "empty": f"<think>\n\n</think>\n\n{SAID}",
    "a tag in itself": f"<think/>{SAID}",
    "an answer's tags": f"<think>{MUSED}</think><answer>{SAID}</answer>",
    "an answer's tag, cut": f"<think>{MUSED}</think><answer>{SAID}",
    "LLaVA-CoT": f"<SUMMARY>Ajax</SUMMARY><REASONING>{MUSED}</REASONING><CONCLUSION>{SAID}</CONCLUSION>",
    "Cohere's answer": f"<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>",
    "Open WebUI": f'<details type="reasoning" done="true">\n<summary>Thought</summary>\n{MUSED}\n</details>\n{SAID}',
    "Granite": f"Here is my thought process: {MUSED} Here is my response: {SAID}",
    "a turn's head": f"<|im_start|>assistant\n<think>{MUSED}</think>{SAID}<|im_end|>",
    "harmony": f"<|channel|>analysis<|message|>{MUSED}<|end|><|start|>assistant{FINAL}{SAID}",
    "harmony to its end": f"analysis<|message|>{MUSED}<|end|><|start|>assistant{FINAL}{SAID}<|return|>",
    "harmony with a tool": f"<|channel|>commentary to=functions.see<|message|>{{}}<|call|>{FINAL}{SAID}",
    "harmony with a form": f"<|channel|>final <|constrain|>text<|message|>{SAID}<|return|>",
    "harmony without its tokens": f"analysisThey may want Ajax.assistantfinal{SAID}",
}


@pytest.mark.parametrize("output", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_other_forms(output: str):
    assert clean(output, ended=True).text == SAID


@pytest.mark.parametrize(
    "output",
    [f"<|channel|>analysis<|message|>{MUSED}", f"analysisThey may want{MUSED}", f"<|channel|>analysis {MUSED}"],
)
def test_a_channel_that_is_not_the_final_one_is_no_answer(output: str):
    assert clean(output, ended=False) == Cleaned(None, error=UNFINISHED)


SPECIAL = [
    "<|im_end|>", "</s>", "<eos>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end|>", "<|return|>",
    "<end_of_turn>", "<end_of_utterance>", "<｜end▁of▁sentence｜>", "<|END_OF_TURN_TOKEN|>", "<pad>", "<unk>", "[PAD]",
    "<|end_of_box|>", "<|vision_end|>", "<turn|>", "[/INST]", "<</SYS>>", "<image>",
]  # fmt: skip


@pytest.mark.parametrize("token", SPECIAL)
def test_special_tokens_are_left_out(token: str):
    assert clean(f"{SAID}{token}", ended=True).text == SAID
    assert clean(f"{token}\n{SAID}", ended=True).text == SAID
    assert clean(token, ended=True).text is None


HEADS = [
    "<s>[INST] What is there? [/INST] ", "<|im_start|>assistant\n", "<start_of_turn>model\n", "<s>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
def test_what_stands_before_an_answer_is_left_out(head: str):
    assert clean(head + SAID, ended=True).text == SAID


@pytest.mark.parametrize("turn", ["<|im_end|>\n<|im_start|>user\n", "</s>[INST] ", "<|eot_id|>", "<end_of_turn>\n"])
def test_nothing_is_kept_of_what_a_model_goes_on_to_make_up(turn: str):
    assert clean(f"{SAID}{turn}And who is Ajax?", ended=False) == Cleaned(SAID)


@pytest.mark.parametrize(
    "text",
    [
        "The sign reads THINK. Apple's slogan was Think Different.",
        "A < B and B > C stand on the board.",
        "A book called Analysis, by Terence Tao.",
        "The page shows </details> in grey.",
        "analysis of the vote, says the headline of El Mundo.",
        "A tag reads [ANALYSIS] beside the logo of the BBC.",
        "The poster says FINAL CHANNEL 4.",
    ],
)
def test_ordinary_words_are_no_marks(text: str):
    assert clean(text, ended=True) == Cleaned(text)


@pytest.mark.parametrize(
    "output",
    [
        "Okay, the user wants the names in this picture. It may be Ajax",
        "Let me look at the shirt first. Is that Ajax",
        "Hmm, so I need to name people. Maybe",
        "Alright, let's see what is written on the",
        "We need to say who this is, perhaps Ajax",
    ],
)
def test_reasoning_without_a_tag_is_known_where_it_was_cut(output: str):
    assert clean(output, ended=False) == Cleaned(None, error=UNFINISHED)


def test_a_text_that_was_cut_is_still_a_text():
    assert clean(f"{SAID} The user of the phone cannot be", ended=False) == Cleaned(SAID, (CUT,))
    assert clean(f"{SAID} <thi", ended=False) == Cleaned(SAID, (CUT,))


@pytest.mark.parametrize("output", ["", " \n", "\x00"])
def test_nothing_is_nothing(output: str):
    assert clean(output, ended=True) == Cleaned(None, error=NOTHING)


@pytest.mark.parametrize("output", ["!" * 256, "...", "🙂🙂", "</think>!!!"])
def test_an_answer_without_a_word_is_none(output: str):
    cleaned = clean(output, ended=True)
    assert cleaned.text is None
    assert "no word" in str(cleaned.error)


@pytest.mark.parametrize(
    "output",
    [
        "I'm sorry, but I can't identify people in images.",
        "Sorry, I cannot help with that.",
        "I’m sorry, I’m not able to identify the person.",
        "Unfortunately, I am unable to see the picture.",
        "As an AI language model, I do not look at people.",
        "I apologize, but I won't name anybody.",
    ],
)
def test_a_refusal_in_words_is_no_knowledge(output: str):
    cleaned = clean(output, ended=True)
    assert (cleaned.text, cleaned.error) == (None, f"the model refuses: {output}")


@pytest.mark.parametrize(
    "text",
    [
        "Sorry is written on the banner of the cast of Hamilton.",
        "I'm sorry, but I can't tell who she is. The banner behind her says Feyenoord, the flags are those of the "
        "Netherlands and of Rotterdam, and on the left stands the Euromast, with the Erasmus bridge.",
    ],
)
def test_what_only_begins_like_a_refusal_is_kept(text: str):
    assert clean(text, ended=True).text == text


def test_an_empty_list_is_an_answer_where_json_was_asked_for():
    said = json.dumps({"people": [], "scene": ""})
    assert clean(f"<think>Ajax</think>{said}", ended=True, structured=True) == Cleaned("", ("empty",))


def test_marks_that_tell_reasoning_apart_stay_in_a_text():
    assert all(is_reasoning_mark(token) for token in ("<think>", "</think>", "<|channel|>", "<|message|>", "[THINK]"))
    assert not any(is_reasoning_mark(token) for token in ("<|im_end|>", "<|image_pad|>", "</s>", "<tool_call>"))


word = st.sampled_from(
    [MUSED, SAID, *(tag for pair in PAIRS.values() for tag in pair), *SPECIAL, *HEADS, "final", "\n"]
)


@given(st.lists(word, max_size=12), st.booleans(), st.booleans())
def test_an_answer_is_one_clean_line_without_tags(parts: list[str], ended: bool, prompted: bool):
    cleaned = clean("".join(parts), ended, prompted=prompted)
    assert (cleaned.text is None) == (cleaned.error is not None)
    if cleaned.text is not None:
        assert cleaned.text == " ".join(cleaned.text.split())
        assert not any(tag.strip() in cleaned.text for pair in PAIRS.values() for tag in pair)


@given(st.lists(st.sampled_from(list(PAIRS.values())), min_size=1, max_size=4), st.booleans())
def test_what_stands_between_tags_never_comes_through(used: list[tuple[str, str]], prompted: bool):
    inside = "".join(f"{begin}Ajax{end} " for begin, end in used)
    assert "Ajax" not in str(clean(f"{inside}{SAID}", True, prompted=prompted).text)
    assert "Ajax" not in str(clean(f"{SAID}{inside}", False).text)


@pytest.mark.parametrize("piece", ["<think>", "</think>", "<|im_start|> ", "<", "<|", "<answer>", "<box>", "hmm "])
def test_a_long_output_is_looked_through_once(piece: str):
    """A scan that went back would not come to an end here."""
    said = spoken(piece * (2 * LONGEST // len(piece)))
    assert len(said.text) <= LONGEST
