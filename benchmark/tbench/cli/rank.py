"""tbench rank: which model for my images?"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tbench.cli.complete import any_dataset, members, specs
from tbench.cli.options import means_options, suite_option
from tbench.cli.terminal import counting, for_tables, writer
from tbench.cures import by_cure
from tbench.errors import UsageError
from tbench.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

    from tbench.rank import Ranking
    from tbench.trial import Trial

REASONS = 3  # candidates that cannot be had, told for each thing that can be done about it


@click.command()
@click.argument("dataset", shell_complete=any_dataset, metavar="PATH|DATASET")
@click.option(
    "--models",
    shell_complete=members("candidates"),
    default="all",
    show_default=True,
    help="Comma list: the suite's, * matches any; or any name.",
)
@click.option("--metrics", shell_complete=specs, help="Comma list of specs to ask; the suite's panel otherwise.")
@suite_option("practice", "The pool, the panel, the protocol.")
@means_options(precision="auto")
@click.option("--draws", type=click.IntRange(min=2), default=30, show_default=True, help="Random halves of the images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many --finetune tries.")
@click.option("--finetune", is_flag=True, help="Fine-tune the first few and say which won.")
@click.option(
    "--cache", default=".tbench/evidence", show_default=True, help="Where features, and runs under way, are kept."
)
def rank(
    dataset: str,
    models: str,
    metrics: str | None,
    suite_name: str,
    device: str,
    precision: str,
    draws: int,
    seed: int,
    top: int,
    finetune: bool,
    cache: str,
) -> None:
    """Rank models for a folder of images (a sub-folder for each class), an .npz file, or any dataset by name.

    \b
    tbench rank photos/                       # photos/cat/1.jpg, photos/dog/2.jpg ...
    tbench rank mini/digits --top 3 --finetune

    Several metrics are asked, not one, and each again on random halves of the images: an interval says where a model
    stands in 90 % of these draws.
    """
    from tbench.checkpoint import Checkpoints
    from tbench.evidence.algebra import algebra
    from tbench.evidence.shelf import Shelf
    from tbench.metric import Catalogue
    from tbench.precision import settled
    from tbench.rank import rank as ranked
    from tbench.spec import split_specs
    from tbench.stock import Stock
    from tbench.suite import chosen, load_suite
    from tbench.trial import try_out

    suite = load_suite(suite_name)
    words = models.split(",")
    others = [word for word in words if "/" in word and "*" not in word and word not in suite.candidates]
    ours = ",".join(word for word in words if word not in others)
    pool = [*(chosen("candidate", ours, suite.candidates, suite.name) if ours else ()), *others]
    algebra(device)
    catalogue, stock = Catalogue.installed(), Stock()
    panel = [catalogue.metric(text) for text in (split_specs(metrics) if metrics else suite.metrics)]
    with counting() as tell:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            ranking = ranked(
                _name(dataset),
                pool,
                panel,
                stock=stock,
                catalogue=catalogue,
                shelf=Shelf(Path(cache)),
                device=device,
                precision=settled(precision, device),
                draws=draws,
                seed=seed,
                tell=tell,
            )
        trials: tuple[Trial, ...] = ()
        if finetune:
            trials = try_out(
                ranking.dataset,
                [place.candidate for place in ranking.places[:top]],
                stock=stock,
                protocol=suite.protocol(None),
                checkpoints=Checkpoints(Path(cache) / "checkpoints"),
                device=device,
                seed=seed,
                tell=tell,
            )
    for text in dict.fromkeys(str(warning.message) for warning in warned):
        click.echo(plain(f"note: {text}"), err=True)
    console = writer(soft_wrap=True)
    _show(console, ranking)
    if trials:
        _show_trials(console, trials)


def _name(dataset: str) -> str:
    """A path that is there is a folder of images or a file of arrays; anything else a name."""
    path = Path(dataset).expanduser()
    if path.is_dir():
        return f"folder/{dataset}"
    if path.is_file():
        return f"arrays/{dataset}"
    if dataset.startswith(("/", ".", "~")):
        raise UsageError(f"there is no {dataset}; give a folder of images, an .npz file, or a dataset by name")
    return dataset


def _show(console: Console, ranking: Ranking) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console.print(
        f"{ranking.dataset}: {ranking.images} training images, {ranking.classes} classes; asked: "
        f"{', '.join(ranking.panel)}; {ranking.draws} draws of half the images",
        markup=False,
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("place", justify="right")
    table.add_column("model", overflow="fold")
    for title in ("90 % of draws", "level in", *ranking.panel, "parameters", "seconds"):
        table.add_column(title, justify="right")
    for place in ranking.places:
        table.add_row(
            f"{place.place:g}",
            Text(plain(place.candidate)),
            f"{place.low:.0f} to {place.high:.0f}",
            f"{place.level:.0%}",
            *(f"{place.ranks[label]:g}" for label in ranking.panel),
            f"{place.parameters / 1e6:.2f} M" if place.parameters else "–",
            f"{place.seconds:.2f}",
        )
    for_tables().print(table)
    for sentence in _words(ranking):
        console.print(plain(sentence), markup=False)


def _words(ranking: Ranking) -> list[str]:
    """What the table can and cannot say."""
    best, *others = ranking.contenders
    if others:
        names = ", ".join(place.candidate for place in others)
        said = [f"{best.candidate} stands first, but these images cannot tell it from {names}."]
    else:
        said = [f"{best.candidate} stands first, and other images like these would hardly change that."]
    said.append(
        "A place says whose features, as they are, tell these classes apart best. It does not say how accurate a "
        "fine-tuned model will be, nor by how much one beats the next: fine-tune the contenders (--finetune) for that."
    )
    if ranking.left_out:
        said.append(f"Left out ({len(ranking.left_out)}):")
        said += [f"  {line}" for line in by_cure(ranking.left_out, REASONS)]
    return said


def _show_trials(console: Console, trials: tuple[Trial, ...]) -> None:
    console.print()
    for trial in trials:
        console.print(
            f"{trial.candidate}: validation {trial.validation:.1%}, test {trial.test:.1%}, {trial.seconds:.0f} s",
            markup=False,
        )
    console.print(f"best by validation: {trials[0].candidate}", markup=False)
