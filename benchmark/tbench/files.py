"""Where files go, and writing one whole or not at all."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

ABANDONED = 3600.0  # seconds after which nobody is still at a draft


def beside(store: str) -> Path:
    """Where the evidence and checkpoints of a store are kept: in its folder, or in .tbench if a server has it."""
    return (Path(".tbench") if "://" in store else Path(store).parent).absolute()


def place(path: Path, *pieces: bytes | memoryview) -> None:
    """To a draft beside it that is moved into place: a cut-off write leaves what was there before.

    Of several who write at once, on whatever machines, the last one counts. A draft that cannot be finished, such as on
    a full disk, is removed; only those of writers that were killed are left.
    """
    draft = path.with_name(f"{path.name}.{uuid4().hex[:12]}.draft")
    try:
        with draft.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def abandoned(folder: Path) -> list[Path]:
    """The drafts of writers that must have been killed."""
    found = []
    for draft in sorted(folder.glob("*.draft")):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > ABANDONED:
                found.append(draft)
    return found
