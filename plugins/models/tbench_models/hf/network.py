"""A vision network of transformers cut into body and head, whole or at one of its hidden states."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification

from tbench.api import Network, TbenchError, UsageError
from tbench_models import cutting
from tbench_models.hf.library import Model, told
from tbench_models.hf.preparation import preparation
from tbench_models.pooling import pooled
from tbench_models.seeds import shape

LAYER = re.compile(r"hidden\.(\d+)")
SPECIAL = {"cls_token", "class_embedding", "distillation_token", "register_tokens"}  # what stands before the patches
IMAGES = "pixel_values"
SHOWN = 3  # names in a message


class Classifying(nn.Module):
    """Images to what the last linear layer of a classification network sees; an identity is in its place."""

    def __init__(self, network: Model, whose: str) -> None:
        super().__init__()
        self.network = network
        self.whose = whose

    def forward(self, images: Tensor) -> Tensor:
        return pooled(self.network(pixel_values=images).logits, self.whose, special=0)


class Backbone(nn.Module):
    """Images to the pooled output; without one, to the class token or else the mean over places."""

    def __init__(self, network: Model, whose: str) -> None:
        super().__init__()
        self.network = network
        self.whose = whose
        self.special = special_tokens(network)

    def forward(self, images: Tensor) -> Tensor:
        output = self.network(pixel_values=images)
        if (summary := getattr(output, "pooler_output", None)) is not None:
            return pooled(summary, self.whose, special=0)
        last = output.last_hidden_state
        return last[:, 0] if last.ndim == 3 and self.special else pooled(last, self.whose, special=0)


class Inner(nn.Module):
    """Images to the mean over what a module gives; the forward pass ends there, and what lies beyond is left out."""

    def __init__(self, network: Model, name: str, place: str | int | None, whose: str, *, channels_last: bool) -> None:
        super().__init__()
        self.network = network
        self.name = name
        self.place = place
        self.whose = whose
        self.channels_last = channels_last
        self.special = special_tokens(network)

    def forward(self, images: Tensor) -> Tensor:
        watch = self.network.get_submodule(self.name).register_forward_hook(_stop)
        try:
            self.network(pixel_values=images)
        except _Reached as reached:
            state = _tensors(reached.output)[self.place]
            return pooled(state, self.whose, channels_last=self.channels_last, special=self.special)
        finally:
            watch.remove()
        raise TbenchError(f"{self.whose} did not come to its module {self.name}; choose another layer")


class _Reached(Exception):
    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output


def pretrained(whose: str, folder: Path, layer: str | None) -> Network:
    """TbenchError, one line, where weights and architecture do not fit, or where an image has other features each time.

    The classifier is the head if the network's logits are what it makes of the features.
    """
    network = _loaded(whose, folder)
    prepare = preparation(whose, folder)
    trial = prepare([_noise()])
    with torch.no_grad():
        output = network(pixel_values=trial)
        body, head = cut(whose, network, layer, trial)
        body = body.eval().to(memory_format=torch.channels_last)
        features = body(trial)
        if not torch.allclose(features, body(trial), rtol=1e-3, atol=1e-4):
            raise TbenchError(f"{whose} draws at random what it sees of an image; choose another repository")
        if head and not torch.allclose(head(features), output.logits, rtol=1e-3, atol=1e-4):
            head = None
    return Network(body, head, features.shape[1], prepare)


def parameter_count(whose: str, folder: Path, layer: str | None) -> int:
    """Of the body, up to its layer, on a network without numbers. UsageError for an unknown layer."""
    network = _empty(whose, folder)
    trial = preparation(whose, folder)([_noise()]).to(network.device) if layer else None
    body, _ = cut(whose, network, layer, trial)
    return cutting.parameter_count(body)


def cut(whose: str, network: Model, layer: str | None, trial: Tensor | None) -> tuple[nn.Module, nn.Module | None]:
    """Body and classifier; there is one only of a whole network with a single linear layer for classes. trial: prepared
    images, for a layer."""
    if layer is not None:
        assert trial is not None
        return _inner(whose, network.base_model, layer, trial), None
    if classifier := _classifier(network):
        return Classifying(network, whose), cutting.without(network, classifier)
    return Backbone(_without_dense_pooler(network), whose), None


def special_tokens(network: nn.Module) -> int:
    """How many tokens stand before those of the patches."""
    found = {name: each for name, each in network.named_parameters() if name.rpartition(".")[2] in SPECIAL}
    return sum(each.shape[-2] if each.ndim > 1 else 1 for each in found.values())


def _classifier(network: Model) -> str:
    """The name of the one linear layer that gives logits of classes, or nothing."""
    if network is network.base_model or network.config.num_labels < 2:
        return ""
    inside = {id(module) for module in network.base_model.modules()}
    outside = [(name, module) for name, module in network.named_modules() if id(module) not in inside]
    linear = [name for name, module in outside if isinstance(module, nn.Linear)]
    return linear[0] if len(linear) == 1 else ""


def _without_dense_pooler(network: Model) -> Model:
    """The backbone. BERT's pooler, which vision networks inherited, goes: not every repository has weights for it."""
    backbone = network.base_model
    pooler = getattr(backbone, "pooler", None)
    if pooler is not None and any(isinstance(module, nn.Linear) for module in pooler.modules()):
        backbone.pooler = None
    return backbone


