"""Who is at which work: several drivers on one store do nothing twice, and a dead one holds nothing back."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text


class Claims(Protocol):
    """Held by this process until it drops them or is dead, by whatever hand."""

    def take(self, work: str) -> bool:
        """Whether it is this process that may do it; False where another is at it."""

    def drop(self, work: str) -> None:
        """It is done, or left."""

    def close(self) -> None:
        """And drop all."""


class OnFile:
    """Locks of the operating system, each on one byte of a file that stays empty. One object per process and file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def take(self, work: str) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(work))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def drop(self, work: str) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(work))

    def close(self) -> None:
        os.close(self._file)


class OnServer:
    """Advisory locks of PostgreSQL, which last as long as the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")

    def take(self, work: str) -> bool:
        asked = text("SELECT pg_try_advisory_lock(:place)")
        return bool(self._connection.execute(asked, {"place": _place(work)}).scalar())

    def drop(self, work: str) -> None:
        self._connection.execute(text("SELECT pg_advisory_unlock(:place)"), {"place": _place(work)})

    def close(self) -> None:
        self._connection.invalidate()  # not back to the pool with what it holds
        self._connection.close()


class Granted:
    """Where there are no such locks: each claim is."""

    def take(self, work: str) -> bool:
        del work
        return True

    def drop(self, work: str) -> None:
        pass

    def close(self) -> None:
        pass


def _place(work: str) -> int:
    """62 bits: it must fit into what files and servers count with."""
    return int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], "big") >> 2
