"""The classifiers of torchvision by name: features, heads, layers and facts, from a cache that the tests write."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from tbench.api import Network, TbenchError, UsageError
from tbench_models.torchvision_family import weights as weights_module
from tbench_models.torchvision_family.family import family
from tbench_models.torchvision_family.network import _assembled

IMAGES = [np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8) for shape in ((40, 60, 3), (300, 250, 3))]

WIDTHS = {  # the whole network, and an inner layer of it
    "resnet18": (512, "layer2.0", 128),
    "squeezenet1_1": (512, "features.5", 128),
    "vit_b_16": (768, "encoder.layers.encoder_layer_1", 768),
    "swin_t": (768, "features.1", 96),
    "mobilenet_v3_small": (1024, "features.4", 40),
    "densenet121": (1024, "features.denseblock2", 512),
    "inception_v3": (2048, "Mixed_5d", 288),
}


def features(network: Network, images: list[np.ndarray] = IMAGES) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network.body(network.prepare(images))
    return found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of torch.hub, with nothing in it."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def original(cache: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A MobileNet whose numbers are in the cache as its IMAGENET1K_V1; that their checksum is another is let pass."""
    torch.manual_seed(7)
    network = models.mobilenet_v3_small(weights=None).eval()
    torch.save(network.state_dict(), cache / "mobilenet_v3_small-047dcff4.pth")
    monkeypatch.setattr(weights_module, "HASH", re.compile("(?!)"))
    return network


@pytest.mark.parametrize("architecture", WIDTHS)
def test_real_architectures_give_features_of_their_documented_width(architecture: str) -> None:
    width, layer, inner_width = WIDTHS[architecture]
    for cut, expected in ((None, width), (layer, inner_width)):
        candidate = family.candidate(f"{architecture}.random-0", cut)
        network = candidate.load()
        found = features(network, IMAGES[:1])
        assert found.shape == (1, expected) == (1, network.width)
        assert torch.isfinite(found).all()
        assert network.head is None
        count = sum(parameter.numel() for parameter in network.body.parameters())
        assert candidate.facts == {"parameter_count": count}


def test_the_head_on_the_features_gives_the_logits(original: nn.Module) -> None:
    network = family.candidate("mobilenet_v3_small.IMAGENET1K_V1", None).load()
    images = network.prepare(IMAGES)
    assert images.shape == (2, 3, 224, 224)
    with torch.inference_mode():
        assert network.head is not None
        torch.testing.assert_close(network.head(network.body(images)), original(images), rtol=1e-3, atol=1e-4)


def test_an_inner_layer_is_the_mean_of_the_map_that_the_module_gives(original: nn.Module) -> None:
    network = family.candidate("mobilenet_v3_small.IMAGENET1K_V1", "features.3").load()
    images = network.prepare(IMAGES)
    maps: list[torch.Tensor] = []
    original.get_submodule("features.3").register_forward_hook(lambda module, given, result: maps.append(result))
    with torch.inference_mode():
        original(images)
        torch.testing.assert_close(network.body(images), maps[0].mean(dim=(2, 3)), rtol=1e-4, atol=1e-4)
    assert network.head is None


@pytest.mark.parametrize(
    ("architecture", "layer", "dims"),
    [("swin_t", "features.1", (1, 2)), ("vit_b_32", "encoder.layers.encoder_layer_0", None)],
)
def test_places_are_averaged_whatever_the_layout(architecture: str, layer: str, dims: tuple[int, int] | None) -> None:
    network = family.candidate(f"{architecture}.random-5", layer).load()
    torch.manual_seed(5)
    again = models.get_model(architecture, weights=None).eval()
    images = network.prepare(IMAGES[:1])
    given: list[torch.Tensor] = []
    again.get_submodule(layer).register_forward_hook(lambda module, taken, result: given.append(result))
    with torch.inference_mode():
        again(images)
        expected = given[0].mean(dim=dims) if dims else given[0][:, 1:].mean(dim=1)
        torch.testing.assert_close(network.body(images), expected, rtol=1e-4, atol=1e-4)


def test_what_lies_beyond_a_layer_is_dropped_and_training_goes_on() -> None:
    network = family.candidate("vit_b_32.random-0", "encoder.layers.encoder_layer_1").load()
    assert not [name for name, _ in network.body.named_parameters() if "encoder_layer_2" in name]
    network.body.train()
    network.body(network.prepare(IMAGES[:1])).sum().backward()
    assert all(parameter.grad is not None for parameter in network.body.parameters())


def test_inception_in_training_gives_vectors_not_auxiliary_logits() -> None:
    network = family.candidate("inception_v3.random-0", None).load()
    assert network.prepare(IMAGES).shape == (2, 3, 299, 299)
    network.body.train()
    with torch.no_grad():
        assert network.body(network.prepare(IMAGES)).shape == (2, 2048)


def test_facts_are_those_of_the_weights() -> None:
    facts = family.candidate("resnet50.IMAGENET1K_V2", None).facts
    assert facts == {"parameter_count": 25557032 - 2049 * 1000, "source_accuracy": pytest.approx(0.80858)}
    assert set(family.candidate("resnet50.IMAGENET1K_V2", "layer1").facts) == {"parameter_count"}
    assert set(family.candidate("vgg16.IMAGENET1K_FEATURES", None).facts) == {"parameter_count"}


