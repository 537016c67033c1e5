"""Pools of made-up or stored candidates, for metrics that compare candidates with each other."""

from __future__ import annotations

import numpy as np
from beyond import HERE
from evidenced import evidence_of

from tbench.evidence.pool import Pool


def stored(case):
    """The labels and, for each model, its arrays by role, of a case that holds a pool."""
    roles = dict(case["inputs"]["arrays"])
    with np.load(HERE / case["inputs"]["file"], allow_pickle=False) as file:
        labels = file[roles.pop("labels")]
        models = [
            {role: file[array] for role, array in zip(roles, arrays, strict=True)}
            for arrays in zip(*roles.values(), strict=True)
        ]
    return labels, models


def pool_of(node, candidates):
    """What these say of a node: each is a dictionary of its arrays."""
    evidences = [evidence_of(**arrays) for arrays in candidates]
    for place, evidence in enumerate(evidences):
        evidence.whose = f"candidate {place}"
    return Pool.of(node, evidences)


def asking(candidates, place):
    """The evidence of one candidate, which can ask all of them."""
    evidence = evidence_of(**candidates[place], pool_place=place)
    evidence.pool = lambda node: pool_of(node, candidates)
    return evidence
