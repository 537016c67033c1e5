"""A suite small enough to be run whole, again and again, through the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tbench.results import Key, Record
from tbench.store import Store

SUITE = """
title = "tiny"
description = "for tests"
candidates = ["mini/resnet-mix", "mini/resnet-rot"]
datasets = ["mini/digits"]
metrics = ["leep", "logme", "logme+ped", "random"]
floors = ["random"]
reference = "mini/digits"
protocol = "short"
[protocols.short]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01, 0.1]
weight_decays = [5e-4]
steps = 4
batch = 16
warmup = 0.25
shift = 2
seeds = [0]
seconds = 0.3
"""
METRICS = "leep,logme,logme+ped,random"
CELLS = 2 * (4 + 2)


@dataclass(frozen=True)
class House:
    """A folder with a suite, a store and a leaderboard of its own."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store" / "results.sqlite"

    @property
    def pages(self) -> Path:
        return self.folder / "boards" / "tiny"

    def command(self, *words: str, metrics: str = METRICS, executor: str = "here") -> list[str]:
        return [
            *(sys.executable, "-m", "tbench", "run", "--suite", str(self.folder / "tiny.toml"), "--metrics", metrics),
            *("--store", str(self.store), "--out", str(self.folder / "boards"), "--executor", executor, *words),
        ]

    def run(
        self, *words: str, metrics: str = METRICS, executor: str = "here", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words, metrics=metrics, executor=executor),
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def records(self) -> dict[Key, Record]:
        with Store(self.store) as store:
            return {record.key: record for record in store.latest("tiny")}

    def values(self) -> dict[Key, tuple[str, float | None]]:
        return {key: (record.status, record.value) for key, record in self.records().items()}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return new_house(tmp_path / "house")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A finished run to compare with."""
    made = new_house(tmp_path_factory.mktemp("undisturbed"))
    ended = made.run()
    assert ended.returncode == 0, ended.stderr
    assert len(made.values()) == CELLS
    return made


def new_house(folder: Path) -> House:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.toml").write_text(SUITE)
    return House(folder)


Foreign = Callable[..., Path]
