"""All that a plug-in author may import of tbench: the contract, in one light file.

A **metric** is a plain function. Its parameters without default name the evidence that it asks for (`VOCABULARY` lists
what the core gives, plug-ins may add more); its keyword-only parameters with default are the settings that a user
writes in a spec, `transrate:eps=1e-2`; `@published` names whole sets of them, `logme:as=thuml`. It returns one float
(or a `Score`), higher = expected to fine-tune better, or raises `Inapplicable`. A **transform** has the same form and
returns features; or it asks for `inner`, the metric that it wraps (`Inner`), calls that as often as it likes, and
returns the score of the whole. An **evidence node** has the same form and returns evidence, and says through
`@evidence` what it touches, how it finds its value, and whether it is dear enough to be kept on disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

from tbench.errors import EvidenceError, Inapplicable, SaturationWarning, ScoreWarning, TbenchError, UsageError
from tbench.outside import read_table
from tbench.vocabulary import GIVEN, VOCABULARY, Solver, Touch

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from tbench.evidence.algebra import Algebra as Algebra
    from tbench.evidence.discriminant import Discriminant as Discriminant
    from tbench.evidence.gram import Gram as Gram
    from tbench.evidence.pool import Pool as Pool
    from tbench.evidence.transport import Coupling as Coupling
    from tbench.evidence.transport import Transport as Transport

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    Images = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]  # each H x W x 3; one array where all are of one size

__all__ = [
    "GIVEN",
    "VOCABULARY",
    "Candidate",
    "Dataset",
    "DatasetFamily",
    "EvidenceError",
    "Inapplicable",
    "Inner",
    "ModelFamily",
    "Moments",
    "Network",
    "SaturationWarning",
    "Score",
    "ScoreWarning",
    "Solver",
    "Spectrum",
    "Split",
    "TbenchError",
    "Touch",
    "UsageError",
    "class_labels",
    "data_home",
    "evidence",
    "may_download",
    "published",
    "read_table",
]

_Function = TypeVar("_Function", bound=Callable[..., object])


def evidence(
    *,
    touches: Iterable[Touch] = (),
    solver: Solver | Callable[[Mapping[str, Any]], Solver] = "closed",
    across_layers: bool = True,
    keep: bool = False,
    shards: str | None = None,
    spares: Callable[[Mapping[str, Any]], Iterable[str]] | None = None,
    gives: Iterable[str] = (),
) -> Callable[[_Function], _Function]:
    """Say of an evidence node, a metric or a transform what cannot be read from its parameters.

    touches: what a score that rests on it is not free of, besides what the evidence that it asks for touches.
    solver: how it finds its value, fits to the target aside, which are training: closed (formulas, eigenproblems, least
        squares), convex (linear and quadratic programmes, transport) or iterative (descent, fixed points); or a
        function of the settings that says so.
    across_layers: whether its values compare between layers of one network, whose widths and scales differ.
    keep: its value is dear enough for the disk; it is then a mapping from names to arrays.
    shards: evidence that can be taken some rows at a time, such as images: each of its parts is then kept as soon as it
        is done.
    spares: what a metric does not need under the settings (all of them) that it is called with; the parameter is None
        then, and not charged.
    gives: what a transform hands out beside features, because it knows it without computing it anew; it then returns a
        mapping.
    """
    touched = frozenset(touches)
    if unknown := touched - {*get_args(Touch)}:
        raise UsageError(f"nothing touches {', '.join(sorted(unknown))}; touches are {', '.join(get_args(Touch))}")
    if not callable(solver) and solver not in get_args(Solver):
        raise UsageError(f"no solver is called {solver!r}; it is {', '.join(get_args(Solver))} or a function that says")

    def mark(function: _Function) -> _Function:
        function.touches = touched  # type: ignore[attr-defined]
        function.solver = solver  # type: ignore[attr-defined]
        function.across_layers = across_layers  # type: ignore[attr-defined]
        function.keep = keep  # type: ignore[attr-defined]
        function.shards = shards  # type: ignore[attr-defined]
        function.spares = spares  # type: ignore[attr-defined]
        function.gives = tuple(gives)  # type: ignore[attr-defined]
        return function

    return mark


def published(name: str, **settings: object) -> Callable[[_Function], _Function]:
    """Name the settings that published code has: `metric:as=name`. What is not named here is at its default."""

    def mark(function: _Function) -> _Function:
        function.presets = {name: settings} | getattr(function, "presets", {})  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Score:
    """A score and what else its metric has to say: named terms that it is made of, or its own spread.

    scaled: of a score that depends on the pool: it is the sum of these terms, each scaled to [0, 1] over the candidates
    that have them all, by these weights. So it is known for every smaller pool, too.
    """

    value: float
    terms: Mapping[str, float] = field(default_factory=dict)
    scaled: Mapping[str, float] = field(default_factory=dict)


class Inner(Protocol):
    """What a transform gets that has a parameter `inner`: the metric, with all transforms written before it."""

    def __call__(self, rows: NDArray[Any] | None = None, **evidence: object) -> Score:
        """Its score where evidence of these names is as given here, on all samples or on `rows` of them, numbers or
        True and False; evidence that is given is of these samples. What rests on it is computed anew, in the metric's
        own time. UsageError for a name that no evidence has; Inapplicable where the metric is."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Class statistics of features, float64, computed once and shared by most metrics.

    N samples, D columns, K classes (every class present, numbered 0..K-1). Scatters are sums, not means.
    """

    counts: IntArray  # (K,)
    mean: FloatArray  # (D,)
    class_means: FloatArray  # (K, D)
    total: Gram  # sum over samples of (f - mean)(f - mean)^T
    within: Gram  # sum over samples of (f - class mean)(f - class mean)^T

    @property
    def samples(self) -> int:
        return int(self.counts.sum())

    @property
    def offsets(self) -> FloatArray:
        """(K, D) class means less the mean of all."""
        return self.class_means - self.mean

    def moved(self, class_means: FloatArray) -> Moments:
        """Of the same samples after each class went, as one body, to where its mean is now."""
        mean = self.counts @ class_means / self.samples
        total = self.within.spread(class_means - mean, self.counts)
        return replace(self, mean=mean, class_means=class_means, total=total)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigen-decomposition of a symmetric positive semi-definite matrix, eigenvalues descending and clipped at zero."""

    values: FloatArray  # (R,), R = min(N, D)
    vectors: FloatArray  # (D, R), orthonormal columns; if N < D, those of values that are only rounding are zero

    def sound(self, samples: int) -> NDArray[np.bool_]:
        """(R,) which values are more than rounding noise, of a matrix formed from so many rows."""
        size = max(samples, len(self.vectors))
        sound: NDArray[np.bool_] = self.values > 10 * size * sys.float_info.epsilon * self.values[0]
        return sound


