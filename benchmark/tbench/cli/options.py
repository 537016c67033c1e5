"""Options that several commands take alike: where facts are kept, of which suite, what work is done with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tbench.cli.complete import suites

Command = TypeVar("Command", bound=Callable[..., Any])
STORE = ".tbench/results.sqlite"


def store_option(words: str = "Where facts are kept.") -> Callable[[Command], Command]:
    """--store, as store_path."""
    return click.option("--store", "store_path", default=STORE, show_default=True, help=words)


def suite_option(
    default: str | None = "mini", words: str = "An installed suite, or a TOML file."
) -> Callable[[Command], Command]:
    """--suite, as suite_name. default: None where a command does without."""
    shown = default is not None
    return click.option("--suite", "suite_name", shell_complete=suites, default=default, show_default=shown, help=words)


def means_options(precision: str) -> Callable[[Command], Command]:
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
