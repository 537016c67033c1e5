"""One at a time, across processes and machines: who computes what is not there yet, and who waits for it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tbench.provenance import now

FIRST_LOOK, LATER_LOOKS = 0.01, 0.5  # seconds between two looks at a lock: at first, and after some doublings at most


@dataclass(frozen=True)
class Turn:
    """ours: nobody else is at it. waited: seconds. owner: for whom."""

    ours: bool
    waited: float = 0.0
    owner: str = ""


@contextmanager
def turn(path: Path, patience: float) -> Iterator[Turn]:
    """Hold the lock file for as long as the block takes; after so many seconds of waiting, the block runs without it.

    The operating system's lock (flock): it ends with its owner, however that ends, and no clock decides. Over NFS the
    server holds it, and gives it up when the owner's machine has been silent for a lease, some 90 s. Where locks or the
    file cannot be had, everybody has his turn at once: what is computed twice is the same, and files are placed whole.
    """
    start, pause, owner = time.monotonic(), FIRST_LOOK, ""
    try:
        while (held := _taken(path)) is None:
            owner = _written(path) or owner
            left = start + patience - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            pause = min(2 * pause, LATER_LOOKS)
    except OSError:
        yield Turn(ours=True)
        return
    waited = time.monotonic() - start if owner else 0.0
    if held is None:
        yield Turn(False, waited, owner)
        return
    try:
        yield Turn(True, waited, owner)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(held)


def holder(path: Path) -> str:
    """Who has the lock now, or nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(path)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return ""


def _taken(path: Path) -> int | None:
    """What holds the lock, with our name in it; None if somebody else does. OSError where there are no locks."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        if _is(descriptor, path):
            _sign(descriptor)
            return descriptor
        os.close(descriptor)  # the one before us has removed the file, and the lock is that of a file without a name


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    name = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": now()})
    with suppress(OSError):  # on a full disk: the lock holds without a name, too
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, name.encode(), 0)


def _written(path: Path) -> str:
    """What the owner wrote; in other words where it did not come to that."""
    try:
        name = json.loads(path.read_text())
        return f"process {name['pid']} on {name['host']}, since {name['since']}"
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"
