"""Words of others as one line that cannot steer a terminal."""

from __future__ import annotations

UNSEEN = "\N{REPLACEMENT CHARACTER}"  # stands for what has no shape of its own


def plain(text: object) -> str:
    """Every white space a space, and what cannot be printed (escape sequences, marks that turn the direction of
    writing, private characters) a replacement character."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else UNSEEN for sign in str(text))
