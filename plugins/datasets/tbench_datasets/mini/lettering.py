"""Targets of glyphs: letters and symbols in unseen fonts, typefaces and orientations of unseen letters."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.alphabets import (
    ARMENIAN,
    LETTER_FONTS,
    ORIENT_FONTS,
    ORIENT_LETTERS,
    SYMBOL_FONTS,
    SYMBOLS,
    TYPEFACE_LETTERS,
    TYPEFACES,
)
from tbench_datasets.mini.canvas import FloatArray, column, grid, paint, warp
from tbench_datasets.mini.dataset import Part, balanced
from tbench_datasets.mini.glyphs import read_glyphs

Drawn = tuple[NDArray[np.uint8], NDArray[np.int64]]


def draw_letters(part: Part, size: int, stream: RandomState) -> Drawn:
    """Ten Armenian letters."""
    return _characters(ARMENIAN, LETTER_FONTS[part], size, stream)


def draw_symbols(part: Part, size: int, stream: RandomState) -> Drawn:
    """Twelve pictographs."""
    return _characters(SYMBOLS, SYMBOL_FONTS[part], size, stream)


def draw_typeface(part: Part, size: int, stream: RandomState) -> Drawn:
    """Eight typefaces, test letters other than training letters."""
    labels = balanced(size, len(TYPEFACES), stream)
    masks = read_glyphs().pick(np.array(TYPEFACES)[labels], _any(TYPEFACE_LETTERS[part], size, stream))
    warped = warp(masks, stream, rotation=4, scale=(0.85, 1.1), shear=0.03, shift=2)
    return paint(warped, stream, clutter=0.2, contrast=0.3), labels


def draw_orient(part: Part, size: int, stream: RandomState) -> Drawn:
    """Eight directions, 45 degrees apart, +-0.2 radians, test characters other than training characters."""
    labels = balanced(size, 8, stream)
    letters, fonts = _any(ORIENT_LETTERS[part], size, stream), _any(ORIENT_FONTS, size, stream)
    angles = labels * np.pi / 4 + stream.uniform(-0.2, 0.2, size)
    warped = warp(read_glyphs().pick(fonts, letters), stream, angles=angles, scale=(0.7, 0.95), shear=0.05)
    return paint(warped, stream, clutter=0.4), labels


def _characters(characters: str, fonts: tuple[str, ...], size: int, stream: RandomState) -> Drawn:
    labels = balanced(size, len(characters), stream)
    masks = read_glyphs().pick(_any(fonts, size, stream), np.array(list(characters))[labels])
    warped = _add_strokes(warp(masks, stream, rotation=20, scale=(0.65, 1.05)), stream)
    return paint(warped, stream, clutter=0.4, noise=0.07, relief=0.15, contrast=0.2), labels


def _any(choices: str | tuple[str, ...], size: int, stream: RandomState) -> NDArray[np.str_]:
    return np.array(list(choices))[stream.randint(len(choices), size=size)]


def _add_strokes(masks: FloatArray, stream: RandomState) -> FloatArray:
    """A straight stroke across 35 % of the masks, so that no single line tells the class."""
    n = len(masks)
    x, y = grid()
    angle, offset = column(stream.uniform(0, np.pi, n)), column(stream.uniform(-12, 12, n))
    width, struck = column(stream.uniform(0.5, 1.3, n)), column(stream.rand(n)) < 0.35
    distance = np.abs(np.cos(angle) * x + np.sin(angle) * y - offset)
    return np.maximum(masks, np.clip(width + 0.5 - distance, 0, 1) * struck)
