"""What others say of metrics, held against the records of a page and reported as found."""

from __future__ import annotations

from statistics import median

from tbench.leaderboard.board import Board
from tbench.leaderboard.claim import BoundClaim, RankingClaim, Term
from tbench.leaderboard.contest import Contest, find_contest
from tbench.leaderboard.pool import DRAWS
from tbench.leaderboard.seconds import cell_of
from tbench.leaderboard.tables import NOTHING, Section, Table, counted, marked, tau
from tbench.leaderboard.truth import Cell

WORST = 10  # cells in which a bound fails, listed one by one

RANKING = (
    *("pool", "targets", "τ_w", "random, 95 %", "p"),
    *("better metrics", "best other", "its τ_w", "beaten on", "floors"),
)

Found = tuple[str, Table | None]  # in one sentence, and in detail


def claims_section(board: Board) -> Section:
    """Each claim with what was found; below, where it holds and where it does not."""
    title, claims = "Claims, tested here", board.frame.claims
    if not claims:
        return Section("claims", title, ("The suite names none.",), ())
    found = [_ranking(claim, board) if isinstance(claim, RankingClaim) else _bound(claim, board) for claim in claims]
    rows = tuple((claim.says, claim.source, words) for claim, (words, _) in zip(claims, found, strict=True))
    details = [(f"“{claim.says}”", table) for claim, (_, table) in zip(claims, found, strict=True) if table]
    about = ["What papers say, tested by rules that were fixed before and reported as found."]
    if any(isinstance(claim, RankingClaim) for claim in claims):
        about.append(
            "A metric ranks a pool well if its mean τ_w over the targets is above the 95 % quantile of that of random "
            f"orders. p: the share of {DRAWS:,} random orders that do as well. Better metrics: of those that rank the "
            "same candidates, floors and published variants aside. Beaten on: the targets on which the best other "
            "does worse. Floors: those that are at least as good."
        )
    if any(isinstance(claim, BoundClaim) for claim in claims):
        about.append("A bound is tested in every cell (candidate × dataset × seed) that has both numbers.")
    tables = (("", Table(("claim", "source", "found"), rows, "lll")), *details)
    return Section("claims", title, tuple(about), tables)


def _ranking(claim: RankingClaim, board: Board) -> Found:
    pools = [pool for pool in board.pools[1:] if pool.title in claim.boards]
    contests = {pool.title: contest for pool in pools if (contest := find_contest([pool], claim.ranks))}
    together = find_contest(pools, claim.ranks)
    if not together:
        return f"not tested: {claim.ranks} orders nothing here", None
    above = sum(contest.beats_chance for contest in contests.values())
    verdict = "holds" if above == len(pools) else "holds in part" if above else "does not hold"
    words = f"{verdict}: clearly above chance in {above} of {counted(len(pools), 'pool')}"
    if untested := len(pools) - len(contests):
        words += f", not tested in {untested}"
    if len(contests) > 1:
        contests["all of them"] = together
        words += f"; over all of them τ_w {tau(together.value)}, p {together.p:.4f}"
    if together.level:
        words += f"; floors at least as good: {', '.join(together.level)}"
    rows = tuple(_row(title, contest) for title, contest in contests.items())
    return words, Table(RANKING, rows, "lrrrrrlrrl")


def _row(title: str, contest: Contest) -> tuple[str, ...]:
    best, value = contest.rivals[0] if contest.rivals else (NOTHING, None)
    return (
        title,
        f"{contest.targets}/{contest.total}",
        marked(tau(contest.value), partial=not contest.whole),
        tau(contest.quantile),
        f"{contest.p:.4f}",
        f"{contest.better}/{len(contest.rivals)}",
        best,
        tau(value),
        f"{contest.beaten}/{contest.targets}" if contest.rivals else NOTHING,
        ", ".join(contest.level) or "none",
    )


def _bound(claim: BoundClaim, board: Board) -> Found:
    upper, lower = _term(claim.above, board), _term(claim.below, board)
    over, under = (f"{metric}'s {term}" for metric, term in (claim.above, claim.below))
    cells = sorted(upper.keys() & lower.keys())
    if not cells:
        return f"not tested: no cell has {over} ({len(upper)} have) and {under} ({len(lower)} have)", None
    short = {cell: lower[cell] - upper[cell] for cell in cells if upper[cell] < lower[cell]}
    held = len(cells) - len(short)
    verdict = "holds in part" if held and short else "holds" if held else "does not hold"
    words = f"{verdict}: in {held:,} of {counted(len(cells), 'cell')}"
    if short:
        words += f"; where it does not, it is short by {max(short.values()):.3f} at most"
    words += f". Medians: {over} {median(upper[cell] for cell in cells):.3f}, "
    words += f"{under} {median(lower[cell] for cell in cells):.3f}"
    if alone := len(upper.keys() ^ lower.keys()):
        words += f". {counted(alone, 'cell')} more had only one of the two"
    if not short:
        return words, None
    worst = sorted(short, key=lambda cell: (-short[cell], cell))
    rows = [
        (
            *(board.names[cell[1]], board.names[cell[0]], str(cell[2])),
            *(f"{value:.3f}" for value in (upper[cell], lower[cell], short[cell])),
        )
        for cell in worst[:WORST]
    ]
    if rest := worst[WORST:]:
        rows.append((f"and {len(rest):,} more", *[""] * 5))
    return words, Table(("candidate", "dataset", "seed", over, under, "short by"), tuple(rows), "llrrrr")


def _term(term: Term, board: Board) -> dict[Cell, float]:
    metric, name = term
    specs = {spec for spec, label in board.labels.items() if label == metric}
    scores = board.sifted.scores
    scores = scores.where(scores.ok & scores.among("spec", specs))
    return {
        cell_of(record): record.details["terms"][name]
        for record in scores
        if name in (record.details.get("terms") or {})
    }
