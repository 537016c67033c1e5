"""A metric's function called with the evidence that it asks for, computed from arrays."""

from __future__ import annotations

from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue
from tbench.spec import needs


def evidence_of(**arrays):
    """Evidence of these arrays."""
    roots = {"device": "cpu", "seed": 0, "common_seed": 0, **arrays}
    return Evidence(
        {name: Root.of(value) for name, value in roots.items()}, Catalogue.installed().nodes, whose="a test"
    )


def called(function, settings, **arrays):
    evidence = evidence_of(**arrays)
    return function(**{need: evidence[need] for need in needs(function)}, **settings)
