"""Cutting any module: before its classifier, or at a node of its graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from tbench.api import Network, TbenchError, UsageError
from tbench_models.pooling import pooled

NODE, END = "inner", "end"
TOLD = 12  # names in a message


class Inner(nn.Module):
    """Images to the mean over a map, or over tokens, at one node of a network's graph."""

    def __init__(self, graph: nn.Module, whose: str, *, channels_last: bool) -> None:
        super().__init__()
        self.graph = graph
        self.whose = whose
        self.channels_last = channels_last

    def forward(self, images: Tensor) -> Tensor:
        return pooled(self.graph(images)[NODE], self.whose, channels_last=self.channels_last)


class Several(nn.Module):
    """Images to the means over maps at several nodes of a network's graph, and what the graph ends in."""

    def __init__(self, graph: nn.Module, whose: str, channels_last: Mapping[str, bool]) -> None:
        super().__init__()
        self.graph = graph
        self.whose = whose
        self.channels_last = dict(channels_last)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found = self.graph(images)
        inner = {
            f"features@{node}": pooled(found[node], self.whose, channels_last=last)
            for node, last in self.channels_last.items()
        }
        return inner | ({"features": found[END]} if END in found else {})


def last_linear(network: nn.Module) -> str:
    """The name of the linear layer that was registered last: in torchvision, of what gives the logits ('' if none)."""
    return next((name for name, module in reversed([*network.named_modules()]) if isinstance(module, nn.Linear)), "")


def without(network: nn.Module, name: str) -> nn.Module:
    """The submodule of that name; an identity is in its place from now on."""
    module = network.get_submodule(name)
    network.set_submodule(name, nn.Identity())
    return module


def inner(network: nn.Module, node: str, whose: str, *, channels_last: bool = False) -> Inner:
    """The network up to a node; the name of a module stands for its last node. What lies beyond is dropped.

    channels_last: maps are (B, h, w, C). UsageError for an unknown node; TbenchError where a network cannot be traced.
    """
    last = _last(_nodes(network.eval(), whose), node, whose)
    graph = create_feature_extractor(network, {last: NODE}, suppress_diff_warning=True)
    _prune(graph)
    return Inner(graph, whose, channels_last=channels_last).eval()


def several(network: nn.Module, channels_last: Mapping[str, bool], whose: str, *, entire: bool) -> Several:
    """The network cut at several nodes, each with whether its map is (B, h, w, C), and at its end if entire."""
    known = _nodes(network.eval(), whose)
    wanted = {node: _last(known, node, whose) for node in channels_last} | ({END: known[-1]} if entire else {})
    outputs: dict[str, str] = {}
    for name, last in wanted.items():
        outputs.setdefault(last, name)
    graph = create_feature_extractor(network, outputs, suppress_diff_warning=True)
    _prune(graph)
    return Several(graph, whose, channels_last).eval()


def together(whole: Network, layers: Sequence[str | None], channels_last: Callable[[str], bool], whose: str) -> Network:
    """A whole network cut at several nodes at once; None among them for its end. channels_last: is a map there so?"""
    inside = {layer: channels_last(layer) for layer in layers if layer is not None}
    entire = None in layers
    body = several(whole.body, inside, whose, entire=entire)
    return replace(whole, body=body, head=whole.head if entire else None)


def width_of(body: nn.Module, side: int) -> int:
    """Columns of the features, from one black image."""
    with torch.no_grad():
        return int(body(torch.zeros(1, 3, side, side)).shape[1])


def parameter_count(body: nn.Module) -> int:
    return sum(parameter.numel() for parameter in body.parameters())


def _last(known: Sequence[str], node: str, whose: str) -> str:
    """The last node of a module, or the node itself. UsageError if there is none."""
    inside = [other for other in known if within(other, node)]
    if not inside:
        outer = list(dict.fromkeys(name.partition(".")[0] for name in known[1:]))
        more = ", ..." if len(outer) > TOLD else ""
        raise UsageError(
            f"{whose} has no layer {node!r}; there are {', '.join(outer[:TOLD])}{more} and the nodes inside them"
        )
    return inside[-1]


def _nodes(network: nn.Module, whose: str) -> list[str]:
    try:
        _, names = get_graph_node_names(network, suppress_diff_warning=True)
    except Exception as error:  # whatever the network's own code says to being traced
        told = str(error).strip().partition("\n")[0]
        raise TbenchError(f"{whose} cannot be cut at a layer: its graph cannot be traced ({told})") from error
    return list(names)


def _prune(extractor: Any) -> None:
    """Drop what the node does not need. The assertions that networks make of later shapes would keep it all alive."""
    graphs = (extractor.train_graph, extractor.eval_graph)
    for graph in graphs:
        for node in reversed(graph.nodes):
            if node.target is torch._assert:
                graph.erase_node(node)
        graph.eliminate_dead_code()
    used = {node.target for graph in graphs for node in graph.nodes if node.op in ("call_module", "get_attr")}
    for name in [name for name, _ in extractor.named_modules() if name]:
        if not any(within(name, other) or within(other, name) for other in used):
            extractor.delete_submodule(name)
    extractor.train()
    extractor.eval()  # each change of mode compiles the graph of that mode anew


def within(name: str, outer: str) -> bool:
    """Is the module of this name the outer one, or inside it?"""
    return name == outer or name.startswith(f"{outer}.")
