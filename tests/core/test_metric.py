"""A metric is charged for the evidence that it needs under its settings, and tells what else there is to say."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tbench.api import Score, ScoreWarning, evidence
from tbench.errors import EvidenceError, TbenchError
from tbench.evidence.graph import Evidence, Root
from tbench.metric import Applied, Metric, Verdict

FEATURES = np.arange(12.0).reshape(4, 3)


def total(features: NDArray[Any]) -> float:
    warnings.warn("total: summed", ScoreWarning, stacklevel=2)
    return float(features.sum())


def doubled(total: float) -> float:
    return 2 * total


NODES = {"total": total, "doubled": doubled}


@evidence(spares=lambda settings: () if settings["whole"] else ("doubled",))
def size(features: NDArray[Any], doubled: float | None, *, whole: bool = True) -> float:
    return float(len(features)) if doubled is None else doubled


@evidence(gives=["total"])
def shift(features: NDArray[Any], *, by: float = 1.0) -> dict[str, object]:
    warnings.warn(f"shift: by {by}", ScoreWarning, stacklevel=2)
    return {"features": features + by, "total": float(features.sum()) + by * features.size}


def graph() -> Evidence:
    return Evidence({"features": Root.of(FEATURES)}, NODES, whose="a candidate")


def applied(function: Any, **settings: object) -> Applied:
    return Applied(function.__name__, function, settings, function.__name__)


def judged(metric: Any, graph: Evidence, *transforms: Any, **settings: object) -> Verdict:
    made = Metric("spec", "label", "tests 1", applied(metric, **settings), tuple(applied(one) for one in transforms))
    return made.judge(graph)


def test_evidence_that_is_spared_is_neither_computed_nor_charged() -> None:
    made = graph()
    verdict = judged(size, made, whole=False)
    assert (verdict.value, dict(verdict.evidence), made.costs) == (4.0, {}, {})
    with pytest.warns(ScoreWarning, match="summed"):
        assert set(judged(size, made).evidence) == {"total", "doubled"}


def test_what_evidence_warned_of_is_told_to_every_metric_that_rests_on_it() -> None:
    made = graph()
    for _ in range(2):
        with pytest.warns(ScoreWarning, match="total: summed"):
            assert judged(size, made).value == 132.0


def test_a_transform_hands_out_what_it_knows_without_computing_it() -> None:
    made = graph()
    for _ in range(2):
        with pytest.warns(ScoreWarning, match=r"shift: by 1\.0") as told:
            verdict = judged(size, made, shift)
        assert verdict.value == 2 * (FEATURES.sum() + FEATURES.size)
        assert set(verdict.evidence) == {"features+shift", "doubled+shift"}  # the transform itself, and what came of it
        assert len(told) == 1
    assert "total" not in made.costs


def test_a_transform_that_gives_something_else_than_it_said_is_told() -> None:
    @evidence(gives=["total"])
    def silent(features: NDArray[Any]) -> NDArray[Any]:
        return features

    with pytest.raises(EvidenceError, match="transform silent gave features and not features, total"):
        judged(size, graph(), silent)


def test_named_terms_stand_beside_the_value() -> None:
    def termed(features: NDArray[Any]) -> Score:
        return Score(1, {"rows": len(features)})

    verdict = judged(termed, graph())
    assert (verdict.value, verdict.terms) == (1.0, {"rows": 4.0})

    def broken(features: NDArray[Any]) -> Score:
        return Score(1.0, {"rows": float("nan")})

    with pytest.raises(TbenchError, match="metric label from tests 1 returned nan"):
        judged(broken, graph())
