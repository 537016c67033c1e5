"""A record of a cell without a number: what stood in the way, in one line."""

from __future__ import annotations

import signal

from tbench.errors import TbenchError
from tbench.plain import plain
from tbench.provenance import machine, now, versions
from tbench.results import Key, Record, Status

LONGEST = 1000  # characters of a stranger's message


def unable(key: Key, status: Status, why: str, label: str) -> Record:
    provenance = {**versions(), "machine": machine()}
    return Record(key, status, reason=why, details={"label": label}, provenance=provenance, time=now())


def reason(error: BaseException) -> str:
    """One line: what and, unless the message was written for the user, which kind of error."""
    try:
        text = plain(" ".join(str(error).split()))
    except Exception:  # an exception of a stranger's own making
        text = "its message cannot be shown"
    if isinstance(error, TbenchError):
        return text
    return f"{type(error).__name__}: {text[:LONGEST]}" + (" ..." if len(text) > LONGEST else "")


def ending(code: int) -> str:
    """How a process ended, by its exit code, which is negative for a signal."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
