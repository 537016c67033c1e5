"""A call in a process of its own says what it would have said here, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.api import Score
from tbench.cli.isolate import isolation
from tbench.errors import Inapplicable, SaturationWarning, ScoreWarning, TbenchError, UsageError
from tbench.isolation import Apart, Isolation, Whose
from tbench.metric import Catalogue, directly
from tbench.stopwatch import Timing, once

Measured = Callable[[], tuple[Score, Timing]]
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def says(act: Callable[[], object], value: float = 0.25) -> Measured:
    def measured() -> tuple[Score, Timing]:
        _, timing = once(act)
        return Score(value), timing

    return measured


def apart(measured: Measured, seconds: float = 30, memory: float = 8) -> tuple[Score, Timing, str]:
    heard: list[str] = []
    score, timing = Apart(seconds, memory, heard.append)(measured)
    return score, timing, "".join(heard)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@settings(max_examples=20)
@given(value=FINITE, terms=st.dictionaries(st.text(max_size=5), FINITE, max_size=3))
def test_every_bit_of_a_score_comes_back(value: float, terms: dict[str, float]) -> None:
    timing = Timing(value, 0.1, 0.2, 3)
    score, measured = Apart(30, 8, pytest.fail)(lambda: (Score(value, terms), timing))
    assert (score, measured) == (Score(value, terms), timing)
    assert np.signbit(score.value) == np.signbit(value)


def test_a_child_that_the_metric_forks_does_not_answer_in_its_place() -> None:
    def measured() -> tuple[Score, Timing]:
        metric = os.fork() > 0
        if metric:
            time.sleep(0.3)  # the child is done long before
        return Score(float(metric)), Timing(0.3, 0.0)

    assert apart(measured)[0].value == 1.0


def test_seconds_are_those_of_the_call_and_not_of_the_fork() -> None:
    _, timing, _ = apart(says(lambda: time.sleep(0.05)))
    assert 0.05 <= timing.seconds < 5
    assert timing.cpu_seconds < 0.05


def test_what_it_warns_of_is_warned_of_here_each_once() -> None:
    def act() -> None:
        for _ in range(3):
            warnings.warn("too few", SaturationWarning, stacklevel=1)
            warnings.warn("look out", ScoreWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        apart(says(act))
    assert [(one.category, str(one.message)) for one in warned] == [
        (SaturationWarning, "too few"),
        (UserWarning, "look out"),
    ]


@pytest.mark.parametrize("error", [Inapplicable("not here"), UsageError("no such k"), TbenchError("a line")])
def test_what_it_raises_is_raised_here(error: Exception) -> None:
    def refuse() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        apart(says(refuse))
    assert str(raised.value) == str(error)


def test_what_it_raises_of_its_own_is_told_with_its_kind() -> None:
    class UnspeakableError(BaseException):
        def __str__(self) -> str:
            raise RuntimeError

    def refuse(error: BaseException) -> None:
        raise error

    with pytest.raises(TbenchError, match=r"^UnspeakableError: its message cannot be shown$"):
        apart(says(lambda: refuse(UnspeakableError())))
    with pytest.raises(TbenchError, match=r"^KeyError: 'k{999} \.\.\.$"):
        apart(says(lambda: refuse(KeyError("k" * 10**6))))


def test_arrays_that_it_makes_writeable_are_a_copy() -> None:
    features = np.ones((100, 4))
    features.flags.writeable = False

    def scribble() -> None:
        features.flags.writeable = True
        features[:] = 7

    apart(says(scribble))
    assert (features == 1).all()
    assert not features.flags.writeable


def test_late_is_stopped_with_all_that_came_of_it(tmp_path: Path) -> None:
    """Children in its group, in a session of their own, and orphans of those."""
    script = f"""
import os, subprocess, sys, time
for session in (False, True):
    child = subprocess.Popen(["sleep", "60"], start_new_session=session)
    open(os.path.join({str(tmp_path)!r}, str(child.pid)), "w")
