"""The networks of timm by name: features, heads, layers and preparation, from a cache that the tests write."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file
from torch import nn

from tbench.api import Network, TbenchError, UsageError
from tbench_models.timm_family import weights as weights_module
from tbench_models.timm_family.family import family
from tbench_models.timm_family.library import Timm, configuration, create_model
from tbench_models.timm_family.network import CLASSES_OF_IMAGENET, _on_vectors, layers, parameter_count, whole

TAG = "test_resnet.r160_in1k"
BLOB = "0123abcd" * 8
IMAGES = [np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8) for shape in ((40, 60, 3), (200, 150, 3))]

WIDTHS = {  # the whole network, and an inner layer of it
    "resnet50": (2048, "layer2", 512),
    "vit_small_patch16_224": (384, "blocks.5", 384),
    "convnext_tiny": (768, "stages.1", 192),
    "mobilenetv3_large_100": (1280, "blocks.4", 112),
    "densenet121": (1024, "features.denseblock2", 512),
    "inception_v3": (2048, "Mixed_6e", 768),
}


def features(network: Network, images: list[np.ndarray] = IMAGES) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network.body(network.prepare(images))
    return found


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub with nothing in it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    return tmp_path


def put(hub: Path, tag: str, content: Path) -> Path:
    """The file into the cache, as the hub's own client lays it out."""
    repo = hub / f"models--timm--{tag}"
    for folder in ("refs", "blobs", "snapshots/1"):
        (repo / folder).mkdir(parents=True)
    (repo / "refs" / "main").write_text("1")
    content.rename(repo / "blobs" / BLOB)
    link = repo / "snapshots" / "1" / "model.safetensors"
    link.symlink_to(repo / "blobs" / BLOB)
    return link


@pytest.fixture
def original(hub: Path, tmp_path: Path) -> Timm:
    """A network with numbers of its own, whose weights are in the cache under TAG."""
    torch.manual_seed(7)
    network = create_model("test_resnet", pretrained=False).eval()
    nn.init.normal_(network.fc.bias)
    save_file(network.state_dict(), tmp_path / "written")
    put(hub, TAG, tmp_path / "written")
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


def test_inception_takes_299_pixels() -> None:
    network = family.candidate("inception_v3.random-0", "Conv2d_2b_3x3").load()
    assert network.prepare(IMAGES).shape == (2, 3, 299, 299)


def test_features_are_what_the_classifier_sees_and_the_head_gives_the_logits(original: Timm) -> None:
    network = family.candidate(TAG, None).load()
    images = network.prepare(IMAGES)
    with torch.inference_mode():
        seen = original.forward_head(original.forward_features(images), pre_logits=True)
        torch.testing.assert_close(network.body(images), seen, rtol=1e-4, atol=1e-4)
        assert network.head is not None
        torch.testing.assert_close(network.head(network.body(images)), original(images), rtol=1e-3, atol=1e-3)
    assert network.width == seen.shape[1]


def test_an_inner_layer_is_the_mean_of_the_map_that_the_module_gives(original: Timm) -> None:
    network = family.candidate(TAG, "layer2").load()
    images = network.prepare(IMAGES)
    maps: list[torch.Tensor] = []
    original.layer2.register_forward_hook(lambda module, given, result: maps.append(result))
    with torch.inference_mode():
        original(images)
        torch.testing.assert_close(network.body(images), maps[0].mean(dim=(2, 3)), rtol=1e-4, atol=1e-4)
    assert network.head is None


def test_patches_are_averaged_without_the_class_token() -> None:
    network = family.candidate("test_vit.random-4", "blocks.2").load()
    images = network.prepare(IMAGES)
    vit = network.body.network.model
    with torch.inference_mode():
        tokens = vit.forward_intermediates(images, indices=[2], intermediates_only=True, output_fmt="NLC")[0]
        torch.testing.assert_close(network.body(images), tokens.mean(dim=1), rtol=1e-4, atol=1e-4)
    assert tokens.shape[1] == vit.patch_embed.num_patches


