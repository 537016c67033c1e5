"""What the house itself costs where nothing is measured: walk, resume, plan and pages of very many cells.

    pytest tests/speed/test_scale.py --benchmark-enable

Cells of metrics, models and datasets that are as good as nothing; CPU seconds. From 100,000 records to a million, to
see what grows faster than they do. Without --benchmark-enable everything is small and runs once.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.results import Key, Record
from tbench.store import Store
from tbench.suite import load_suite

pytestmark = pytest.mark.benchmark(timer=time.process_time)

FAMILIES = '''
"""Models and datasets that are as good as nothing."""
import numpy as np
from dataclasses import dataclass
from tbench.api import Candidate, Split

LABELS = np.arange(8) % 2

class Models:
    def names(self):
        return ()
    def candidate(self, name, layer):
        return Candidate(f"stub/{name}", f"weights of {name}", load=None)

@dataclass(frozen=True)
class Set:
    name: str
    classes: int = 2
    measure: str = "accuracy"
    def split(self, part, seed):
        return Split(np.zeros((8, 4, 4, 3), np.uint8), LABELS, f"{self.name} {part} {seed}")

class Sets:
    def names(self):
        return ()
    def dataset(self, name):
        return Set(f"stub/{name}")

models, sets = Models(), Sets()
'''
METRICS = """
'''Metrics that are as good as nothing.'''
def _made(number):
    def metric(labels, seed, *, scale=1.0):
        return float((seed * (number + 1)) % 1009) * scale
    return metric
for _number in range({count}):
    globals()[f"metric{{_number}}"] = _made(_number)
"""
SUITE = """
title = "scale"
description = "much of nothing"
candidates = {candidates}
datasets = {datasets}
metrics = []
floors = []
reference = "stub/data0"
protocol = "none"
[protocols.none]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01]
weight_decays = [5e-4]
steps = 4
batch = 16
warmup = 0.25
shift = 2
seeds = [0]
seconds = 0.3
"""


@dataclass(frozen=True)
class Scale:
    """A suite of so much of nothing, and a folder for what comes of it."""

    candidates: int
    datasets: int
    metrics: int
    folder: Path

    @property
    def cells(self) -> int:
        return self.candidates * self.datasets * self.metrics

    @property
    def store(self) -> Path:
        return self.folder / "store.sqlite"

    def tbench(self, command: str, *words: object) -> Result:
        told = [command, "--suite", self.folder / "scale.toml", "--store", self.store, *words]
        return CliRunner().invoke(main, [*map(str, told)], catch_exceptions=False)

    def run(self, *words: object) -> Result:
        metrics = ",".join(f"metric{number}" for number in range(self.metrics))
        return self.tbench("run", "--executor", "here", "--metrics", metrics, "--out", self.folder / "boards", *words)

    def tuned(self) -> Iterator[Record]:
        """A truth for each candidate and dataset: fine-tuning is never as good as nothing."""
        suite = load_suite(str(self.folder / "scale.toml"))
        (run,) = suite.protocol(None).runs()
        details = {"protocol": "none", "learning_rate": 0.01, "weight_decay": 5e-4, "validation": 0.5, "training": "ok"}
        draw = random.Random(0)
        for dataset, candidate in product(suite.datasets, suite.candidates):
            key = Key("truth", suite.name, dataset, candidate, run.spec, 0)
            origin = {"machine": "stub", "weights": f"weights of {candidate.removeprefix('stub/')}"}
            yield Record(key, "ok", draw.random(), "", 1.0, 1.0, {}, details, origin, "2026-01-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def scale(enabled: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scale]:
    folder = tmp_path_factory.mktemp("scale")
    size = (100, 25, 40) if enabled else (4, 3, 5)
    made = Scale(*size, folder)
    (folder / "stub_families.py").write_text(FAMILIES)
    (folder / "stub_metrics.py").write_text(METRICS.format(count=made.metrics))
    info = folder / "stub-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stub\nVersion: 1.0\n")
    metrics = "\n".join(f"metric{number} = stub_metrics:metric{number}" for number in range(made.metrics))
    (info / "entry_points.txt").write_text(
        "[tbench.models]\nstub = stub_families:models\n[tbench.datasets]\nstub = stub_families:sets\n"
        f"[tbench.metrics]\n{metrics}\n"
    )
    names = {"candidates": [f"stub/model{number}" for number in range(made.candidates)]}
    names["datasets"] = [f"stub/data{number}" for number in range(made.datasets)]
    (folder / "scale.toml").write_text(SUITE.format(**names))
    with Store(made.store) as store:
        store.add(*made.tuned())
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield made


def test_a_plan_of_what_is_not_known_yet(benchmark: Any, scale: Scale) -> None:
    ended = benchmark.pedantic(lambda: scale.run("--dry-run"), rounds=1)
    assert f"to do: {scale.cells} scores and 0 fine-tuning runs" in ended.output


def test_a_walk_and_a_resume(benchmark: Any, scale: Scale) -> None:
    start = time.process_time()
    ended = scale.run()
    benchmark.extra_info["walk_ms_per_cell"] = 1000 * (time.process_time() - start) / scale.cells
    assert ended.exit_code == 0, ended.output
    assert f"measured {scale.cells}, remembered {scale.candidates * scale.datasets}" in ended.output
    ended = benchmark.pedantic(scale.run, rounds=1)
    assert "measured 0, " in ended.output
    with Store(scale.store, read_only=True) as store:
        assert len(store.latest("scale", "score")) == scale.cells


@pytest.fixture(scope="module", params=[1, 10], ids="seeds={}".format)
def filled(request: pytest.FixtureRequest, scale: Scale, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A finished run of so many seeds, in a store of its own."""
    made = Filled(replace(scale, folder=tmp_path_factory.mktemp("filled")), request.param)
    (made.scale.folder / "scale.toml").write_bytes((scale.folder / "scale.toml").read_bytes())
    start = time.process_time()
    with Store(made.scale.store) as store:
        records = chain(made.scale.tuned(), made.scores())
        while lot := [*islice(records, 10_000)]:
            store.add(*lot)
    return replace(made, insert=(time.process_time() - start) / made.records)


