"""A record of a cell without a number: what stood in the way, in one line."""

from __future__ import annotations

from tbench.errors import TbenchError
from tbench.plain import plain
from tbench.provenance import machine, now, versions
from tbench.results import Key, Record, Status


def unable(key: Key, status: Status, why: str, label: str) -> Record:
    provenance = {**versions(), "machine": machine()}
    return Record(key, status, reason=why, details={"label": label}, provenance=provenance, time=now())


def reason(error: Exception) -> str:
    """One line: what and, unless the message was written for the user, which kind of error."""
    text = plain(" ".join(str(error).split()))
    return text if isinstance(error, TbenchError) else f"{type(error).__name__}: {text}"
