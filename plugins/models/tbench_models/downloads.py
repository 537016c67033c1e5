"""Whether weights that are not on this machine may be fetched: only where TBENCH_DOWNLOAD=1 says so."""

from __future__ import annotations

import os

from tbench.api import TbenchError

PERMIT = "TBENCH_DOWNLOAD"


def allowed() -> bool:
    return os.environ.get(PERMIT) == "1"


def absent(whose: str, file: str, place: str) -> TbenchError:
    """The refusal for weights that are neither here nor to be fetched. place: where the file comes from."""
    return TbenchError(f"weights of {whose} are not on this machine ({file} of {place}); set {PERMIT}=1 to fetch them")
