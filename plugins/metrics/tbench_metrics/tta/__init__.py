"""TTA: Mehra, Zhang, Hamm, Analysis of task transferability [...], arXiv 2307.00823, 2023."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, class_labels, evidence, published
from tbench_metrics.tta.descent import Descent
from tbench_metrics.tta.head import Head
from tbench_metrics.tta.transfer import Task, Transfer, aligned, matched

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Transport

FORMS = ("fixed", "learned-a", "learned-all")
BATCH = 500  # samples of each side in a step of learned-all
STEPS, PUBLISHED_STEPS = 300, 1001
LABEL_WEIGHT, PUBLISHED_LABEL_WEIGHT = 1e4, 1e8  # of labels in the cost: in medians of that of features; as it is
SETTLED = 0.05  # relative change of A and of B, as norms, over the last tenth of the steps
LEAST = 1e-7  # probability under a logarithm, as in Keras


@published("authors", form="learned-all", published=True)
@evidence(solver=lambda settings: "convex" if settings["form"] == "fixed" else "iterative", across_layers=False)
def tta(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    transport: Transport,
    *,
    form: str = "fixed",
    gradient_norm_ceiling: float = 0.2,
    ridge: float = 10.0,
    matching: str = "means",
    samples: int | None = 1000,
    published: bool = False,
) -> Score:
    """Minus an upper bound of the loss on the target of a linear head that was trained on the source; at most 0.

    features (N, D), labels (N,), source_features (M, D), source_labels (M,). Both sides are standardised apart, a new
    head is fitted to the source under a penalty on the gradient of its loss, and the source is taken to the target by
    x -> A x + b, by a map B of labels (K target classes by S source classes) and a prior D of source classes. The
    bound is weighted_source_loss + conditional_entropy + gradient_norm x wasserstein. Other terms: prior_matching
    |p - B D|^2, invertibility |A A' - I|^2 + |A' A - I|^2, source_loss (of the sent source through B), target_loss and
    target_accuracy (of the head on the target, sent back, through B), tighter_bound (source_loss + gradient_norm x
    wasserstein), converged (1 or 0, of head and maps). It is the value, not the order of its terms, that the paper
    argues for; D and the ceiling move it, so compare candidates of one width. Both sides are training images here, test
    images there.

    What is bounded is the mean loss of the best head, in nats. On the embedded suite that holds for a last layer fitted
    to the target with restraint (a ridge, or the ceiling), on images that it has not seen, too; one that is fitted to
    a hundred images without any knows them by heart and may lose more on others. It is exact where target classes are
    equally frequent and no gradient between two samples is longer than that at the samples.

    form: fixed (features as they are, one source class for each target class, the source's own prior), learned-a (and
        A, b of least squares under couplings that take turns with it, held near the identity) or learned-all (A, A', b,
        B, D by Adam, under a coupling of 500 fresh samples a side at each step). The first two need as many source
        classes as target classes; of more, the matched ones are kept.
    gradient_norm_ceiling: the length from which on gradients are penalised while the head is fitted, called TAU in the
        authors' code: 0.2 there at small scale, 0.02 at large scale. The bound has the length that is measured then.
    ridge: how strongly learned-a holds A near the identity, in variances of a column. The less it does, the nearer the
        source gets, and the longer gradients become on the way back.
    matching: means (source classes whose means lie nearest, in all) or random, as in the authors' code.
    samples: keep so many of each side, drawn with the seed, classes in their shares; none keeps all.
    published: learned-all as hammlab/TaskTransferAnalysis has it at small scale: labels weigh 1e8 in the cost, the
        coupling is optimal for the cost that is not squared, the prior itself is taken for logits of D, 1001 steps, a
        prior of 1/S for the source; the distance is rounded to three digits, and gradient_norm is that of the loss of
        true and random target labels on source classes, without B. Otherwise labels weigh 1e4 medians of the cost of
        features, the coupling is optimal for the loss, D starts at the source's prior, 300 steps, and gradient_norm is
        the longest for any label at any sample of either side, through B and A'.

    Where something has not converged, SaturationWarning: the head after 1000 rounds of L-BFGS, learned-a after 20 turns
    each of which still lowered its objective by more than 1e-4 of itself, learned-all where A or B changed by more than
    5 per cent in the last tenth of its steps.

    as=authors is form=learned-all,published=true. In all forms the head is the optimum that L-BFGS finds with penalty
    1e4 over all labels, where the authors run Adam with 1e10 (small scale) over true and random ones; and a target
    class to which no source class is mapped is told, where theirs takes 1e10 for the distance.
    """
    if form not in FORMS:
        raise UsageError(f"tta: unknown form {form!r}; it is {', '.join(FORMS[:-1])} or {FORMS[-1]}")
    if matching not in ("means", "random"):
        raise UsageError(f"tta: unknown matching {matching!r}; it is means or random")
    if min(gradient_norm_ceiling, ridge) <= 0 or (samples is not None and samples < 1):
        raise UsageError(
            "tta: gradient_norm_ceiling and ridge must be above 0 and samples at least 1 or none, "
            f"not {gradient_norm_ceiling}, {ridge} and {samples}"
        )
    if published and form != "learned-all":
        raise UsageError(f"tta: published is for form=learned-all, the only one in the authors' code, not {form}")
    target, source = _tasks(features, labels, source_features, source_labels, transport, samples)
    draws = np.random.default_rng(transport.seed)
    if form != "learned-all":
        chosen = matched(source, target) if matching == "means" else draws.permutation(source.classes)
        source = source.only(chosen[: target.classes])
    head = Head.fitted(source.rows, source.labels, gradient_norm_ceiling)
    if form == "learned-all":
        transfer, settled = _learned(head, source, target, transport, draws, published)
    else:
        transfer, settled = Transfer.fixed(features.shape[1], source.prior), True
    if form == "learned-a":
        transfer, settled = aligned(transfer, source, target, transport, ridge)
    for what, done in {"its head": head.converged, f"form={form}": settled}.items():
        if not done:
            warnings.warn(f"tta: {what} did not converge", SaturationWarning, stacklevel=2)
    terms = _terms(head, transfer, source, target, transport, draws, published)
    return Score(-terms["bound"], terms | {"converged": float(head.converged and settled)})


def _tasks(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    transport: Transport,
    samples: int | None,
) -> tuple[Task, Task]:
    """Target and source."""
    own, theirs = class_labels(labels), class_labels(source_labels)
    here, there = transport.rows(own, samples or len(own)), transport.rows(theirs, samples or len(theirs))
    target = Task.of(features[here], _numbered(own[here]))
    source = Task.of(source_features[there], _numbered(theirs[there]))
    if target.classes == 1:
        raise Inapplicable("one class")
    if source.classes < target.classes:
        raise Inapplicable(f"{source.classes} source classes are too few for {target.classes} target classes")
    if not (target.rows.any() and source.rows.any()):
        raise Inapplicable("the features are the same for all samples")
    return target, source


def _numbered(labels: IntArray) -> IntArray:
    """Classes in the order of their first samples, so that what is drawn does not depend on their names."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _learned(
    head: Head, source: Task, target: Task, transport: Transport, draws: np.random.Generator, published: bool
) -> tuple[Transfer, bool]:
    """Where the descent ends after its steps, and whether A and B had settled."""
    columns, steps = source.rows.shape[1], PUBLISHED_STEPS if published else STEPS
    median = np.median(euclidean_distances(source.rows, target.rows, squared=True))
    descent = Descent(
        {
            "forward": np.eye(columns),
            "backward": np.eye(columns),
            "offset": np.zeros(columns),
            "label_logits": draws.uniform(size=(target.classes, source.classes)),
            "prior_logits": np.full(source.classes, 1 / source.classes) if published else np.log(source.prior),
        },
        np.bincount(source.labels, head.losses(source.rows, source.labels)) / np.bincount(source.labels),
        target.prior,
        transport,
        PUBLISHED_LABEL_WEIGHT if published else LABEL_WEIGHT * median,
        squared=not published,
    )
    before: list[FloatArray] = []
    for step in range(steps):
        if step == steps - steps // 10:
            before = [descent.place["forward"], descent.label_map]
        some, others = _drawn(source, descent.prior, draws), _drawn(target, target.prior, draws)
        descent.advance(source.rows[some], source.labels[some], target.rows[others], target.labels[others])
    place = descent.place
    after = [place["forward"], descent.label_map]
    settled = all(
        np.linalg.norm(now - then) <= SETTLED * np.linalg.norm(then) for then, now in zip(before, after, strict=True)
    )
    transfer = Transfer(place["forward"], place["backward"], place["offset"], descent.label_map, descent.prior)
    return transfer, settled


