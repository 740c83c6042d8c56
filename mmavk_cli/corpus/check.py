"""Check of a data set's texts: what in them changes a score, and where."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import combinations
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import JSON_ENDINGS
from mmavk_cli.base.records import BadRow, Counted, Post
from mmavk_cli.corpus.conll import read_blocks
from mmavk_cli.corpus.findings import Findings
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.corpus.types import UNIFIED, Renaming
from mmavk_cli.spans import split_tag

_URL = re.compile(r"(?:https?:|www\.)\S*")
_HANDLE = re.compile(r"@ ?\w+")
INVISIBLE = {"Cf", "Cc", "Mn", "Me"}
"""Unicode categories of characters that show nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A post that was read, its types renamed: its split, the place of each word, and the tags in IOB2 with the file's
    own types.
    """

    split: str
    post: Post
    places: tuple[str, ...]
    tags: tuple[str, ...]


def check_texts(files: Mapping[str, Path], findings: Findings, renaming: Renaming | None = None) -> list[Entry]:
    """Check the splits' files (in the order given) and add what is found; the posts that could be read come back, their
    types renamed.

    Places are `NAME:line`, NAME the file's own name.

    Raises:
        DataError: a file cannot be read.
    """
    entries: list[Entry] = []
    for split, path in files.items():
        own = list(_renamed(_read(split, path, findings), renaming or Renaming(), findings))
        if not own:
            findings.add("split-empty", split, path.name, "no tweets")
        if path.suffix.lower() not in JSON_ENDINGS:
            _check_ending(split, path, findings)
            _check_image_ids(own, findings)
        entries += own
    for entry in entries:
        _check_tags(entry, findings)
        _check_words(entry, findings)
    _check_repeats(entries, findings)
    _check_equal(entries, files, findings)
    return entries


class _Finder(Counted):
    """What a reader tells of a file of `folder`, as findings of a split."""

    def __init__(self, split: str, folder: Path, findings: Findings) -> None:
        super().__init__()
        self._add = partial(findings.add, group=split)
        self._folder = f"{folder}/"

    def note(self, kind: str, where: str, detail: str = "", group: str = "") -> None:  # noqa: ARG002
        """One more finding.

        Args:
            kind: what was noticed.
            where: file and line.
            detail: more about this place.
            group: not used; findings are counted by split.
        """
        self._add(kind, where=where.removeprefix(self._folder), detail=detail)


def _renamed(entries: Iterable[Entry], renaming: Renaming, findings: Findings) -> Iterator[Entry]:
    for entry in entries:
        try:
            yield replace(entry, post=renaming.post(entry.post))
        except DataError as error:
            findings.add("bad-line", entry.split, entry.places[0], error.what)


def _read(split: str, path: Path, findings: Findings) -> Iterator[Entry]:
    if path.suffix.lower() in JSON_ENDINGS:
        for row in read_jsonl(path, path.name, counted=_Finder(split, path.parent, findings)):
            if isinstance(row, BadRow):
                findings.add("bad-line", split, row.problem.where, row.problem.what)
            else:
                yield Entry(split, row, (row.where,) * len(row.words), row.tags or ())
        return
    for block in read_blocks(path, counted=_Finder(split, path.parent, findings)):
        for fault in block.faults:
            findings.add("bad-line", split, fault.where.removeprefix(f"{path.parent}/"), fault.what)
        if not block.faults:
            post = block.post()
            yield Entry(split, post, tuple(f"{path.name}:{line}" for line in post.lines), tuple(block.iob2()))


def _check_ending(split: str, path: Path, findings: Findings) -> None:
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    if raw and not raw.endswith(b"\n\n"):
        lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        missing = "no blank line" if raw.endswith(b"\n") else "no newline and no blank line"
        findings.add("no-final-blank", split, f"{path.name}:{lines}", f"{missing} at the end")


def _check_image_ids(entries: Sequence[Entry], findings: Findings) -> None:
    if any(entry.post.image_id for entry in entries):
        for entry in entries:
            if entry.post.image_id is None:
                findings.add("no-image-id", entry.split, entry.places[0], f"{entry.post.text[:40]!r}")


def _check_tags(entry: Entry, findings: Findings) -> None:
    before = ("O", "")
    for tag, word, place in zip(entry.tags, entry.post.words, entry.places, strict=False):
        prefix, kind = split_tag(tag)
        unified = UNIFIED.get(kind, kind)
        if kind != unified:
            findings.add("other-naming", entry.split, place, f"{tag} {word.text!r}")
        if prefix == "I" and before[0] == "O":
            findings.add("orphan-i", entry.split, place, f"{tag} {word.text!r}")
        elif prefix == "I" and before[1] != unified:
            findings.add("type-switch", entry.split, place, f"{tag} {word.text!r} after {'-'.join(before)}")
        before = (prefix, unified)


def _check_words(entry: Entry, findings: Findings) -> None:
    for word, place in zip(entry.post.words, entry.places, strict=True):
        if any(character.isspace() for character in word.text):
            findings.add("space-in-word", entry.split, place, ascii(word.text))
        elif all(unicodedata.category(character) in INVISIBLE for character in word.text):
            findings.add("invisible-word", entry.split, place, ascii(word.text))


def _check_repeats(entries: Sequence[Entry], findings: Findings) -> None:
    texts: dict[str, list[Entry]] = defaultdict(list)
    bare: dict[str, list[Entry]] = defaultdict(list)
    images: dict[str, Entry] = {}
    ids: dict[str, Entry] = {}
    for entry in entries:
        text, key = entry.post.text, essence(entry.post.text)
        _add_repeat(entry, texts[text], bare[key] if key else [], findings)
        for earlier in texts[text]:
            if earlier.post.tags != entry.post.tags:
                detail = f"{text[:60]!r} is tagged otherwise at {_place(earlier)}"
                findings.add("conflicting-tags", _pair(earlier, entry), _place(entry), detail)
                break
        name = entry.post.id
        if name in ids and name != entry.post.image_id:
            findings.add("repeated-id", _pair(ids[name], entry), _place(entry), f"{name!r} is at {_place(ids[name])}")
        ids.setdefault(name, entry)
        if (image := entry.post.image_id) is not None:
            if image in images:
                detail = f"{image} is at {_place(images[image])}"
                findings.add("repeated-image", _pair(images[image], entry), _place(entry), detail)
            images.setdefault(image, entry)
        texts[text].append(entry)
        bare[key].append(entry)


def _add_repeat(entry: Entry, same: Sequence[Entry], near: Sequence[Entry], findings: Findings) -> None:
    """One place for each earlier split that has the text, exactly or nearly."""
    exact: dict[str, Entry] = {}
    for earlier in same:
        exact.setdefault(earlier.split, earlier)
    for split, earlier in exact.items():
        kind = "repeated-inside" if split == entry.split else "repeated-across"
        findings.add(kind, _pair(earlier, entry), _place(entry), f"{entry.post.text[:60]!r} is at {_place(earlier)}")
    nearly: dict[str, Entry] = {}
    for earlier in near:
        if earlier.split not in {*exact, entry.split}:
            nearly.setdefault(earlier.split, earlier)
    for earlier in nearly.values():
        detail = f"{entry.post.text[:60]!r} is nearly {_place(earlier)}"
        findings.add("repeated-near", _pair(earlier, entry), _place(entry), detail)


def _content(post: Post) -> str:
    words = [word.text for word in post.words]
    return f"{words} {post.tags}"


def _check_equal(entries: Sequence[Entry], files: Mapping[str, Path], findings: Findings) -> None:
    digests: dict[str, bytes] = {}
    for split in files:
        own = [entry.post for entry in entries if entry.split == split]
        if own:
            content = "\n\n".join(_content(post) for post in own)
            digests[split] = sha256(content.encode()).digest()
    for first, second in combinations(digests, 2):
        if digests[first] == digests[second]:
            findings.add("splits-equal", f"{first}-{second}", files[second].name, f"the same as {files[first].name}")


def essence(text: str) -> str:
    """A text without URLs, handles, capitals and punctuation, by which near repeats are found."""
    return " ".join(re.findall(r"\w+", _HANDLE.sub("", _URL.sub("", text)).lower()))


def _place(entry: Entry) -> str:
    return entry.places[0]


def _pair(earlier: Entry, later: Entry) -> str:
    return later.split if earlier.split == later.split else f"{earlier.split}-{later.split}"
