"""DEPARA compares edges and nodes of two attribution graphs, and each of them term by term as published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, ScoreWarning, UsageError
from tbench_metrics.depara import depara

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def problem(seed, samples=None):
    """Features and attributions of candidate and probe."""
    rng = np.random.default_rng(seed)
    samples = samples or rng.integers(6, 25)
    shared = rng.normal(size=(samples, 3))
    maps = rng.normal(size=(samples, 3, 4, 4))
    return {
        "features": shared @ rng.normal(size=(3, 7)) + rng.normal(size=(samples, 7)),
        "probe_features": shared @ rng.normal(size=(3, 5)) + rng.normal(size=(samples, 5)),
        "attributions": maps + rng.normal(size=maps.shape),
        "probe_attributions": maps + rng.normal(size=maps.shape),
    }


def of_layer(arrays, layer):
    return {
        "features": arrays[f"layer{layer}_features"],
        "probe_features": arrays["target_features"],
        "attributions": arrays[f"layer{layer}_attributions"],
        "probe_attributions": arrays["target_attributions"],
    }


def score(evidence, **settings):
    return depara(**{"earlier_attributions": None, "seed": 0} | evidence, **settings)


@pytest.mark.parametrize("layer", range(3))
def test_agrees_with_the_authors_layer_program(layer):
    arrays, document = oracle("depara_layers_a")
    near = {"rel": document["tolerance"]["rtol"], "abs": document["tolerance"]["atol"]}
    expected, derived = document["expected"], document["derived"]
    found = score(of_layer(arrays, layer))
    assert found.terms["edges"] == pytest.approx(expected["layer_edge_similarity"][layer], **near)
    assert found.terms["nodes"] == pytest.approx(expected["layer_node_similarity"][layer], **near)
    assert found.terms["blank"] == 0
    assert found.value == pytest.approx(derived["combined_lambda_1"][layer], **near)
    weighted = tbench.score("depara:edges=0.25", **of_layer(arrays, layer))
    assert weighted == pytest.approx(derived["combined_lambda_0.25"][layer], **near)
    signed = score(of_layer(arrays, layer), signed=True).terms["nodes"]
    assert signed == pytest.approx(derived["node_similarity_signed_channel_mean"][layer], **near)


@pytest.mark.parametrize("case", ["rsa_a", "rsa_b"])
def test_edges_agree_with_the_authors_task_program(case):
    arrays, document = oracle(case)
    near = {"rel": document["tolerance"]["rtol"], "abs": document["tolerance"]["atol"]}
    centred = np.array(document["expected"]["edge_similarity_centred_cosine"])
    uncentred = np.array(document["derived"]["edge_similarity_uncentred_cosine"])
    for one in range(len(centred)):
        for other in range(one):
            evidence = {"features": arrays[f"features_{one}"], "probe_features": arrays[f"features_{other}"]}
            maps = np.ones((len(evidence["features"]), 2))
            evidence |= {"attributions": maps, "probe_attributions": maps}
            assert score(evidence, centred=True).terms["edges"] == pytest.approx(centred[one, other], **near)
            assert score(evidence).terms["edges"] == pytest.approx(uncentred[one, other], **near)


def test_the_published_accumulation_of_maps_has_a_name():
    arrays, document = oracle("depara_attribution_a")
    alone = np.array(document["expected"]["gradient_times_input_each_layer_alone"])
    published = np.array(document["expected"]["gradient_times_input_as_published_sequence"])
    evidence = problem(0, samples=len(arrays["images"])) | {"probe_attributions": arrays["images"]}
    for layer in range(len(alone)):
        given = evidence | {"attributions": alone[layer], "earlier_attributions": alone[:layer]}
        expected = score(evidence | {"attributions": published[layer]})
        assert tbench.score("depara:as=authors-layers", **given) == pytest.approx(expected.value, rel=1e-9)
        assert (tbench.score("depara", **given) == pytest.approx(expected.value, rel=1e-6)) == (layer == 0)
    given |= {"features": evidence["features"], "attributions": alone[2], "earlier_attributions": alone[:2]}
    expected = score(evidence | {"attributions": published[2]}, centred=True, signed=True).value
    assert tbench.score("depara:as=authors-tasks", **given) == pytest.approx(expected, rel=1e-9)


def test_earlier_attributions_are_spared_where_they_are_not_added():
    spared = {"samples": 200, "accumulated": False}
    assert list(depara.spares(spared)) == ["earlier_attributions"]
    assert list(depara.spares(spared | {"accumulated": True, "samples": None})) == ["seed"]


@QUIET
@given(seed=SEEDS, centred=st.booleans(), signed=st.booleans())
def test_equals_the_definition(seed, centred, signed):
    evidence = problem(seed)
    edges = []
    for name in ("features", "probe_features"):
        rows = evidence[name] - evidence[name].mean(axis=0) if centred else evidence[name]
        edges.append(pdist(rows, "cosine"))
    cosines = []
    for pair in zip(evidence["attributions"], evidence["probe_attributions"], strict=True):
        one, other = ((maps if signed else abs(maps)).mean(axis=0).ravel() for maps in pair)
        cosines.append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    found = score(evidence, centred=centred, signed=signed)
    assert found.terms["edges"] == pytest.approx(spearmanr(*edges)[0])
    assert found.terms["nodes"] == pytest.approx(np.mean(cosines))
    assert found.value == found.terms["nodes"] + found.terms["edges"]


@QUIET
@given(seed=SEEDS, centred=st.booleans(), signed=st.booleans())
def test_symmetric_bounded_two_for_a_network_and_itself_and_free_of_order_and_units(seed, centred, signed):
    evidence = problem(seed)
    rng = np.random.default_rng(seed)
    chosen = {"centred": centred, "signed": signed}
    value = score(evidence, **chosen).value
    assert -2 - 1e-12 <= value <= 2 + 1e-12
    swapped = dict(zip(evidence, (evidence[name] for name in np.array(list(evidence))[[1, 0, 3, 2]]), strict=True))
    assert score(swapped, **chosen).value == pytest.approx(value)
    own = {name.removeprefix("probe_"): evidence[name] for name in ("probe_features", "probe_attributions")}
    assert score(evidence | own, **chosen).value == pytest.approx(2)
    rows = rng.permutation(len(evidence["features"]))
    assert score({name: array[rows] for name, array in evidence.items()}, **chosen).value == pytest.approx(value)
    scaled = {name: array * rng.uniform(0.5, 2) for name, array in evidence.items()}
    assert score(scaled, **chosen).value == pytest.approx(value)


def test_flat_attributions_have_no_channels():
    evidence = problem(1)
    flat = {name: evidence[name].reshape(len(evidence[name]), -1) for name in ("attributions", "probe_attributions")}
    one, other = (abs(maps) for maps in flat.values())
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert score(evidence | flat).terms["nodes"] == pytest.approx(cosines.mean())


def test_maps_of_zeros_count_as_alike_to_nothing_and_are_told():
    evidence = problem(2, samples=20)
    whole = score(evidence).terms["nodes"]
    evidence["attributions"][:4] = 0
    evidence["probe_attributions"][4] = 0
    with pytest.warns(ScoreWarning, match="25% of the images have a map of zeros"):
        found = score(evidence)
    assert found.terms["blank"] == 0.25
    rest = score({name: array[5:] for name, array in evidence.items()}).terms["nodes"]
    assert found.terms["nodes"] == pytest.approx(0.75 * rest)
    assert found.terms["nodes"] < whole


def test_large_sets_are_sampled_by_the_seed():
    given = problem(3, samples=400)
    assert tbench.score("depara", seed=1, **given) == tbench.score("depara", seed=1, **given)
    assert tbench.score("depara", seed=1, **given) != tbench.score("depara", seed=2, **given)
    assert tbench.score("depara", **given) == pytest.approx(tbench.score("depara:samples=none", **given), abs=0.1)


def test_edges():
    evidence = problem(4)
    single = evidence | {name: evidence[name].astype(np.float32) for name in evidence}
    assert score(single).value == pytest.approx(score(evidence).value, abs=1e-3)
    zeroed = evidence | {"features": evidence["features"] * (np.arange(len(evidence["features"])) > 0)[:, None]}
    assert np.isfinite(score(zeroed).value)
    with pytest.raises(Inapplicable, match="2 images; 3 are needed"):
        score({name: array[:2] for name, array in evidence.items()})
    for centred in (True, False):
        with pytest.raises(Inapplicable, match="all edges of a network are equal"):
            score(evidence | {"features": np.full_like(evidence["features"], 0.1)}, centred=centred)
    with pytest.raises(UsageError, match="edges must be at least 0"):
        score(evidence, edges=-1.0)
    with pytest.raises(UsageError, match="at least 3 or none"):
        score(evidence, samples=2)


def test_what_cannot_be_is_refused():
    evidence = problem(5)
    with pytest.raises(EvidenceError, match="maps of 9 and 16 inputs; show both networks the same size"):
        tbench.score("depara", **evidence | {"attributions": evidence["attributions"][:, :, :3, :3]})
    with pytest.raises(EvidenceError, match="give an array like the latter for each earlier layer"):
        tbench.score("depara:accumulated=true", **evidence, earlier_attributions=evidence["attributions"])
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score("depara", **evidence | {"probe_attributions": evidence["attributions"][1:]})
    evidence["probe_attributions"][1, 2, 3, 0] = np.nan
    with pytest.raises(EvidenceError, match="probe_attributions: 1 values are NaN or infinite, the first in row 1"):
        tbench.score("depara", **evidence)
