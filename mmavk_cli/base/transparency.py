"""Transparent pictures: which pixels are seen, and over which ground."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

ALPHA, GROUND = "alpha", "ground"
"""Keys in `info` of a decoded picture: its transparency, a mask of its size (0: transparent), and what is behind it."""

_LIGHT = 128
"""Mean brightness of what is visible, from which on a picture is laid over black: white letters over white are gone."""

_SIXTEEN = "I;16"
_DEPTH = 24
"""The byte of a PNG file that tells the bits of a channel."""


def mask_of(image: "Image", data: bytes) -> "Image | None":
    """The transparency of a loaded picture, None where all of it is seen.

    Args:
        image: as Pillow loaded it.
        data: the file's bytes. In a PNG file of 16 bits a channel the transparent colour has 16 bits as well, and
            Pillow gives the pixels 8 bits where they are in colour.
    """
    from PIL import Image

    if not image.has_transparency_data:
        return None
    colour = image.info.get("transparency")
    if image.mode.startswith(_SIXTEEN) or image.mode == "I":
        import numpy as np

        seen = np.asarray(image) != (colour if isinstance(colour, int) else -1)
        mask = Image.fromarray((seen * 255).astype(np.uint8))
    else:
        if image.mode == "RGB" and isinstance(colour, tuple) and image.format == "PNG" and data[_DEPTH] == 16:  # noqa: PLR2004
            image.info["transparency"] = tuple(part >> 8 for part in colour)
        mask = image.convert("RGBA").getchannel("A")
    return mask if mask.getextrema()[0] != 255 else None  # noqa: PLR2004


def over_ground(image: "Image", mask: "Image") -> "Image":
    """An RGB picture over white, or over black where what is visible of it is light; `info[GROUND]` says which."""
    from PIL import Image, ImageStat

    light = ImageStat.Stat(image.convert("L"), mask).mean[0] if mask.getbbox() else 0
    ground = "black" if light >= _LIGHT else "white"
    found = Image.composite(image, Image.new("RGB", image.size, ground), mask)
    found.info[GROUND] = ground
    return found


def over_other_ground(image: "Image") -> "Image | None":
    """A decoded picture over the ground that `over_ground` did not choose; None where it is not transparent."""
    from PIL import Image, ImageChops

    if ALPHA not in image.info:
        return None
    hidden = Image.merge("RGB", [ImageChops.invert(image.info[ALPHA])] * 3)
    if image.info[GROUND] == "white":
        return ImageChops.subtract(image, hidden)
    return ImageChops.add(image, hidden)


def without_text(data: bytes) -> bytes:
    """A PNG file without its texts and colour profile: Pillow refuses a picture for a text that is too long.

    Short XMP stays, which may tell how the camera was held.
    """
    kept, at = [data[:8]], 8
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, head = data[at + 4 : at + 8], data[at + 8 : at + 27]
        short = head == b"XML:com.adobe.xmp\0\0" and end - at < 1_000_000  # noqa: PLR2004
        if kind not in {b"tEXt", b"zTXt", b"iTXt", b"iCCP"} or short:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)
