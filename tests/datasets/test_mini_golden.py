"""The images are today what they were when the suite was published.

All arithmetic is float64 and no pixel of these parts comes nearer than 1e-11 grey levels to a rounding edge, so that
the bytes do not depend on processor or library, and a hash is fair. `photo` is the exception: it rests on a JPEG
decoder, which may differ by a grey level, so its patches are compared coarsely.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


def test_all_parts_but_the_large_ones_are_guarded():
    targets = ("digits", "letters", "symbols", "typeface", "count", "orient", "texture")
    targets += ("petals", "reference")
    expected = [f"{name}/{part}" for name in targets for part in ("train", "val", "test")]
    single = ("glyph", "shape", "texture", "fractal")
    kinds = ("mix", *single, *(f"{kind}-half" for kind in single))
    expected += [f"source-{kind}/{part}" for kind in kinds for part in ("val", "test")]
    expected += [f"sample-{kind}/train" for kind in kinds]
    assert sorted(GOLDEN["sha256"]) == sorted([*expected, "source-mix/train"])
    assert sorted(GOLDEN["photo"]) == ["test", "train", "val"]


@pytest.mark.parametrize("key", GOLDEN["sha256"])
def test_bytes(drawn, key):
    split = drawn(*key.split("/"))
    assert hashlib.sha256(split.images.tobytes() + split.labels.tobytes()).hexdigest() == GOLDEN["sha256"][key]


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_photo(drawn, part):
    split, golden = drawn("photo", part), GOLDEN["photo"][part]
    assert hashlib.sha256(split.labels.tobytes()).hexdigest() == golden["labels"]
    blocks = split.images[:8, :, :, 0].reshape(8, 4, 8, 4, 8).mean(axis=(2, 4))
    np.testing.assert_allclose(blocks.ravel(), golden["blocks"], atol=2)
