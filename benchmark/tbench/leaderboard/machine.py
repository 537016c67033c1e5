"""Where seconds were measured: the machine, and the device where that is not its own processor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbench.results import Record

CPU = "cpu"


def machine_of(record: Record) -> str:
    """Seconds of two devices of one machine are as little alike as those of two machines."""
    return machine_named(record.provenance)


def machines_of(record: Record) -> set[str]:
    """That of the record, and those of its evidence, which may have been kept from elsewhere.

    Evidence that names no device was made on the record's.
    """
    nodes = record.evidence.values()
    return {machine_of(record)} | {machine_named({**record.provenance, **node}) for node in nodes}


def machine_named(told: Mapping[str, Any]) -> str:
    """By a provenance."""
    machine, device = str(told.get("machine", "unknown")), str(told.get("device") or CPU)
    return machine if device == CPU else f"{machine}, {device}"