"""

    def hang() -> None:
        subprocess.run([sys.executable, "-S", "-c", script], check=True)
        time.sleep(60)

    start = time.monotonic()
    with pytest.raises(TbenchError, match=r"^took longer than 2 s and was stopped \(--cell-seconds\)$"):
        apart(says(hang), seconds=2)
    assert 2 <= time.monotonic() - start < 20
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_who_answers_takes_its_children_along_too(tmp_path: Path) -> None:
    def act() -> None:
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        (tmp_path / str(child.pid)).touch()
        child.returncode = 0  # so that nothing is said of leaving it behind

    bystander = subprocess.Popen(["sleep", "60"])
    try:
        assert apart(says(act))[0].value == 0.25
        (pid,) = (int(path.name) for path in tmp_path.iterdir())
        assert not alive(pid)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_fork_that_comes_back_from_the_metric_answers_nobody_twice() -> None:
    assert apart(says(os.fork))[0].value == 0.25
    assert apart(says(lambda: 0, 0.5))[0].value == 0.5


@pytest.mark.parametrize(
    ("act", "how"),
    [
        (lambda: os._exit(3), "ended with exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "was killed by SIGTERM"),
        (lambda: os.closerange(3, 256), "(was killed by SIGKILL|ended with exit code 1)"),  # whichever comes first
    ],
)
def test_who_dies_is_told_by_how(act: Callable[[], object], how: str) -> None:
    with pytest.raises(TbenchError, match=f"^its process gave no answer and {how}$"):
        apart(says(act))


@pytest.mark.parametrize("library", ["python", "numpy", "torch"])
def test_memory_beyond_the_limit_is_refused_and_what_is_there_already_does_not_count(library: str) -> None:
    import torch

    there = np.ones(2**26)  # half a GiB
    make: Callable[[], object] = {
        "python": lambda: [bytearray(2**24) for _ in range(2**10)],
        "numpy": lambda: np.ones(2**26),
        "torch": lambda: torch.ones(2**26, dtype=torch.float64),
    }[library]
    with pytest.raises(TbenchError, match=r"^needs more than 0.25 GiB of memory \(--cell-memory\)$"):
        apart(says(make), memory=0.25)
    assert apart(says(lambda: there[:: 2**18].sum() + np.ones(2**23).sum()), memory=0.25)[0].value == 0.25


def test_what_it_prints_is_bounded_and_told(capfd: pytest.CaptureFixture[str]) -> None:
    def chatter() -> None:
        sys.stderr.write("\x1b[31mred\n")
        for _ in range(2**6):
            os.write(1, b"x" * 2**20)

    _, _, heard = apart(says(chatter))
    assert heard.startswith(f"{2**26 + 9:,} bytes: ?[31mred xxxx")
    assert heard.endswith("x ...")
    assert len(heard) < 250
    assert capfd.readouterr() == ("", "")
    assert apart(says(lambda: print("six by", 9)))[2] == "9 bytes: six by 9"


def test_it_has_no_input_to_wait_for() -> None:
    def read() -> None:
        assert sys.stdin.read() == ""

    assert apart(says(read))[0].value == 0.25


def test_it_dies_with_who_called_it(tmp_path: Path) -> None:
    code = f"""
import os, time
from pathlib import Path
from tbench.isolation import Apart
def hang():
    Path({str(tmp_path)!r}, str(os.getpid())).touch()
    time.sleep(60)
Apart(60, 8, print)(hang)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as caller:
        _wait_until(lambda: bool(list(tmp_path.iterdir())))
        caller.kill()
    (pid,) = (int(path.name) for path in tmp_path.iterdir())
    _wait_until(lambda: not alive(pid))


def test_no_file_stays_open_and_no_process_stays() -> None:
    def fails() -> None:
        raise ValueError

    def state() -> tuple[int, str]:
        return len(os.listdir("/proc/self/fd")), Path(f"/proc/self/task/{os.getpid()}/children").read_text()

    before = state()
    for _ in range(3):
        apart(says(lambda: None))
        with pytest.raises(TbenchError):
            apart(says(fails))
    assert state() == before


def test_whose_metrics_are_called_apart() -> None:
    own = Catalogue.installed().metric("logme")
    assert not own.foreign
    for whose, is_apart in (("none", False), ("foreign", False), ("all", True)):
        assert (Isolation(whose).call(own, print) is not directly) == is_apart


@pytest.mark.parametrize(
    ("whose", "willing", "device", "settled"),
    [
        (None, True, "cpu", "foreign"),
        (None, False, "cpu", "none"),
        (None, True, "cuda", "none"),
        ("none", True, "cpu", "none"),
        ("none", True, "cuda", "none"),
        ("foreign", False, "cpu", "foreign"),
        ("all", False, "cpu", "all"),
    ],
)
def test_what_the_options_come_to(whose: Whose | None, willing: bool, device: str, settled: Whose) -> None:
    got = isolation(whose, 7, None, willing=willing, device=device, workers=2)
    assert (got.whose, got.seconds) == (settled, 7)
    alone = isolation(whose, 7, None, willing=willing, device=device, workers=1)
    assert alone.memory == 2 * got.memory > 0
    assert isolation(whose, 7, 3, willing=willing, device=device, workers=2).memory == 3


def test_a_process_that_uses_cuda_is_not_forked() -> None:
    with pytest.raises(UsageError, match=r"^--isolate all works on Linux and with --device cpu only; leave it out$"):
        isolation("all", 600, None, willing=True, device="cuda", workers=1)


def _wait_until(true: Callable[[], bool], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
