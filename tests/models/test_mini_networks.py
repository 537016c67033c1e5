"""The embedded networks: what is stored, what body and head compute, and where they can be cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tbench_datasets.mini.family import family as datasets
from tbench_models.mini.architectures import Timm, build
from tbench_models.mini.card import read_cards
from tbench_models.mini.family import SHIPPED, family
from tbench_models.mini.network import parameter_count
from tbench_models.mini.weights import file_of, read_weights
from tbench_models.pretraining import accuracy

CARDS = read_cards(SHIPPED)
NAMES = sorted(CARDS)
TRAINED = [name for name in NAMES if CARDS[name].recipe.method != "none"]
WITH_HEAD = [name for name in NAMES if CARDS[name].classes]
CUTS = [(name, layer) for name in NAMES for layer in CARDS[name].parameters_upto]

# The module of timm whose output a layer averages.
ENDS = {
    "convnext": "stages.{}",
    "densenet": "features.denseblock{}",
    "efficientnet": "blocks.{}",
    "mobilenetv3": "blocks.{}",
    "regnet": "s{}",
    "resnet": "stages.{}",
    "vit": "blocks.{}",
}
FROM_ONE = {"densenet", "regnet"}


@pytest.fixture(scope="module")
def batch() -> Tensor:
    return torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def plain(name: str) -> Timm:
    """The network as timm builds it, with the stored weights loaded strictly."""
    card = CARDS[name]
    network = build(card.recipe.architecture, card.classes)
    network.load_state_dict(read_weights(SHIPPED, name, card.sha256))
    return network.eval()


@pytest.mark.parametrize("name", TRAINED)
def test_weights_are_stored_in_half_precision_and_finite(name: str) -> None:
    stored = load_file(file_of(SHIPPED, name))
    floats = {key: tensor for key, tensor in stored.items() if tensor.is_floating_point()}
    assert {tensor.dtype for tensor in floats.values()} == {torch.float16}
    assert all(tensor.isfinite().all() for tensor in floats.values())
    body = family.candidate(name, None).load().body
    assert {parameter.dtype for parameter in body.parameters()} == {torch.float32}


def test_the_package_stays_small() -> None:
    assert sum(file_of(SHIPPED, name).stat().st_size for name in TRAINED) < 5e6


@pytest.mark.parametrize("name", WITH_HEAD)
@torch.inference_mode()
def test_body_and_head_compute_what_timm_computes(name: str, batch: Tensor) -> None:
    network = family.candidate(name, None).load()
    assert isinstance(network.head, nn.Linear)
    assert network.head.weight.shape == (CARDS[name].classes, network.width)
    torch.testing.assert_close(network.head(network.body(batch)), plain(name)(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(TRAINED) - set(WITH_HEAD)))
@torch.inference_mode()
def test_a_network_without_labels_has_features_and_no_head(name: str, batch: Tensor) -> None:
    network = family.candidate(name, None).load()
    assert network.head is None
    torch.testing.assert_close(network.body(batch), plain(name)(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "layer"), CUTS)
@torch.inference_mode()
def test_a_layer_is_the_mean_over_the_map_of_its_stage(name: str, layer: str, batch: Tensor) -> None:
    architecture = CARDS[name].recipe.architecture
    number = int(layer.removeprefix("stage")) - (architecture not in FROM_ONE)
    maps: list[Tensor] = []
    network: Timm = plain(name) if name in TRAINED else family.candidate(name, None).load().body.network
    end = network.get_submodule(ENDS[architecture].format(number))
    end.register_forward_hook(lambda module, given, output: maps.append(output))
    network(batch)
    (inner,) = maps
    expected = inner.mean(dim=(2, 3)) if inner.ndim == 4 else inner[:, network.num_prefix_tokens :].mean(dim=1)
    cut = family.candidate(name, layer).load()
    assert cut.head is None
    torch.testing.assert_close(cut.body(batch), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "layer"), [*((name, None) for name in NAMES), *CUTS])
def test_every_parameter_of_the_body_can_learn_and_is_counted(name: str, layer: str | None, batch: Tensor) -> None:
    candidate = family.candidate(name, layer)
    network = candidate.load()
    features = network.body.train()(batch)
    assert features.shape == (len(batch), network.width)
    weighting = torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
    (features * weighting).sum().backward()
    gradients = {key: parameter.grad for key, parameter in network.body.named_parameters()}
    assert all(gradient is not None for gradient in gradients.values())
    if name in TRAINED:  # a fresh residual network starts with its last normalisations at zero
        assert not [key for key, gradient in gradients.items() if gradient is not None and not gradient.any()]
    assert parameter_count(network) == candidate.facts["parameter_count"]


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_each_load_gives_an_independent_copy(name: str, batch: Tensor) -> None:
    candidate = family.candidate(name, None)
    first, second = candidate.load(), candidate.load()
    assert not first.body.training
    before = second.body(batch)
    for parameter in first.body.parameters():
        parameter.zero_()
    assert torch.equal(second.body(batch), before)
    assert torch.equal(candidate.load().body(batch), before)


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_features_tell_images_apart(name: str) -> None:
    """Neither collapsed to a point nor to a line, on images that no network was trained on."""
    network = family.candidate(name, None).load()
    features = network.body(network.prepare(datasets.dataset("letters").split("val", 0).images)).double()
    assert features.isfinite().all()
    spread = torch.linalg.svdvals(features - features.mean(dim=0)) ** 2
    effective_rank = (spread.sum() ** 2 / (spread**2).sum()).item()
    assert effective_rank > 1.5
    assert len(torch.unique(features.round(decimals=4), dim=0)) == len(features)


def test_the_control_is_the_same_each_time_and_leaves_the_random_numbers_alone(batch: Tensor) -> None:
    torch.manual_seed(1)
    first = family.candidate("resnet-random", None).load()
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))
    second = family.candidate("resnet-random", None).load()
    assert first.head is None
    with torch.inference_mode():
        assert torch.equal(first.body(batch), second.body(batch))


@pytest.mark.parametrize("name", WITH_HEAD)
def test_a_head_knows_its_source_as_well_as_its_card_says(name: str) -> None:
    """On the images that the card was written from, and on fresh ones within three standard errors."""
    card = CARDS[name]
    source = datasets.dataset(card.recipe.source.removeprefix("mini/"))
    network = family.candidate(name, None).load()
    claimed = card.source_accuracy
    assert claimed is not None
    assert claimed > min(10 / card.classes, 0.9)
    assert accuracy(network, source.split("val", 0)) == pytest.approx(claimed, abs=0.003)
    fresh = source.split("test", 0)
    error = (2 * claimed * (1 - claimed) / len(fresh.labels)) ** 0.5
    assert accuracy(network, fresh) == pytest.approx(claimed, abs=3 * error + 0.005)


def test_images_are_prepared_alike_from_a_list_and_from_a_read_only_array() -> None:
    images = np.random.RandomState(0).randint(0, 256, (5, 32, 32, 3), np.uint8)
    images[0], images[1] = 0, 255
    images.flags.writeable = False
    prepare = family.candidate("vit-mix", None).load().prepare
    prepared = prepare(images)
    assert prepared.shape == (5, 3, 32, 32)
    assert prepared.dtype == torch.float32
    assert prepared.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(prepared, prepare(list(images)))
    assert prepared[0].unique().tolist() == [-2.0]
    assert prepared[1].unique().tolist() == [2.0]
    assert prepared[3, 2, 7, 11].item() == pytest.approx((images[3, 7, 11, 2] / 255 - 0.5) / 0.25)


def test_images_of_other_sizes_are_resized_as_a_whole() -> None:
    """Left half black, right half white, in three shapes."""
    images = [np.zeros((height, width, 3), np.uint8) for height, width in ((64, 64), (32, 32), (40, 90))]
    for image in images:
        image[:, image.shape[1] // 2 :] = 255
    prepared = family.candidate("vit-mix", None).load().prepare(images)
    assert prepared.shape == (3, 3, 32, 32)
    assert prepared.is_contiguous(memory_format=torch.channels_last)
    black, white = prepared[..., :14], prepared[..., 18:]
    torch.testing.assert_close(black, torch.full_like(black, -2.0))
    torch.testing.assert_close(white, torch.full_like(white, 2.0))
