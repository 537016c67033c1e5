"""Scores of your own arrays: no model, no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, overload

from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue, Verdict


@overload
def score(spec: str, *, terms: Literal[True], **evidence: object) -> Mapping[str, float]: ...


@overload
def score(spec: str, *, terms: Literal[False] = False, **evidence: object) -> float: ...


def score(spec: str, *, terms: bool = False, **evidence: object) -> float | Mapping[str, float]:
    """What one metric says of the evidence given by name, higher = expected to fine-tune better.

    `tbench.score("transrate:eps=1e-2", features=F, labels=y)`. F: (N, D); y: (N,) classes of any integers or strings,
    (N, L) 0/1 multi-label, or floats for regression; source_probabilities: (N, S); reference_features: (M, D).
    What rests on these (moments, spectra) is computed, on the CPU unless another `device` (cuda) is given. `seed` and
    `common_seed` are 0 unless given. Inputs are never changed. terms=True: the named terms that the metric's score is
    made of instead.

    Raises UsageError for an unknown metric or setting, EvidenceError for arrays that cannot be what they claim to be,
    Inapplicable where the metric is not defined (MissingEvidence: for want of evidence that was not given).
    """
    verdict = _verdicts([spec], evidence)[spec]
    return verdict.terms if terms else verdict.value


def score_all(specs: Iterable[str], **evidence: object) -> dict[str, float]:
    """The scores of several metrics, by spec; the evidence that they share is computed once."""
    return {spec: verdict.value for spec, verdict in _verdicts(specs, evidence).items()}


def _verdicts(specs: Iterable[str], evidence: dict[str, object]) -> dict[str, Verdict]:
    catalogue = Catalogue.installed()
    roots = {
        name: Root.of(value)
        for name, value in ({"seed": 0, "common_seed": 0, "device": "cpu", "precision": "float32"} | evidence).items()
    }
    given = Evidence(roots, catalogue.nodes, whose=f"the evidence given ({', '.join(evidence) or 'nothing'})")
    return {spec: catalogue.metric(spec).judge(given) for spec in specs}
