"""tbench score: a metric on your own arrays."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from tbench.cli.complete import specs
from tbench.errors import EvidenceError, Inapplicable, TbenchError, UsageError
from tbench.plain import plain


@click.command()
@click.argument("specs", shell_complete=specs)
@click.argument("evidence", nargs=-1, metavar="NAME=FILE.npy ...")
@click.option("--device", default="cpu", show_default=True, help="Where linear algebra runs: cpu, or cuda.")
def score(specs: str, evidence: tuple[str, ...], device: str) -> None:
    """Score your own arrays with one metric, or a comma list of them.

    \b
    tbench score logme features=F.npy labels=y.npy
    tbench score leep,nce source_probabilities=P.npy labels=y.npy

    Evidence: features (N, D), labels (N,), source_probabilities (N, S), reference_features (M, D), or any other name
    that the metric asks for; a number may stand instead of a file (seed=3).
    """
    from tbench.scoring import score_all
    from tbench.spec import split_specs

    given = dict(_read(word) for word in evidence)
    if device != "cpu":
        given["device"] = device
    wanted = split_specs(specs)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            scores = score_all(wanted, **given)
        except Inapplicable as answer:
            raise TbenchError(f"{specs} is not applicable: {answer}") from answer
    for text in dict.fromkeys(str(warning.message) for warning in warned):
        click.echo(plain(f"note: {text}"), err=True)
    width = max(map(len, scores))
    for spec, value in scores.items():
        click.echo(f"{spec:{width}}  {value:.10g}" if len(scores) > 1 else f"{value:.10g}")


def _read(word: str) -> tuple[str, object]:
    from zipfile import is_zipfile

    import numpy as np
    from numpy.lib.format import open_memmap

    name, equals, source = word.partition("=")
    if not equals or not name:
        raise UsageError(f"{word!r} is not NAME=FILE.npy")
    try:
        return name, float(source) if "." in source else int(source)
    except ValueError:
        pass
    path = Path(source)
    try:
        if is_zipfile(path):
            raise EvidenceError(f"{name}: {path} holds several arrays; save the one that is meant by numpy.save")
        mapped = open_memmap(path, mode="r")  # no room is made for what a header promises and a file does not have
    except FileNotFoundError:
        raise UsageError(f"{name}: there is no file {path}") from None
    except EvidenceError:
        raise
    except Exception as error:  # numpy meets whatever bytes there are, and raises all sorts of things
        raise EvidenceError(f"{name}: {path} is not an array saved by numpy.save ({error})") from error
    return name, np.asarray(mapped)
