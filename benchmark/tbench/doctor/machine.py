"""Cores, memory, disk and devices, as this process may use them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tbench.amount import in_bytes
from tbench.api import data_home
from tbench.doctor.finding import Finding
from tbench.doctor.limits import Limits
from tbench.files import beside

MEMINFO = Path("/proc/meminfo")


def findings(store: str) -> Iterator[Finding]:
    limits = Limits.of_this_process()
    yield _cores(limits)
    yield _memory(limits)
    yield from _disks({"store": beside(store), "data": data_home()})
    yield _devices()


def _cores(limits: Limits) -> Finding:
    mine, all_of_them = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    told = [f"{mine} of {all_of_them}"]
    if limits.cores is not None and limits.cores < mine:
        told.append(
            f"but the control group allows the time of {limits.cores:.3g}: --workers {max(1, int(limits.cores))}"
        )
    told.append(
        f"so many workers, one thread each; OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS') or 'is not set'}"
    )
    values = {"usable": mine, "present": all_of_them, "control group": limits.cores}
    return Finding("machine", "cores", ", ".join(told), values=values)


def _memory(limits: Limits) -> Finding:
    known = {}
    if MEMINFO.exists():
        rows = (line.split() for line in MEMINFO.read_text().splitlines())
        known = {row[0]: int(row[1]) * 1024 for row in rows if len(row) == 3}
    total, free = known.get("MemTotal:"), known.get("MemAvailable:")
    told = [] if total is None else [in_bytes(total)]
    if free is not None:
        told.append(f"{in_bytes(free)} of it available")
    if limits.memory is not None and (total is None or limits.memory < total):
        told.append(f"of which the control group allows {in_bytes(limits.memory)}")
    values = {"total": total, "available": free, "control group": limits.memory}
    return Finding("machine", "memory", ", ".join(told) or "unknown", values=values)


def _disks(folders: dict[str, Path]) -> Iterator[Finding]:
    """Free space where each folder is, or would be made; told once where several are on one file system."""
    places: dict[int, list[str]] = {}
    free: dict[int, int] = {}
    for name, folder in folders.items():
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        device = there.stat().st_dev
        free[device] = shutil.disk_usage(there).free
        places.setdefault(device, []).append(name)
    for device, names in places.items():
        told = f"{in_bytes(free[device])} free for {' and '.join(names)}"
        yield Finding("machine", "disk", told, values={"free": free[device], "for": names})


def _devices() -> Finding:
    import torch

    from tbench.precision import AUTO, settled

    cards = [
        f"cuda:{number} ({torch.cuda.get_device_name(number)}, "
        f"{in_bytes(torch.cuda.get_device_properties(number).total_memory)})"
        for number in range(torch.cuda.device_count())
    ]
    built = f"torch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "torch is built without CUDA"
    told = ", ".join(["cpu", *cards]) if cards else f"cpu alone; {built}, and there is no GPU that it can use"
    told += f"; --precision auto is {settled(AUTO, 'cpu')} on the cpu"
    return Finding("machine", "devices", told, values={"cuda": cards, "built for": torch.version.cuda})
