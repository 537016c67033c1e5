"""One policy for awkward input, whatever the metric: a finite value, a reason, or one line that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning

OF_FEATURES = [
    "gbc",
    "concept-variance",
    "gbc:covariance=diagonal",
    "hscore",
    "hscore-shrunk",
    "int",
    "knn",
    "lda",
    "lead",
    "lfc",
    "lfc:kernel=cosine",
    "lfc:kernel=correlation",
    "lfc:kernel=l2",
    "linear-probe",
    "logme",
    "logme:as=thuml",
    "logme:as=tllib",
    "nearest-mean",
    "nleep",
    "pactran-gauss",
    "parc",
    "sfda",
    "tmi:neighbours=2",
    "transrate",
    "transrate:form=unit",
    "transrate:form=projected",
    "gbc+ped",
    "logme+ped",
    "sfda+ped",
]
OF_SOURCE = ["nce", "nce:soft=true", "nce:eps=1e-5", "leep", "leep:log=false", "pactran-dirichlet", "pactran-gamma"]
ALL = OF_FEATURES + OF_SOURCE
AT_ZERO_FOR_ONE_CLASS = {"nce", "nce:soft=true", "leep", "nleep"}
TAKE_TABLES = {"logme", "logme:as=thuml", "logme:as=tllib", "linear-probe"}  # of labels or of targets

FINITE_WITHOUT_SCATTER = {  # by definition
    *("concept-variance", "gbc", "int", "knn", "lead", "logme", "nearest-mean", "pactran-gauss", "tmi"),
}

quiet = pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")


def made(samples=48, columns=6, classes=4):
    rng = np.random.default_rng(0)
    labels = np.arange(samples) % classes
    return {
        "features": rng.normal(size=(samples, columns)) + rng.normal(size=(classes, columns))[labels],
        "labels": labels,
        "source_probabilities": rng.dirichlet(np.full(5, 0.5), size=samples),
        "reference_features": rng.normal(size=(50, columns)),
    }


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_gaps_strings_and_a_column_of_labels_are_classes(spec):
    given = made()
    value = tbench.score(spec, **given)
    for names in (np.array([-3, 10, 11, 400]), np.array(["ant", "bee", "cat", "dog"])):
        assert tbench.score(spec, **given | {"labels": names[given["labels"]]}) == value
    assert tbench.score(spec, **given | {"labels": given["labels"][:, None]}) == value


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_a_class_of_one_sample_gives_a_value(spec):
    given = made()
    given["labels"][0] = 4
    assert np.isfinite(tbench.score(spec, **given))


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_one_class_is_zero_entropy_or_inapplicable(spec):
    given = made() | {"labels": np.zeros(48, dtype=int)}
    if spec in AT_ZERO_FOR_ONE_CLASS:
        assert tbench.score(spec, **given) == pytest.approx(0, abs=1e-12)
    elif spec in OF_SOURCE:
        assert np.isfinite(tbench.score(spec, **given))
    else:
        with pytest.raises(Inapplicable, match="one class"):
            tbench.score(spec, **given)


@quiet
@pytest.mark.parametrize("spec", OF_FEATURES)
def test_dead_and_constant_columns_give_a_value(spec):
    given = made()
    for name in ("features", "reference_features"):
        given[name] = np.pad(given[name], ((0, 0), (0, 2)))
        given[name][:, -1] = 3.0
    assert np.isfinite(tbench.score(spec, **given))


@quiet
@pytest.mark.parametrize("spec", OF_FEATURES)
def test_features_that_are_all_the_same_say_nothing(spec):
    given = made()
    given["features"] = np.full_like(given["features"], 0.1)
    if spec.partition("+")[0].partition(":")[0] in FINITE_WITHOUT_SCATTER:
        assert np.isfinite(tbench.score(spec, **given))
    else:
        with pytest.raises(Inapplicable, match=r"same|two different samples"):
            tbench.score(spec, **given)


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_fewer_samples_than_columns_give_a_value(spec):
    assert np.isfinite(tbench.score(spec, **made(samples=12, columns=30)))


@pytest.mark.parametrize("spec", ["hscore", "sfda", "lda"])
def test_fewer_samples_than_columns_saturate(spec):
    with pytest.warns(SaturationWarning, match="12 samples are too few for 30 columns"):
        tbench.score(spec, **made(samples=12, columns=30))


@pytest.mark.parametrize("spec", ["sfda", "lda"])
def test_a_score_at_its_bound_is_saturated(spec):
    given = made()
    given["features"] += 1e3 * np.eye(4, 6)[given["labels"]]
    with pytest.warns(SaturationWarning, match="certain"):
        assert tbench.score(spec, **given) == pytest.approx(1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spec", OF_FEATURES)
def test_what_is_not_finite_is_told_with_its_row(spec, bad):
    given = made()
    given["features"][7, 2] = given["features"][9, 1] = bad
    with pytest.raises(EvidenceError, match="features: 2 values are NaN or infinite, the first in row 7"):
        tbench.score(spec, **given)


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_wrong_shapes_are_told(spec):
    given = made()
    name = "source_probabilities" if spec in OF_SOURCE else "features"
    with pytest.raises(EvidenceError, match=f"{name} must be a matrix"):
        tbench.score(spec, **given | {name: given[name][:, 0]})
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score(spec, **given | {name: given[name][:-1]})
    with pytest.raises(EvidenceError, match=f"{name} must be real numbers"):
        tbench.score(spec, **given | {name: given[name].astype(complex)})


@quiet
@pytest.mark.parametrize("spec", OF_FEATURES)
def test_half_precision_is_computed_in_double(spec):
    given = made()
    half = given | {"features": given["features"].astype(np.float16)}
    exact = given | {"features": given["features"].astype(np.float16).astype(np.float64)}
    assert tbench.score(spec, **half) == pytest.approx(tbench.score(spec, **exact), rel=1e-12)


@pytest.mark.parametrize("spec", OF_SOURCE)
def test_logits_negative_and_empty_rows_are_told(spec):
    given = made()
    table = given["source_probabilities"]
    empty, negative = table.copy(), table.copy()
    empty[5] = 0
    negative[5] = [1.5, -0.5, 0, 0, 0]
    for wrong in (np.log(table), empty, negative):
        with pytest.raises(EvidenceError, match="rows of probabilities that sum to 1"):
            tbench.score(spec, **given | {"source_probabilities": wrong})


@pytest.mark.parametrize("spec", ["nce", "nce:soft=true", "leep"])
def test_a_source_class_without_mass_does_not_matter(spec):
    given = made()
    padded = np.pad(given["source_probabilities"], ((0, 0), (0, 3)))
    value = tbench.score(spec, **given)
    assert tbench.score(spec, **given | {"source_probabilities": padded}) == pytest.approx(value, rel=1e-12)


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_inputs_may_be_read_only_and_stay_as_they_are(spec):
    given = made()
    before = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.flags.writeable = False
    assert np.isfinite(tbench.score(spec, **given))
    assert all((given[name] == before[name]).all() for name in given)


@quiet
@pytest.mark.parametrize("spec", ALL)
def test_repeated_samples_give_a_value(spec):
    given = {name: np.repeat(array, 3, axis=0) for name, array in made(samples=16).items()}
    assert np.isfinite(tbench.score(spec, **given))


@quiet
@pytest.mark.parametrize("spec", sorted(set(ALL) - TAKE_TABLES - {"parc"}))
def test_targets_that_are_no_classes_are_inapplicable(spec):
    given = made()
    several = np.stack([given["labels"] < 2, given["labels"] > 0], axis=1).astype(int)
    real = given["features"][:, :2] + 0.5
    for labels in (several, real):
        with pytest.raises(Inapplicable, match="one class per sample"):
            tbench.score(spec, **given | {"labels": labels})


@quiet
@pytest.mark.parametrize("spec", sorted(TAKE_TABLES | {"parc"}))
def test_several_labels_for_a_sample_give_a_value_where_that_is_defined(spec):
    given = made()
    several = np.stack([given["labels"] < 2, given["labels"] > 0, given["labels"] == 2], axis=1).astype(int)
    assert np.isfinite(tbench.score(spec, **given | {"labels": several}))
    real = given["features"] @ np.ones((6, 2)) + 0.5
    if spec == "parc":
        with pytest.raises(Inapplicable, match="regression"):
            tbench.score(spec, **given | {"labels": real})
    else:
        assert np.isfinite(tbench.score(spec, **given | {"labels": real}))
