"""Metrics that hang, leak, fork, flood and lie: each costs its own cells, and is told; nothing else is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from .conftest import METRICS, Foreign, House

HOSTILE = '''
import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tbench.api import Score


def scribble(features, labels, moments, spectrum):
    """Changes all that it is given."""
    for array in (features, labels, moments.counts, moments.mean, moments.class_means, spectrum.values):
        array.flags.writeable = True
        array[:] = 1
    return 1.0


def hang(features):
    time.sleep(60)


def leak(features):
    kept = []
    while True:
        kept.append(np.empty(2**22))


def fork(features):
    for session in (False, True):
        child = subprocess.Popen(["sleep", "60"], start_new_session=session)
        with open(os.environ["CHILDREN"], "a") as file:
            file.write(f"{child.pid}\\n")
        child.returncode = 0
    return float(os.fork() > 0)


def flood(features):
    line = b"water " * 10**6
    for _ in range(10):
        os.write(1, line)
    return 0.5


class Stop(BaseException):
    pass


def raiser(error):
    def metric(features):
        raise error

    return metric


leave, interrupt, close, stop = map(raiser, (SystemExit(0), KeyboardInterrupt(), GeneratorExit(), Stop()))


def returner(value):
    def metric(features):
        return value

    return metric


class Liar(float):
    """Not a number that calls itself a half."""

    def __repr__(self):
        return "0.5"

    def __eq__(self, other):
        return True

    def __format__(self, form):
        return "0.5"


class Honest(float):
    def __repr__(self):
        return "<script>"


imaginary, table, nothing, word = map(returner, (1j, np.ones(2), None, "0.5"))
nan, infinite, huge, liar = map(returner, (float("nan"), float("inf"), 10**5000, Liar("nan")))
honest, half = returner(Honest(0.25)), returner(Score(1.0, {"term": float("nan")}))


def quit(features):
    os._exit(3)


def crash(features):
    ctypes.string_at(0)


def fine(features):
    return 0.75
'''
RAISED = {"leave": "raised SystemExit", "close": "raised GeneratorExit", "stop": "raised Stop"}
RETURNED = {
    name: f"metric {name} from hostile-metrics 1.0 returned {what}; it must return one finite number"
    for name, what in {
        **{"imaginary": "1j", "table": "ndarray", "nothing": "NoneType", "word": "str"},
        **{"nan": "nan", "infinite": "inf", "huge": "int", "liar": "nan", "half": "nan"},
    }.items()
}
APART = {
    "hang": "took longer than 5 s and was stopped (--cell-seconds)",
    "leak": "needs more than 0.5 GiB of memory (--cell-memory)",
    "interrupt": "KeyboardInterrupt:",
    "quit": "its process gave no answer and ended with exit code 3",
    "crash": "its process gave no answer and was killed by SIGSEGV",
}
KEPT = {"fine": 0.75, "honest": 0.25}
KEPT_APART = {"scribble": 1.0, "fork": 1.0, "flood": 0.5}
LIMITS = ("--cell-seconds", "5", "--cell-memory", "0.5")


@pytest.fixture(scope="module")
def hostile(foreign: Foreign) -> Path:
    """scribble comes first, so that what it did would show in all others."""
    names = ["scribble", *RAISED, *RETURNED, *APART, *KEPT, *KEPT_APART]
    return foreign(
        "hostile-metrics",
        "1.0",
        {"hostile.py": HOSTILE},
        {"tbench.metrics": [f"{name} = hostile:{name}" for name in dict.fromkeys(names)]},
    )


def seeing(package: Path, **variables: str) -> dict[str, str]:
    """The package beside what is seen already."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")])), **variables}


def told(house: House) -> dict[str, str]:
    return {key.spec: record.reason for key, record in house.records().items() if record.status == "failed"}


def values(house: House) -> dict[str, float | None]:
    return {key.spec: record.value for key, record in house.records().items() if record.status == "ok"}


def assert_nothing_else_was_lost(house: House, undisturbed: House) -> None:
    mine = {key: value for key, value in undisturbed.values().items() if key.candidate == "mini/resnet-mix"}
    assert mine.items() <= house.values().items()


