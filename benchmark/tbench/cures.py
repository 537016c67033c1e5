"""What cannot be had on this machine, told by what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping


def by_cure(absent: Mapping[str, str], most: int | None = None) -> list[str]:
    """Lines, from name -> reason. A reason says what is wrong and, after its last semicolon, what to do.

    Where one thing is to be done about several, it is told once, and then of what; of `most` at most.
    """
    told: dict[str, list[str]] = {}
    for name, reason in absent.items():
        fact, _, cure = (reason if name.partition("#")[0] in reason else f"{name}: {reason}").rpartition("; ")
        told.setdefault(cure, []).append(fact)
    lines: list[str] = []
    for cure, facts in told.items():
        if len(facts) == 1:
            lines.append(f"{facts[0]}; {cure}" if facts[0] else cure)
        else:
            lines += [f"{cure}:", *(f"  {fact}" for fact in facts[:most])]
            if more := len(facts[most:]) if most else 0:
                lines.append(f"  ... and {more} more")
    return lines
