"""Parameter distance: Chen, Li, Ding, Liu, Rethinking two consensuses of the transferability [...], arXiv 2022."""

from __future__ import annotations

import math
import re
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import (
    Inapplicable,
    SaturationWarning,
    Score,
    ScoreWarning,
    UsageError,
    published,
)

if TYPE_CHECKING:
    from tbench.api import FloatArray

State = Mapping[str, NDArray[Any]]

HEAD = "head"
HEADS = {"fc", "head", "heads", "head_dist", "classifier", "last_linear", "logits", "score"}  # what heads are called
BLOCK = re.compile(r"(?:.*\.)?blocks\.\d+(?=\.)|.*?[._]\d+(?:\.\d+)*(?=\.)")


@published("schuture", tensors="conv")
def parameter_distance(
    initial_parameters: State,
    pretrained_parameters: State,
    finetuned_parameters: State,
    *,
    distance: str = "mean-abs",
    within: str = "tensors",
    tensors: str = "matrices",
    overall: str = "mean",
) -> Score:
    """How many times nearer to its fine-tuned weights a pre-trained network starts than a fresh one; mean over blocks.

    T = D(initial, fine-tuned) / D(pre-trained, fine-tuned) of each block; 1: pre-training did not help to get there.
    It takes the fine-tuned weights, so it is an analysis after the fact, and no rival of scores that spare fine-tuning.
    It grows as fine-tuning gets shorter: compare only networks that were fine-tuned for the same number of steps.

    Parameters are arrays by name; tensors of one storage count once, tensors that the three do not share are left out
    (ScoreWarning, but for the head). A block is the path of a name up to `blocks.<n>`, or to its first numbers, or
    its module: conv1, layer1.0, blocks.3, features.denseblock1.denselayer1.conv1. The head (`fc`, `classifier` ...) is
    one block of its own, drawn afresh before fine-tuning, and in no mean. A block that fine-tuning did not move has no
    T and is in no mean: SaturationWarning.

    Terms: `mean` and `log-mean` (mean of log T) over blocks, `blocks` (how many), and for each block `<block>: ratio`
    (T), `: from initial`, `: from pretrained` (the two distances) and `: growth`, the norm of the fine-tuned weights
    over that of the pre-trained ones, which weight decay alone makes less than 1.

    distance: mean-abs, the mean absolute difference, or l2, the root of the mean squared one.
    within: how tensors make up a block: every tensor alike (tensors), numerator and denominator apart, as in the
        authors' code; or every weight alike (pooled).
    tensors: which count: all of two dimensions or more (matrices), so neither biases nor normalisation; or those with
        conv in their name and the head (conv), as in the authors' code, which is for ResNet-50: no down-sampling then.
    overall: the score is the mean, as published, or the log-mean, which a single block of huge T does not decide.

    as=schuture follows Schuture/Transferability-of-Pre-trained-DNNs, which stops at a block that did not move.
    """
    for name, value, known in (
        ("distance", distance, ("mean-abs", "l2")),
        ("within", within, ("tensors", "pooled")),
        ("tensors", tensors, ("matrices", "conv")),
        ("overall", overall, ("mean", "log-mean")),
    ):
        if value not in known:
            raise UsageError(f"parameter-distance: unknown {name} {value!r}; it is {' or '.join(known)}")
    states = (initial_parameters, pretrained_parameters, finetuned_parameters)
    blocks = {
        block: _moves([[np.asarray(state[name]) for state in states] for name in names], distance, within)
        for block, names in _blocks(states, conv=tensors == "conv").items()
    }
    terms: dict[str, float] = {}
    for block, move in blocks.items():
        terms |= {f"{block}: {what}": value for what, value in move.terms().items()}
    body = {block: move for block, move in blocks.items() if block != HEAD}
    if not body:
        raise Inapplicable("the three networks share no block of weights beside the head")
    ratios = {block: move.ratio for block, move in body.items() if move.ratio is not None}
    if not ratios:
        raise Inapplicable("fine-tuning moved no weight")
    if still := sorted(body.keys() - ratios.keys()):
        told = f"{len(still)} of {len(body)} blocks did not move in fine-tuning and are in no mean, such as {still[0]}"
        warnings.warn(f"parameter-distance: {told}", SaturationWarning, stacklevel=2)
    values = np.array(list(ratios.values()))
    terms |= {"mean": float(values.mean()), "blocks": float(len(values))}
    if values.min() > 0:
        terms["log-mean"] = float(np.log(values).mean())
    elif overall == "log-mean":
        raise Inapplicable(f"fine-tuning ended where {min(ratios, key=lambda block: ratios[block])} began: log 0")
    return Score(terms[overall], terms)


