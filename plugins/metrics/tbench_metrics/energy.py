"""Energy: the label-free term of ETran; Gholami et al., ETran: energy-based transferability estimation, ICCV 2023."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from tbench.api import Inapplicable, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray


def _unused(settings: Mapping[str, Any]) -> Iterable[str]:
    yield "features" if settings["of"] == "logits" else "source_logits"


@published("authors", of="features")
@evidence(spares=_unused, across_layers=False)
def energy(
    features: FloatArray | None,
    source_logits: FloatArray | None,
    *,
    of: str = "logits",
    percent: float = 0.5,
    tail: str = "bottom",
) -> float:
    """Mean of -E(x) = log sum over z of exp(logit z of x), over the samples of which it is lowest.

    source_logits (N, S): the candidate's own head on the target's images. No label is looked at. High where the head
    has seen such images; it moves with the scale of the logits, and grows with the number S of source classes.

    of: logits, or features (N, D) in their place, which is what mgholamikn/ETran's command hands to its function
        (preset authors); the preset grows with D.
    percent: of the samples that count; 0.5 in that command, which is none of fewer than 200 (NaN there, Inapplicable
        here).
    tail: bottom, rounded down, or top, rounded up, as there.
    """
    if of not in ("logits", "features"):
        raise UsageError(f"energy: unknown of={of!r}; it is logits or features")
    if tail not in ("bottom", "top"):
        raise UsageError(f"energy: unknown tail {tail!r}; it is bottom or top")
    if not 0 < percent <= 100:
        raise UsageError(f"energy: percent={percent} must be above 0 and at most 100")
    table = source_logits if of == "logits" else features
    assert table is not None  # the other one is spared
    share = Fraction(str(percent)) * len(table) / 100
    count = floor(share) if tail == "bottom" else ceil(share)
    if not count:
        raise Inapplicable(f"{percent} % of {len(table)} samples is not one; give a larger percent")
    negative = np.sort(logsumexp(np.asarray(table, dtype=np.float64), axis=1))
    return float((negative[:count] if tail == "bottom" else negative[-count:]).mean())
