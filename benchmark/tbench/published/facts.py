"""The published numbers of one suite, read from its TOML card and the CSV files beside it."""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable

from tbench.errors import UsageError

Column = Mapping[str, str]  # candidate -> number as published, digit by digit

PROPERTIES = "transrate-properties"
UNITS = {"percent": 100.0, "fraction": 1.0}  # the last word of a measure


@dataclass(frozen=True)
class Printed:
    """One cell of a published table. statistic: pearson, tau, tau_w, or one that only that paper has."""

    pool: str
    table: str
    dataset: str
    metric: str
    statistic: str
    value: str
    source: str


@dataclass(frozen=True)
class Time:
    """Seconds of one method; speedup: how many times faster than fine-tuning, as printed, or nothing."""

    setting: str
    method: str
    seconds: str
    speedup: str
    source: str


@dataclass(frozen=True)
class Term:
    """One coefficient of a published equation."""

    network: str
    term: str
    value: str
    source: str


@dataclass(frozen=True)
class Factors:
    """What an equation explains the transferability of one dataset with; restored: where the print is mixed up."""

    dataset: str
    gap: str
    variance: str
    amount: str
    transferability: str
    gap_restored: str
    variance_restored: str
    source: str


@dataclass(frozen=True)
class Explanation:
    """Of printed cells that do not follow from the numbers beside them; empty metrics or datasets are all of them.

    truth_of: the dataset whose truth the cells may have been computed with. decimals: how coarse the scores may have
    been. why: what is wrong with the numbers. The first two are tried, never believed.
    """

    why: str = ""
    truth_of: str = ""
    decimals: int | None = None
    metrics: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()

    def covers(self, cell: Printed) -> bool:
        return (not self.metrics or cell.metric in self.metrics) and (
            not self.datasets or cell.dataset in self.datasets
        )


@dataclass(frozen=True)
class Published:
    """One suite. truth: by pool and dataset; scores: by pool, dataset and metric; both larger-is-better.

    weights: which variable ranks the weights of the weighted tau: "both" (the mean of both ways, SciPy's default) or
    "truth". mixtures: metric -> the min-max-scaled metrics that it is the weighted sum of. networks: candidates
    that go by another name in the list of networks. measures: of the truth, by pool and dataset. unavailable: why it
    cannot be run anew, where that is so.
    """

    name: str
    title: str
    reference: str
    ranked: str
    weights: str
    unavailable: str
    commits: Mapping[str, str]
    remarks: tuple[str, ...]
    explanations: tuple[Explanation, ...]
    mixtures: Mapping[str, Mapping[str, float]]
    networks: Mapping[str, str]
    truth: Mapping[tuple[str, str], Column]
    measures: Mapping[tuple[str, str], str]
    scores: Mapping[tuple[str, str, str], Column]
    printed: tuple[Printed, ...]
    times: tuple[Time, ...]
    terms: tuple[Term, ...]
    factors: tuple[Factors, ...]

    @property
    def pools(self) -> list[str]:
        return list(dict.fromkeys(pool for pool, _ in self.truth))

    def datasets(self, pool: str) -> list[str]:
        return [dataset for of, dataset in self.truth if of == pool]

    def metrics(self, pool: str) -> list[str]:
        """Those with public scores of this pool's candidates, mixtures last."""
        found = dict.fromkeys(metric for of, _, metric in self.scores if of == pool)
        mixed = [metric for metric, parts in self.mixtures.items() if found and parts.keys() <= found.keys()]
        return [*found, *mixed]

    def candidates(self, pool: str) -> list[str]:
        """That have a truth on any dataset."""
        return list(dict.fromkeys(name for (of, _), column in self.truth.items() if of == pool for name in column))

    def network(self, candidate: str) -> tuple[str, bool]:
        """Its name in the list of networks, and whether that list's weights are its own.

        architecture@source has other weights on other sources.
        """
        architecture, _, source = candidate.partition("@")
        return self.networks.get(architecture, architecture), source.lower() in ("", "imagenet")

    def unit(self, pool: str) -> float | None:
        """By which truths are divided to be shares of what could be right; None where one of the pool is no share."""
        found = {UNITS.get(self.measures[pool, dataset].rpartition(" ")[2]) for dataset in self.datasets(pool)}
        return found.pop() if len(found) == 1 else None

    def shares(self, pool: str) -> dict[str, dict[str, float]]:
        """Dataset -> candidate -> truth in [0, 1]. UsageError for a pool whose truth is no share of anything."""
        found = {}
        for dataset in self.datasets(pool):
            measure = self.measures[pool, dataset]
            if (unit := measure.rpartition(" ")[2]) not in UNITS:
                raise UsageError(f"the truth of {self.name} on {dataset} is a {measure}, and no share of right answers")
            found[dataset] = {name: float(value) / UNITS[unit] for name, value in self.truth[pool, dataset].items()}
        return found