def _drawn(task: Task, prior: FloatArray, draws: np.random.Generator) -> IntArray:
    """At most 500 rows, classes in the shares that the prior says, as far as there are enough of each.

    Shares are rounded so that they add up; the authors' code rounds all down, which leaves nothing of many classes.
    """
    shares = BATCH * prior
    counts = shares.astype(np.int64)
    counts[np.argsort(counts - shares, kind="stable")[: BATCH - counts.sum()]] += 1
    groups = [np.flatnonzero(task.labels == c) for c in range(task.classes)]
    return np.concatenate([draws.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)])


def _terms(
    head: Head,
    transfer: Transfer,
    source: Task,
    target: Task,
    transport: Transport,
    draws: np.random.Generator,
    published: bool,
) -> dict[str, float]:
    returned, wanted = transfer.returned(target.rows), transfer.label_map[:, source.labels].T
    said = head.probabilities(returned) @ transfer.label_map.T
    there = transfer.returned(transfer.sent(source.rows))
    said_there = head.probabilities(there) @ transfer.label_map.T
    source_prior = np.full(source.classes, 1 / source.classes) if published else source.prior
    class_losses = np.bincount(source.labels, head.losses(source.rows, source.labels)) / len(source.labels)
    wasserstein = transfer.distance(source, target, transport)
    if published:
        if source.classes != target.classes:
            raise Inapplicable("the published gradient norm needs as many source classes as target classes")
        others = draws.integers(source.classes, size=len(target.labels))
        norm = head.published_gradient_norm(returned, target.labels, others)
        wasserstein = round(wasserstein, 3)
    else:
        norm = head.gradient_norm(np.concatenate([there, returned]), transfer.label_map, transfer.backward)
    terms = {
        "weighted_source_loss": float((transfer.prior / source_prior) @ class_losses),
        "conditional_entropy": transfer.conditional_entropy,
        "wasserstein": wasserstein,
        "gradient_norm": norm,
        "prior_matching": transfer.prior_mismatch(target.prior),
        "invertibility": transfer.invertibility,
        "source_loss": -float((wanted * np.log(np.maximum(said_there, LEAST))).sum(axis=1).mean()),
        "target_loss": -float(np.log(np.maximum(said[np.arange(len(said)), target.labels], LEAST)).mean()),
        "target_accuracy": float((said.argmax(axis=1) == target.labels).mean()),
    }
    terms["bound"] = terms["weighted_source_loss"] + terms["conditional_entropy"] + norm * wasserstein
    terms["tighter_bound"] = terms["source_loss"] + norm * wasserstein
    return terms
