"""Local files of weights and their cards: what fits is used, what does not is told in one line."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from tbench.api import Network, TbenchError, UsageError
from tbench_models.checkpoint.card import Card, read_card
from tbench_models.checkpoint.family import family
from tbench_models.cifar_resnet import CifarResNet, cifar_resnet
from tbench_models.timm_family.library import create_model

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
SETTINGS: Mapping[str, Any] = {
    "architecture": "tbench_models.cifar_resnet:cifar_resnet",
    "input_size": 32,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "classes": 10,
    "source": "cifar10",
    "source_accuracy": 0.9173,
    "licence": "BSD-2-Clause",
    "arguments": {"depth": 8},
}


@pytest.fixture
def network() -> CifarResNet:
    torch.manual_seed(0)
    return cifar_resnet(8).eval()


def written(path: Path, content: Any, **settings: Any) -> Path:
    """A file of weights, and its card; settings that are None are left out of it."""
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    table = SETTINGS | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | settings
    card = {key: value for key, value in table.items() if value is not None}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path


def load(path: Path, layer: str | None = None) -> Network:
    return family.candidate(str(path), layer).load()


def logits(network: Network) -> torch.Tensor:
    assert network.head is not None
    with torch.inference_mode():
        found: torch.Tensor = network.head(network.body(network.prepare(IMAGES)))
    return found


def normalised(images: np.ndarray) -> torch.Tensor:
    mean, std = (torch.tensor(SETTINGS[key])[:, None, None] for key in ("mean", "std"))
    return (torch.tensor(images).permute(0, 3, 1, 2) / 255 - mean) / std


@pytest.mark.parametrize(
    ("file", "wrap"),
    [
        ("plain.safetensors", lambda state: state),
        ("plain.pth", lambda state: state),
        ("trainer.pt", lambda state: {"epoch": 3, "state_dict": state}),
        ("model.pth", lambda state: {"model": OrderedDict(state), "optimizer": {}}),
        ("nested.pth", lambda state: {"model_state": {"state_dict": state}}),
        ("parallel.pth", lambda state: {"state_dict": {f"module.{name}": each for name, each in state.items()}}),
    ],
)
def test_a_state_dict_is_found_in_every_wrapping(tmp_path: Path, network: CifarResNet, file: str, wrap: Any) -> None:
    path = written(tmp_path / file, wrap(network.state_dict()))
    with torch.inference_mode():
        torch.testing.assert_close(logits(load(path)), network(normalised(IMAGES)), rtol=1e-4, atol=1e-4)


def test_facts_and_fingerprint_are_those_of_file_and_card(tmp_path: Path, network: CifarResNet) -> None:
    path = written(tmp_path / "a.pth", network.state_dict())
    candidate = family.candidate(str(path), None)
    body = sum(each.numel() for each in candidate.load().body.parameters())
    assert candidate.facts == {"parameter_count": body, "source_accuracy": 0.9173}
    assert candidate.name == f"checkpoint/{path}"
    assert candidate.fingerprint.startswith(hashlib.sha256(path.read_bytes()).hexdigest())
    inner = family.candidate(str(path), "layer1")
    assert inner.fingerprint == f"{candidate.fingerprint}@layer1"
    assert inner.facts["parameter_count"] == sum(each.numel() for each in inner.load().body.parameters()) < body
    written(path, network.state_dict(), mean=[0.5, 0.5, 0.5])
    assert family.candidate(str(path), None).fingerprint != candidate.fingerprint


def test_a_layer_is_the_mean_of_its_map(tmp_path: Path, network: CifarResNet) -> None:
    path = written(tmp_path / "a.pth", network.state_dict())
    cut = load(path, "layer2")
    maps: list[torch.Tensor] = []
    network.layer2.register_forward_hook(lambda module, taken, result: maps.append(result))
    with torch.inference_mode():
        network(normalised(IMAGES))
        torch.testing.assert_close(cut.body(cut.prepare(IMAGES)), maps[0].mean(dim=(2, 3)), rtol=1e-4, atol=1e-4)
    assert (cut.width, cut.head) == (32, None)
    with pytest.raises(UsageError, match=r"has no layer 'layer9'; there are conv1, .*layer1, layer2, layer3"):
        family.candidate(str(path), "layer9")


def test_networks_of_timm_and_their_arguments(tmp_path: Path) -> None:
    torch.manual_seed(0)
    original = create_model("test_vit", pretrained=False, num_classes=7, img_size=32).eval()
    nn.init.normal_(original.head.weight)
    path = written(
        tmp_path / "vit.pth", original.state_dict(), architecture="timm:test_vit", classes=7, arguments={"img_size": 32}
    )
    network = load(path)
    with torch.inference_mode():
        torch.testing.assert_close(logits(network), original(normalised(IMAGES)), rtol=1e-4, atol=1e-4)
    assert network.width == 64


def test_networks_of_torchvision_and_their_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    original = models.mobilenet_v3_small(num_classes=5).eval()
    settings = {"architecture": "torchvision:mobilenet_v3_small", "classes": 5, "arguments": {}}
    path = written(tmp_path / "mobile.pth", original.state_dict(), **settings)
    with torch.inference_mode():
        torch.testing.assert_close(logits(load(path)), original(normalised(IMAGES)), rtol=1e-3, atol=1e-4)


def test_a_node_gives_the_features_where_logits_are_no_function_of_a_vector(tmp_path: Path) -> None:
    original = models.squeezenet1_1().eval()
    settings = {"architecture": "torchvision:squeezenet1_1", "classes": 1000, "arguments": {}}
    path = written(tmp_path / "squeeze.pth", original.state_dict(), **settings)
    with pytest.raises(UsageError, match=r"their architecture has no linear layer; name its classifier or features$"):
        family.candidate(str(path), None)
    network = load(written(path, original.state_dict(), features="features", **settings))
    assert (network.width, network.head) == (512, None)


def test_a_file_without_classifier_is_a_network_without_head(tmp_path: Path, network: CifarResNet) -> None:
    state = {name: each for name, each in network.state_dict().items() if not name.startswith("linear.")}
    found = load(written(tmp_path / "body.pth", state, classes=0, source_accuracy=None))
    assert (found.width, found.head) == (64, None)
    network.linear = nn.Identity()
    with torch.inference_mode():
        expected = network(normalised(IMAGES))
        torch.testing.assert_close(found.body(found.prepare(IMAGES)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [None, "layer2"])
def test_a_network_can_be_trained(tmp_path: Path, network: CifarResNet, layer: str | None) -> None:
    found = load(written(tmp_path / "a.pth", network.state_dict()), layer)
    found.body.train()
    found.body(found.prepare(IMAGES)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in found.body.parameters())


def test_images_are_resized_and_their_centre_is_taken(tmp_path: Path, network: CifarResNet) -> None:
    prepare = load(written(tmp_path / "a.pth", network.state_dict(), crop_fraction=0.5)).prepare
    framed = np.zeros((1, 64, 96, 3), np.uint8)
    framed[:, 16:48, 32:64] = IMAGES[:1]
    torch.testing.assert_close(prepare(framed), normalised(IMAGES[:1]))
    assert prepare([IMAGES[0], framed[0], np.zeros((7, 50, 3), np.uint8)]).shape == (3, 3, 32, 32)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"sha256": "0" * 64}, r"have the sha256 [0-9a-f]{64}, their card says 0{64}; mend the one or the other$"),
        ({"arguments": {"depth": 14}}, r"do not fit its architecture: it misses layer1\.1\.conv1\.weight, .* more$"),
        ({"arguments": {"depth": 8, "classes": 4}}, r"it has another shape of linear\.weight, linear\.bias$"),
        ({"classes": 4}, "have 10 classes, their card says 4$"),
        ({"classes": 0}, r"it has no place for linear\.weight, linear\.bias$"),
        ({"classifier": "conv1"}, "their logits are not what conv1 makes of vectors; name the features$"),
        ({"classifier": "fc"}, "their architecture has no fc; name its classifier or features$"),
        ({"arguments": {"depth": 9}}, r"cannot be built \(depth 9 is not 6 n \+ 2\)$"),
        ({"architecture": "timm:nothing"}, r"architecture timm:nothing cannot be built \("),
        ({"architecture": "no.such:thing"}, r"architecture no\.such:thing cannot be built \(No module"),
        ({"architecture": "builtins:dict"}, r"cannot be built \(it is no class of torch modules, nor a function that "),
        ({"architecture": "timm:hf-hub:a/b"}, r"architecture timm:hf-hub:a/b cannot be built \(module 'timm' has no"),
        ({"arguments": {"depth": 8, "checkpoint_path": "x.pth"}}, "arguments = .* is not a table without pretrained, "),
        ({"licence": None}, "does not say its licence$"),
        ({"license": "MIT"}, "unknown license; a card has architecture, "),
        ({"mean": [0.5]}, r"mean = \[0\.5\] is not three numbers$"),
        ({"std": [1, 1, 0]}, r"std = \[1, 1, 0\] is not three positive numbers$"),
        ({"input_size": "32"}, "input_size = '32' is not a number of pixels, 4096 at most$"),
        ({"input_size": True}, "input_size = True is not a number of pixels, 4096 at most$"),
        ({"interpolation": "sharp"}, "interpolation = 'sharp' is not nearest, bilinear, bicubic or lanczos$"),
        ({"crop_fraction": 87.5}, r"crop_fraction = 87\.5 is not a share in \(0, 1\]$"),
        ({"source_accuracy": 91.73}, r"source_accuracy = 91\.73 is not a share in \[0, 1\]$"),
        ({"input_size": 60000}, "input_size = 60000 is not a number of pixels, 4096 at most$"),
        ({"mean": [0.5, 0.5, math.nan]}, r"mean = \[0\.5, 0\.5, nan\] is not three numbers$"),
        ({"sha256": "abc"}, "sha256 = 'abc' is not the 64 hexadecimal digits"),
    ],
)
def test_what_does_not_fit_is_one_line(
    tmp_path: Path, network: CifarResNet, settings: dict[str, Any], told: str
) -> None:
    path = written(tmp_path / "a.pth", network.state_dict(), **settings)
    with pytest.raises(TbenchError, match=told) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert "a." in str(caught.value)


def test_missing_file_and_card_are_one_line_each(tmp_path: Path, network: CifarResNet) -> None:
    with pytest.raises(UsageError, match=r"^checkpoint/nowhere\.pth: there is no file .*nowhere\.pth; give the path"):
        family.candidate("nowhere.pth", None)
    path = written(tmp_path / "a.pth", network.state_dict())
    path.with_suffix(".json").write_text("{")
    with pytest.raises(UsageError, match=r"a\.json is not JSON: Expecting"):
        family.candidate(str(path), None)
    path.with_suffix(".json").unlink()
    with pytest.raises(UsageError, match=r"a\.pth has no card; write a\.toml beside it"):
        family.candidate(str(path), None)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("a.pth", {"state_dict": {"epoch": 3}}, "hold no state dict"),
        ("a.pth", {"args": argparse.Namespace(lr=1)}, "nothing but tensors"),
        ("a.pth", [1, 2], "hold no state dict"),
        ("a.pth", {}, "hold no state dict"),
    ],
)
def test_a_file_of_something_else_is_one_line(tmp_path: Path, file: str, content: Any, told: str) -> None:
    with pytest.raises(TbenchError, match=told):
        load(written(tmp_path / file, content))


@pytest.mark.parametrize("name", ["noise.pth", "noise.safetensors"])
def test_noise_is_told_and_never_executed(tmp_path: Path, network: CifarResNet, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"neither zip nor header")
    card = SETTINGS | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(TbenchError, match="are not a safetensors file or a checkpoint of nothing but tensors"):
        load(path)


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [
        ("os:system", {"command": "touch {mark}"}),
        ("subprocess:check_call", {"args": ["touch", "{mark}"]}),
        ("runpy:run_path", {"path_name": "{mark}.py"}),
        ("torch:load", {"f": "{mark}.pth"}),
        ("torch.hub:load", {"repo_or_dir": "{mark}", "model": "x", "source": "local"}),
        ("pathlib:Path.touch", {}),
    ],
)
def test_a_card_calls_nothing_but_makers_of_networks(
    tmp_path: Path, network: CifarResNet, architecture: str, arguments: dict[str, Any]
) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "mark.py").write_text(f"open({str(mark)!r}, 'w')")
    filled = json.loads(json.dumps(arguments).replace("{mark}", str(mark)))
    path = written(tmp_path / "a.pth", network.state_dict(), architecture=architecture, arguments=filled)
    with pytest.raises(UsageError, match=r"their architecture \S+ cannot be built \("):
        load(path)
    assert not mark.exists()


def test_a_card_is_the_same_as_toml(tmp_path: Path, network: CifarResNet) -> None:
    path = written(tmp_path / "a.pth", network.state_dict())
    as_json = read_card(path)
    table = json.loads(path.with_suffix(".json").read_text())
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if key != "arguments"]
    path.with_suffix(".toml").write_text("\n".join([*lines, "[arguments]", "depth = 8"]))
    path.with_suffix(".json").unlink()
    assert read_card(path) == as_json
    assert isinstance(as_json, Card)


@given(blocks=st.integers(1, 3), classes=st.integers(1, 20), side=st.integers(8, 40))
def test_a_cifar_resnet_has_the_layers_that_its_depth_says(blocks: int, classes: int, side: int) -> None:
    depth = 6 * blocks + 2
    network = cifar_resnet(depth, classes).eval()
    weighty = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    assert len(weighty) == depth
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, side, side)).shape == (2, classes)


def test_a_cifar_resnet_20_is_that_of_the_paper() -> None:
    assert sum(each.numel() for each in cifar_resnet(20).parameters()) == 269722  # 0.27 M in its table 6
    with pytest.raises(ValueError, match=r"^depth 21 is not 6 n \+ 2$"):
        cifar_resnet(21)


def test_the_shortcut_takes_every_second_place_and_lacks_channels_on_both_sides() -> None:
    block = cifar_resnet(8).layer2[0].eval()
    nn.init.zeros_(block.bn2.weight)
    maps = torch.rand(1, 16, 6, 6)
    with torch.inference_mode():
        found = block(maps)
    torch.testing.assert_close(found[:, 8:24], maps[:, :, ::2, ::2])
    assert not found[:, :8].any()
    assert not found[:, 24:].any()


@pytest.mark.parametrize(
    ("architecture", "node", "channels"),
    [("timm:swin_tiny_patch4_window7_224", "layers.1", 192), ("torchvision:swin_t", "features.3", 192)],
)
def test_maps_with_channels_last_are_averaged_over_places(
    tmp_path: Path, architecture: str, node: str, channels: int
) -> None:
    kind, _, name = architecture.partition(":")
    make = create_model if kind == "timm" else models.get_model
    torch.manual_seed(0)
    network = make(name, num_classes=10).eval()
    path = written(
        tmp_path / "swin.safetensors", network.state_dict(), architecture=architecture, input_size=224, arguments={}
    )
    found = load(path, node)
    assert found.width == channels
    images = found.prepare(IMAGES)
    maps: list[torch.Tensor] = []
    network.get_submodule(node).register_forward_hook(lambda module, given, output: maps.append(output))
    with torch.inference_mode():
        network(images)
        torch.testing.assert_close(found.body(images), maps[0].mean(dim=(1, 2)), rtol=1e-4, atol=1e-5)


def test_several_layers_in_one_pass(tmp_path: Path, network: CifarResNet) -> None:
    path = written(tmp_path / "one.safetensors", network.state_dict())
    together = family.together(str(path), ("layer1", "layer3", None))
    assert together is not None
    images = together.prepare(IMAGES)
    with torch.inference_mode():
        both = together.body(images)
        for layer, name in (("layer1", "features@layer1"), ("layer3", "features@layer3"), (None, "features")):
            torch.testing.assert_close(both.pop(name), load(path, layer).body(images))
    assert both == {}
    assert together.head is not None
    named = written(tmp_path / "two.safetensors", network.state_dict(), features="layer2")
    assert family.together(str(named), ("layer1", None)) is None