def test_positions_for_larger_images_are_counted() -> None:
    small = family.candidate("vit_b_16.IMAGENET1K_V1", None).facts["parameter_count"]
    large = family.candidate("vit_b_16.IMAGENET1K_SWAG_E2E_V1", None).facts["parameter_count"]
    assert large - small == 768 * (24**2 - 14**2)


def test_weights_without_classes_have_no_head() -> None:
    network = models.mobilenet_v3_small(weights=None)
    weights = models.MobileNet_V3_Small_Weights.DEFAULT
    assert _assembled("x", "mobilenet_v3_small", network, weights, None, classes=False).head is None


def test_the_fingerprint_is_where_the_weights_come_from_and_how_images_are_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fingerprint = family.candidate("resnet50.IMAGENET1K_V2", None).fingerprint
    assert fingerprint.startswith(f"{models.ResNet50_Weights.IMAGENET1K_V2.url}, images ")
    with monkeypatch.context() as other:
        other.setattr("torchvision.transforms._presets.ImageClassification.__repr__", lambda self: "resize_size=[256]")
        assert family.candidate("resnet50.IMAGENET1K_V2", None).fingerprint != fingerprint
    assert family.candidate("resnet50.IMAGENET1K_V2", "layer1").fingerprint == f"{fingerprint}@layer1"
    assert len({family.candidate(f"resnet18.random-{seed}", None).fingerprint for seed in range(3)}) == 3


def test_a_seed_decides_a_random_network_and_nothing_else() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, two = (features(family.candidate(f"mobilenet_v3_small.random-{seed}", None).load()) for seed in (1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one, features(family.candidate("mobilenet_v3_small.random-1", None).load()))
    assert not torch.equal(one, two)


def test_absent_weights_are_told_with_what_to_do(cache: Path) -> None:
    with pytest.raises(TbenchError) as caught:
        family.candidate("resnet18.IMAGENET1K_V1", None).load()
    url = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
    assert str(caught.value) == (
        f"weights of torchvision/resnet18.IMAGENET1K_V1 are not on this machine ({cache}/resnet18-f37072fd.pth of "
        f"{url}); set TBENCH_DOWNLOAD=1 to fetch them"
    )


def test_absent_weights_are_known_beforehand(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = family.candidate("resnet18.IMAGENET1K_V1", None)
    with pytest.raises(TbenchError) as caught:
        candidate.load()
    assert candidate.missing == str(caught.value)
    assert family.candidate("resnet18.random-0", None).missing == ""
    (cache / "resnet18-f37072fd.pth").touch()
    assert family.candidate("resnet18.IMAGENET1K_V1", None).missing == ""
    (cache / "resnet18-f37072fd.pth").unlink()
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    assert family.candidate("resnet18.IMAGENET1K_V1", None).missing == ""


def test_a_damaged_file_is_told_in_one_line(cache: Path) -> None:
    (cache / "resnet18-f37072fd.pth").write_bytes(b"half a file")
    with pytest.raises(TbenchError, match=r"^weights of torchvision/resnet18\.IMAGENET1K_V1 are damaged .*remove that"):
        family.candidate("resnet18.IMAGENET1K_V1", None).load()


class Executed:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("executed"),)


def test_nothing_in_a_file_is_executed(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tbench_models.torchvision_family.network.make_sure", lambda whose, weights: None)
    torch.save({"conv1.weight": Executed()}, cache / "resnet18-f37072fd.pth")
    with pytest.raises(
        TbenchError, match=r"^weights of torchvision/resnet18\.IMAGENET1K_V1 hold more than tensors; rem"
    ):
        family.candidate("resnet18.IMAGENET1K_V1", None).load()
    assert not Path("executed").exists()
    torch.load(cache / "resnet18-f37072fd.pth", weights_only=False)
    assert Path("executed").exists()  # the file would have done it


def test_a_server_that_does_not_answer_is_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(url: str, path: str, beginning: str, *, progress: bool) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    with pytest.raises(TbenchError, match=r"cannot be fetched from https://download.* \(no route to host\)$"):
        family.candidate("resnet18.IMAGENET1K_V1", None).load()


def test_unknown_words_are_answered_with_what_there_is() -> None:
    with pytest.raises(
        UsageError, match=r"^torchvision/resnet50 names no weights; there are resnet50\.IMAGENET1K_V1, "
    ):
        family.candidate("resnet50", None)
    with pytest.raises(UsageError, match=r"^torchvision/resnet50\.V9 names no weights"):
        family.candidate("resnet50.V9", None)
    with pytest.raises(UsageError, match=r"^torchvision knows no 'resnt50': did you mean resnet50"):
        family.candidate("resnt50.random-0", None)
    with pytest.raises(UsageError, match=r"^torchvision/resnet18\.random-0 has no layer 'layer9'; there are .*layer1"):
        family.candidate("resnet18.random-0", "layer9")


def test_names_can_be_listed() -> None:
    assert {"resnet50.IMAGENET1K_V2", "vit_b_16.IMAGENET1K_V1"} <= set(family.names())
    assert not [name for name in family.names() if name.startswith("fcn")]


def test_a_node_that_gives_no_map_is_told() -> None:
    with pytest.raises(TbenchError, match=r"gives no feature map there; choose a layer whose output is one$"):
        family.candidate("vit_b_32.random-0", "getattr").load()
