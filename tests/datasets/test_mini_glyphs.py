"""The shipped masks: all that is needed, nothing else, each as described."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from tbench_datasets.mini.alphabets import SOURCE_GREEK, SOURCE_LATIN, SYMBOLS, needed_glyphs
from tbench_datasets.mini.glyphs import GLYPH_SIDE, read_glyphs


def test_the_file_holds_exactly_the_glyphs_that_are_shown():
    assert list(read_glyphs().rows) == needed_glyphs()


def test_masks_are_tight_along_their_long_side():
    masks = read_glyphs().masks
    assert masks.shape == (len(needed_glyphs()), GLYPH_SIDE, GLYPH_SIDE)
    assert masks.dtype == np.uint8
    rows, columns = masks.max(axis=2) > 0, masks.max(axis=1) > 0
    full = [m[:, 0] & m[:, -1] for m in (rows, columns)]
    assert (full[0] | full[1]).mean() > 0.98  # a thin tip may vanish when it is reduced
    assert (masks.max(axis=(1, 2)) > 128).all()


def test_pick_gives_the_mask_of_a_font_and_a_character():
    glyphs = read_glyphs()
    picked = glyphs.pick(np.array(["DejaVuSans", "STIXGeneral"]), np.array(["A", "B"]))
    assert (picked[1] * 255 == glyphs.masks[glyphs.rows["STIXGeneral", "B"]]).all()
    assert picked.shape == (2, GLYPH_SIDE, GLYPH_SIDE)
    with pytest.raises(KeyError, match="DejaVuSans"):
        glyphs.pick(np.array(["DejaVuSans"]), np.array(["中"]))


def test_alphabets_hold_no_character_twice():
    for alphabet in (SOURCE_LATIN, SOURCE_GREEK, SYMBOLS):
        assert len(set(alphabet)) == len(alphabet)


def test_fonts_of_the_masks_are_named_with_their_terms():
    terms = files("tbench_datasets.mini").joinpath("LICENCES.md").read_text(encoding="utf-8")
    assert {font[:4] for font, _ in needed_glyphs()} == {"Deja", "STIX"}
    for needed in ("Bitstream Vera Fonts Copyright", "Arev Fonts Copyright", "SIL OPEN FONT LICENSE Version 1.1"):
        assert needed in terms
    assert f"{len(needed_glyphs())} in all" in terms