@dataclass(frozen=True)
class _Moves:
    from_initial: float
    from_pretrained: float
    growth: float | None  # None: the pre-trained weights are zero

    @property
    def ratio(self) -> float | None:
        """None where fine-tuning moved nothing."""
        return self.from_initial / self.from_pretrained if self.from_pretrained else None

    def terms(self) -> dict[str, float]:
        known = {
            "ratio": self.ratio,
            "from initial": self.from_initial,
            "from pretrained": self.from_pretrained,
            "growth": self.growth,
        }
        return {name: value for name, value in known.items() if value is not None}


def _moves(block: Sequence[Sequence[NDArray[Any]]], distance: str, within: str) -> _Moves:
    """Of tensors, each as it was at first, after pre-training and after fine-tuning."""
    power = 2 if distance == "l2" else 1
    sizes = np.array([final.size for *_, final in block], dtype=np.float64)
    sums = np.empty((2, len(block)))
    norms = np.zeros(2)  # squared, of the pre-trained and of the fine-tuned weights
    for place, states in enumerate(block):
        initial, pretrained, final = (np.asarray(state, dtype=np.float64) for state in states)
        sums[:, place] = [_sum(final - start, power) for start in (initial, pretrained)]
        norms += _sum(pretrained, 2), _sum(final, 2)
    if within == "pooled":
        sums, sizes = sums.sum(axis=1, keepdims=True), sizes.sum(keepdims=True)
    far: FloatArray = ((sums / sizes) ** (1 / power)).mean(axis=1)
    return _Moves(float(far[0]), float(far[1]), math.sqrt(norms[1] / norms[0]) if norms[0] else None)


def _sum(difference: FloatArray, power: int) -> float:
    flat = difference.ravel()
    return float(flat @ flat) if power == 2 else float(np.abs(flat).sum())


def _blocks(states: Sequence[State], *, conv: bool) -> dict[str, list[str]]:
    """Block -> names of its tensors that all three have, in the order of the fine-tuned network, the head last."""
    *others, final = states
    found: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[object, ...]] = set()
    unshared = []
    for name, tensor in final.items():
        is_head = not HEADS.isdisjoint(name.split("."))
        if tensor.ndim < 2 or tensor.dtype.kind != "f" or (conv and "conv" not in name and not is_head):
            continue
        if any(name not in state or np.shape(state[name]) != tensor.shape for state in others):
            unshared += [] if is_head else [name]
            continue
        storage = tensor.__array_interface__
        if (key := (storage["data"][0], tensor.shape, tensor.strides)) in seen:
            continue
        seen.add(key)
        found[HEAD if is_head else _block(name)].append(name)
    if unshared:
        told = f"{len(unshared)} tensors are not in all three networks, or of another shape, such as {unshared[0]}"
        warnings.warn(f"parameter-distance: {told}; they are left out", ScoreWarning, stacklevel=3)
    return {block: found[block] for block in sorted(found, key=lambda block: block == HEAD)}


def _block(name: str) -> str:
    found = BLOCK.match(name)
    return found.group() if found else name.rpartition(".")[0] or name
