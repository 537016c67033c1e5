"""Layers of one network are scored from one pass, as they would be from a pass each, and share what it took."""

from __future__ import annotations

from pathlib import Path

import pytest

from tbench.executors import Notice
from tbench.metric import Catalogue
from tbench.plan import Task
from tbench.results import Key, Record
from tbench.stock import Stock
from tbench.suite import load_suite
from tbench.workshop import Means, Workshop

LAYERS = ("mini/resnet-mix@stage1", "mini/resnet-mix@stage2", "mini/resnet-mix")
METRICS = ("leep", "lda", "nearest-mean+ped", "parameters")


def workshop(folder: Path) -> Workshop:
    suite = load_suite("mini-layers")
    return Workshop(suite, suite.protocol(None), Means("cpu", "float32", folder))


def cells(*candidates: str) -> tuple[Key, ...]:
    specs = [Catalogue.installed().metric(text).spec for text in METRICS]
    return tuple(Key("score", "mini-layers", "mini/digits", name, spec, 0) for name in candidates for spec in specs)


def said(folder: Path, *tasks: Task) -> dict[Key, Record]:
    shop = workshop(folder)
    found = [one for task in tasks for one in shop(task)]
    assert not [one for one in found if isinstance(one, Notice)]
    return {one.key: one for one in found if isinstance(one, Record)}


def test_one_pass_gives_the_scores_of_three(tmp_path: Path) -> None:
    together = said(tmp_path / "one", Task(cells(*LAYERS)))
    apart = said(tmp_path / "three", *(Task(cells(name)) for name in LAYERS))
    assert together.keys() == apart.keys()
    for key, record in together.items():
        assert (record.status, record.reason) == (apart[key].status, apart[key].reason)
        if record.status == "ok":
            assert record.value == pytest.approx(apart[key].value, rel=1e-6)
        assert set(record.evidence) == set(apart[key].evidence)
        assert record.provenance == apart[key].provenance
    kept = {folder: len(list((tmp_path / folder / "evidence").rglob("*.json"))) for folder in ("one", "three")}
    assert kept["three"] == 3 * kept["one"] > 0

    passes = {key.candidate: record.evidence["forward"] for key, record in together.items() if record.evidence}
    assert len({(cost["seconds"], cost["cpu_seconds"]) for cost in passes.values()}) == 1
    assert {record.details["layers"] for record in together.values() if record.status == "ok"} == {3}


def test_what_was_kept_is_not_passed_again(tmp_path: Path) -> None:
    first, second = (said(tmp_path, Task(cells(*LAYERS))) for _ in range(2))
    for key, record in first.items():
        assert second[key].value == record.value
        assert second[key].evidence.get("forward") == record.evidence.get("forward")


def test_where_a_family_cannot_each_goes_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stock, "together", lambda self, candidates: None)
    assert {record.status for record in said(tmp_path, Task(cells(*LAYERS[:2]))).values()} == {"ok", "inapplicable"}

    def broken(self: Stock, candidates: object) -> None:
        raise RuntimeError("no way")

    monkeypatch.setattr(Stock, "together", broken)
    found = [*workshop(tmp_path)(Task(cells(*LAYERS[:2])))]
    notices = [one.text for one in found if isinstance(one, Notice)]
    assert notices == [f"{LAYERS[0]}, {LAYERS[1]}: not in one pass (RuntimeError: no way), so one after the other"]
    assert {one.status for one in found if isinstance(one, Record)} == {"ok", "inapplicable"}


def test_a_layer_that_is_unknown_fails_alone(tmp_path: Path) -> None:
    found = said(tmp_path, Task(cells(LAYERS[0], "mini/resnet-mix@stage9")))
    assert {key.candidate for key, record in found.items() if record.status == "failed"} == {"mini/resnet-mix@stage9"}
