"""Raw output of a language model → its answer: without reasoning, channels and special tokens.

Models and servers mark reasoning in many ways, and a server that parses none of them hands all of it on as the answer.
Reasoning names what the model considers and rejects, so none of it may become knowledge. Every scan is linear.
"""

import html
import re
from dataclasses import dataclass

LONGEST = 500_000
"""Characters of an output that are looked through; no model thinks for longer, and a scan stays under a second."""

_NAME = r"(?:think(?:ing)?|thoughts?|reason(?:s|ing)?|reflection|analysis|scratchpad|rationale)"

_OPEN = "|".join(
    (
        rf"<\s?(?:[\w-]{{1,20}}:)?{_NAME}(?:\s[^<>/]{{0,200}})?>",  # <think>, <seed:think>, <thinking effort="low">
        rf"<[|｜](?:begin[_▁]of[_▁]|start[_▁]of[_▁]|start[_▁])?{_NAME}(?:[_▁](?:start|begin))?[|｜]>",
        rf"<\|channel>\s?{_NAME}",  # Gemma
        r"<unused94>(?:thought\b)?",  # MedGemma
        r"\[THINK\]",  # Magistral
        r"◁think▷",  # Kimi
        r"<details\b[^<>]{0,200}\breasoning\b[^<>]{0,200}>",  # Open WebUI
        r"\bHere(?:'s| is) my thought process:",  # Granite
    )
)
_CLOSE = "|".join(
    (
        rf"<\s?/\s?(?:[\w-]{{1,20}}:)?{_NAME}\s?>",
        rf"<[|｜]?/[|｜]?{_NAME}[|｜]>|<[|｜]end[_▁](?:of[_▁])?{_NAME}[|｜]>|<[|｜]{_NAME}[_▁]end[|｜]>",
        r"<channel\|>|<unused95>|\[/THINK\]|◁/think▷",
    )
)
_CLOSE_IF_OPEN = r"</details>|\bHere(?:'s| is) my response:"
"""What closes reasoning, and stands in an ordinary text as well."""
_TAGS = re.compile(f"(?P<close>{_CLOSE})|(?P<weak>{_CLOSE_IF_OPEN})|{_OPEN}", re.IGNORECASE)

_HARMONY = re.compile(r"<\|(start|channel|message|constrain|end|return|call)\|>")
_FINAL = "final"

_BARE_FINAL = "assistantfinal"
"""What is left between two channels where a tokenizer has dropped its special tokens."""
_BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z\"'])")

_ANSWER = re.compile(r"<(answer|final_answer|response|conclusion)>", re.IGNORECASE)

_TURN = (
    r"(?:<\|im_start\|>|<start_of_turn>|<\|start_header_id\|>|<\|turn>)\s*"
    r"(?:assistant|model|user|system)?(?:<\|end_header_id\|>)?"
)
_END = (
    r"<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return|user|END_OF_TURN_TOKEN)\|>|</s>|<turn\|>|\[INST\]"
    r"|<[|｜]end[_▁]of[_▁]sentence[|｜]>|<(?:eos|eot|end_of_turn|end_of_utterance)>"
)
_OVER = re.compile(f"{_TURN}|{_END}", re.IGNORECASE)
_MARK = re.compile(
    r"<\|box_start\|>[^<]{0,200}<\|box_end\|>|<box>[^<]{0,200}</box>"  # where in the picture, in pixels
    rf"|{_TURN}|{_END}|<[|｜][^<>|｜\s]{{1,60}}[|｜]>|<\|\w{{1,40}}>|<\w{{1,40}}\|>"
    r"|</?(?:s|ref|answer|final_answer|response|conclusion)>|<think(?:ing)?\s*/>"
    r"|<(?:bos|pad|unk|mask|image|img|start_of_image|end_of_image|image_soft_token|fake_token_around_image)>"
    r"|\[/?INST\]|<</?SYS>>|\[(?:BOS|EOS|PAD|UNK|CLS|SEP)\]",
    re.IGNORECASE,
)
_LEADING = re.compile(rf"(?:\s|{_MARK.pattern})*", re.IGNORECASE)

