"""Fisher information of a reference network's weights on a task: the embedding of Task2Vec.

Achille et al., Task2Vec: task embedding for meta-learning, ICCV 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap

from tbench.errors import UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray

Weights = dict[str, Tensor]


def fisher(
    body: nn.Module,
    head: nn.Module,
    images: Tensor,
    *,
    drawn: Tensor | None = None,
    form: Literal["per-sample", "batch-mean"] = "per-sample",
    batch: int = 8,
) -> FloatArray:
    """(P,) the diagonal of the Fisher information of the body's weights, mean of each output filter; all >= 0.

    images (N, ...), prepared; head(body(images)) are the logits (N, K) of a head that was fitted to the task. The
    weights are those of every module of the body that has a `weight`, in its order: one entry for each of their first
    index. Batch normalisation is that of evaluation; body and head stay as they are.

    drawn: (N,) labels drawn from what the network itself says, one for each image; None: the expectation over all
        labels, K backward passes for each image.
    form: per-sample squares the gradient of each image, which is the Fisher information. batch-mean squares that of
        the mean over a batch and averages over batches, as awslabs/aws-cv-task2vec does: too small by about the size of
        a batch. It needs drawn labels.
    batch: images at once; memory is so many times the body's weights.
    """
    if form not in ("per-sample", "batch-mean"):
        raise UsageError(f"fisher: unknown form {form!r}; it is per-sample or batch-mean")
    if form == "batch-mean" and drawn is None:
        raise UsageError("fisher: batch-mean needs drawn labels, for the mean of expected gradients is zero")
    body, head = (deepcopy(module).eval().requires_grad_(False) for module in (body, head))
    weights = {
        f"{name}.weight".removeprefix("."): module.weight
        for name, module in body.named_modules()
        if isinstance(getattr(module, "weight", None), nn.Parameter)
    }

    def said(own: Weights, inputs: Tensor) -> Tensor:
        return torch.log_softmax(head(functional_call(body, own, (inputs,))), dim=-1)

    batches = -(-len(images) // batch)
    parts: list[Tensor] = []  # (P,) of each batch, float64
    for start in range(0, len(images), batch):
        rows = images[start : start + batch]
        labels = None if drawn is None else drawn[start : start + batch]
        if form == "batch-mean":
            assert labels is not None
            parts.append(_of_batch(said, weights, rows, labels).double() / batches)
        else:
            parts.append(_of_images(said, weights, rows, labels).double().sum(dim=0) / len(images))
    return np.asarray(torch.stack(parts).sum(dim=0).cpu().numpy(), dtype=np.float64)


def _of_images(
    said: Callable[[Weights, Tensor], Tensor], weights: Weights, images: Tensor, drawn: Tensor | None
) -> Tensor:
    """(N, P) of each image."""

    def of_one(image: Tensor, label: Tensor | None) -> Tensor:
        pulled: Any = vjp(lambda own: said(own, image[None])[0], weights)
        logs, pull = pulled
        classes = torch.arange(len(logs), device=logs.device)
        if label is not None:
            return _filters(pull((classes == label).to(logs.dtype))[0])
        each = [logs[k].exp() * _filters(pull((classes == k).to(logs.dtype))[0]) for k in range(len(logs))]
        return torch.stack(each).sum(dim=0)

    mapped: Any = vmap(of_one, in_dims=(0, None if drawn is None else 0))
    found: Tensor = mapped(images, drawn)
    return found


def _of_batch(said: Callable[[Weights, Tensor], Tensor], weights: Weights, images: Tensor, drawn: Tensor) -> Tensor:
    """(P,) of the mean over the images."""
    pulled: Any = vjp(lambda own: said(own, images), weights)
    logs, pull = pulled
    one_hot = (torch.arange(logs.shape[1], device=logs.device) == drawn[:, None]).to(logs.dtype)
    return _filters(pull(one_hot / len(images))[0])


def _filters(gradients: Mapping[str, Tensor]) -> Tensor:
    """(P,) squares, the mean of each output filter."""
    return torch.cat([each.square().reshape(len(each), -1).mean(dim=1) for each in gradients.values()])
