"""How glyphs.npz was made: `python -m tbench_datasets.mini.make_glyphs glyphs.npz`; needs matplotlib for its fonts.

Kept as the record of the shipped file. Another FreeType or Pillow may move single grey levels, so the file is not
made again at installation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tbench_datasets.mini.alphabets import needed_glyphs
from tbench_datasets.mini.glyphs import GLYPH_SIDE


def make_glyphs(path: Path) -> None:
    """Render all needed glyphs and store them as arrays fonts (M,), characters (M,) and masks (M, 28, 28)."""
    import matplotlib

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pairs = needed_glyphs()
    masks = np.stack([render(fonts / f"{font}.ttf", character) for font, character in pairs])
    np.savez_compressed(
        path, fonts=np.array([font for font, _ in pairs]), characters=np.array([c for _, c in pairs]), masks=masks
    )


def render(font: Path, character: str) -> NDArray[np.uint8]:
    """One mask (28, 28): drawn at 64 points, tightly cropped, resized to a long side of 28 pixels, centred."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("L", (160, 160))
    ImageDraw.Draw(page).text((40, 30), character, fill=255, font=ImageFont.truetype(font, 64))
    box = page.getbbox()
    if box is None:
        raise ValueError(f"{font.name} draws nothing for {character!r}")
    tight = page.crop(box)
    zoom = GLYPH_SIDE / max(tight.size)
    tight = tight.resize(
        (max(1, round(tight.width * zoom)), max(1, round(tight.height * zoom))), Image.Resampling.LANCZOS
    )
    mask = Image.new("L", (GLYPH_SIDE, GLYPH_SIDE))
    mask.paste(tight, ((GLYPH_SIDE - tight.width) // 2, (GLYPH_SIDE - tight.height) // 2))
    return np.asarray(mask)


if __name__ == "__main__":
    make_glyphs(Path(sys.argv[1]))
