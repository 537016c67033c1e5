"""The command line: one file per command, each imported when it is called for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from tbench import __version__
from tbench.errors import TbenchError, UsageError

COMMANDS = {
    "run": "Score, fine-tune, and write the leaderboard.",
    "show": "See the leaderboard in the terminal.",
    "plot": "One picture of the leaderboard, for a paper.",
    "publish": "Write the leaderboard from what is stored.",
    "merge": "What several stores know, in one.",
    "backup": "A copy of the store, while runs go on.",
    "rank": "Which model for my images?",
    "score": "Score your own arrays with a metric.",
    "replay": "Do the published tables follow from the published numbers?",
    "distance": "Did pre-training bring the weights nearer?",
    "factors": "What explains how transferable a network is to a dataset?",
    "properties": "What is each metric free of, and what does it work for?",
    "card": "What does a metric mind that should not matter?",
    "cache": "What evidence is kept, whether it is whole, and making room.",
    "list": "What is installed: metrics, models, datasets, suites ...",
    "doctor": "What this machine can do, and what suites lack here.",
    "bench": "What each metric costs on this machine.",
    "new": "A package for a metric, model or dataset of your own.",
    "check": "Does a metric keep the contract?",
    "submit": "The scores of one metric as a file for a pull request.",
    "verify": "Is a submitted file what it says?",
    "pretrain": "Make the weights of a model family from its recipes.",
}


class Commands(click.Group):
    """Knows its commands by name and one line; their files are imported when they are called.

    Exit code 0: all is well. 1: something failed. 2: the words were wrong. 130: interrupted.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tbench.cli.{cmd_name}")
        command: click.Command = getattr(module, "list_" if cmd_name == "list" else cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Errors that the user can mend are one line; anything else is a bug and keeps its traceback."""
        try:
            return super().invoke(ctx)
        except TbenchError as error:
            click.echo(f"tbench: {' '.join(str(error).split())}", err=True)
            ctx.exit(2 if isinstance(error, UsageError) else 1)
        except (KeyboardInterrupt, click.Abort):
            click.echo("tbench: interrupted; what was measured is stored, run again to go on", err=True)
            ctx.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tbench")
def main() -> None:
    """The open benchmark for transferability estimation.

    Given many pre-trained models and a target dataset, which score, computed without fine-tuning, predicts which model
    will do best after fine-tuning?
    """
