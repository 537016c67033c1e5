"""How sure the means of a pool are: each row with its interval, its parts, p, class and coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tbench.leaderboard.conclusions import conclusions, probability
from tbench.leaderboard.hierarchy import hierarchy
from tbench.leaderboard.lineup import Lineup
from tbench.leaderboard.metrics import HEADINGS
from tbench.leaderboard.standing import (
    LEAST_CANDIDATES,
    LEAST_DRAWS,
    Standing,
    Standings,
    find_standings,
    too_large,
)
from tbench.leaderboard.tables import NOTHING, Section, Table, by_columns, marked, tau

TITLE = "How sure that is"
FEW_CANDIDATES = 8  # fewer have less than 70 halves


def certainty_section(lineup: Lineup, standings: Standings | None = None) -> Section:
    """Of a pool of any size; too large a one goes without. standings: where they are known already."""
    if too_large(lineup):
        words = f"Left out: even {LEAST_DRAWS:,} draws of a pool of this size would take too long."
        return Section("certainty", TITLE, (words,), ())
    standings = standings or find_standings(lineup)
    if standings is None:
        return Section("certainty", TITLE, ("No row orders anything yet.",), (), ())
    return section_of(lineup, standings, TITLE)


def section_of(lineup: Lineup, standings: Standings, title: str) -> Section:
    """Metrics and floors down; interval, parts of the scatter, p, share of the ceiling, class and coverage."""
    columns = _columns(standings)
    tables = tuple(
        (heading, _table(columns, rows))
        for kind, heading in HEADINGS
        if (rows := [row for row in standings.rows if row.entry.kind == kind])
    )
    before = (_legend(standings), _missing(lineup, standings))
    return Section("certainty", title, before, tables, (*conclusions(standings), *hierarchy(lineup, standings)))


Column = tuple[str, Callable[[Standing], str]]


def _columns(standings: Standings) -> list[Column]:
    """Parts that no row has are left out; which, and why, is said above the table."""
    rows = standings.rows
    parts: list[Column] = []
    if _repeated(standings):
        parts = [("seeds", lambda row: tau(row.seeds)), ("repeats", lambda row: tau(row.repeats))]
    ceiling: list[Column] = [("of ceiling", _share)] if any(row.share is not None for row in rows) else []
    return [
        ("row", lambda row: row.entry.label),
        ("mean τ_w", _mean),
        ("95 % interval", lambda row: span(row.low, row.high)),
        ("models", lambda row: tau(row.models)),
        *parts,
        ("without any one", lambda row: span(row.least, row.most)),
        ("p", lambda row: probability(row.p)),
        *ceiling,
        ("class", lambda row: NOTHING if row.group is None else str(row.group)),
        ("candidates", lambda row: row.entry.ranked),
    ]


def _repeated(standings: Standings) -> bool:
    return any(row.seeds is not None or row.repeats is not None for row in standings.rows)


def _table(columns: Sequence[Column], rows: Sequence[Standing]) -> Table:
    header = tuple(head for head, _ in columns)
    cells = by_columns(*([cell(row) for row in rows] for _, cell in columns))
    return Table(header, cells, "l" + "r" * (len(header) - 1))


def _mean(row: Standing) -> str:
    return marked(tau(row.mean), partial=row.mean is not None and not row.entry.whole, saturated=row.entry.saturated)


def _share(row: Standing) -> str:
    return NOTHING if row.share is None else f"{100 * row.share:z.0f} %"


def span(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{low:z.2f} to {high:z.2f}"


def _legend(standings: Standings) -> str:
    how = "all there are" if standings.exact else f"{standings.shuffles:,} at random"
    draws = f"{standings.draws:,} draws of each kind, or as many as there are"
    noise = "each candidate brings noise of its truth along"
    said = (
        [
            "Models, seeds, repeats: the sd of the mean when other candidates are drawn (halves of the pool, none "
            "twice), other seeds of the truth (which may redraw training images), other repeats of the scores "
            f"({draws}); the interval holds all three, so that it is rather too wide: {noise}."
        ]
        if _repeated(standings)
        else [
            "Models: the sd of the mean when other candidates are drawn (halves of the pool, none twice; "
            f"{standings.draws:,} draws, or as many as there are). The interval holds that alone; {noise}."
        ]
    )
    said.append(
        "Without any one: the means when one candidate is left out. p: how often shuffled candidates, in the same "
        f"order on all datasets ({how}), agree as well; the random orders of the section above are drawn for each "
        "dataset on its own, which asks for less where datasets rank alike."
    )
    if any(row.share is not None for row in standings.rows):
        said.append(
            "Of ceiling: the share of what one half of the seeds tells of the other, both on the same held-out seeds; "
            "it may pass 100 %."
        )
    said.append(
        "Class: metrics that cannot be told from the first of their class (95 %, Holm over all pairs); only of "
        "metrics that miss nothing."
    )
    return " ".join(said)


def _missing(lineup: Lineup, standings: Standings) -> str:
    """What is not shown, and why."""
    rows, candidates = standings.rows, len(lineup.candidates)
    said = []
    if candidates < LEAST_CANDIDATES:
        said.append(f"No intervals and classes: they take {LEAST_CANDIDATES} candidates.")
    elif candidates < FEW_CANDIDATES:
        said.append(
            f"Halves of {candidates} candidates tell little: an interval without width says that they all agree, not "
            "that the mean is certain, and classes are finer than they should be."
        )
    if all(row.share is None for row in rows):
        said.append("No seeds and share of the ceiling: they take the truths of two seeds.")
    if all(row.repeats is None for row in rows):
        said.append("No repeats: they take scores of two seeds.")
    if lineup.datasets < 2:
        said.append("Nothing across datasets: there is but one that ranks candidates.")
    if undefined := [row.entry.label for row in rows if row.mean is None]:
        said.append(f"Without an order, so without a number: {', '.join(undefined)}.")
    return " ".join([*said, lineup.unseen])