def _inner(whose: str, network: Model, layer: str, trial: Tensor) -> Inner:
    calls: list[tuple[str, object]] = []
    watches = [
        module.register_forward_hook(lambda module, given, output, name=name: calls.append((name, output)))
        for name, module in network.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            found = network(pixel_values=trial, output_hidden_states=True)
    finally:
        for watch in watches:
            watch.remove()
    states = found.hidden_states or ()
    asked = LAYER.fullmatch(layer)
    if asked is None or int(asked[1]) >= len(states):
        known = f"hidden.0 to hidden.{len(states) - 1}" if states else "none"
        raise UsageError(f"{whose} has no layer {layer!r}; there are {known}")
    number = int(asked[1])
    maps = getattr(found, "reshaped_hidden_states", None) or states  # channels first, whatever the states have
    channels_last = states[number].ndim == 4 and maps[number].shape != states[number].shape
    times = Counter(name for name, _ in calls)
    for done, (name, output) in enumerate(calls, start=1):
        for place, tensor in _tensors(output).items():
            if tensor is states[number] and times[name] == 1:
                _drop(network, {called for called, _ in calls[:done]})
                return Inner(network, name, place, whose, channels_last=channels_last)
    raise UsageError(f"{whose} cannot be cut at {layer}, which no module of it gives; choose another layer")


def _drop(network: nn.Module, called: set[str]) -> None:
    """Leave out parameters of what has not been called, nor is part of what has, nor holds it."""

    def needed(name: str) -> bool:
        return any(cutting.within(name, other) or cutting.within(other, name) for other in called)

    for name, module in [*network.named_modules()][1:]:
        outer = name.rpartition(".")[0]
        if not needed(name) and (not outer or needed(outer)) and any(True for _ in module.parameters()):
            network.set_submodule(name, nn.Identity())


def _tensors(output: object) -> dict[str | int | None, Tensor]:
    """The tensors in what a module gives, by their places in it; without the states that it only gives if asked."""
    if isinstance(output, Tensor):
        return {None: output}
    if isinstance(output, dict):
        return {"last_hidden_state": output["last_hidden_state"]} if "last_hidden_state" in output else {}
    places = enumerate(output) if isinstance(output, tuple) else ()
    return {place: each for place, each in places if isinstance(each, Tensor)}


def _stop(module: nn.Module, given: object, output: object) -> None:
    raise _Reached(output)


def _empty(whose: str, folder: Path) -> Model:
    """As its configuration describes it, without numbers."""
    config = _config(whose, folder)
    try:
        network = shape(partial(_maker(config).from_config, config, trust_remote_code=False))
    except Exception as error:  # whatever the configuration makes the library say
        raise UsageError(f"{whose} cannot be built ({told(error)}); choose another repository") from error
    return _seeing(whose, network)


def _loaded(whose: str, folder: Path) -> Model:
    config = _config(whose, folder)
    words = {"config": config, "dtype": torch.float32, "use_safetensors": True, "trust_remote_code": False}
    try:
        network, found = _maker(config).from_pretrained(
            folder, local_files_only=True, output_loading_info=True, **words
        )
    except Exception as error:  # whatever the files make the library say
        raise TbenchError(f"weights of {whose} cannot be read ({told(error)}); see {folder}") from error
    _seeing(whose, network)
    if not _classifier(network):
        _without_dense_pooler(network)
    if missing := sorted(set(found["missing_keys"]) & set(network.state_dict())):
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        names = ", ".join(missing[:SHOWN])
        raise TbenchError(f"weights of {whose} do not fit its architecture: they miss {names}{more}; see {folder}")
    return network


def _config(whose: str, folder: Path) -> Any:
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever the file makes the library say
        raise UsageError(f"{whose} is no network that transformers knows ({told(error)})") from error


def _seeing(whose: str, network: Model) -> Model:
    if network.main_input_name != IMAGES:
        raise UsageError(f"{whose} takes {network.main_input_name}, not images alone; choose another repository")
    return network.eval()


def _maker(config: Any) -> Any:
    """The library's class for such networks; a classifier only where the repository says that it is one."""
    architecture = next(iter(config.architectures or ()), "")
    return AutoModelForImageClassification if "ForImageClassification" in architecture else AutoModel


def _noise() -> NDArray[np.uint8]:
    """An image on which no two features are likely to agree."""
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
