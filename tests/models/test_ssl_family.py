"""Self-supervised ResNet-50s from checkpoints in each published layout, written here from one random network."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from tbench.api import TbenchError, UsageError
from tbench_models.ssl.family import family
from tbench_models.ssl.manifest import read_manifest

PED = ["byol", "deepcluster-v2", "infomin", "insdis", "moco-v1", "moco-v2", "pcl-v1", "pcl-v2", "sela-v2"]
PED += ["simclr-v1", "simclr-v2", "swav"]
NOT_OF_TORCH = {"byol", "simclr-v1", "simclr-v2"}
IMAGES = np.random.default_rng(0).integers(0, 256, (1, 240, 300, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def trunk() -> nn.Module:
    torch.manual_seed(11)
    network = models.resnet50(weights=None)
    network.fc = nn.Identity()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # statistics of its own, so that none can be lost unseen
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    return network.eval()


def momentum(state: Mapping[str, Tensor], head: tuple[str, ...]) -> dict[str, Any]:
    """As MoCo and PCL write it: two encoders, of which the one for queries is wanted, a head on each, and a queue."""
    queries = {f"module.encoder_q.{name}": tensor for name, tensor in state.items()}
    keys = {f"module.encoder_k.{name}": torch.zeros_like(tensor) for name, tensor in state.items()}
    heads = {f"module.encoder_q.{name}": torch.ones(2, 2) for name in head}
    return {"epoch": 200, "arch": "resnet50", "state_dict": queries | keys | heads | {"module.queue": torch.ones(2, 4)}}


def clusters(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """As SwAV's code writes it: no wrapping, a projection and prototypes."""
    heads = {f"module.projection_head.{layer}.weight": torch.ones(2, 2) for layer in (0, 1, 3)}
    return (
        {f"module.{name}": tensor for name, tensor in state.items()}
        | heads
        | {"module.prototypes.weight": torch.ones(2)}
    )


def contrast(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """As PyContrast writes it: with the command line of the training."""
    encoder = {f"module.encoder.{name}": tensor for name, tensor in state.items()}
    head = {"module.head.0.weight": torch.ones(2, 2)}
    return {"opt": argparse.Namespace(lr=0.03, jigsaw=False), "model": encoder | head, "epoch": 800}


LAYOUTS = {
    "moco-v1": lambda state: momentum(state, ("fc.weight", "fc.bias")),
    "moco-v2": lambda state: momentum(state, ("fc.0.weight", "fc.2.weight")),
    "pcl-v1": lambda state: momentum(state, ("fc.weight", "fc.bias")),
    "pcl-v2": lambda state: momentum(state, ("fc.0.weight", "fc.2.weight")),
    "swav": clusters,
    "deepcluster-v2": clusters,
    "sela-v2": clusters,
    "infomin": contrast,
    "insdis": contrast,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    (tmp_path / "ssl").mkdir()
    return tmp_path / "ssl"


def test_the_family_is_that_of_the_paper() -> None:
    assert list(family.names()) == PED
    assert {*LAYOUTS} == {*PED} - NOT_OF_TORCH
    assert {name for name, entry in read_manifest().items() if not entry.file} == NOT_OF_TORCH


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_published_layout_gives_the_trunk(name: str, root: Path, trunk: nn.Module) -> None:
    path = root / read_manifest()[name].file
    torch.save(LAYOUTS[name](trunk.state_dict()), path)
    candidate = family.candidate(name, None)
    assert candidate.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    network = candidate.load()
    found = network.body.state_dict()
    assert found.keys() == trunk.state_dict().keys()
    assert all(torch.equal(tensor, found[key]) for key, tensor in trunk.state_dict().items())
    assert (network.width, network.head) == (2048, None)
    assert candidate.facts == {"parameter_count": 25557032 - 2049 * 1000}


def test_features_are_those_of_the_network_that_was_written(root: Path, trunk: nn.Module) -> None:
    torch.save(clusters(trunk.state_dict()), root / read_manifest()["swav"].file)
    network = family.candidate("swav", None).load()
    images = network.prepare(IMAGES)
    assert images.shape == (1, 3, 224, 224)
    maps: list[Tensor] = []
    watch = trunk.get_submodule("layer2").register_forward_hook(lambda module, given, result: maps.append(result))
    with torch.inference_mode():
        torch.testing.assert_close(network.body(images), trunk(images), rtol=1e-3, atol=1e-3)
        watch.remove()
        inner = family.candidate("swav", "layer2")
        found = inner.load().body(images)
        torch.testing.assert_close(found, maps[0].mean(dim=(2, 3)), rtol=1e-3, atol=1e-3)
        both = family.together("swav", ("layer2", None)).body(images)
        torch.testing.assert_close(both["features@layer2"], found)
        torch.testing.assert_close(both["features"], network.body(images))
    assert inner.name == "ssl/swav@layer2"
    assert inner.fingerprint.endswith("@layer2")
    assert inner.facts["parameter_count"] < 25557032 / 10


def test_a_command_line_is_let_in_only_where_it_is_published(root: Path, trunk: nn.Module) -> None:
    torch.save(contrast(trunk.state_dict()), root / read_manifest()["moco-v1"].file)
    with pytest.raises(TbenchError, match=r"moco_v1_200ep_pretrain\.pth\.tar are not .* nothing but tensors \(Unpickl"):
        family.candidate("moco-v1", None).load()


def test_the_file_of_another_method_is_told(root: Path, trunk: nn.Module) -> None:
    torch.save(momentum(trunk.state_dict(), ()), root / read_manifest()["infomin"].file)
    with pytest.raises(TbenchError, match=r"^weights of ssl/infomin have no tensor module\.encoder\.conv1\.weight"):
        family.candidate("infomin", None).load()


def test_a_trunk_with_a_hole_is_told(root: Path, trunk: nn.Module) -> None:
    state = {name: tensor for name, tensor in trunk.state_dict().items() if name != "layer4.2.conv3.weight"}
    torch.save(clusters(state), root / read_manifest()["swav"].file)
    with pytest.raises(TbenchError, match=r"do not fit its architecture: it misses layer4\.2\.conv3\.weight$"):
        family.candidate("swav", None).load()


def test_an_absent_file_is_told_with_its_place_and_source(root: Path) -> None:
    with pytest.raises(TbenchError) as caught:
        family.candidate("swav", None)
    url = "https://dl.fbaipublicfiles.com/deepcluster/swav_800ep_pretrain.pth.tar"
    assert str(caught.value) == (
        f"weights of ssl/swav are not at {root}/swav_800ep_pretrain.pth.tar; "
        f"put them there from {url} (root: TBENCH_DATA)"
    )


@pytest.mark.parametrize("name", sorted(NOT_OF_TORCH))
def test_what_torch_cannot_read_is_to_be_converted(name: str) -> None:
    with pytest.raises(
        TbenchError, match=rf"^ssl/{name} is not published as a torch checkpoint .*use checkpoint/<path>$"
    ):
        family.candidate(name, None)


def test_unknown_words_are_answered_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"^ssl has no model 'moco': did you mean moco-v"):
        family.candidate("moco", None)
    with pytest.raises(UsageError, match=r"^ssl has no model 'zzz': there are byol, "):
        family.candidate("zzz", None)
    with pytest.raises(UsageError, match=r"^ssl/swav has no layer 'layer9'; there are conv1, .*layer1"):
        family.candidate("swav", "layer9")