def test_images_of_any_sizes_are_prepared_as_timm_validates_the_tag(original: Timm) -> None:
    network = family.candidate(TAG, None).load()
    prepared = network.prepare(IMAGES)
    assert prepared.dtype == torch.float32
    assert prepared.shape == (2, 3, 160, 160)
    torch.testing.assert_close(network.prepare(IMAGES[1:])[0], prepared[1])
    white = network.prepare(np.full((1, 160, 160, 3), 255, np.uint8))[0]
    config = original.pretrained_cfg
    expected = (1 - torch.tensor(config["mean"])) / torch.tensor(config["std"])
    torch.testing.assert_close(white.mean(dim=(1, 2)), expected)


def test_a_seed_decides_all_of_a_random_network_and_nothing_else() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    found = {seed: features(family.candidate(f"test_resnet.random-{seed}", None).load()) for seed in (1, 2)}
    assert torch.equal(torch.rand(1), expected)
    again = features(family.candidate("test_resnet.random-1", None).load())
    assert torch.equal(found[1], again)
    assert not torch.allclose(found[1], found[2])


def test_the_inside_of_a_random_network_is_that_of_the_whole() -> None:
    whole_network = family.candidate("test_resnet.random-1", None).load().body.network
    inner = family.candidate("test_resnet.random-1", "layer1").load().body.network.state_dict()
    found = {name.removeprefix("model."): tensor for name, tensor in inner.items()}
    assert found
    assert all(torch.equal(tensor, whole_network.state_dict()[name]) for name, tensor in found.items())


def test_an_inner_layer_rests_on_fewer_parameters() -> None:
    counts = [family.candidate("test_efficientnet.random-0", layer).facts for layer in ("blocks.0", "blocks.2", None)]
    values = [each["parameter_count"] for each in counts]
    assert values == sorted(set(values))


def test_pretrained_and_random_bodies_have_as_many_parameters(original: Timm) -> None:
    network = family.candidate(TAG, None).load()
    count = sum(parameter.numel() for parameter in network.body.parameters())
    assert (
        count == parameter_count("x", TAG, None, random=False) == parameter_count("x", "test_resnet", None, random=True)
    )


def test_the_fingerprint_tells_weights_content_and_layer(original: Timm) -> None:
    fingerprint = family.candidate(TAG, None).fingerprint
    assert re.fullmatch(rf"{TAG} of timm/{TAG}, images [0-9a-f]{{12}}, {BLOB}", fingerprint)
    names = [(TAG, "layer2"), ("test_resnet.random-1", None), ("test_resnet.random-2", None), (TAG, None)]
    assert len({family.candidate(*name).fingerprint for name in names}) == len(names)


def test_the_fingerprint_tells_how_images_are_prepared(original: Timm, monkeypatch: pytest.MonkeyPatch) -> None:
    before = family.candidate(TAG, None).fingerprint
    config = configuration(TAG)
    monkeypatch.setattr("tbench_models.timm_family.weights.configuration", lambda name: replace(config, crop_pct=0.5))
    assert family.candidate(TAG, None).fingerprint != before


@pytest.mark.parametrize(("name", "layer"), [(TAG, None), (TAG, "layer2"), ("test_vit.random-0", None)])
def test_a_network_can_be_trained(original: Timm, name: str, layer: str | None) -> None:
    network = family.candidate(name, layer).load()
    network.body.train()
    network.body(network.prepare(IMAGES)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.body.parameters() if parameter.requires_grad)


@pytest.mark.parametrize(
    ("tag", "classes"),
    [
        ("tv_in1k", True),
        ("augreg_in21k", True),
        ("fcmae_ft_in22k_in1k_384", True),
        ("openai_ft_in12k_in1k", True),
        ("fb_inw21k", True),
        ("openai", False),
        ("laion2b", False),
        ("fb_dino", False),
        ("fcmae", False),
        ("in1k_ijepa", False),
    ],
)
def test_only_what_was_last_trained_on_classes_has_a_head(tag: str, classes: bool) -> None:
    assert bool(CLASSES_OF_IMAGENET.search(tag)) is classes


def test_averaged_logits_of_two_classifiers_are_no_head() -> None:
    network = create_model("deit_tiny_distilled_patch16_224", pretrained=False)
    nn.init.normal_(network.head.weight)
    assert whole(network, classes=True).head is None


