"""What the embedded networks are pre-trained on: glyphs, shapes, textures, fractals, and a mix of all four."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.alphabets import SOURCE_FONTS, SOURCE_GREEK, SOURCE_LATIN
from tbench_datasets.mini.canvas import SIDE, dye, paint, warp
from tbench_datasets.mini.dataset import MiniDataset, Part, balanced
from tbench_datasets.mini.fractals import find_systems, fractal_masks
from tbench_datasets.mini.glyphs import read_glyphs
from tbench_datasets.mini.shapes import shape_masks
from tbench_datasets.mini.textures import texture_fields

CHUNK = 1000  # pictures drawn at once, to bound memory
FRACTALS = 40
SIZES: Mapping[Part, int] = {"train": 40_000, "val": 1_000, "test": 1_000}
SAMPLE_SIZES: Mapping[Part, int] = {"train": 2_000, "val": 1_000, "test": 1_000}
REFERENCE_SIZES: Mapping[Part, int] = {"train": 600, "val": 600, "test": 600}

Render = Callable[[NDArray[np.int64], RandomState], NDArray[np.uint8]]

# What each source consists of: how many classes of which kind, from the first on.
SOURCES: Mapping[str, Mapping[str, int]] = {
    "source-mix": {"glyph": 40, "shape": 20, "texture": 20, "fractal": 20},
    "source-glyph": {"glyph": 60},
    "source-shape": {"shape": 20},
    "source-texture": {"texture": 20},
    "source-fractal": {"fractal": 40},
    "source-glyph-half": {"glyph": 30},
    "source-shape-half": {"shape": 10},
    "source-texture-half": {"texture": 10},
    "source-fractal-half": {"fractal": 20},
}


def glyph_renderer() -> Render:
    glyphs, fonts, letters = read_glyphs(), np.array(SOURCE_FONTS), np.array(list(SOURCE_LATIN + SOURCE_GREEK))

    def render(labels: NDArray[np.int64], stream: RandomState) -> NDArray[np.uint8]:
        font = stream.randint(len(fonts), size=len(labels))
        return paint(warp(glyphs.pick(fonts[font], letters[labels]), stream), stream, relief=0.15)

    return render


def shape_renderer() -> Render:
    return lambda labels, stream: paint(shape_masks(labels, stream), stream, relief=0.2)


def texture_renderer() -> Render:
    return lambda labels, stream: dye(texture_fields(labels, stream), stream)


def fractal_renderer() -> Render:
    systems = find_systems(FRACTALS)
    return lambda labels, stream: paint(fractal_masks(labels, stream, systems), stream)


RENDERERS: Mapping[str, Callable[[], Render]] = {
    "glyph": glyph_renderer,
    "shape": shape_renderer,
    "texture": texture_renderer,
    "fractal": fractal_renderer,
}


def draw_source(
    kinds: Mapping[str, int], part: Part, size: int, stream: RandomState
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Balanced classes in random order, numbered kind after kind; the parts differ in nothing but their streams."""
    labels = balanced(size, sum(kinds.values()), stream)
    images = np.empty((size, SIDE, SIDE, 3), np.uint8)
    first = 0
    for kind, classes in kinds.items():
        render = RENDERERS[kind]()
        rows = np.flatnonzero((first <= labels) & (labels < first + classes))
        for chunk in (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)):
            images[chunk] = render(labels[chunk] - first, stream)
        first += classes
    return images, labels


def sources() -> Iterator[MiniDataset]:
    """The sources, a sample of each, and a reference set: a few pictures of the mix. Each has its own streams."""
    for name, kinds in SOURCES.items():
        yield MiniDataset(f"mini/{name}", sum(kinds.values()), SIZES, partial(draw_source, kinds))
        sample = name.replace("source-", "sample-")
        yield MiniDataset(f"mini/{sample}", sum(kinds.values()), SAMPLE_SIZES, partial(draw_source, kinds))
    mix = SOURCES["source-mix"]
    yield MiniDataset("mini/reference", sum(mix.values()), REFERENCE_SIZES, partial(draw_source, mix))
