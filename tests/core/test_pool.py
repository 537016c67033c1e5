"""What a pool says takes every member of the suite, whichever of them are asked for, and is charged in full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tbench.metric import Catalogue
from tbench.plan import Task
from tbench.results import Key, Record
from tbench.suite import Suite, load_suite
from tbench.workshop import Means, Workshop

CANDIDATES = ("mini/resnet-glyph", "mini/resnet-mix@stage1", "mini/resnet-mix")


def suite(*candidates: str, **changes: object) -> Suite:
    return replace(load_suite("mini-layers"), candidates=candidates or CANDIDATES, **changes)  # type: ignore[arg-type]


def said(of: Suite, folder: Path, *asked: str) -> dict[str, Record]:
    shop = Workshop(of, of.protocol(None), Means("cpu", "float32", folder))
    spec = Catalogue.installed().metric("taskonomy").spec
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


def test_a_member_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    broken = suite(CANDIDATES[0], "checkpoint/nowhere.pth")
    record = said(broken, tmp_path, CANDIDATES[0])[CANDIDATES[0]]
    assert record.status != "ok"
    assert "nowhere.pth" in record.reason
    assert "\n" not in record.reason
    assert np.isfinite(said(suite(), tmp_path, CANDIDATES[0])[CANDIDATES[0]].value)
