"""How far another fine-tuning of the same candidates would rank them alike: what a perfect metric could reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tbench.leaderboard.tables import Section, Table, tau
from tbench.published.facts import Published, load, names, networks
from tbench.published.rankings import Board
from tbench.published.rounding import numbers
from tbench.statistics import Mean, agreement, parametric_ceiling

SHARED = 5  # candidates that two truths must share to be compared
POINTS = (0.2, 0.5, 1.0)  # of accuracy
DRAWS = 1000
SEED = 0

Truths = Mapping[str, Mapping[str, float]]  # dataset -> network -> truth


@dataclass(frozen=True)
class Shared:
    """How two truths of so many networks agree on one dataset."""

    dataset: str
    tau: float
    candidates: int


def ceiling_section(published: Published, pools: Sequence[Board]) -> Section:
    """What noise of the truth would do, and other published truths of the same networks."""
    before = ["Not known: these truths were published without any spread over repeated fine-tuning."]
    tables = []
    if rows := [row for board in pools if (row := _if_noisy(published, board))]:
        before.append(
            "Were noise of so many points (sd) all that two runs differ by, the truth itself, measured again, would "
            "reach this mean τ_w and no more."
        )
        header = ("pool", *(f"{points:g} points" for points in POINTS))
        tables.append(("", Table(header, tuple(rows), "l" + "r" * len(POINTS))))
    heads, others = _others(published)
    if others:
        before.append(
            "Others fine-tuned the same networks on the same datasets. The second table says how well their order "
            "agrees with that of this page (τ_w, over the candidates both have). Where they disagree, no score can "
            "match both; one that reaches more here fits this truth better than somebody else's fine-tuning does."
        )
        header = ("other truth", *heads, "mean", "shared")
        tables.append(("", Table(header, tuple(others), "l" + "r" * (len(heads) + 2))))
    return Section("ceiling", "The ceiling", tuple(before), tuple(tables))


def _if_noisy(published: Published, board: Board) -> tuple[str, ...]:
    """The mean over datasets of the tau of the truth with itself, some points off; empty where there are no points."""
    if (unit := published.unit(board.title)) is None:
        return ()
    columns = [numbers(published.truth[truth].values()) for truth in board.truths]
    sds = [points / 100 * unit for points in POINTS]
    means = [Mean.of(parametric_ceiling(column, sd, SEED, DRAWS) for column in columns).value for sd in sds]
    return (board.title, *map(tau, means))


def _others(published: Published) -> tuple[list[str], list[tuple[str, ...]]]:
    """Datasets, and one row for each pool and other truth; truths with the very same numbers share one."""
    found: dict[tuple[str, tuple[Shared, ...]], list[str]] = defaultdict(list)
    own = _truths(published)
    for name in names():
        for pool, truths in _truths(load(name)).items() if name != published.name else ():
            for of, columns in own.items():
                if shared := tuple(_shared(columns, truths)):
                    found[of, shared].append(f"{name}, {pool}")
    heads = list(dict.fromkeys(each.dataset for _, shared in found for each in shared))
    rows = [
        (" = ".join(labels) if len(own) == 1 else f"{' = '.join(labels)} (with {of})", *_cells(shared, heads))
        for (of, shared), labels in found.items()
    ]
    return heads, rows


def _truths(published: Published) -> dict[str, Truths]:
    """By pool: of those candidates whose very weights are known by name."""
    listed = networks()
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for (pool, dataset), column in published.truth.items():
        known = {name: published.network(name) for name in column}
        found[pool][dataset] = {
            network: float(column[name]) for name, (network, own) in known.items() if own and network in listed
        }
    return dict(found)


def _shared(own: Truths, other: Truths) -> Iterator[Shared]:
    """On each dataset of both, unless one has merely taken over the other's numbers."""
    for dataset in (name for name in own if name in other):
        both = sorted(own[dataset].keys() & other[dataset].keys())
        one, two = ([truths[dataset][name] for name in both] for truths in (own, other))
        if len(both) >= SHARED and one != two and (value := agreement(one, two).tau_w) is not None:
            yield Shared(dataset, value, len(both))


def _cells(shared: Sequence[Shared], heads: Sequence[str]) -> Iterator[str]:
    taus = {each.dataset: each.tau for each in shared}
    yield from (tau(taus.get(head)) for head in heads)
    yield tau(Mean.of(taus.values()).value)
    counts = sorted({each.candidates for each in shared})
    yield "–".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