@dataclass(frozen=True)
class Filled:
    """insert: CPU seconds for each record, with the making of it."""

    scale: Scale
    seeds: int
    insert: float = 0.0

    @property
    def records(self) -> int:
        return self.scale.cells * self.seeds + self.scale.candidates * self.scale.datasets

    def scores(self) -> Iterator[Record]:
        suite, draw = load_suite(str(self.scale.folder / "scale.toml")), random.Random(1)
        told = {"saturated": [], "warnings": [], "touches": ["candidate"], "solver": "closed", "blind": False}
        for seed, dataset, candidate in product(range(self.seeds), suite.datasets, suite.candidates):
            cost = {"seconds": draw.random(), "cpu_seconds": draw.random(), "machine": "stub"}
            origin = {"machine": "stub", "weights": f"weights of {candidate.removeprefix('stub/')}"}
            for number in range(self.scale.metrics):
                key = Key("score", suite.name, dataset, candidate, f"metric{number}", seed)
                value, wall, cpu, spread = (draw.random() for _ in range(4))
                details = {"label": key.spec, "repeats": 3, "spread": spread, "terms": {}, **told}
                time_ = "2026-01-01T00:00:00+00:00"
                yield Record(key, "ok", value, "", wall, cpu, {"forward": cost}, details, origin, time_)


PUBLISH = """
import resource, sys
from tbench.cli import main
main(sys.argv[1:], standalone_mode=False)
used = resource.getrusage(resource.RUSAGE_SELF)
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, int(peak) / 1024)
"""


@pytest.mark.benchmark(timer=time.perf_counter)
def test_a_page_of_very_many_records(benchmark: Any, filled: Filled) -> None:
    """In a process of its own, whose memory it tells: that of `tbench publish`, from start to end."""
    scale = filled.scale

    def publish() -> str:
        words = ["publish", "--suite", scale.folder / "scale.toml", "--store", scale.store, "--out", scale.folder]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", PUBLISH, *map(str, words)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout

    seconds, mib = benchmark.pedantic(publish, rounds=1).split()[-2:]
    benchmark.extra_info |= {
        "records": filled.records,
        "insert_us_per_record": 1e6 * filled.insert,
        "cpu_seconds": float(seconds),
        "peak_mib": float(mib),
        "bytes_per_record": scale.store.stat().st_size / filled.records,
    }
    page = (scale.folder / "scale" / "README.md").read_text(encoding="utf-8")
    assert all(f"metric{number} " in page for number in range(scale.metrics))
