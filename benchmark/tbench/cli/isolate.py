"""The options that say which metrics are called in processes of their own, and what they may take there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tbench.errors import UsageError

if TYPE_CHECKING:
    from tbench.isolation import Isolation, Whose

Command = TypeVar("Command", bound=Callable[..., Any])


def isolate(command: Command) -> Command:
    """--isolate, --cell-seconds and --cell-memory."""
    options = (
        click.option(
            "--isolate",
            "whose",
            type=click.Choice(("none", "foreign", "all")),
            is_flag=False,
            flag_value="all",
            help="Whose metrics are called in a process of their own (--isolate: all).  "
            "[foreign, those that tbench does not bring, with the executor processes on the CPU; none otherwise]",
        ),
        click.option(
            "--cell-seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=600,
            show_default=True,
            help="How long a metric that is isolated may take over one cell.",
        ),
        click.option(
            "--cell-memory",
            type=click.FloatRange(min=0, min_open=True),
            metavar="GIB",
            help="How much it may take beside its evidence; a worker's share of what the machine has otherwise.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def isolation(
    whose: Whose | None, seconds: float, memory: float | None, *, willing: bool, device: str, workers: int
) -> Isolation:
    """What the options come to. willing: whether the executor isolates strangers if nobody says anything.

    A process that uses CUDA cannot be forked, and what is needed to bound and to end a fork is Linux' own.
    """
    from tbench.isolation import GIB, Isolation

    possible = device == "cpu" and sys.platform == "linux"
    if whose in ("foreign", "all") and not possible:
        raise UsageError(f"--isolate {whose} works on Linux and with --device cpu only; leave it out")
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB
    return Isolation(whose or ("foreign" if willing and possible else "none"), seconds, memory or machine / workers)
