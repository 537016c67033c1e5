"""The brushes: what they draw is what the labels say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import RandomState
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import label as components

from tbench_datasets.mini.canvas import LUMINANCE, SIDE, dye, grid, paint, to_bytes, two_colours, value_noise, warp
from tbench_datasets.mini.count import GAP, MOST, figures, scatter
from tbench_datasets.mini.fractals import find_systems, fractal_masks
from tbench_datasets.mini.roughness import EXPONENTS, draw_texture
from tbench_datasets.mini.shapes import SHAPES, shape_masks
from tbench_datasets.mini.textures import TEXTURES, texture_fields


def disc(radius, x0=0.0, y0=0.0):
    x, y = grid()
    return np.clip(radius + 0.5 - np.hypot(x - x0, y - y0), 0, 1)[None]


STILL = {"rotation": 0, "scale": (1, 1), "shear": 0, "shift": 0}


def test_value_noise_interpolates_its_random_grids():
    field = value_noise(2, RandomState(3), cells=(3, 5))
    stream, expected = RandomState(3), np.zeros((2, 3, SIDE, SIDE))
    for k in (3, 5):
        corners = stream.rand(2, 3, k, k) - 0.5
        at = np.linspace(0, k - 1, SIDE)
        places = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1)
        for i, j in np.ndindex(2, 3):
            expected[i, j] += RegularGridInterpolator((np.arange(k), np.arange(k)), corners[i, j])(places)
    np.testing.assert_allclose(field, expected, atol=1e-12)


def test_warp_turns_masks_clockwise_by_the_angle_on_screen():
    """A disc on the right (x > 0) goes to the bottom (y > 0, downwards) after a quarter turn."""
    turned = warp(disc(4, x0=8), RandomState(0), angles=np.array([np.pi / 2]), **STILL)[0]
    x, y = grid()
    centre = (turned * x).sum() / turned.sum(), (turned * y).sum() / turned.sum()
    np.testing.assert_allclose(np.hypot(*centre), 8, rtol=0.15)  # the aspect varies
    assert abs(centre[0]) < 0.1 < 6 < centre[1]


def test_warp_scales_areas():
    discs = np.repeat(disc(5), 200, axis=0)
    warped = warp(discs, RandomState(0), **{**STILL, "scale": (0.5, 0.5)})
    np.testing.assert_allclose(warped.sum(axis=(1, 2)) / discs.sum(axis=(1, 2)), 0.25, rtol=0.1)


def test_colours_keep_their_contrast():
    front, back = two_colours(5000, RandomState(0), contrast=0.25)
    assert front.shape == back.shape == (5000, 3, 1, 1)
    luminance = (front - back)[:, :, 0, 0] @ LUMINANCE
    assert np.abs(luminance).min() >= 0.25
    assert np.abs(luminance).min() < 0.26


def test_bytes_are_rounded_clipped_and_channels_last():
    pictures = np.zeros((1, 3, SIDE, SIDE))
    pictures[0, :, 0, 0] = -1, 0.502, 2
    assert to_bytes(pictures)[0, 0, 0].tolist() == [0, 128, 255]


def test_paint_shows_the_mask_in_front():
    masks = np.repeat(disc(6), 50, axis=0)
    pictures = paint(masks, RandomState(0), clutter=0, noise=0).astype(float)
    inside, outside = pictures[:, 16, 16] @ LUMINANCE, pictures[:, 0, 0] @ LUMINANCE
    assert (np.abs(inside - outside) > 0.24 * 255).all()
    assert (pictures == pictures[:, ::-1, ::-1]).all()


def test_dye_mixes_two_colours():
    fields = np.repeat(np.linspace(0, 1, SIDE)[None, :, None], SIDE, axis=2) * np.ones((20, 1, 1))
    pictures = dye(fields, RandomState(0), noise=0).astype(float) @ LUMINANCE
    assert (np.abs(pictures[:, -1].mean(axis=1) - pictures[:, 0].mean(axis=1)) > 20).all()


def test_circles_keep_their_distance():
    stream = RandomState(0)
    for _ in range(100):
        circles = scatter(MOST, stream)
        assert len(circles) == MOST
        for i, (x, y, r) in enumerate(circles):
            assert all(np.hypot(x - a, y - b) > r + s + GAP for a, b, s in circles[:i])


def test_figures_can_be_counted():
    """Connected pieces of the masks, an independent count, are as many as were placed."""
    stream, (x, y) = RandomState(1), grid()
    for number in range(1, MOST + 1):
        for _ in range(20):
            a, b, r = (np.array(v)[:, None, None] for v in zip(*scatter(number, stream), strict=True))
            mask = figures(x - a, y - b, r, stream).max(axis=0)
            assert components(mask > 0.5, np.ones((3, 3)))[1] == number


def test_figures_stay_in_their_circle():
    stream, (x, y) = RandomState(2), grid()
    centred = np.repeat(x[None], 300, axis=0), np.repeat(y[None], 300, axis=0)
    masks = figures(*centred, np.full((300, 1, 1), 4.0), stream)
    assert not masks[:, np.hypot(x, y) > 4 + GAP / 2 + 0.5].any()
    assert (masks.sum(axis=(1, 2)) > 20).all()


def test_texture_fields_have_the_spectrum_of_their_class():
    """The slope of log power over log frequency is -2a (Parseval); colours and clipping bend it a little."""
    images, labels = draw_texture("train", 600, RandomState(0))
    grey = images @ LUMINANCE
    power = np.abs(np.fft.fft2(grey - grey.mean(axis=(1, 2), keepdims=True))) ** 2
    frequency = np.fft.fftfreq(SIDE)
    radius = np.hypot(frequency[:, None], frequency)
    band = (radius > 0.06) & (radius < 0.3)
    slopes = [
        np.polyfit(np.log(radius[band]), np.log(power[labels == k].mean(axis=0)[band]), 1)[0]
        for k in range(len(EXPONENTS))
    ]
    np.testing.assert_allclose(slopes[:4], -2 * np.array(EXPONENTS[:4]), atol=0.45)
    assert (np.diff(slopes) < 0).all()


def test_fractal_systems_are_found_anew_the_same():
    systems = find_systems(3)
    assert systems.maps.shape == (3, 4, 2, 3)
    assert (np.diff(systems.thresholds, axis=1) >= 0).all()
    assert (find_systems(2).maps == systems.maps[:2]).all()


def test_fractals_lie_on_their_attractor():
    """Two maps that halve towards (0, 0) and (1, 0) fill a straight segment, whatever the rotation."""
    systems = find_systems(1)
    maps = np.zeros((1, 4, 2, 3))
    maps[0, :2, :, :2] = 0.5 * np.eye(2)
    maps[0, 1, 0, 2] = 0.5
    line = type(systems)(maps, np.array([[0.5, 1.0, 1.0]]))
    masks = fractal_masks(np.zeros(20, np.int64), RandomState(0), line)
    x, y = grid()
    for mask in masks:
        seen = np.stack([x[mask > 0], y[mask > 0]])
        widths = np.linalg.eigvalsh(np.cov(seen))
        assert widths[0] < 1
        assert widths[1] > 25


@pytest.mark.parametrize(("draw", "kinds"), [(shape_masks, len(SHAPES)), (texture_fields, len(TEXTURES))])
def test_every_kind_is_drawn_within_bounds(draw, kinds):
    labels = np.repeat(np.arange(kinds), 20)
    fields = draw(labels, RandomState(0))
    assert fields.shape == (len(labels), SIDE, SIDE)
    assert fields.min() >= 0
    assert fields.max() <= 1
    assert (np.ptp(fields, axis=(1, 2)) > 0.1).all()


def test_shapes_are_told_apart_by_their_area():
    """A ring has a hole, a square frame too, and a filled disc covers more than any other figure of its radius."""
    x, y = grid()
    r = np.full((1, 1, 1), 10.0)
    areas = [(figure(x[None], y[None], r) > 0).sum() for figure in SHAPES]
    assert abs(areas[0] - np.pi * 100) < 10
    assert abs(areas[2] - 200) < 20  # the square in that circle
    assert abs(areas[10] - np.pi * 100 * (1 - 0.55**2)) < 15
    assert SHAPES[10](x[None], y[None], r)[0, 16, 16] < 0
