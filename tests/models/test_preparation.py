"""Raw images of any size become what a network takes; vectors come of maps and tokens of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.api import TbenchError
from tbench_models.pooling import pooled
from tbench_models.preparation import INTERPOLATIONS, centre_crop
from tbench_models.seeds import control

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 70), st.integers(1, 70)), min_size=1, max_size=3),
    st.sampled_from(INTERPOLATIONS),
    st.integers(0, 255),
)
def test_one_colour_stays_itself_at_every_size(sizes: list[tuple[int, int]], interpolation: str, value: int) -> None:
    prepare = centre_crop(16, 20, MEAN, STD, interpolation)
    images = [np.full((*size, 3), value, np.uint8) for size in sizes]
    for image in images:
        image.setflags(write=False)
    prepared = prepare(images)
    assert prepared.shape == (len(sizes), 3, 16, 16)
    assert prepared.dtype == torch.float32
    expected = (value / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    torch.testing.assert_close(prepared, expected[None, :, None, None].expand_as(prepared), atol=1e-5, rtol=1e-5)


def test_images_of_the_right_size_are_not_resampled() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    prepared = centre_crop(8, 8, (0, 0, 0), (1, 1, 1), "bicubic")(images)
    torch.testing.assert_close(prepared, torch.tensor(images).permute(0, 3, 1, 2) / 255)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_pooling_is_the_mean_over_places(samples: int, channels: int, height: int, width: int) -> None:
    maps = torch.randn(samples, channels, height, width, generator=torch.Generator().manual_seed(0))
    expected = maps.flatten(2).mean(dim=2)
    torch.testing.assert_close(pooled(maps, "x"), expected)
    torch.testing.assert_close(pooled(maps.permute(0, 2, 3, 1), "x", channels_last=True), expected)
    tokens = torch.cat([torch.full((samples, 1, channels), 9.0), maps.flatten(2).transpose(1, 2)], dim=1)
    torch.testing.assert_close(pooled(tokens, "x"), expected)
    assert pooled(expected, "x") is expected


def test_what_is_no_map_is_told() -> None:
    with pytest.raises(TbenchError, match=r"^family/x gives no feature map there; choose a layer whose output is one$"):
        pooled(torch.zeros(3), "family/x")


@given(st.from_regex(r"[a-z0-9_]{1,20}(\.[a-z0-9]{1,5})?", fullmatch=True), st.integers(0, 10**9))
def test_controls_are_told_by_their_names(architecture: str, seed: int) -> None:
    assert control(f"{architecture}.random-{seed}") == (architecture, seed)
    assert control(f"{architecture}.random-{seed}x") is None
    assert control(f"{architecture}.random") is None
