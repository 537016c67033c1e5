"""Calling a metric in a process of its own, with limits to time and memory: what it breaks there stays there."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from tbench.api import Score
from tbench.errors import Inapplicable, SaturationWarning, TbenchError, UsageError
from tbench.failure import ending, reason
from tbench.metric import Call, Metric, directly
from tbench.stopwatch import Timing

Whose = Literal["none", "foreign", "all"]
GIB = 2**30
ANSWER = 2**24  # bytes that an answer may have
HEARD = 200  # bytes of what was printed that are told
CHUNK = 2**16
SET_DEATH_SIGNAL, SET_SUBREAPER = 1, 36  # of Linux' prctl


@dataclass(frozen=True)
class Isolation:
    """Whose metrics are called apart, and what one cell may take: seconds, and GiB beside the evidence."""

    whose: Whose = "none"
    seconds: float = 600.0
    memory: float = 8.0

    def call(self, metric: Metric, hear: Callable[[str], None]) -> Call:
        """How this metric is called. hear is told what it printed, unless it is called in this process."""
        if self.whose == "none" or (self.whose == "foreign" and not metric.foreign):
            return directly
        return Apart(self.seconds, self.memory, hear)


@dataclass(frozen=True)
class Apart:
    """Calls in a fork of this process, one for each call: it has all evidence at hand, and whatever it does to it is
    done to a copy.

    The fork leads a session of its own. When it has answered, or is late, or this process ends, it is killed, and so
    is every process that came of it. Where this process uses CUDA it cannot be forked.
    """

    seconds: float
    memory: float
    hear: Callable[[str], None]

    def __call__(self, measured: Callable[[], tuple[Score, Timing]]) -> tuple[Score, Timing]:
        """What `measured` returns. Its Inapplicable and UsageError, and all else as TbenchError; its warnings."""
        speech = _Speech()
        try:
            answer = self._answer(measured, speech)
        finally:
            if speech.length:
                self.hear(str(speech))
        for saturated, text in answer.get("warnings", ()):
            warnings.warn(text, SaturationWarning if saturated else UserWarning, stacklevel=2)
        if "value" in answer:
            return Score(answer["value"], answer["terms"], answer["scaled"]), Timing(**answer["timing"])
        raise {"inapplicable": Inapplicable, "usage": UsageError}.get(answer["raised"], TbenchError)(answer["text"])

    def _answer(self, measured: Callable[[], tuple[Score, Timing]], speech: _Speech) -> dict[str, Any]:
        answer_end, answer = os.pipe()
        speech_end, spoken = os.pipe()
        here = os.getpid()
        with _orphans_killed():
            child = _fork()
            if not child:
                self._live(measured, here, answer, spoken)
            os.close(answer)
            os.close(spoken)
            try:
                said = self._listen(answer_end, speech_end, speech)
            finally:
                os.close(answer_end)
                os.close(speech_end)
                for kill in (os.kill, os.killpg):  # it may not lead its group yet
                    with suppress(ProcessLookupError):
                        kill(child, signal.SIGKILL)
                status = os.waitpid(child, 0)[1]
        line, whole, _ = said.partition(b"\n")
        if not whole:
            raise TbenchError(f"its process gave no answer and {ending(os.waitstatus_to_exitcode(status))}")
        told: dict[str, Any] = json.loads(line)
        return told

    def _listen(self, answer_end: int, speech_end: int, speech: _Speech) -> bytes:
        """The answer, one line; less if its writer died. What is printed meanwhile is taken off its hands."""
        end = time.monotonic() + self.seconds
        said = b""
        ears = select.poll()
        ears.register(answer_end, select.POLLIN)
        ears.register(speech_end, select.POLLIN)
        while b"\n" not in said and len(said) < ANSWER:
            left = end - time.monotonic()
            heard = dict(ears.poll(1000 * left)) if left > 0 else {}
            if not heard:
                raise TbenchError(f"took longer than {self.seconds:g} s and was stopped (--cell-seconds)")
            if speech_end in heard:
                chunk = os.read(speech_end, CHUNK)
                speech.add(chunk)
                if not chunk:
                    ears.unregister(speech_end)
            if answer_end in heard:
                chunk = os.read(answer_end, CHUNK)
                said += chunk
                if not chunk:
                    break
        return said

    def _live(self, measured: Callable[[], tuple[Score, Timing]], parent: int, answer: int, spoken: int) -> NoReturn:
        """The whole life of the fork. Nothing of this process' own is closed or flushed there."""
        code, own = 1, os.getpid()
        try:
            os.setsid()
            _prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() == parent:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                _speak_into(spoken)
                said = self._said(measured)
                if os.getpid() != own:
                    os._exit(0)  # a child that the metric forked does not answer in its place
                sys.stdout.flush()
                sys.stderr.flush()
                with open(answer, "wb") as file:
                    file.write(json.dumps(said).encode() + b"\n")
                code = 0
        finally:
            os._exit(code)

    def _said(self, measured: Callable[[], tuple[Score, Timing]]) -> dict[str, Any]:
        try:
            with warnings.catch_warnings(record=True) as warned, _no_more_than(int(self.memory * GIB)):
                warnings.simplefilter("always")
                score, timing = measured()
        except Inapplicable as answer:
            return {"raised": "inapplicable", "text": str(answer)}
        except UsageError as error:
            return {"raised": "usage", "text": str(error)}
        except BaseException as error:
            text = reason(error)
            if isinstance(error, MemoryError) or "can't allocate memory" in text:  # the latter is torch
                text = f"needs more than {self.memory:g} GiB of memory (--cell-memory)"
            return {"raised": "error", "text": text}
        told = dict.fromkeys((issubclass(one.category, SaturationWarning), str(one.message)) for one in warned)
        said = {"value": score.value, "terms": dict(score.terms), "scaled": dict(score.scaled)}
        return {**said, "timing": asdict(timing), "warnings": [*told]}


class _Speech:
    """What was printed: how much, and how it begins."""

    def __init__(self) -> None:
        self.length = 0
        self._beginning = b""

    def add(self, chunk: bytes) -> None:
        self.length += len(chunk)
        self._beginning += chunk[: HEARD - len(self._beginning)]

    def __str__(self) -> str:
        words = " ".join(self._beginning.decode(errors="replace").split())
        shown = "".join(sign if sign.isprintable() else "?" for sign in words)
        return f"{self.length:,} bytes: {shown}" + (" ..." if self.length > HEARD else "")


def _speak_into(spoken: int) -> None:
    """Streams of its own: those that it was born with may be locked by a thread that is not here."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for standard, file in enumerate((nothing, spoken, spoken)):
        os.dup2(file, standard)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False, encoding="utf-8", errors="backslashreplace")
    sys.stderr = os.fdopen(2, "w", closefd=False, encoding="utf-8", errors="backslashreplace", buffering=1)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns where other threads are about: their locks. The fork prints by streams of its own.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


@contextmanager
def _no_more_than(size: int) -> Iterator[None]:
    """So many bytes of address space beside what is there already, and no core file.

    Address space, since a request for too much of it is refused, which NumPy and torch tell as an exception; what is
    resident can only be watched, and a process that outgrows it only be killed.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def _orphans_killed() -> Iterator[None]:
    """Whatever process comes of a child of this one and outlives it becomes a child of this one, and is killed."""
    before = _children()
    _prctl(SET_SUBREAPER, 1)
    try:
        yield
    finally:
        while left := _children() - before:
            for child in left:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        _prctl(SET_SUBREAPER, 0)


def _children() -> set[int]:
    found: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that ended meanwhile
            found.update(map(int, children.read_text().split()))
    return found


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
