"""Making a file of weights as its recipe says, and the card that tells what came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from tbench.api import Dataset, Split, UsageError
from tbench_models import cutting
from tbench_models.augmentation import flipped, shifted
from tbench_models.checkpoint.card import Card
from tbench_models.checkpoint.network import assemble, built, preparation
from tbench_models.checkpoint.recipe import Recipe
from tbench_models.digest import sha256_of
from tbench_models.pretraining import Loss, Report, accuracy, descend
from tbench_models.seeds import seeded
from tbench_models.tables import toml_lines


def pretrain(recipe: Recipe, load_dataset: Callable[[str], Dataset], out: Path, report: Report) -> Card:
    """Write <stem>.safetensors and <stem>.toml into the folder `out`; one line reported per epoch.

    The same machine, versions and thread count (take one) give the same bits. UsageError, one line, where recipe,
    network and dataset do not fit one another.
    """
    name = recipe.path.stem
    source = load_dataset(recipe.dataset)
    train = source.split("train", 0)
    _check(recipe, source, train)
    start = time.process_time()
    with seeded(recipe.course.seed):
        network = _trained(recipe, train, lambda line: report(f"{name}: {line}"))
    seconds = time.process_time() - start
    weights = out / f"{name}.safetensors"
    out.mkdir(parents=True, exist_ok=True)
    _write(weights, save({key: tensor.contiguous() for key, tensor in network.state_dict().items()}))
    card = replace(recipe.card, sha256=sha256_of(weights))
    judged = accuracy(assemble(weights, card, None), source.split("test", 0))
    card = replace(card, source_accuracy=round(judged, 4))
    lines = ["# Written by `tbench pretrain checkpoint`.", *toml_lines(asdict(card))]
    _write(weights.with_suffix(".toml"), "\n".join([*lines, ""]).encode())
    report(f"{name}: {judged:.1%} of the source's test images right, {seconds:.0f} CPU seconds")
    return card


def _trained(recipe: Recipe, train: Split, report: Report) -> nn.Module:
    card = recipe.card
    network = built(recipe.path, card)
    found = cutting.width_of(network.eval(), card.input_size)
    if found != card.classes:
        raise UsageError(f"card {recipe.path} says {card.classes} classes, but its architecture gives {found} logits")
    network = network.to(memory_format=torch.channels_last)
    prepare = preparation(card)

    def batch_of(chosen: Tensor) -> Tensor:
        images = prepare([train.images[index] for index in chosen.tolist()])
        return images.contiguous(memory_format=torch.channels_last)

    descend(network, _loss(network, recipe), batch_of, torch.tensor(train.labels), recipe.course, report)
    return network


def _loss(network: nn.Module, recipe: Recipe) -> Loss:
    def loss(images: Tensor, labels: Tensor, draws: torch.Generator) -> Tensor:
        images = shifted(images, recipe.shift, draws)
        if recipe.flip:
            images = flipped(images, draws)
        return functional.cross_entropy(network(images), labels)

    return loss


def _check(recipe: Recipe, source: Dataset, train: Split) -> None:
    whose = f"card {recipe.path}"
    if train.labels.ndim != 1 or train.labels.dtype.kind not in "iu":
        raise UsageError(f"{whose}: {source.name} has not one class per image; take a source that has")
    if source.classes != recipe.card.classes:
        raise UsageError(f"{whose} says {recipe.card.classes} classes, but {source.name} has {source.classes}")
    if recipe.course.batch > len(train.labels):
        raise UsageError(f"{whose}: its batch is larger than the {len(train.labels)} training images of {source.name}")
    if recipe.shift >= recipe.card.input_size:
        raise UsageError(f"{whose}: a shift of {recipe.shift} pixels does not fit its input_size")


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(f"{path.suffix}.draft")
    draft.write_bytes(content)
    draft.replace(path)
