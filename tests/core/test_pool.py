"""What a pool says takes every member of the suite, whichever of them are asked for, and is charged in full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tbench.errors import Inapplicable
from tbench.evidence.graph import Cost, Evidence
from tbench.evidence.pool import Pool
from tbench.metric import Catalogue
from tbench.plan import Task
from tbench.results import Key, Record
from tbench.suite import Suite, load_suite
from tbench.workshop import Means, Workshop

CANDIDATES = ("mini/resnet-glyph", "mini/resnet-mix@stage1", "mini/resnet-mix")


def suite(*candidates: str, **changes: object) -> Suite:
    return replace(load_suite("mini-layers"), candidates=candidates or CANDIDATES, **changes)


def said(of: Suite, folder: Path, *asked: str, metric: str = "taskonomy") -> dict[str, Record]:
    shop = Workshop(of, of.protocol(None), Means("cpu", "float32", folder))
    spec = Catalogue.installed().metric(metric).spec
    tasks = [Task((Key("score", of.name, "mini/digits", name, spec, 0),)) for name in asked]
    return {one.key.candidate: one for task in tasks for one in shop(task) if isinstance(one, Record)}


def test_affinities_of_a_pool_sum_to_one_and_do_not_ask_who_is_asked(tmp_path: Path) -> None:
    found = said(suite(), tmp_path / "all", *CANDIDATES)
    assert {record.status for record in found.values()} == {"ok"}
    assert sum(record.value or 0 for record in found.values()) == pytest.approx(1)
    alone = said(suite(), tmp_path / "one", CANDIDATES[0])
    assert alone[CANDIDATES[0]].value == pytest.approx(found[CANDIDATES[0]].value)
    smaller = said(suite(*CANDIDATES[:2]), tmp_path / "two", CANDIDATES[0])
    assert smaller[CANDIDATES[0]].value != pytest.approx(found[CANDIDATES[0]].value)
    costs = {record.evidence["pool_of_transfer_losses"]["cpu_seconds"] for record in found.values()}
    assert len(costs) == 1
    assert costs.pop() > 0


def test_who_has_seen_the_dataset_is_no_member(tmp_path: Path) -> None:
    seen = suite(seen=frozenset({(CANDIDATES[1], "mini/digits")}))
    found = said(seen, tmp_path, CANDIDATES[0], CANDIDATES[2])
    assert sum(record.value or 0 for record in found.values()) == pytest.approx(1)


def test_who_is_not_defined_is_left_out_of_a_mix_and_told(tmp_path: Path) -> None:
    found = said(suite(), tmp_path, *CANDIDATES, metric="etran")
    inner = found[CANDIDATES[1]]  # an inner layer has no head
    assert inner.status == "inapplicable"
    assert "has no energy" in inner.reason
    first, last = (found[name] for name in (CANDIDATES[0], CANDIDATES[2]))
    assert {record.details["terms"]["candidates"] for record in (first, last)} == {2}
    assert {0.0, 0.15, 0.85, 1.0} >= {round(first.value or 0, 9), round(last.value or 0, 9)}
    assert (first.value or 0) + (last.value or 0) == pytest.approx(1)
    pools = {name for name in first.evidence if name.startswith("pool_of_")}
    assert pools == {"pool_of_energies", "pool_of_lda_posterior"}
    assert all(first.evidence[name] == last.evidence[name] for name in pools)


@pytest.mark.parametrize("metric", ["ncti", "kite"])
def test_metrics_of_a_pool_and_of_the_start_of_pre_training_have_numbers_in_a_run(tmp_path: Path, metric: str) -> None:
    found = said(suite(), tmp_path, *CANDIDATES, metric=metric)
    assert {record.status for record in found.values()} == {"ok"}
    assert len({record.value for record in found.values()}) == 3
    node = {"ncti": "pool_of_ncti_parts", "kite": "initial_forward"}[metric]
    assert all(record.evidence[node]["cpu_seconds"] > 0 for record in found.values())


def test_a_pool_takes_all_or_leaves_a_row_of_nan_for_who_has_nothing() -> None:
    cost = Cost(1.0, 1.0, "here")
    some = Pool({"a": np.array([1.0, 2.0]), "b": Inapplicable("it has no head"), "c": np.array([3.0, 4.0])}, cost)
    assert np.isnan(some.known()[1]).all()
    assert some.known()[[0, 2]].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(Inapplicable, match="takes every candidate of the suite, and b: it has no head"):
        some.whole()
    with pytest.raises(Inapplicable, match="no candidate of the suite has any, such as b: it has no head"):
        Pool({"b": some.said["b"]}, cost).known()
    assert Pool({"a": some.said["a"]}, cost).whole().tolist() == [[1, 2]]


def test_what_rests_on_a_pool_is_not_kept_and_what_lies_behind_it_is_seen() -> None:
    evidence = Evidence({}, Catalogue.installed().nodes)
    assert evidence.below("pool_losses") == ("pool_of_transfer_losses", "pool_losses")
    assert {"held_out", "features", "network"} <= set(evidence.behind("pool_losses"))
    assert evidence.key("pool_losses") is None


def test_a_member_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    broken = suite(CANDIDATES[0], "checkpoint/nowhere.pth")
    record = said(broken, tmp_path, CANDIDATES[0])[CANDIDATES[0]]
    assert record.status != "ok"
    assert "nowhere.pth" in record.reason
    assert "\n" not in record.reason
    assert np.isfinite(said(suite(), tmp_path, CANDIDATES[0])[CANDIDATES[0]].value)
