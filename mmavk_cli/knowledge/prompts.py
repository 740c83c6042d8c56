"""Prompts: what a model is asked about a picture. They come from files and never from a post (paper, section 3.1)."""

import re
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.settings import Settings, setting

FOLDER = Path(__file__).parent / "prompts"
"""One file a version, `NAME-VERSION.txt`. A version never changes once it is released: recipes name it by digest."""

DEFAULT, STRUCTURED = "entity", "structured"
LONGEST = 8000
"""Characters; more is some other file, given by mistake."""


class PromptChoice(Settings):
    """What is asked."""

    prompt: str = setting(
        DEFAULT,
        "What the model is asked: `entity`, `caption`, `ocr`, `structured`, or a text file of your own.",
        metavar="NAME|FILE",
    )


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question about a picture; the whole of what a model is told beside the picture itself.

    Attributes:
        name: what people call it, without its version: `entity`.
        version: 1, 2, …; 0 for a file of one's own.
    """

    name: str
    version: int
    text: str

    @property
    def digest(self) -> str:
        """Tagged digest of its text, which is what a recipe holds."""
        return digest(self.text)


def shipped() -> dict[str, Path]:
    """`NAME-VERSION` → file of every prompt in the package, the newest version of a name last."""
    return {path.stem: path for path in sorted(FOLDER.glob("*-*.txt"), key=lambda path: _parts(path.stem))}


def load_prompt(name: str) -> Prompt:
    """A prompt by its name (the newest version), by `NAME-VERSION`, or by the path of a text file. A file called like a
    prompt of ours gets another name, for its answers are other answers.

    Raises:
        UsageError: no such prompt or file, or the file is empty, not text, or too long to be a prompt.
    """
    versions = shipped()
    newest = {_parts(stem)[0]: stem for stem in versions}
    stem = newest.get(name, name)
    if stem in versions:
        return Prompt(*_parts(stem), _text(versions[stem]))
    path = Path(name)
    if path.is_file():
        called = re.sub(r"\W+", "-", path.stem).strip("-").lower() or "own"
        return Prompt(f"own-{called}" if called in newest else called, 0, _text(path))
    raise UsageError(f"no prompt or file {name!r}", "--prompt", f"There is: {', '.join(newest)}; or give a text file")


def _parts(stem: str) -> tuple[str, int]:
    name, _, version = stem.rpartition("-")
    return name, int(version)


def _text(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the prompt: {error}", str(path), "Give a text file in UTF-8") from error
    if not text or len(text) > LONGEST:
        what = "the prompt is empty" if not text else f"the prompt has {len(text)} characters, more than {LONGEST}"
        raise UsageError(what, str(path), "Write in it what the model should say about a picture")
    return text
