"""Pre-training one network as its recipe says, and writing down what came out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tbench.api import Dataset, Split
from tbench_models.augmentation import shifted
from tbench_models.mini.architectures import Timm, build
from tbench_models.mini.card import Card, add_card
from tbench_models.mini.images import bytes_of, normalised
from tbench_models.mini.network import SEED, assemble, parameter_count
from tbench_models.mini.recipe import Recipe
from tbench_models.mini.selfsupervised import PROJECTION, contrastive_loss, outputs, rotation_loss
from tbench_models.mini.spine import layers
from tbench_models.mini.weights import read_weights, write_weights
from tbench_models.pretraining import Course, Loss, Report, accuracy, descend

WEIGHT_DECAY = 0.02
SHIFT = 3  # pixels


def pretrain(name: str, recipe: Recipe, load_dataset: Callable[[str], Dataset], out: Path, report: Report) -> Card:
    """Write weights/NAME.safetensors and the card of this network into the folder `out`; one line reported per epoch.

    The same machine, versions and thread count (take one) give the same bits.
    """
    out.mkdir(parents=True, exist_ok=True)
    if recipe.method == "none":
        card = _describe(recipe, "", 0)
        card = replace(card, sha256=hashlib.sha256(repr((recipe, SEED)).encode()).hexdigest())
    else:
        source = load_dataset(recipe.source)
        train = source.split("train", 0)
        start = time.process_time()
        network = train_network(recipe, train, source.classes, lambda line: report(f"{name}: {line}"))
        seconds = time.process_time() - start
        classes = source.classes if recipe.method == "supervised" else 0
        if not classes:
            network.reset_classifier(0)
        card = _describe(recipe, write_weights(out, name, network.state_dict()), classes)
        card = replace(card, seconds=round(seconds, 1))
        if classes:  # of the weights as they are stored, in half precision
            stored = assemble(recipe.architecture, classes, read_weights(out, name, card.sha256), None)
            card = replace(card, source_accuracy=round(accuracy(stored, source.split("val", 0)), 4))
            report(f"{name}: {card.source_accuracy:.1%} of held-out source images right")
        report(f"{name}: {seconds:.0f} CPU seconds")
    add_card(out, name, card)
    return card


def train_network(recipe: Recipe, train: Split, classes: int, report: Report) -> Timm:
    """The trained network; its classifier is that of its own task."""
    torch.manual_seed(SEED)
    network = build(recipe.architecture, outputs(recipe, classes)).to(memory_format=torch.channels_last)
    match recipe.method:
        case "simclr":
            projected = nn.Sequential(network, nn.ReLU(), nn.Linear(PROJECTION, PROJECTION))
            _descend(projected, contrastive_loss(projected), recipe, train, report)
        case "rotation":
            _descend(network, rotation_loss(network, SHIFT), recipe, train, report)
        case _:
            _descend(network, _supervised_loss(network), recipe, train, report)
    return network


def _supervised_loss(network: nn.Module) -> Loss:
    def loss(images: Tensor, labels: Tensor, draws: torch.Generator) -> Tensor:
        return functional.cross_entropy(network(shifted(images, SHIFT, draws)), labels)

    return loss


def _descend(network: nn.Module, loss_of: Loss, recipe: Recipe, train: Split, report: Report) -> None:
    images, labels = bytes_of(train.images), torch.tensor(train.labels)
    course = Course(recipe.epochs, recipe.batch, recipe.learning_rate, WEIGHT_DECAY, SEED)
    descend(network, loss_of, lambda chosen: normalised(images[chosen]), labels, course, report)


def _describe(recipe: Recipe, sha256: str, classes: int) -> Card:
    cuts = layers(recipe.architecture, build(recipe.architecture, 0))
    counts = {layer: parameter_count(assemble(recipe.architecture, 0, None, layer)) for layer in cuts}
    whole = parameter_count(assemble(recipe.architecture, 0, None, None))
    made_with = {package: version(package) for package in ("torch", "timm", "numpy")}
    return Card(recipe, sha256, classes, whole, parameters_upto=counts, made_with=made_with)
