"""What it is worth to follow a metric: points, shares and odds, beside the floors and a random pick."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tbench.leaderboard.board import Board
from tbench.leaderboard.following import MEASURES, PICKS, RANDOM, Scores, Worth, best_of, random_pick, worth_of
from tbench.leaderboard.metrics import HEADINGS, Kind
from tbench.leaderboard.rankings import legend
from tbench.leaderboard.tables import (
    NOTHING,
    PARTIAL,
    Section,
    Table,
    by_columns,
    counted,
    coverage,
    listed,
    marked,
    percent,
    tau,
    with_best,
)

TITLE = "What it is worth to follow it"
NUMBERS = {1: "one candidate", 3: "three"}


def worth_section(board: Board) -> Section:
    """Of what scores before fine-tuning; what takes fine-tuned weights has nothing to save."""
    return following_section(board.worths, board.whole.truth)


def following_section(worths: Sequence[Worth], truth: Mapping[str, Scores]) -> Section:
    """Metrics and floors down; regret, Rel@k, recall, fidelity and coverage. truth: as shares."""
    best = best_of(truth)
    if best is None or not worths:
        return Section("worth", TITLE, ("Nothing can be followed yet: no candidates with scores and truths.",), ())
    chance = worth_of(random_pick(truth), truth)
    blocks = {kind: [one for one in worths if one.scorer.kind == kind] for kind, _ in HEADINGS}
    blocks["floor"].append(chance)
    tables = tuple((title, _table(blocks[kind])) for kind, title in HEADINGS if blocks[kind])
    before = (_legend(), *legend([one.scorer for one in worths]))
    return Section("worth", TITLE, before, tables, (*_words(worths, chance, best), *_tied(worths)))


def _table(worths: Sequence[Worth]) -> Table:
    columns = [[marked(one.scorer.label, partial=not one.whole, saturated=one.scorer.saturated) for one in worths]]
    for measure in MEASURES:
        shown = [_shown(measure, one.means[measure]) for one in worths]
        columns.append(with_best(shown, [_rated(one, measure) for one in worths]))
    columns.append([coverage(one.ranked) for one in worths])
    header = ("row", *(_head(measure) for measure in MEASURES), "candidates")
    return Table(header, by_columns(*columns), "l" + "r" * (len(header) - 1))


def _head(measure: str) -> str:
    return f"{measure} %" if measure.startswith(("Rel", "recall")) else measure


def _shown(measure: str, value: float | None) -> str:
    if value is None:
        return NOTHING
    return tau(value) if measure == "fidelity" else percent(value)


def _rated(worth: Worth, measure: str) -> float | None:
    """Larger is better; None for what takes no part in best."""
    value = worth.means[measure]
    if value is None or not worth.whole or worth.scorer.kind != "metric":
        return None
    return -value if measure.startswith("regret") else value


def _legend() -> str:
    return (
        "To follow a row is to fine-tune only the k candidates with its highest scores, and to keep the best of these. "
        "regret@k: the points of accuracy, or of what else the truth measures, that are lost by that against the best "
        "of all. Rel@k: what is reached, as a share of what the best of all reaches. recall@k: how often the best of "
        "all is among the k. Where scores tie, each choice is as likely, and the expected value is shown. fidelity: "
        "whether a larger lead in score promises a larger gain. It is the correlation (Pearson), over all pairs of "
        "candidates, of the lead of one over the other in score with its lead in truth: 1 if the gain is in "
        "proportion, 0 if the size of the lead tells nothing. All are means over seeds and datasets, against truths "
        f"averaged over seeds; {PARTIAL} among those candidates only that it ranks."
    )


def _words(worths: Sequence[Worth], chance: Worth, best: float) -> list[str]:
    """What the best metric, the best floor and a random pick cost. Nothing where no metric scores all candidates."""
    metrics, floors = _rivals(worths, "metric"), _rivals(worths, "floor")
    if not metrics:
        return []
    said = [f"Always fine-tuning the best of all reaches {percent(best)} % in the mean over the datasets."]
    for k, measure in zip(PICKS, MEASURES, strict=False):
        regret = chance.means[measure]
        if regret is None:
            continue
        costs = [f"{_least(metrics, measure)} points by the best metric, {_names(metrics, measure)}"]
        if floors:
            costs.append(f"{_least(floors, measure)} by the best floor, {_names(floors, measure)}")
        said.append(f"Fine-tuning {NUMBERS[k]} costs {'; '.join((*costs, f'{percent(regret)} by {RANDOM}'))}.")
    if floors:
        least = min(_rounded(one, MEASURES[0]) for one in floors)
        fewer = sum(_rounded(one, MEASURES[0]) < least for one in metrics)
        said.append(
            f"Where one is fine-tuned, {fewer} of {counted(len(metrics), 'metric')} that miss nothing cost less than "
            "the best floor."
        )
    return [*said, "Best rows are found in hindsight, on these very candidates: on others expect to lose more."]


def _rivals(worths: Sequence[Worth], kind: Kind) -> list[Worth]:
    """Those of a kind that miss nothing."""
    return [one for one in worths if one.scorer.kind == kind and one.whole and one.means[MEASURES[0]] is not None]


def _rounded(worth: Worth, measure: str) -> float:
    """As far as it is shown."""
    value = worth.means[measure]
    return math.inf if value is None else round(value, 3)


def _least(worths: Sequence[Worth], measure: str) -> str:
    return percent(min(_rounded(one, measure) for one in worths))


def _names(worths: Sequence[Worth], measure: str) -> str:
    """Of all that cost the least."""
    least = min(_rounded(one, measure) for one in worths)
    return listed([one.scorer.label for one in worths if _rounded(one, measure) == least])


def _tied(worths: Sequence[Worth]) -> list[str]:
    tied = [one.scorer.label for one in worths if one.tied]
    return [f"All scores equal, so without an order, and worth {RANDOM}: {', '.join(tied)}."] if tied else []