@dataclass(frozen=True, eq=False)
class Network:
    """A pre-trained network, cut where the candidate says.

    `body` maps prepared images (B, 3, H, W) to features (B, width). `head` maps those features to the logits of the
    network's own source classes, or is None where there is no such head (self-supervised, or cut at an inner layer).
    `prepare` turns raw images, each uint8 H x W x 3, into what the body takes: float32 (B, 3, H, W), normalised.

    The body of a network cut at several layers at once maps images to {"features@<layer>": (B, width of that layer)}
    and, if it goes to the end, {"features": (B, width)}.
    """

    body: torch.nn.Module
    head: torch.nn.Module | None
    width: int
    prepare: Callable[[Images], torch.Tensor]


@dataclass(frozen=True)
class Candidate:
    """Something to be ranked: a pre-trained model, at a layer. `load` gives a fresh copy of its network each time."""

    name: str  # family/name@layer, without @layer for the last one
    fingerprint: str  # changes whenever the weights do, or settings by which images are prepared
    load: Callable[[], Network]
    facts: Mapping[str, float] = field(default_factory=dict)  # evidence known without a network: parameter_count, ...
    missing: str = ""  # what `load` will refuse for want of weights on this machine, and what to do, where that shows
    source: str = ""  # the dataset that it was pre-trained on, or a sample of it, family/name, where that is known
    initial: Callable[[], Network] | None = None  # as `load`, but as it was before pre-training, where that is known


@dataclass(frozen=True, eq=False)
class Split:
    """Images (each uint8 H x W x 3; one N x H x W x 3 array where all are of one size) and their labels.

    identity: changes whenever images or labels do, where that can be told without decoding them; pixels are hashed
    otherwise.
    """

    images: Images
    labels: NDArray[Any]
    identity: str | None = None


class Dataset(Protocol):
    """A target. A seed may redraw the training images; validation and test images are the same for every seed."""

    @property
    def name(self) -> str:
        """family/name"""

    @property
    def classes(self) -> int: ...

    @property
    def measure(self) -> str:
        """How its papers judge a fine-tuned network: accuracy, mean-per-class or map."""

    def split(self, part: Literal["train", "val", "test"], seed: int) -> Split: ...


class ModelFamily(Protocol):
    """What an entry point of tbench.models names: an object (or a module) with these two functions.

    A family may also have `together(name, layers)`: one Network for several layers of a member (None among them for
    the whole), so that features of all cost one pass; or None where it cannot be cut so.
    """

    def names(self) -> Iterable[str]:
        """Members that can be listed, without the family's name; empty for an open family."""

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """The candidate family/name@layer, its weights not yet loaded. UsageError for an unknown name or layer."""


class DatasetFamily(Protocol):
    """What an entry point of tbench.datasets names: an object (or a module) with these two functions."""

    def names(self) -> Iterable[str]:
        """Members that can be listed, without the family's name; empty for an open family."""

    def dataset(self, name: str) -> Dataset:
        """The dataset family/name. UsageError for an unknown name."""


def data_home() -> Path:
    """Where data and weights lie on this machine if nobody says where: $TBENCH_DATA, or ~/.cache/tbench/data."""
    return Path(os.environ.get("TBENCH_DATA") or "~/.cache/tbench/data").expanduser()


def may_download() -> bool:
    """Whether what is not on this machine may be fetched: only where TBENCH_DOWNLOAD=1 says so."""
    return os.environ.get("TBENCH_DOWNLOAD") == "1"


def class_labels(labels: NDArray[Any]) -> IntArray:
    """The labels, if each sample has exactly one class; Inapplicable for multi-label and regression targets."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise Inapplicable("needs one class per sample, not multi-label or regression targets")
    return labels
