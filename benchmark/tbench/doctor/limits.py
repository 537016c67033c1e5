"""What a control group allows, where a container or a scheduler has put this process into one (Linux cgroups 1, 2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

UNLIMITED = 2**60  # cgroups 1 write "no limit" as a number near 2**63


@dataclass(frozen=True)
class Limits:
    """cores may be a fraction; memory is in bytes; None is for no limit."""

    cores: float | None
    memory: int | None

    @classmethod
    def of_this_process(cls, mount: Path = Path("/sys/fs/cgroup"), told: Path = Path("/proc/self/cgroup")) -> Limits:
        """The smallest of those of its group and of every group round it."""
        cores: list[float] = []
        memory: list[int] = []
        for folder in _folders(mount, _read(told)):
            quota, period = [*_read(folder / "cpu.max").split(), "max", ""][:2]
            if quota == "max":
                quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
            if quota.isdigit() and period.isdigit() and int(period):
                cores.append(int(quota) / int(period))
            told_here = [_read(folder / name) for name in ("memory.max", "memory.limit_in_bytes")]
            memory += [int(text) for text in told_here if text.isdigit() and int(text) < UNLIMITED]
        return cls(min(cores, default=None), min(memory, default=None))


def _folders(mount: Path, groups: str) -> Iterator[Path]:
    """Lines are `0::/user.slice/mine`, or `4:memory:/docker/ab12`; the folders from each group up to its root."""
    for line in groups.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and not {"cpu", "memory"} & {*controllers.split(",")}:
            continue
        root = mount / controllers if controllers else mount
        inside = PurePosixPath(path.lstrip("/"))
        if ".." in inside.parts:  # a group outside of what this container is shown
            inside = PurePosixPath()
        for group in (inside, *inside.parents):
            yield root / group


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip()
    return ""
