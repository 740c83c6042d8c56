"""What a model wrote → the text that is kept, with flags for what was wrong with it, or why nothing is kept."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mmavk_cli.knowledge.generators.vlm.reasoning import LONGEST, is_musing, spoken

KEYS = ("people", "locations", "organizations", "other", "scene")
"""Of the answer to the prompt `structured`."""

REPEATS = 3
"""So many times in a row is a loop, not style."""

LONGEST_PERIOD = 2000
"""Characters of the longest stretch that is looked for as a loop's body."""

SHORTEST_LOOP = 24
"""Characters a loop fills at least; `ha ha ha` stays."""

_END = re.compile(r".*[.!?…。！？](?=[\s\"')]|\Z)", re.DOTALL)

_BROKEN_TAG = re.compile(r"<[^<>\s]{0,40}\Z")
"""What is left of a tag where the output was cut inside it."""

CUT, REPEATING, EMPTY, NOT_JSON = "cut", "repeating", "empty", "not JSON"

_REFUSAL = re.compile(
    r"\W*(?:i(?:['’]m| am)(?: very| truly)? sorry|sorry|i apologi[sz]e|my apologies|unfortunately|as an ai\b)"
    r"[^.!?]{0,60}\b(?:i|we)(?: am|['’]m)? (?:cannot|can['’]?t|can not|won['’]?t|unable|not able|do not|don['’]?t)\b",
    re.IGNORECASE,
)
_LONGEST_REFUSAL = 160
"""Characters; what is longer goes on to tell what it does see."""

_SIGNS = 20
"""Characters of an answer without a word that are shown."""

UNFINISHED = "the model's reasoning did not end; raise --max-new-tokens"
ONLY_REASONING = "the answer holds nothing beside reasoning and special tokens"
NOTHING = "the model said nothing"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is kept of a model's output. Where `text` is None, `error` says why.

    Attributes:
        prompted: the output ends reasoning that the prompt began, as it will for every picture.
    """

    text: str | None
    flags: tuple[str, ...] = ()
    error: str | None = None
    prompted: bool = False


def clean(output: str, ended: bool, most: int = LONGEST, structured: bool = False, prompted: bool = False) -> Cleaned:
    """The answer in a model's raw output, tidied. Reasoning and special tokens are no part of it.

    Args:
        output: the text as the model wrote it.
        ended: the model stopped by itself.
        most: characters of the answer that are kept.
        structured: JSON by category was asked for.
        prompted: the prompt has opened reasoning, so the output begins inside it.
    """
    said = spoken(output, prompted)
    ended = (ended or said.over) and len(output) <= LONGEST
    text = said.text if ended else _BROKEN_TAG.sub("", said.text)
    if not any(letter.isalnum() for letter in text):
        return Cleaned(None, error=_why_nothing(output, text, said.unfinished), prompted=said.prompted)
    if not ended and is_musing(text):
        return Cleaned(None, error=UNFINISHED)
    if len(text) <= _LONGEST_REFUSAL and _REFUSAL.match(text):
        return Cleaned(None, error=f"the model refuses: {_in_one_line(text)}", prompted=said.prompted)
    kept, flags = tidy(text[:most], ended and len(text) <= most, structured)
    return Cleaned(kept, tuple(flags), prompted=said.prompted)


def _why_nothing(output: str, text: str, unfinished: bool) -> str:
    if unfinished:
        return UNFINISHED
    if signs := _in_one_line(text):
        return f"there is no word in the answer: {signs[:_SIGNS]}"
    return ONLY_REASONING if _in_one_line(output) else NOTHING


def _in_one_line(text: str) -> str:
    hidden = {ord(letter): " " for letter in set(text) if not letter.isprintable()}
    return " ".join(text.translate(hidden).split())


def tidy(text: str, ended: bool, structured: bool = False) -> tuple[str, list[str]]:
    """The text to keep and its flags.

    `repeating`: a loop at the end, kept once. `cut`: the model had not `ended` by itself; cut after the last whole
    sentence, where there is one. `empty`: nothing but white space. `not JSON`: asked for JSON, got something else.
    """
    flags: list[str] = []
    text = _in_one_line(text)
    once = without_loop(text)
    if once != text:
        text = once
        flags.append(REPEATING)
    elif not ended:
        flags.append(CUT)
        if not structured and (whole := _END.match(text)):
            text = whole[0]
    if structured and text:
        listed = by_category(text)
        if listed is None:
            flags.append(NOT_JSON)
        else:
            text = listed
    if not text:
        flags.append(EMPTY)
    return text, flags


def without_loop(text: str) -> str:
    """The text with a loop at its end told once: `a b b b b` becomes `a b`."""
    for period in range(1, min(LONGEST_PERIOD, len(text) // REPEATS) + 1):
        repeated = periodic(text, period)
        if repeated >= (REPEATS - 1) * period and repeated + period >= SHORTEST_LOOP:
            once, rest = text[: len(text) - repeated], text[len(text) - repeated :]
            broken_off = "" if once.endswith(" ") else rest[: period - 1].partition(" ")[0]
            return (once + broken_off).strip()
    return text


def periodic(items: Sequence[object], period: int) -> int:
    """How many of the last items are the same as the one `period` before them, without a gap."""
    length = 0
    while length + period < len(items) and items[-1 - length] == items[-1 - length - period]:
        length += 1
    return length


def by_category(text: str) -> str | None:
    """The JSON answer of the prompt `structured` as plain words (`people: A, B. scene: …`), which is what an encoder
    was trained on; categories in a fixed order, empty ones left out. What a model says around the JSON does not count.
    None where it is not such an answer.
    """
    try:
        answer = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not answer.keys() & set(KEYS):
        return None
    said = {key: ", ".join(_words(answer.get(key))).rstrip(".") for key in KEYS}
    return " ".join(f"{key}: {words}." for key, words in said.items() if words)


def _words(value: object) -> list[str]:
    """The texts in a category; a model that makes an object of a name and its clue means `name (clue)`."""
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    if isinstance(value, dict):
        name, *clues = [word for one in value.values() for word in _words(one)] or [""]
        return _words(f"{name} ({', '.join(clues)})" if clues else name)
    return [value.strip()] if isinstance(value, str) and value.strip() else []
