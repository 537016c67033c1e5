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
    return machines_named(record.provenance, record.evidence)


def machines_named(provenance: Mapping[str, Any], evidence: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The same of what a record says."""
    told = {(node.get("machine"), node.get("device")) for node in evidence.values()}
    nodes = [{"machine": machine, "device": device} for machine, device in told]
    nodes = [{name: value for name, value in node.items() if value is not None} for node in nodes]
    return {machine_named(provenance)} | {machine_named({**provenance, **node}) for node in nodes}


def machine_named(told: Mapping[str, Any]) -> str:
    """By a provenance."""
    machine, device = str(told.get("machine", "unknown")), str(told.get("device") or CPU)
    return machine if device == CPU else f"{machine}, {device}"
