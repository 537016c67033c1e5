"""Where datasets lie on this machine, if nobody says where."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = "TBENCH_DATA"


def home() -> Path:
    """$TBENCH_DATA, or ~/.cache/tbench/data."""
    return Path(os.environ.get(ROOT) or "~/.cache/tbench/data").expanduser()