def test_a_convolution_over_one_place_is_a_head_for_vectors() -> None:
    convolution = nn.Conv2d(4, 3, 1)
    head = _on_vectors(convolution)
    assert head is not None
    vectors = torch.randn(2, 4)
    expected = vectors @ convolution.weight[:, :, 0, 0].T + convolution.bias
    torch.testing.assert_close(head(vectors), expected)


def test_absent_weights_are_told_with_what_to_do(hub: Path) -> None:
    candidate = family.candidate(TAG, None)
    assert re.fullmatch(rf"{TAG} of timm/{TAG}, images [0-9a-f]{{12}}", candidate.fingerprint)
    with pytest.raises(TbenchError) as caught:
        candidate.load()
    assert str(caught.value) == (
        f"weights of timm/{TAG} are not on this machine (model.safetensors of timm/{TAG}); "
        "set TBENCH_DOWNLOAD=1 to fetch them"
    )
    assert candidate.missing == str(caught.value)


def test_what_is_here_or_may_be_fetched_is_not_missing(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert family.candidate("test_resnet.random-0", None).missing == ""
    assert family.candidate(TAG, None).missing != ""
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    assert family.candidate(TAG, None).missing == ""


def test_what_is_in_the_cache_is_not_missing(original: Timm) -> None:
    assert family.candidate(TAG, None).missing == ""


def test_weights_are_fetched_where_that_is_allowed(
    hub: Path, tmp_path: Path, original: Timm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (link,) = hub.glob("*/snapshots/1/model.safetensors")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    asked: list[tuple[str, str]] = []

    def download(repo: str, file: str, revision: str | None) -> str:
        asked.append((repo, file))
        return str(link)

    monkeypatch.setattr(weights_module.huggingface_hub, "hf_hub_download", download)
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    assert family.candidate(TAG, None).load().width == original.num_features
    assert asked == [(f"timm/{TAG}", "model.safetensors")]


def test_a_hub_that_does_not_answer_is_one_line(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(repo: str, file: str, revision: str | None) -> str:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(weights_module.huggingface_hub, "hf_hub_download", download)
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    with pytest.raises(TbenchError, match=rf"^weights of timm/{TAG} cannot be fetched from timm/{TAG} \(no route\)$"):
        family.candidate(TAG, None).load()


def test_a_damaged_file_is_one_line(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "written").write_bytes(b"not weights")
    put(hub, TAG, tmp_path / "written")
    with pytest.raises(TbenchError, match=rf"^weights of timm/{TAG} cannot be read .*fetch it anew$"):
        family.candidate(TAG, None).load()


def test_unknown_words_are_answered_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"^timm/test_resnet does not say which weights; there are test_resnet\.r160"):
        family.candidate("test_resnet", None)
    with pytest.raises(UsageError, match=r"^timm knows no 'resnt50\.tv_in1k': did you mean resnet50\.tv_in1k"):
        family.candidate("resnt50.tv_in1k", None)
    with pytest.raises(UsageError, match=r"^timm knows no 'resnet51': did you mean resnet51q or resnet50"):
        family.candidate("resnet51.random-0", None)
    with pytest.raises(UsageError, match=r"^timm/test_resnet.random-0 has no layer 'layer9'; there are act1, layer1, "):
        family.candidate("test_resnet.random-0", "layer9")


def test_every_small_architecture_can_be_cut_at_each_of_its_layers() -> None:
    for architecture in ("test_byobnet", "test_convnext", "test_efficientnet_gn", "test_nfnet", "test_mambaout"):
        for layer in layers(architecture):
            network = family.candidate(f"{architecture}.random-0", layer).load()
            assert features(network).shape == (2, network.width)


def test_names_are_those_of_the_user_and_can_be_listed() -> None:
    assert family.candidate("test_vit.random-0", "blocks.1").name == "timm/test_vit.random-0@blocks.1"
    assert {TAG, "resnet50.tv_in1k"} <= set(family.names())


@pytest.mark.parametrize("module", ["timm_family", "torchvision_family", "checkpoint", "ssl"])
def test_a_family_that_nobody_asked_costs_no_torch(module: str) -> None:
    program = (
        f"import sys\nfrom tbench_models.{module}.family import family\n"
        "assert not {'torch', 'timm', 'torchvision', 'numpy'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=True)
