"""The options that say what work is done with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def means(precision: str) -> Callable[[Command], Command]:
    """--device and --precision, with that precision as the default."""
    device = click.option(
        "--device", default="cpu", show_default=True, help="Where networks and linear algebra run: cpu, or cuda."
    )
    format_ = click.option(
        "--precision",
        type=click.Choice(("float32", "bfloat16", "auto")),
        default=precision,
        show_default=True,
        help="What features are computed in; auto: the fastest here.",
    )
    return lambda command: device(format_(command))
