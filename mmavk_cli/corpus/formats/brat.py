"""brat's standoff: a folder with a text (`NAME.txt`) and its names (`NAME.ann`) for each post."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Rows
from mmavk_cli.corpus.formats.format import Put
from mmavk_cli.corpus.formats.said import UNREAD, Said
from mmavk_cli.corpus.jsonl import post_of
from mmavk_cli.corpus.pictures import list_names, list_pictures
from mmavk_cli.corpus.raw import decoded
from mmavk_cli.spans import characters, strict_spans

FORM = "this is brat's form"
_NAME = re.compile(r"T\S*\t(\S+) ([\d ;]+)(?:\t(.*))?")
_KINDS = {
    "R": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "links",
    "#": "notes",
    "*": "sets",
}
_SAFE = re.compile(r"[^\w.@-]", re.ASCII)
LONGEST_STEM = 100


def is_brat(folder: Path) -> bool:
    """A folder with annotations of brat."""
    return folder.is_dir() and any(folder.glob("*.ann"))


@dataclass(frozen=True, slots=True)
class BratFolder:
    """A folder; a record is a post's stem, its text, and its annotations."""

    name: str = "brat"
    suffix: str = ".brat"

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a folder, by name, or of one of its files. A text without annotations has no tags; annotations
        without a text are a `BadRow`.

        Raises:
            DataError: the folder cannot be read.
        """
        folder = path if path.is_dir() else path.parent
        if path.is_dir():
            stems = sorted({Path(name).stem for name in list_names(folder, (".txt", ".ann"))})
        else:
            stems = [path.stem]
        pictures, say = list_pictures(folder), Said(counted)
        for stem in stems:
            where = str(folder / f"{stem}.ann")
            try:
                text = decoded((folder / f"{stem}.txt").read_bytes(), str(folder / f"{stem}.txt"))
                row: Json = {"text": text} | _annotations(folder / f"{stem}.ann", text, say)
                row |= {"image": pictures.get(stem)}
                post = post_of(row, stem, folder, where, counted)
            except FileNotFoundError:
                what = f"{FORM}, and the annotations have no text"
                yield BadRow(stem, DataError(what, where, f"Put {stem}.txt beside them").problem())
            except OSError as error:
                yield BadRow(stem, DataError(f"cannot read: {error.strerror}", where, "Check the file").problem())
            except DataError as error:
                yield BadRow(stem, error.problem())
            else:
                yield post

    def record(self, post: Post, folder: Path) -> tuple[str, str, str]:  # noqa: ARG002 (pictures are not held)
        """The post's stem, text and annotations.

        Raises:
            DataError: it has a type that brat cannot hold.
        """
        lines = []
        for number, span in enumerate(strict_spans(post.tags or ()), 1):
            start, end = characters(span, post.words)
            if re.search(r"\s", span.type):
                raise DataError(f"the type {span.type!r} has a blank", "", "Rename it")
            surface = " ".join(post.text[start:end].splitlines())
            lines.append(f"T{number}\t{span.type} {start} {end}\t{surface}\n")
        return stem_of(post.id), post.text, "".join(lines)

    def post(self, record: tuple[str, str, str], folder: Path) -> Post:
        """The post that a record is read as."""
        stem, text, annotations = record
        row = {"text": text} | _parsed(annotations, text, "", Said(Counted()))
        return post_of(row, stem, folder, "")

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes files into a new folder, and brat's configuration of the types. Of posts with one id the second is
        called `ID-2`.
        """
        kinds: set[str] = set()
        taken: set[str] = set()
        with atomic_folder(path) as place:

            def put(record: tuple[str, str, str]) -> tuple[str, ...]:
                stem, text, annotations = record
                name, number = stem, 1
                while name.casefold() in taken:
                    number += 1
                    name = f"{stem}-{number}"
                taken.add(name.casefold())
                kinds.update(match[1] for line in annotations.splitlines() if (match := _NAME.fullmatch(line)))
                (place / f"{name}.txt").write_bytes(f"{text}\n".encode("utf-8", "surrogatepass"))
                (place / f"{name}.ann").write_bytes(annotations.encode("utf-8", "surrogatepass"))
                return () if name == stem else ("id",)

            yield put
            sections = ["[entities]", *sorted(kinds), "[relations]", "[events]", "[attributes]"]
            (place / "annotation.conf").write_text("\n".join(sections) + "\n", "utf-8")


def stem_of(post_id: str) -> str:
    """A post's id as the name of its files."""
    return _SAFE.sub("_", post_id)[:LONGEST_STEM].lstrip(".") or "_"


def _annotations(path: Path, text: str, say: Said) -> Json:
    if not path.is_file():
        return {}
    return _parsed(decoded(path.read_bytes(), str(path)), text, str(path), say)


def _parsed(annotations: str, text: str, name: str, say: Said) -> Json:
    entities: list[Json] = []
    for number, whole in enumerate(annotations.split("\n"), 1):
        where, line = f"{name}:{number}", whole.removesuffix("\r")
        if not line.strip():
            continue
        if line[0] != "T":
            say(f"{_KINDS.get(line[0], 'other lines')} are not read, only names", where, UNREAD)
            continue
        match = _NAME.fullmatch(line)
        if match is None:
            raise DataError(
                f"{FORM}, and the line is no name: {line!r}", where, "Write T1, tab, TYPE START END, tab, text"
            )
        pieces = [piece.split() for piece in match[2].split(";")]
        if len(pieces) > 1:
            say(f"a name in {len(pieces)} pieces, {match[3]!r}: a name here is one stretch of text", where, UNREAD)
            continue
        if len(pieces[0]) != 2:  # noqa: PLR2004
            raise DataError(f"{FORM}, and a name has no start and end: {line!r}", where, "Mend the line")
        start, end = map(int, pieces[0])
        if match[3] is not None and text[start:end].split() != match[3].split():
            what = f"{FORM}, and the text at {start}:{end} is {text[start:end]!r}, not {match[3]!r}"
            raise DataError(what, where, "Offsets count characters of the .txt file")
        entities.append({"start": start, "end": end, "type": match[1]})
    return {"entities": entities}
