"""Opening a picture that may be anything: a cap before decoding, every fault a sentence, always RGB and upright."""

import io
import re
import stat
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import HEAD, kind_of
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.base.transparency import ALPHA, mask_of, over_ground, without_text

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".jfif", ".jpe", ".pjpeg", ".pjp", ".avif",
)  # fmt: skip
"""File name endings of pictures, in the order in which a data set's folder is searched."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")
"""Pillow's decoders that are used; the others (EPS runs a program, many are rarely tested) are left out."""

_UNKNOWN = "this is not a picture, or of a kind that is not read"
_READABLE = "Give a JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF file"
_ORIENTATION = 0x0112
"""The EXIF tag that says how the camera was held (EXIF 2.32, 4.6.4 A)."""


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:", re.IGNORECASE)


def is_url(image: str) -> bool:
    """The picture is named by its address (`https://`, `s3://`, `data:`), not by a path."""
    return _ADDRESS.match(image) is not None


def was_url(path: Path) -> bool:
    """The path was made of a URL, whose `//` it has lost; no file is called so."""
    return re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.IGNORECASE) is not None and not path.exists()


class PictureLimits(Settings):
    """What a picture may cost. Pillow itself refuses anything over 178 megapixels."""

    max_megapixels: float = setting(64.0, "Refuse pictures larger than this many megapixels.", gt=0, le=178)
    max_megabytes: float = setting(256.0, "Refuse picture files larger than this many megabytes.", gt=0)


@dataclass(frozen=True)
class Picture:
    """A file's bytes."""

    path: Path
    data: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """The bytes' tagged digest, which names the picture whatever the file is called."""
        return digest(self.data)


def read_picture(path: Path, limits: PictureLimits | None = None) -> Picture:
    """The bytes of a picture file; nothing is decoded.

    Raises:
        DataError: no such file, not a file (a folder, a pipe), no bytes, too many bytes, not readable.
    """
    cap = (limits or PictureLimits()).max_megabytes
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise DataError("this is a folder, not a picture", str(path), "Give one picture file")
        if not stat.S_ISREG(status.st_mode):
            raise DataError("this is not a plain file", str(path), "Give one picture file")
        if status.st_size > cap * 1e6:
            what = f"the picture file has {status.st_size / 1e6:.0f} megabytes, more than {cap:g}"
            raise DataError(what, str(path), "Shrink it or raise --max-megabytes")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("no such picture", str(path), "Check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the picture: {reason}", str(path), "Check the path") from error
    if not data:
        raise DataError("the picture file is empty (0 bytes)", str(path), "Fetch it again")
    return Picture(path, data)


def decode(picture: Picture, limits: PictureLimits | None = None, least: int = 0) -> "Image":
    """The picture in RGB, 8 bits a channel, upright: the first frame of an animation, 16 bits scaled to 8, the EXIF
    orientation applied, a transparent picture over white, or over black where it is light, with its mask under
    `info[ALPHA]`. The size is checked in the header, before any pixel is decoded.

    With `least` a JPEG may come at a half, a quarter or an eighth of its size, its longer side no shorter than that: a
    small picture is made of it in a fraction of the time.

    Raises:
        DataError: not a picture, too many pixels, truncated or damaged.
    """
    where = str(picture.path)
    # Pillow warns about oddities in files that it reads well. For good: `catch_warnings` is not for several threads.
    warnings.filterwarnings("ignore", module="PIL", append=True)
    image = _opened(picture, (limits or PictureLimits()).max_megapixels)
    try:
        if least:
            width, height = (max(1, least * side // max(image.size)) for side in image.size)
            image.draft("RGB", (width, height))
        image.load()
        return _seen(image, picture.data)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds on damaged bytes
        raise DataError(f"the picture is truncated or damaged ({error})", where, "Fetch it again") from error


def upright_rgb(image: "Image") -> "Image":
    """A picture in memory in RGB, 8 bits a channel, upright, as `decode` gives one of a file.

    Raises:
        DataError: it is damaged.
    """
    try:
        return _upright(_rgb(image), _orientation(image))
    except MemoryError:
        raise
    except Exception as error:  # a picture of Pillow may be a file that is not read yet
        raise DataError(f"the picture is truncated or damaged ({error})", "image", "Load it again") from error


def check_picture(path: Path, limits: PictureLimits | None = None) -> str | None:
    """What is wrong with a picture file, None when it decodes."""
    try:
        decode(read_picture(path, limits), limits)
    except DataError as error:
        return error.what
    return None


def _opened(picture: Picture, max_megapixels: float) -> "ImageFile":
    from PIL import Image, UnidentifiedImageError, features

    where = str(picture.path)
    kind = kind_of(picture.data[:HEAD])
    if kind is not None and not kind.format:
        what = "" if kind.picture else ", not a picture"
        raise DataError(f"this is {kind.name}{what or ', which is not read'}", where, kind.do)
    form = kind.format if kind else ""
    if form == "AVIF" and not features.check("avif"):
        raise DataError(
            "this is an AVIF picture, which this Pillow does not read", where, "Convert it, or update Pillow"
        )
    data = without_text(picture.data) if form == "PNG" else picture.data
    try:
        image = Image.open(io.BytesIO(data), formats=[form] if form else FORMATS)
    except UnidentifiedImageError as error:
        damaged = f"the picture is truncated or damaged: it begins as {kind.name}" if kind else _UNKNOWN
        raise DataError(damaged, where, "Fetch it again" if kind else _READABLE) from error
    except Image.DecompressionBombError as error:
        what = f"the picture has more than {max_megapixels:g} megapixels"
        raise DataError(what, where, "Shrink it; it may be a decompression bomb") from error
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"the picture's header is damaged ({error})", where, "Fetch it again") from error
    width, height = image.size
    if width * height > max_megapixels * 1e6:
        what = f"the picture has {width}x{height} pixels, more than {max_megapixels:g} megapixels"
        raise DataError(what, where, "Shrink it or raise --max-megapixels")
    return image


def _seen(image: "ImageFile", data: bytes) -> "Image":
    mask, orientation = mask_of(image, data), _orientation(image)
    if mask is None:
        return _upright(_rgb(image), orientation)
    whole = _upright(over_ground(_rgb(image), mask), orientation)
    whole.info[ALPHA] = _upright(mask, orientation)
    return whole


def _rgb(image: "Image") -> "Image":
    if image.mode.startswith("I;16"):
        wide = image.convert("I").point(lambda value: value * (1 / 257))  # 65535 becomes 255
        return wide.convert("L").convert("RGB")
    if image.mode in {"I", "F"}:
        return _stretched(image).convert("RGB")
    return image.convert("RGBA").convert("RGB") if image.has_transparency_data else image.convert("RGB")


def _stretched(image: "Image") -> "Image":
    """32 bits a pixel have no agreed white: the darkest pixel becomes 0, the brightest 255."""
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    scale = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _orientation(image: "Image") -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image
