"""The shipped glyph masks: clean letters and symbols, rendered once so that no font library can change the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import FloatArray

GLYPH_SIDE = 28


@dataclass(frozen=True, eq=False)
class Glyphs:
    """Masks by font and character, each tightly cropped, its long side 28 pixels, centred."""

    masks: NDArray[np.uint8]  # (M, 28, 28)
    rows: Mapping[tuple[str, str], int]

    def pick(self, fonts: NDArray[np.str_], characters: NDArray[np.str_]) -> FloatArray:
        """Fonts (N,) and characters (N,) -> masks (N, 28, 28) in 0..1."""
        rows = [self.rows[pair] for pair in zip(fonts.tolist(), characters.tolist(), strict=True)]
        return self.masks[rows] / 255


def read_glyphs() -> Glyphs:
    with files(__package__).joinpath("glyphs.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
        pairs = zip(stored["fonts"].tolist(), stored["characters"].tolist(), strict=True)
        return Glyphs(stored["masks"], {pair: row for row, pair in enumerate(pairs)})
