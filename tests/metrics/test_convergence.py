"""Metrics that iterate say the same for the same seed, and tell when they were stopped before they were done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from evidenced import evidence_of
from scipy.optimize import milp
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

import tbench
from tbench.api import Inapplicable, SaturationWarning
from tbench.metric import Catalogue
from tbench.properties import Properties
from tbench.spec import parse

HURRIED_MEANS = partial(KMeans, max_iter=1)
HURRIED_MIXTURE = partial(GaussianMixture, max_iter=1)


@dataclass(frozen=True)
class Case:
    """spec converges on the samples below; hurried does not, where the names in limits have those values instead.

    term: where the metric says which of the two it was.
    """

    spec: str
    hurried: str
    limits: tuple[tuple[str, object], ...] = ()
    term: str = "converged"


def limited(spec: str, *limits: tuple[str, object]) -> Case:
    return Case(spec, spec, limits)


CASES = [
    Case("transfer-measure:steps=2000", "transfer-measure:steps=1", term="settled"),
    Case("transfer-measure:steps=2000", "transfer-measure:as=authors", term="settled"),  # Adam circles the optimum
    limited("tta", ("tbench_metrics.tta.head.ROUNDS", 1)),
    limited("tta:form=learned-a", ("tbench_metrics.tta.transfer.ROUNDS", 1)),
    limited("tta:form=learned-all", ("tbench_metrics.tta.STEPS", 100)),
    *(
        limited(f"{name}:regulariser={regulariser}", ("tbench.evidence.transport.ROUNDS", 2))
        for name, regulariser in {"f-otce": 0.5, "jc-otce": 0.5, "otce": 0.5, "otdd": 10.0}.items()
    ),
    *(limited(name, ("tbench.evidence.transport.PIVOTS", 2)) for name in ("f-otce", "jc-otce", "otce", "otdd")),
    limited("multi-source", ("tbench_metrics.multi_source.KMeans", HURRIED_MEANS)),
    limited("domain-similarity:clusters=9", ("tbench_metrics.domain_similarity.KMeans", HURRIED_MEANS)),
    Case("pactran-dirichlet:rounds=100", "pactran-dirichlet:rounds=3"),
    Case("pactran-gamma:rounds=100", "pactran-gamma:rounds=3"),
    limited("lead", ("tbench_metrics.lead.STEPS", 1)),
    limited("pactran-gauss", ("tbench_metrics.pactran.STEPS", 2)),
    limited("logme", ("tbench_metrics.logme.STEPS", 2)),
    limited("logme:method=icml", ("tbench_metrics.logme.STEPS", 2)),
    limited("nleep", ("tbench_metrics.nleep.GaussianMixture", HURRIED_MIXTURE)),
    limited("nleep:repeats=2", ("tbench_metrics.nleep.GaussianMixture", HURRIED_MIXTURE)),
]
# Solved in closed form, by a decomposition or by counting, or by a fixed number of steps that is the definition (SFDA).
DIRECT = {
    *("constant", "flops", "concept-variance", "emms", "energy", "int", "tmi", "transac"),
    *("dds", "depara", "gbc", "hscore", "hscore-shrunk", "knn", "lab-mse", "lda", "leep", "lfc", "lin-mse"),
    *(
        "linear-probe",
        "nce",
        "nce-paired",
        "nearest-mean",
        "parameter-distance",
        "parameters",
        "parc",
        "random",
        "rsa",
        "sfda",
    ),
    *("source-accuracy", "task2vec", "taskonomy", "transrate"),
    *("alpha-req", "etran", "kite", "ncti", "nesum", "rankme"),
}

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.hurried)


def made():
    """Three overlapping classes on both sides, and all that the metrics above ask for besides."""
    draws = np.random.default_rng(0)
    labels, source_labels = np.arange(90) % 3, np.arange(120) % 3
    means, source_means = draws.normal(size=(2, 3, 5))
    features = means[labels] + draws.normal(size=(90, 5))
    source_features = source_means[source_labels] + draws.normal(size=(120, 5))
    return {
        "features": features,
        "labels": labels,
        "source_features": source_features,
        "source_labels": source_labels,
        "common_features": features[:, :4],
        "common_source_features": source_features[:, :4],
        "source_probabilities": 0.5 * draws.dirichlet(np.ones(6), 90) + 0.5 * np.eye(6)[labels],
        "head_weight": draws.normal(size=(3, 5)),
        "head_bias": draws.normal(size=3),
        "auxiliary_scores": draws.normal(size=(6, 3)),
    }


def judged(spec):
    """Value and terms."""
    verdict = Catalogue.installed().metric(spec).judge(evidence_of(**made(), seed=3))
    return verdict.value, dict(verdict.terms)


@EACH
def test_says_the_same_for_the_same_seed_and_that_it_converged(case):
    value, terms = judged(case.spec)
    assert terms[case.term] == 1
    assert judged(case.spec) == (value, terms)


@EACH
def test_tells_when_it_was_stopped(case, monkeypatch):
    for name, limit in case.limits:
        monkeypatch.setattr(name, limit)
    with pytest.warns(SaturationWarning, match="not (converge|settled?|optimal)"):
        value, terms = judged(case.hurried)
    assert terms[case.term] == 0
    assert np.isfinite(value)


def test_a_programme_that_is_not_solved_is_no_number(monkeypatch):
    monkeypatch.setattr("tbench_metrics.domain_similarity.milp", partial(milp, options={"time_limit": 0.0}))
    with pytest.raises(Inapplicable, match="transport problem was not solved"):
        tbench.score("domain-similarity", **made())


def test_no_metric_is_forgotten():
    catalogue = Catalogue.installed()
    shipped = {name for name in catalogue.metrics.names() if catalogue.metrics.origin(name).startswith("tbench ")}
    assert shipped == DIRECT | {parse(case.spec).metric.name for case in CASES}
    searching = {name for name in shipped if name in Properties.of(catalogue.metric(name), catalogue.nodes).solvers}
    assert searching.isdisjoint(DIRECT)
