"""tbench run: measure everything that is not known yet, then write the leaderboard."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tbench.cli.complete import executors, members, specs
from tbench.cli.isolate import isolate, isolation
from tbench.cli.options import means_options, store_option, suite_option
from tbench.cli.terminal import writer
from tbench.cures import by_cure
from tbench.errors import PluginError, UsageError
from tbench.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

    from tbench.isolation import Isolation, Whose
    from tbench.metric import Catalogue, Metric
    from tbench.plan import Plan
    from tbench.protocol import Protocol
    from tbench.run import Summary
    from tbench.suite import Suite
    from tbench.workshop import Workshop

CALIBRATION_STEPS = 200


@click.command()
@suite_option()
@click.option(
    "--metrics",
    shell_complete=specs,
    default="all",
    show_default=True,
    help="Comma list of specs, or all that are installed.",
)
@click.option(
    "--models",
    shell_complete=members("candidates"),
    default="all",
    show_default=True,
    help="Comma list of the suite's candidates; * matches any.",
)
@click.option(
    "--datasets",
    shell_complete=members("datasets"),
    default="all",
    show_default=True,
    help="Comma list of the suite's datasets; * matches any.",
)
@click.option("--protocol", "protocol_name", help="How the ground truth is made; the suite's own default otherwise.")
@click.option(
    "--measure-truth", is_flag=True, help="Fine-tune even where a truth was published; --protocol does so, too."
)
@click.option("--seeds", help="Comma list of integers; the protocol's own otherwise.")
@click.option(
    "--executor",
    "executor_name",
    shell_complete=executors,
    default="processes",
    show_default=True,
    help="Where work runs; settings are written behind its name: ray:address=auto,gpus=0.5.",
)
@click.option("--workers", type=click.IntRange(min=1), help="How many at once; as many as there is room for otherwise.")
@means_options(precision="float32")
@isolate
@store_option()
@click.option("--out", default="leaderboards", show_default=True, help="Folder that the leaderboard is written to.")
@click.option(
    "--calibrate",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=CALIBRATION_STEPS,
    metavar="[STEPS]",
    help="Do not fine-tune: estimate what it would take from so many steps of one run.  [200 if not said]",
)
@click.option("--again", is_flag=True, help="Measure what is known already once more.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and how long it may take.")
def run(
    suite_name: str,
    metrics: str,
    models: str,
    datasets: str,
    protocol_name: str | None,
    measure_truth: bool,
    seeds: str | None,
    executor_name: str,
    workers: int | None,
    device: str,
    precision: str,
    whose: Whose | None,
    cell_seconds: float,
    cell_memory: float | None,
    store_path: str,
    out: str,
    calibrate: int | None,
    again: bool,
    dry_run: bool,
) -> None:
    """Score every candidate with every metric, fine-tune for the truth, and write the leaderboard.

    \b
    tbench run --metrics all
    tbench run --metrics logme,logme+ped --datasets mini/digits --dry-run
    tbench run --suite small-real --calibrate

    A suite that cites a published truth, such as ped, is held against that, and nothing is fine-tuned.

    What the store holds is not measured again, so a run that was cut short goes on where it stopped. The exit code
    is 1 if any cell failed.
    """
    from dataclasses import replace

    from tbench.contract import rehearse
    from tbench.evidence.algebra import algebra
    from tbench.executors import load_executor
    from tbench.metric import Catalogue
    from tbench.plan import make_plan
    from tbench.precision import settled
    from tbench.progress import Terminal, duration
    from tbench.registry import Registry
    from tbench.stock import Stock
    from tbench.store import Store
    from tbench.suite import chosen, load_suite

    start = time.monotonic()
    console = writer(soft_wrap=True)
    suite = load_suite(suite_name)
    if measure_truth:
        protocol_name = protocol_name or suite.default_protocol
    protocol = suite.protocol(protocol_name)
    citation = suite.cited(protocol_name)
    if seeds:
        protocol = replace(protocol, seeds=_integers(seeds))
    part = replace(
        suite,
        candidates=chosen("candidate", models, suite.candidates, suite.name),
        datasets=chosen("dataset", datasets, suite.datasets, suite.name),
    )
    catalogue = Catalogue.installed()
    algebra(device)
    precision = settled(precision, device)
    executor = load_executor(executor_name, workers)
    willing = getattr(executor, "isolates", False)
    apart = isolation(whose, cell_seconds, cell_memory, willing=willing, device=device, workers=executor.workers)
    wanted, refused = catalogue.choose(metrics, suite.metrics)
    for metric in wanted:
        if ":" in metric.label:
            rehearse(metric, catalogue, apart.call(metric, lambda _: None))
    for complaint in refused:
        console.print(plain(f"note: {complaint}"), style="yellow", markup=False)

    with Store(store_path) as store:
        stock = Stock(suite.probe)
        mark = store.mark()
        known = stock.still_true(store.latest(suite.name), precision, protocol.middle.spec)
        plan = make_plan(
            part,
            protocol,
            wanted,
            protocol.seeds,
            known,
            again=again,
            tuning=frozenset(metric.spec for metric in wanted if _fine_tunes(metric, catalogue)),
            cited=citation is not None,
            calibrate=calibrate,
        )
        truth = f"published truth of {citation.published.name}" if citation else f"protocol {protocol.name}"
        _announce(console, part, protocol, truth, len(wanted), plan, duration)
        _tell_absences(console, plan, stock.absent(part.candidates, (*part.datasets, part.reference)))
        if dry_run:
            return

        from functools import partial

        from tbench.files import beside
        from tbench.hooks import Listeners
        from tbench.leaderboard.facts import Facts
        from tbench.leaderboard.page import publish
        from tbench.run import run as walk

        open_workshop = partial(_workshop, suite, protocol, device, precision, beside(store_path), apart)
        with Terminal(plan, protocol, console, executor.workers) as terminal:
            listeners = Listeners(Registry.installed("hooks").entries(), terminal=terminal)
            listeners.tell("started", cells=plan.cells, remembered=plan.remembered)
            summary = walk(plan, store, executor, open_workshop, listeners, since=mark)
        listeners.tell(
            "finished", measured=summary.measured, inapplicable=summary.inapplicable, failed=len(summary.failed)
        )
        took = duration(time.monotonic() - start)
        if plan.tasks:
            cores = executor.workers
            took += f"; {duration(plan.seconds(protocol) / cores)} were expected of {cores} quiet cores"
        _conclude(console, summary, listeners.complaints, took)
        page = publish(Facts.stored(store, suite.name), suite.frame(protocol_name), Path(out))
    console.print(f"leaderboard: {page}", markup=False)
    if summary.failed or refused:
        sys.exit(1)


def _workshop(
    suite: Suite, protocol: Protocol, device: str, precision: str, folder: Path, apart: Isolation
) -> Workshop:
    """In the process that works: who only hands out tasks, or finds nothing to do, need not import what trains."""
    from tbench.workshop import Means, Workshop

    return Workshop(suite, protocol, Means(device, precision, folder, apart))


def _fine_tunes(metric: Metric, catalogue: Catalogue) -> bool:
    """A metric that cannot be imported does not; its cells will say so."""
    from tbench.properties import Properties

    try:
        return "fine-tuned weights" in Properties.of(metric, catalogue.nodes).touches
    except PluginError:
        return False


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise UsageError(f"--seeds {text!r} is not a comma list of integers") from None


def _announce(
    console: Console,
    suite: Suite,
    protocol: Protocol,
    truth: str,
    metrics: int,
    plan: Plan,
    duration: Callable[[float], str],
) -> None:
    """What is going to be done, and how long it is expected to take."""
    seen = sum(candidate in suite.candidates and dataset in suite.datasets for candidate, dataset in suite.seen)
    less = f" less {seen} (pre-trained on that dataset)" if seen else ""
    console.print(
        f"suite {suite.name}: {len(suite.candidates)} candidates x {len(suite.datasets)} datasets{less}, "
        f"{metrics} metrics, {truth}, seeds {', '.join(map(str, protocol.seeds))}",
        markup=False,
    )
    counts: Counter[str] = Counter()
    for task in plan.tasks:
        counts[task.kind] += len(task.cells)
    estimates = counts["calibration"]
    dear = f"{estimates} calibrations" if estimates else f"{counts['truth']} fine-tuning runs"
    console.print(
        f"to do: {counts['score']} scores and {dear}; {plan.remembered} cells are stored"
        + (f"; about {duration(plan.seconds(protocol))} of CPU time in all" if plan.tasks else ""),
        markup=False,
    )


def _tell_absences(console: Console, plan: Plan, absent: Mapping[str, str]) -> None:
    """What is not on this machine, by what can be done about it, and how many cells that costs.

    The reference set may be in it; only cells that rest on it fail for it.
    """
    if not (absent and plan.tasks):
        return
    lost = sum(key.candidate in absent or key.dataset in absent for task in plan.tasks for key in task.cells)
    cost = f"as many as {lost:,} of {plan.cells:,} cells" if lost else "cells that rest on the reference set"
    for line in (f"not on this machine, so that {cost} will fail:", *(f"  {line}" for line in by_cure(absent))):
        console.print(plain(line), style="yellow", markup=False)


def _conclude(console: Console, summary: Summary, complaints: Sequence[str], took: str) -> None:
    """How it went: every failure with its reason."""
    from tbench.leaderboard.tables import listed

    console.print(
        f"measured {summary.measured}, remembered {summary.remembered}, not applicable {summary.inapplicable}, "
        f"failed {len(summary.failed)}, in {took}",
        markup=False,
    )
    reasons = Counter(record.reason for record in summary.failed)
    for reason, count in reasons.items():
        labels = dict.fromkeys(
            str(record.details.get("label", record.key.spec)) for record in summary.failed if record.reason == reason
        )
        console.print(plain(f"failed: {listed([*labels])} ({count} cells): {reason}"), style="red", markup=False)
    for complaint in complaints:
        console.print(plain(f"note: {complaint}"), style="yellow", markup=False)