_MUSING = re.compile(
    r"\W*(?:(?:okay|ok|alright|all right|right|well|wait|so|now|first|got it)\b\W{0,3})*"
    r"(?:let me\b|let's\b|let us\b|hmm+\b|the user(?:'s)?\b|(?:i|we) (?:need to|have to|should|must)\b)",
    re.IGNORECASE,
)
"""How reasoning begins, and a text about a picture does not."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model said.

    Attributes:
        text: the answer, as it stands.
        unfinished: the output ends inside the reasoning.
        prompted: reasoning was closed that the output did not open: the prompt did, and does so for every picture.
        over: the model marked the end of its turn itself.
    """

    text: str
    unfinished: bool = False
    prompted: bool = False
    over: bool = False


def spoken(output: str, prompted: bool = False) -> Spoken:
    """The answer in a model's raw output; `prompted`: its prompt has opened the reasoning."""
    output = output[:LONGEST]
    if "&lt;" in output:  # a gateway that writes for web pages
        output = html.unescape(output)
    if _HARMONY.search(output) and ("<|channel|>" in output or "<|message|>" in output):
        final = _final_channel(output)
        return _without_marks(Spoken(final or "", unfinished=final is None))
    if bare := _BARE_ANALYSIS.match(output):
        _, found, final = output[bare.end() :].rpartition(_BARE_FINAL)
        return _without_marks(Spoken(final if found else "", unfinished=not found))
    return _without_marks(_without_reasoning(output, prompted))


def opens_reasoning(prompt: str) -> bool:
    """Whether a prompt ends inside reasoning, so that the output begins there."""
    tags = list(_TAGS.finditer(prompt[-200:]))
    return bool(tags) and not (tags[-1]["close"] or tags[-1]["weak"])


def is_reasoning_mark(token: str) -> bool:
    """Whether a special token has to be seen in the text to tell reasoning from the answer."""
    return bool(_TAGS.fullmatch(token) or _HARMONY.fullmatch(token) or _ANSWER.fullmatch(token))


def is_musing(text: str) -> bool:
    """Whether a text without marks begins as reasoning does: about the request and not about the picture."""
    return bool(_MUSING.match(text))


def _final_channel(output: str) -> str | None:
    """The text of the channel `final` of OpenAI's harmony format; None where there is none."""
    pieces = _HARMONY.split(output)
    role, channel = "assistant", pieces[0].strip().lower()
    kept: list[str] = []
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        words = piece.lower().split()
        if mark == "channel":
            channel = words[0] if words else ""
        elif mark == "message" and role == "assistant" and channel in {"", _FINAL}:
            kept.append(piece)
        elif mark in {"start", "end", "return", "call"}:
            role, channel = words[0] if mark == "start" and words else "assistant", ""
    return " ".join(kept) if kept else None


def _without_reasoning(output: str, prompted: bool) -> Spoken:
    kept: list[str] = []
    at, inside, unopened = 0, prompted, False
    for tag in _TAGS.finditer(output):
        if tag["weak"] and not inside:
            continue
        if tag["close"] or tag["weak"]:
            if not inside:
                kept.clear()  # all before it is reasoning
                unopened = True
            inside, at = False, tag.end()
        elif not inside:
            kept.append(output[at : tag.start()])
            inside = True
    if not inside:
        kept.append(output[at:])
    return Spoken(" ".join(kept), unfinished=inside, prompted=unopened)


def _without_marks(said: Spoken) -> Spoken:
    """Only what stands between `<answer>` tags, up to the end of the model's turn, without special tokens."""
    _, asked, answered = said.text.rpartition("[/INST]")
    text = answered if asked and answered.strip() else said.text  # some servers send the prompt back
    text = text[_leading(text) :]
    over = _OVER.search(text)
    if over:
        text = text[: over.start()]
    if answer := _ANSWER.search(text):
        inner = text[answer.end() :].partition(f"</{answer[1]}>")[0]
        text = inner if inner.strip() else text
    return Spoken(_MARK.sub(" ", text), said.unfinished, said.prompted, over is not None)


def _leading(text: str) -> int:
    """Where a text begins behind white space and special tokens."""
    found = _LEADING.match(text)
    return found.end() if found else 0
