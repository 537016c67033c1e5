"""Metrics that know of a source, of a probe or of more than classes keep the contract, whatever their settings."""

from __future__ import annotations

import pytest

from tbench.contract import tried
from tbench.metric import Catalogue

SPECS = [
    "rsa",
    "rsa:samples=none,comparison=kendall",
    "dds",
    "dds:samples=none,kernel=pearson,normalisation=centring",
    "depara",
    "depara:samples=none,centred=true,signed=true",
    "concept-variance",
    "domain-similarity",
    "domain-similarity:gamma=0.01,min_images=30",
    "domain-similarity:clusters=9",
    "emms",
    "emms:rounds=3",
    "energy:percent=50",
    "energy:of=features,percent=50",
    "etran",
    "etran:as=released,percent=10",
    "f-otce",
    "int",
    "jc-otce",
    "lead",
    "kite",
    "multi-source",
    "multi-source:alphabet=joint",
    "multi-source:members=true,cells=5",
    "ncti",
    "ncti:divide=samples",
    "nce-paired",
    "otdd",
    "pactran-dirichlet",
    "pactran-gamma",
    "pactran-gauss",
    "otdd:classes=means,samples=30",
    "tmi",
    "transac",
    "transac:order=none",
    "transfer-measure",
    "tta",
]
TRIED = {
    "gives one finite number, or says that it is inapplicable",
    "says the same when asked again",
    "leaves its inputs as they are",
    "answers on fewer samples than columns",
}


@pytest.mark.parametrize("spec", SPECS)
def test_keeps_the_contract(spec):
    catalogue = Catalogue.installed()
    done = tried(catalogue.metric(spec), catalogue)
    assert [one for one in done if one.problem] == []
    assert {one.promise for one in done if not one.excuse} >= TRIED
