"""docs/cluster.md says what the simulation gives, and the simulation what can be told by hand."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

DOCS = Path(__file__).parent.parent / "docs"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ped_on_gpus", DOCS / "ped_on_gpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


simulation = _loaded()


def test_the_table_is_what_the_script_gives() -> None:
    page = (DOCS / "cluster.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"<!-- python docs/ped_on_gpus.py -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert table == simulation.page()


def test_the_tasks_are_those_of_the_whole_suite() -> None:
    tasks, protocol = simulation.planned()
    assert len(tasks) == 12 * 11 * 3
    assert {len(task.cells) for task in tasks} == {20}
    assert {task.kind for task in tasks} == {"truth"}
    assert {task.dataset for task in tasks} == {*simulation.JUDGED}
    assert protocol.steps * protocol.batch == 320_000


def test_a_task_by_hand() -> None:
    tasks, protocol = simulation.planned()
    pets = next(task for task in tasks if task.dataset == "torchvision/pets")
    device = simulation.Device("some", trained=100.0, judged=1000.0)
    alone = simulation.cost(pets, protocol, device, 1)
    assert alone.gpu == pytest.approx(20 * (3200 + 4.405))
    assert alone.worker == pytest.approx(alone.gpu + 20 * 324_405 * 4.4e-3)
    assert simulation.cost(pets, protocol, device, 4).worker == pytest.approx(4 * alone.gpu)


@given(st.lists(st.floats(0.1, 1e3), min_size=1), st.integers(1, 9))
def test_nobody_is_idle_while_there_is_work(seconds: list[float], workers: int) -> None:
    """Between what is possible and what handing out in any order can cost (Graham, 1969)."""
    last = simulation.finished(seconds, workers)
    least = max(max(seconds), sum(seconds) / workers)
    assert least <= last * (1 + 1e-9)
    assert last <= (2 - 1 / workers) * least * (1 + 1e-9)
