"""Several layers of a network in one pass give what each gives in a pass of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tbench.evidence.extraction import forward
from tbench.registry import Registry
from tbench_models.timm_family.network import together

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)

CASES: list[tuple[str, Sequence[str | None]]] = [
    ("mini/convnext-mix", ("stage1", "stage3", None)),
    ("mini/densenet-mix", ("stage1", "stage2", None)),
    ("mini/efficientnet-mix", ("stage1", None)),
    ("mini/regnet-mix", ("stage1", "stage2", "stage3")),
    ("mini/resnet-simclr", ("stage2", None)),
    ("mini/vit-mix", ("stage1", "stage2")),
    ("timm/test_resnet.random-0", ("layer1", "layer3", None)),
    ("timm/test_vit.random-0", ("blocks.0", "blocks.4")),
    ("timm/test_convnext.random-0", ("stages.0", None)),
    ("timm/swin_tiny_patch4_window7_224.random-0", ("layers.1", None)),
    ("torchvision/resnet18.random-0", ("layer1", "layer3", None)),
    ("torchvision/resnet18.random-0", ("layer4", "layer2")),
    ("torchvision/swin_t.random-0", ("features.3", None)),
    ("torchvision/squeezenet1_0.random-0", ("features.3", None)),
    ("torchvision/vit_b_32.random-0", ("encoder.layers.encoder_layer_3", None)),
]


@pytest.mark.parametrize(("name", "layers"), CASES, ids=[f"{name} {len(layers)}" for name, layers in CASES])
def test_one_pass_gives_what_several_give(name: str, layers: Sequence[str | None]) -> None:
    family_name, _, member = name.partition("/")
    family = Registry.installed("models").load(family_name)
    network = family.together(member, layers)
    assert network is not None
    said = forward(network, IMAGES, "cpu", "float32")
    expected = {"features" if layer is None else f"features@{layer}" for layer in layers}
    assert {key for key in said if key.startswith("features")} == expected
    for layer in layers:
        own = forward(family.candidate(member, layer).load(), IMAGES, "cpu", "float32")
        assert said["features" if layer is None else f"features@{layer}"] == pytest.approx(own["features"], abs=1e-5)
        assert np.isfinite(own["features"]).all()
        if "probabilities" in own:
            assert said["probabilities"] == pytest.approx(own["probabilities"], abs=1e-6)
    assert ("probabilities" in said) == (network.head is not None)


def test_an_older_timm_has_no_way_for_some_architectures() -> None:
    class Older:
        """As Inception-v3 was in timm 1.0.20: without forward_intermediates."""

    network = Registry.installed("models").load("timm").candidate("test_resnet.random-0", None).load()
    older = replace(network, body=SimpleNamespace(network=Older()))
    assert together("timm/test_resnet.random-0", "test_resnet", older, ("layer1", None)) is None
