"""What a file is by its first bytes: pictures have many endings, and what is called `.jpg` may be a web page."""

import re
from dataclasses import dataclass
from pathlib import Path

HEAD = 512
"""Bytes that are looked at."""

BOM = b"\xef\xbb\xbf"
"""What Windows programs begin UTF-8 with."""

UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""What UTF-16 begins with."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is.

    Attributes:
        name: in words.
        format: Pillow's decoder; empty for what is not read.
        picture: whether people would call it a picture, read or not.
        do: what to do with it where a picture is wanted and it is not read.
    """

    name: str
    format: str = ""
    picture: bool = True
    do: str = "Convert it to JPEG or PNG"


_OTHER = "Give the picture itself"
_BRANDS = {
    b"avif": Kind("an AVIF picture", "AVIF"),
    b"avis": Kind("an AVIF picture", "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), Kind("a HEIC picture")),
}
"""By the brand of a file of ISO's media family (ISO 14496-12); every other brand is a video."""

_VIDEO = Kind("a video", picture=False, do="Give a picture of it")

_STARTS = (
    (rb"\xff\xd8\xff", Kind("a JPEG picture", "JPEG")),
    (rb"\x89PNG\r\n\x1a\n", Kind("a PNG picture", "PNG")),
    (rb"GIF8[79]a", Kind("a GIF picture", "GIF")),
    (rb"RIFF.{4}WEBP", Kind("a WebP picture", "WEBP")),
    (rb"BM.{4}\0{4}", Kind("a BMP picture", "BMP")),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", Kind("a TIFF picture", "TIFF")),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", Kind("a JPEG XL picture")),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", Kind("a JPEG 2000 picture")),
    (rb"8BPS", Kind("a Photoshop file")),
    (rb"\0\0[\x01\x02]\0", Kind("an icon file")),
    (rb"qoif", Kind("a QOI picture")),
    (rb"%!PS", Kind("a PostScript file")),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", Kind("a Windows metafile")),
    (rb"(?i)\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]", Kind("an SVG drawing")),
    (rb"%PDF-", Kind("a PDF file", picture=False)),
    (rb"\x1aE\xdf\xa3|RIFF.{4}AVI |\0\0\x01[\xba\xb3]|FLV\x01|OggS", _VIDEO),
    (rb"version https://git-lfs", Kind("a Git LFS pointer", picture=False, do="Fetch the file itself: git lfs pull")),
    (rb"(?:\.\./)*\.?/?(?:\.git/)?annex/objects/", Kind("a git-annex pointer", picture=False, do="Run git annex get")),
    (
        rb"(?i)\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)",
        Kind("an HTML page", picture=False, do="An error page may have been saved: fetch the picture again"),
    ),
    (
        rb"(?i)\s*<(?:\?xml|error)",
        Kind("an XML file", picture=False, do="An error may have been saved: fetch it again"),
    ),
    (rb"\s*[{\[][\s\"{\[\]}]", Kind("a JSON file", picture=False, do=_OTHER)),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf|BZh|\xfd7zXZ", Kind("an archive", picture=False, do="Unpack it")),
)
_COMPILED = [(re.compile(start, re.DOTALL), kind) for start, kind in _STARTS]


def kind_of(head: bytes) -> Kind | None:
    """What a file is that begins with these bytes; None where nothing tells."""
    head = head[:HEAD].removeprefix(BOM)
    if head[4:8] == b"ftyp":
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, int.from_bytes(head[:4], "big"), 4))]
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), _VIDEO)
    found = next((kind for start, kind in _COMPILED if start.match(head)), None)
    if found is None and head and _is_text(head):
        return Kind("a text", picture=False, do=_OTHER)
    return found


def kind_of_file(path: Path) -> Kind | None:
    """What a plain file is; None for a folder, a pipe, and what cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as handle:
            return kind_of(handle.read(HEAD))
    except (OSError, ValueError):
        return None


def is_picture(path: Path) -> bool:
    """Whether a plain file begins as a picture does, whatever it is called."""
    kind = kind_of_file(path)
    return kind is not None and kind.picture


def _is_text(head: bytes) -> bool:
    try:
        text = head[:-3].decode("utf-8") if len(head) == HEAD else head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > HEAD - 8
    return all(letter.isprintable() or letter.isspace() for letter in text)
