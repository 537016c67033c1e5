"""On a Ray cluster of several nodes: the values of a run in this process, whatever node is killed in the middle."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spawned
from spawned import Shop

from tbench.errors import UsageError
from tbench.executors import Executor, Lost, Notice
from tbench.executors.here import Here
from tbench.executors.on_ray import OPENINGS, Ray
from tbench.hooks import Listeners
from tbench.metric import Catalogue
from tbench.plan import Plan, Task, make_plan
from tbench.results import Key, Record
from tbench.run import Summary, run
from tbench.store import Store
from tbench.suite import Suite, load_suite
from tbench.workshop import Means, Workshop

from .conftest import CELLS, METRICS, new_house

Values = dict[Key, tuple[str, float | None]]

# Ray leaves sockets and files to the end of the process.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@dataclass(frozen=True)
class Job:
    """The tiny suite, whole."""

    suite: Suite

    @property
    def plan(self) -> Plan:
        metrics, _ = Catalogue.installed().choose(METRICS, self.suite.metrics)
        protocol = self.suite.protocol(None)
        return make_plan(self.suite, protocol, metrics, protocol.seeds, {})

    def opening(self, folder: Path) -> Callable[[], Workshop]:
        return partial(Workshop, self.suite, self.suite.protocol(None), Means("cpu", "float32", folder))


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(load_suite(str(new_house(tmp_path_factory.mktemp("job")).folder / "tiny.toml")))


@pytest.fixture(scope="module")
def undisturbed(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Values:
    folder = tmp_path_factory.mktemp("undisturbed")
    return done(job, Here(None), job.opening(folder), folder)[1]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without room for workers, to which nodes are added; this process is its driver. One token for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # or a busy machine leaves nothing to them
        patch.setenv("RAY_health_check_period_ms", "500")  # or 15 seconds pass until a dead node is missed
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        import ray
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture
def nodes(cluster: Any) -> Iterator[list[Any]]:
    """Two, of one core each. Those that live go on to the next test."""
    for _ in range(2 - len(cluster.worker_nodes)):
        cluster.add_node(wait=False, num_cpus=1)
    cluster.wait_for_nodes(timeout=300)
    yield [*cluster.worker_nodes]
    for node in [*cluster.worker_nodes]:
        if node.dead_processes():
            cluster.remove_node(node, allow_graceful=False)


def on(cluster: Any, workers: int | None = None, cpus: float = 1.0) -> Ray:
    return Ray(workers, address=cluster.address, cpus=cpus)


def done(job: Job, executor: Executor, opening: Callable[[], Workshop], folder: Path) -> tuple[Summary, Values]:
    """A run into a store of its own: how it went, and the value of each cell; every cell was stored once."""
    with Store(folder / "results.sqlite") as store:
        summary = run(job.plan, store, executor, opening, Listeners(()))
        values = {record.key: (record.status, record.value) for record in store.latest(job.suite.name)}
    assert summary.measured + summary.inapplicable == len(values) == CELLS
    assert summary.failed == []
    return summary, values


def deaths(summary: Summary) -> list[str]:
    """What was said of workers that died over a task; a slow machine has others say that they are slow."""
    return [note for note in summary.notices if note.endswith("cells are tried again")]


def test_two_nodes_give_the_values_of_this_process(
    job: Job, undisturbed: Values, cluster: Any, nodes: list[Any], tmp_path: Path
) -> None:
    executor = on(cluster)
    assert executor.workers == len(nodes)
    summary, values = done(job, executor, job.opening(tmp_path), tmp_path)
    assert values == undisturbed
    assert deaths(summary) == []


def test_a_node_removed_in_the_middle(
    job: Job, undisturbed: Values, cluster: Any, nodes: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Removing(Ray):
        """Kills a node as soon as the first record is there."""

        def run(self, *given: Any) -> Iterator[Record | Notice | Lost]:
            for said in super().run(*given):
                yield said
                if nodes[0] in cluster.worker_nodes:
                    cluster.remove_node(nodes[0], allow_graceful=False)

    executor = Removing(2, address=cluster.address)
    summary, values = done(job, executor, job.opening(tmp_path), tmp_path)
    assert values == undisturbed
    assert nodes[0] not in cluster.worker_nodes
    assert len(deaths(summary)) <= 1  # the node may have been idle, or its worker about to begin
    assert "raylet" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("room", "name", "call"),
    [("tbench.evidence.shelf", "place", 1), ("tbench.training", "_shifted", 3)],
    ids=["in extraction", "in fine-tuning"],
)
def test_a_node_killed_by_its_own_worker(
    room: str, name: str, call: int, job: Job, undisturbed: Values, cluster: Any, nodes: list[Any], tmp_path: Path
) -> None:
    marker = tmp_path / "killed"
    opening = partial(spawned.doomed, room, name, call, marker, job.opening(tmp_path))
    summary, values = done(job, on(cluster, 2), opening, tmp_path)
    assert marker.exists()
    assert values == undisturbed
    (note,) = deaths(summary)
    assert "died, or its node did; its" in note


TASKS = [
    Task(tuple(Key("score", "s", f"d/{number}", "c", spec, 0) for spec in ("one", "two", "three")))
    for number in range(4)
]


def heard(executor: Ray, shop: Callable[[], Any] = Shop) -> list[Record | Notice | Lost]:
    return list(executor.run(shop, TASKS))


def test_every_cell_once_in_workers_of_one_thread(cluster: Any, nodes: list[Any]) -> None:
    said = heard(on(cluster, cpus=0.5))
    records = [item for item in said if isinstance(item, Record)]
    assert not any(isinstance(item, Lost) for item in said)
    assert sorted(record.key for record in records) == sorted(key for task in TASKS for key in task.cells)
    assert os.getpid() not in {record.value for record in records}
    assert {thread for record in records for thread in record.details["threads"]} == {"1"}


def test_a_killed_worker_is_replaced_and_what_it_had_said_is_kept(cluster: Any, nodes: list[Any]) -> None:
    said = heard(on(cluster, 1), partial(Shop, killer="two"))
    (lost,) = (item for item in said if isinstance(item, Lost))
    assert lost.task == TASKS[1]
    assert lost.reason.startswith("its worker (process ")
    assert lost.reason.endswith("died, or its node did")
    missing = {key for task in TASKS for key in task.cells} - {item.key for item in said if isinstance(item, Record)}
    assert missing == {*TASKS[1].cells[1:]}


def test_a_workshop_that_cannot_be_opened_is_told_and_ends(cluster: Any, nodes: list[Any]) -> None:
    said = heard(on(cluster, 1), partial(Shop, wrong="argument"))
    notices = [item.text for item in said if isinstance(item, Notice)]
    assert sum("unexpected keyword argument 'wrong'" in text for text in notices) == OPENINGS
    assert [item.task for item in said if isinstance(item, Lost)] == TASKS


def test_leaving_early_leaves_no_worker_behind(cluster: Any, nodes: list[Any], tmp_path: Path) -> None:
    import ray

    with closing(on(cluster, 2).run(Shop, TASKS)) as walk:
        next(walk)
    for _ in range(100):
        if ray.available_resources().get("CPU") == len(nodes):
            return
        ray.wait([ray.put(0)], timeout=0.1)
    raise AssertionError(f"workers still hold {ray.available_resources()}")


def test_more_than_any_node_has_is_refused(cluster: Any, nodes: list[Any]) -> None:
    with pytest.raises(UsageError, match=r"no node has 64 CPU; start one that has, or let a worker take less"):
        heard(on(cluster, 1, cpus=64))