@dataclass(frozen=True)
class Network:
    """What is known of a network before anything is computed. top1: ImageNet accuracy in percent.

    gmacs: billions of multiply-accumulates for one image, where its source tells them. All three are of that source.
    """

    network: str
    top1: float
    parameters: float
    gmacs: float | None
    source: str


@dataclass(frozen=True)
class Claims:
    """One row of TransRate's property table. metrics: specs of tbench that stand for the measure, the first one fully.

    cells: column -> o (it has the property) or x.
    """

    measure: str
    metrics: tuple[str, ...]
    cells: Mapping[str, str]
    source: str


@dataclass(frozen=True)
class Disagreement:
    """Why a cell that follows from what a metric needs is not the printed one.

    cause: print (by its definition, the measure is otherwise) or form (tbench's metric is another form of it).
    """

    metric: str
    column: str
    cause: str
    why: str


def names() -> list[str]:
    """Of all published suites."""
    return sorted(folder.name for folder in _home().iterdir() if folder.joinpath("card.toml").is_file())


def load(name: str) -> Published:
    """A published suite by name. UsageError for a name that is none."""
    if name not in (known := names()):
        close = get_close_matches(name, known, n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
        raise UsageError(f"no published suite {name!r}; {hint}")
    folder = _home().joinpath(name)
    card = tomllib.loads(folder.joinpath("card.toml").read_text(encoding="utf-8"))
    truth: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    measures: dict[tuple[str, str], str] = {}
    for row in _rows(folder, "truth"):
        truth[row["pool"], row["dataset"]][row["candidate"]] = row["value"]
        measures[row["pool"], row["dataset"]] = row["measure"].replace("_", " ")
    scores: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for row in _rows(folder, "scores"):
        scores[row["pool"], row["dataset"], row["metric"]][row["candidate"]] = row["value"]
    return Published(
        name=name,
        title=card["title"],
        reference=card["reference"],
        ranked=card["ranked"],
        weights=card.get("weights", "both"),
        unavailable=card.get("unavailable", ""),
        commits=card["commits"],
        remarks=tuple(card["remarks"]),
        explanations=tuple(_explanation(table) for table in card.get("explanations", [])),
        mixtures=card.get("mixtures", {}),
        networks=card.get("networks", {}),
        truth=dict(truth),
        measures=measures,
        scores=dict(scores),
        printed=tuple(Printed(**row) for row in _rows(folder, "printed")),
        times=tuple(Time(**row) for row in _rows(folder, "times")),
        terms=tuple(Term(**row) for row in _rows(folder, "equations")),
        factors=tuple(Factors(**row) for row in _rows(folder, "factors")),
    )


def networks() -> dict[str, Network]:
    """Parameters, operations and ImageNet top-1 of the networks that published suites rank, by name."""
    return {row["network"]: _network(row) for row in _rows(_home(), "imagenet")}


def claims() -> list[Claims]:
    """TransRate's property table, as printed."""
    return [
        Claims(row.pop("measure"), tuple(row.pop("metrics").split()), source=row.pop("source"), cells=row)
        for row in _rows(_home().joinpath(PROPERTIES), "printed")
    ]


def disagreements() -> list[Disagreement]:
    """Why some of its cells do not follow."""
    return [Disagreement(**row) for row in _rows(_home().joinpath(PROPERTIES), "differences")]


def _home() -> Traversable:
    return files("tbench.published")


def _rows(folder: Traversable, table: str) -> list[dict[str, str]]:
    file = folder.joinpath(f"{table}.csv")
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())) if file.is_file() else []


def _network(row: Mapping[str, str]) -> Network:
    gmacs = float(row["gmacs"]) if row["gmacs"] else None
    return Network(row["network"], float(row["top1"]), float(row["parameters"]), gmacs, row["source"])


def _explanation(table: Mapping[str, object]) -> Explanation:
    return Explanation(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})  # type: ignore[arg-type]
