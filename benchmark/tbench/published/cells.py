"""Printed numbers beside ours, table by table, and what is to be said where the two differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tbench.leaderboard.tables import NOTHING, Section, Table, by_columns, counted, listed
from tbench.published.verdict import STATUSES, Verdict, counts


def cells_section(verdicts: Sequence[Verdict]) -> Section:
    """Every printed number, table by table; how many there are of each status; why what is not exact is not."""
    several = len({verdict.pool for verdict in verdicts}) > 1
    tables = []
    for table, pool in dict.fromkeys((verdict.table, verdict.pool) for verdict in verdicts):
        cells = [verdict for verdict in verdicts if (verdict.table, verdict.pool) == (table, pool)]
        tables.append((f"{table}, {pool}" if several else table, _cells(cells)))
    return Section("replay", "Printed and recomputed", (), tuple(tables), (summary(verdicts), *_reasons(verdicts)))


def _cells(verdicts: Sequence[Verdict]) -> Table:
    columns: dict[str, list[str]] = {
        "dataset": [verdict.dataset for verdict in verdicts],
        "metric": [verdict.metric for verdict in verdicts],
        "statistic": [verdict.statistic for verdict in verdicts],
        "published": [verdict.published for verdict in verdicts],
        "recomputed": [_recomputed(verdict) for verdict in verdicts],
        "status": [verdict.status for verdict in verdicts],
    }
    return Table(tuple(columns), by_columns(*columns.values()), "lllrrl")


def _reasons(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line for each reason, with the numbers that it is about."""
    about: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.why:
            about[verdict.status, verdict.why].append(f"{verdict.metric} {verdict.statistic} on {verdict.dataset}")
    for (status, why), cells in about.items():
        yield f"{status}: {why} ({listed(cells, most=4)})."


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line."""
    if not verdicts:
        return "No printed numbers were taken over: there is nothing to recompute."
    told = ", ".join(f"{count} {status}" for status, count in counts(verdicts).items() if count)
    return f"{counted(len(verdicts), 'printed number')}: {told}."


def replay_section(verdicts: Sequence[Verdict]) -> Section:
    if not verdicts:
        return Section("replay", "Do the printed tables follow?", (summary(verdicts),), ())
    tables = []
    kinds = list(dict.fromkeys(verdict.table for verdict in verdicts))
    found = [counts(verdict for verdict in verdicts if verdict.table == kind) for kind in kinds]
    rows = tuple((kind, *(str(count) for count in each.values())) for kind, each in zip(kinds, found, strict=True))
    tables.append(("", Table(("table", *STATUSES), rows, "l" + "r" * len(STATUSES))))
    if unequal := [verdict for verdict in verdicts if verdict.status not in ("exact", "not computable")]:
        shown = _cells(unequal)
        places = [", ".join(filter(None, (verdict.table, verdict.pool))) for verdict in unequal]
        whole = by_columns(places, *zip(*shown.rows, strict=True), [verdict.why for verdict in unequal])
        tables.append(("Not equal", Table(("table", *shown.header, "why"), whole, f"l{shown.align}l")))
    missing = Counter(verdict.why for verdict in verdicts if verdict.status == "not computable")
    after = [f"Not computable: {', '.join(f'{why} ({count})' for why, count in missing.items())}."] if missing else []
    before = tuple(f"{status[:1].upper()}{status[1:]}: {words}." for status, words in STATUSES.items())
    return Section("replay", "Do the printed tables follow?", (" ".join(before),), tuple(tables), tuple(after))


def _recomputed(verdict: Verdict) -> str:
    """With one digit more than is printed."""
    if verdict.recomputed is None:
        return NOTHING
    digits = len(verdict.published.partition(".")[2])
    return f"{verdict.recomputed:z.{min(digits, 6) + 1}f}"