@pytest.mark.parametrize(("executor", "words"), [("processes", ("--workers", "1")), ("here", ("--isolate",))])
def test_apart(
    executor: str, words: tuple[str, ...], house: House, undisturbed: House, hostile: Path, tmp_path: Path
) -> None:
    """By default in processes, and on demand here."""
    expected = {**RAISED, **RETURNED, **APART}
    kept = {**KEPT, **KEPT_APART}
    metrics = ",".join(["scribble", *expected, *kept, METRICS])
    env = seeing(hostile, CHILDREN=str(tmp_path / "children"))
    ended = house.run("--models", "*mix", *LIMITS, *words, metrics=metrics, executor=executor, env=env)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == ""
    said = " ".join(ended.stdout.split())
    reasons = told(house)
    assert reasons.keys() == expected.keys()
    for name, why in expected.items():
        assert why in reasons[name]
        assert re.search(rf"failed: [^:]*\b{name}\b[^:]* cells\): {re.escape(reasons[name][:60])}", said), name
    assert f"not applicable 0, failed {len(expected)}" in said
    assert kept.items() <= values(house).items()
    assert said.count("metric flood from hostile-metrics 1.0 printed") == 1
    assert re.search(r"for mini/resnet-mix on mini/digits, [1-9][\d,]{8,} bytes: water water", said)
    assert len(said) < 20_000
    children = [int(line) for line in (tmp_path / "children").read_text().split()]
    assert len(children) >= 2  # an odd one, where a fork that went on measuring was killed between the two
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert_nothing_else_was_lost(house, undisturbed)


def test_here_and_not_apart(house: House, undisturbed: House, hostile: Path) -> None:
    """What a process can bear of a metric that shares it."""
    expected = {**RAISED, **RETURNED}
    metrics = ",".join([*expected, *KEPT, METRICS])
    ended = house.run("--models", "*mix", metrics=metrics, env=seeing(hostile))
    assert (ended.returncode, ended.stderr) == (1, "")
    reasons = told(house)
    assert reasons.keys() == expected.keys()
    assert all(why in reasons[name] for name, why in expected.items())
    assert KEPT.items() <= values(house).items()
    assert_nothing_else_was_lost(house, undisturbed)


def test_tbench_own_metrics_say_the_same_apart(house: House, undisturbed: House) -> None:
    ended = house.run("--isolate", "all", "--workers", "2", executor="processes")
    assert ended.returncode == 0, ended.stderr
    assert house.values() == undisturbed.values()
    for key, record in house.records().items():
        if key.kind == "score":
            known = undisturbed.records()[key]
            assert record.evidence.keys() == known.evidence.keys()
            assert {**record.details, "repeats": 0, "spread": 0} == {**known.details, "repeats": 0, "spread": 0}


NOSY = """
import numpy as np

from tbench.api import Score, Split

SIZES = {"train": 40, "val": 24, "test": 32}


class Noted:
    name, classes, measure = "noted/x", 2, "accuracy"
    parts = []

    def split(self, part, seed):
        self.parts.append(part)
        images = np.random.default_rng(SIZES[part]).integers(0, 255, (SIZES[part], 32, 32, 3)).astype(np.uint8)
        return Split(images, np.arange(SIZES[part]) % 2)

    def names(self):
        return ["x"]

    def dataset(self, name):
        return self


family = Noted()


def nosy(features, labels, images):
    rows = {"features": len(features), "labels": len(labels), "images": len(images)}
    return Score(float(len(set(family.parts) - {"train"})), rows)
"""


@pytest.mark.parametrize(("executor", "words"), [("processes", ("--workers", "1")), ("here", ("--isolate",))])
def test_validation_and_test_images_are_not_even_loaded_when_a_stranger_is_called(
    executor: str, words: tuple[str, ...], house: House, foreign: Foreign
) -> None:
    """Its fork has the memory of the worker, in which nobody has asked for them yet; fine-tuning does so after it."""
    package = foreign(
        "nosy-metric",
        "1.0",
        {"nosy.py": NOSY},
        {"tbench.metrics": ["nosy = nosy:nosy"], "tbench.datasets": ["noted = nosy:family"]},
    )
    suite = house.folder / "tiny.toml"
    suite.write_text(suite.read_text().replace('datasets = ["mini/digits"]', 'datasets = ["noted/x"]'))
    ended = house.run(*words, metrics="nosy", executor=executor, env=seeing(package))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    scores = [record for key, record in house.records().items() if key.kind == "score"]
    assert [record.value for record in scores] == [0.0, 0.0]
    assert all(record.details["terms"] == dict.fromkeys(("features", "labels", "images"), 40) for record in scores)
    assert sum(key.kind == "truth" for key in house.values()) == 4
