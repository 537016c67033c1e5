"""Any picture that Pillow can read, as uint8 RGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from tbench.api import EvidenceError

DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")  # grey in 0..65535; I is how Pillow reads a 16-bit PGM
ENOUGH = 720  # pixels of the shorter side: more than networks look at (518 at most in the pools that ship)
MOST_PIXELS = 2 * 89_478_485  # Pillow's own limit, 512 MB of colours, held even where a library has lifted Pillow's
UNDECODABLE = ("MPEG",)  # Pillow knows such a file when it sees one, and no more


def rgb(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3). Transparent pixels lie on white; 16-bit grey keeps its upper byte; grey is three times the same.

    ValueError for modes without a known range or without a way to RGB (F, LAB).
    """
    if image.mode in DEEP:
        grey = (np.clip(np.asarray(image), 0, 65535) // 256).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range; store it with 8 or 16 bits")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def decoded(path: Path) -> NDArray[np.uint8]:
    """The first frame of a file as RGB (H, W, 3), turned as its EXIF orientation says; EvidenceError if broken.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where its shorter side stays ENOUGH pixels or more.
    """
    try:
        with Image.open(path) as image:
            _bounded(image)
            image.draft(None, (ENOUGH, ENOUGH))  # other formats know no scale, and ignore it
            ImageOps.exif_transpose(image, in_place=True)
            return rgb(image)
    except Exception as error:  # decoders meet whatever bytes there are, and raise all sorts of things
        raise EvidenceError(f"{path} cannot be decoded ({told(error)}); replace it or take it away") from error


def flaw(path: Path) -> str | None:
    """What is wrong with a file at first sight: its header, and the checksums of formats that have them."""
    try:
        with Image.open(path) as image:
            _bounded(image)
            image.verify()
    except Exception as error:  # as above
        return told(error)
    return None


def _bounded(image: Image.Image) -> None:
    """By its header, before there is room for a single pixel."""
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}")


def suffixes() -> frozenset[str]:
    """Lower-case endings of the names of files that Pillow can decode, each with its dot."""
    return frozenset(
        suffix
        for suffix, kind in Image.registered_extensions().items()
        if kind in Image.OPEN and kind not in UNDECODABLE and not _stub(Image.OPEN[kind][0])
    )


def _stub(opener: object) -> bool:
    return isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)


def told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
