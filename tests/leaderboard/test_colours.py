"""The colours of bars can be told apart, in light and dark, also by those who see no red, no green or no blue."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from tbench.leaderboard.cost import DEAREST

NAMES = ("own", *(f"node{place}" for place in range(1, DEAREST + 1)), "other", "passes", "card")
APART = 15.0  # of CIELAB; 2.3 is just noticed

# On linear RGB; Machado, Oliveira, Fernandes: A physiologically-based model for simulation of color vision deficiency
# (IEEE TVCG 2009).
EYES = {
    "all colours": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def palettes() -> dict[str, dict[str, str]]:
    style = files("tbench.leaderboard.html").joinpath("style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return {
        "light": dict(re.findall(r"--(\w+): (#\w{6})", light)),
        "dark": dict(re.findall(r"--(\w+): (#\w{6})", dark)),
    }


def lab(colour: str, eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (3,) of a colour as these eyes see it."""
    shares = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    relative = TO_XYZ @ np.clip(eyes @ linear, 0, 1) / WHITE
    x, y, z = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_lab_of_white_and_red() -> None:
    assert lab("#ffffff", EYES["all colours"]) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000", EYES["all colours"]) == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_colours_of_bars_are_apart(scheme: str, eyes: str) -> None:
    palette = palettes()[scheme]
    seen = {name: lab(palette[name], EYES[eyes]) for name in NAMES}
    near = [(one, other) for one, other in combinations(NAMES, 2) if np.linalg.norm(seen[one] - seen[other]) < APART]
    assert near == []
