"""What is said of weights that are neither here nor to be fetched."""

from __future__ import annotations

from tbench.api import TbenchError


def absent(whose: str, file: str, place: str) -> TbenchError:
    """The refusal. place: where the file comes from."""
    return TbenchError(
        f"weights of {whose} are not on this machine ({file} of {place}); set TBENCH_DOWNLOAD=1 to fetch them"
    )
