"""Attributions are gradient times input of each image for itself, at one size for all networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tbench.api import Network
from tbench.evidence.attribution import SIDE, attributions, gradient_times_input

ORACLES = Path(__file__).parents[1] / "metrics" / "oracles" / "source_aware"


def test_each_layer_alone_as_the_authors_code_gives_it_for_a_fresh_input() -> None:
    expected = json.loads((ORACLES / "depara_attribution_a.json").read_text())["expected"]
    alone = expected["gradient_times_input_each_layer_alone"]
    with np.load(ORACLES / "depara_attribution_a.npz") as arrays:
        layers = [
            *(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1)),
            *(nn.Flatten(), nn.Linear(75, 6), nn.ReLU(), nn.Linear(6, 4)),
        ]
        network = nn.Sequential(*layers).double()
        places = {"features.0": 0, "features.2": 2, "classifier.0": 4, "classifier.2": 6}
        network.load_state_dict(
            {
                f"{place}.{kind}": torch.tensor(arrays[f"param/{name}.{kind}"])
                for name, place in places.items()
                for kind in ("weight", "bias")
            }
        )
        images = torch.tensor(arrays["images"])
    assert len(alone) == len(places)
    for maps, place in zip(alone, places.values(), strict=True):
        found = gradient_times_input(network[: place + 1], images)
        # The published scalar is the mean over images, too.
        np.testing.assert_allclose(found.detach().numpy() / len(images), maps, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("side", [16, 32, 64])
def test_maps_are_of_one_size_and_add_up_to_what_the_image_gave(side: int) -> None:
    draws = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3 * side * side, generator=draws)
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 4, bias=False))
    body[1].weight.data.copy_(weight)
    shown = torch.randn(5, 3, side, side, generator=draws)
    network = Network(body, None, 4, lambda images: shown[[int(image[0, 0, 0]) for image in images]])
    images = [np.full((2, 2, 3), number, np.uint8) for number in range(5)]
    maps = attributions(network, images, "cpu")
    assert maps.shape == (5, 3, SIDE, SIDE)
    assert maps.dtype == np.float32
    # A linear network is the sum of its attributions.
    said = body(shown).mean(dim=1).detach().numpy()
    share = (side / SIDE) ** 2
    np.testing.assert_allclose(maps.sum(axis=(1, 2, 3)) * share, said, rtol=1e-4, atol=1e-4)
    assert all(parameter.grad is None for parameter in body.parameters())


def test_an_image_is_attributed_whatever_else_is_in_the_batch() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Network(body.train(), None, 4, lambda some: torch.tensor(np.stack(list(some))).permute(0, 3, 1, 2) / 255)
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    several, two = (attributions(network, shown, "cpu") for shown in (images, images[:2]))
    np.testing.assert_allclose(several[:2], two, atol=1e-7)
