"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def place(path: Path, *pieces: bytes | memoryview) -> None:
    """To a draft beside it that is moved into place: a cut-off write leaves what was there before."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
