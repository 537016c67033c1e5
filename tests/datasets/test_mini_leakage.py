"""That no test image shows what a training image has shown, proven where the images come from."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from numpy.random import RandomState
from sklearn.datasets import load_digits, load_sample_image

from tbench_datasets.mini.alphabets import (
    ARMENIAN,
    LETTER_FONTS,
    ORIENT_LETTERS,
    SOURCE_GREEK,
    SOURCE_LATIN,
    SYMBOL_FONTS,
    SYMBOLS,
    TYPEFACE_LETTERS,
)
from tbench_datasets.mini.digits import digit_rows
from tbench_datasets.mini.glyphs import read_glyphs
from tbench_datasets.mini.photo import MATERIALS, place

PARTS = ("train", "val", "test")


def test_photo_boxes_of_all_materials_and_parts_lie_apart():
    boxes = [(m.photograph, m.boxes[part]) for m in MATERIALS for part in PARTS]
    for (photograph, a), (other, b) in combinations(boxes, 2):
        apart = a.right <= b.left or b.right <= a.left or a.bottom <= b.top or b.bottom <= a.top
        assert photograph != other or apart, (a, b)


@pytest.mark.parametrize("name", ["china", "flower"])
def test_photo_boxes_lie_in_their_photographs(name):
    height, width, _ = load_sample_image(f"{name}.jpg").shape
    boxes = [m.boxes[part] for m in MATERIALS if m.photograph == name for part in PARTS]
    assert boxes
    assert all(0 <= b.left < b.right <= width and 0 <= b.top < b.bottom <= height for b in boxes)


@pytest.mark.parametrize("part", PARTS)
def test_photo_patches_read_no_pixel_outside_their_box(part):
    boxes = [m.boxes[part] for m in MATERIALS for _ in range(500)]
    x, y = place(boxes, RandomState(0))
    left, top, right, bottom = np.array([(b.left, b.top, b.right, b.bottom) for b in boxes]).T[:, :, None, None]
    # Bilinear interpolation reads the pixels on either side of a coordinate; the slack is the rounding of the sums.
    assert (x >= left - 1e-9).all()
    assert (y >= top - 1e-9).all()
    assert (x <= right - 1 + 1e-9).all()
    assert (y <= bottom - 1 + 1e-9).all()


def test_photo_patches_move_about_in_their_box():
    boxes = [m.boxes[part] for m in MATERIALS for part in PARTS for _ in range(200)]
    x, y = (centre.mean(axis=(1, 2)).reshape(-1, 200) for centre in place(boxes, RandomState(0)))
    assert (np.ptp(x, axis=1) + np.ptp(y, axis=1) > 20).all()


def test_digit_parts_share_no_digit():
    classes = load_digits().target
    seeds = [digit_rows(classes, "train", 100, RandomState(seed)) for seed in range(50)]
    val, test = (digit_rows(classes, part, 997, RandomState(0)) for part in ("val", "test"))
    pool = set(np.concatenate(seeds).tolist())
    assert pool.isdisjoint(val)
    assert pool.isdisjoint(test)
    assert set(val.tolist()).isdisjoint(test)
    assert (len(pool), len(val), len(test)) == (400, 400, 997)  # 50 draws show the whole pool
    for rows in seeds:
        assert len(set(rows.tolist())) == 100
        assert (np.bincount(classes[rows]) == 10).all()


@pytest.mark.parametrize(("characters", "fonts"), [(ARMENIAN, LETTER_FONTS), (SYMBOLS, SYMBOL_FONTS)])
def test_test_fonts_differ_from_training_fonts_in_every_drawing(characters, fonts):
    """A font of another name may repeat the outlines, so the masks themselves are compared."""
    glyphs = read_glyphs()
    assert fonts["train"] == fonts["val"]
    for character, seen, unseen in product(characters, fonts["train"], fonts["test"]):
        a, b = glyphs.pick(np.array([seen, unseen]), np.array([character, character]))
        assert np.abs(a - b).mean() > 0.01, (character, seen, unseen)


@pytest.mark.parametrize("letters", [TYPEFACE_LETTERS, ORIENT_LETTERS])
def test_test_letters_are_no_training_letters(letters):
    assert letters["train"] == letters["val"]
    assert set(letters["train"]).isdisjoint(letters["test"])


def test_no_source_shows_the_characters_of_letters_and_symbols():
    assert set(SOURCE_LATIN + SOURCE_GREEK).isdisjoint(ARMENIAN + SYMBOLS + "0123456789")
