"""One thing that was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["ok", "absent", "broken"]


@dataclass(frozen=True)
class Finding:
    """part: of the examination. state: absent is what may well be so; broken, what somebody has to mend.

    cures: what to do, line by line. values: the same for programs; sizes are in bytes.
    """

    part: str
    name: str
    told: str
    state: State = "ok"
    cures: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
