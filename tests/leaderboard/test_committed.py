"""The pages of mini are whole: their tables follow from scores and truths beside them, and the README quotes them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest

from tbench.statistics import agreement

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "leaderboards" / "mini"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(FOLDER / f"{name}.csv") for name in ("scores", "truth", "agreement")}


def test_every_tau_follows_from_scores_and_truths(tables: dict[str, pd.DataFrame]) -> None:
    chosen = tables["truth"].query("chosen == 1")
    truth = chosen.groupby(["dataset", "candidate"])["test"].mean()
    scores = tables["scores"].query("status == 'ok'")
    told = tables["agreement"].query("pool == 'all candidates'")
    assert len(told) == told["dataset"].nunique() * told["metric"].nunique() > 0
    for row in told.itertuples():
        ours = scores[(scores["dataset"] == row.dataset) & (scores["metric"] == row.metric)]
        taus = []
        for _, of_seed in ours.groupby("seed"):
            names = of_seed["candidate"]
            taus.append(agreement(of_seed["score"], [truth[row.dataset, name] for name in names]).tau_w)
        assert len(taus) == row.seeds
        defined = [tau for tau in taus if tau is not None]
        assert row.tau_w == pytest.approx(fmean(defined) if defined else math.nan, abs=1e-12, nan_ok=True)


def test_the_chosen_run_is_the_best_by_validation(tables: dict[str, pd.DataFrame]) -> None:
    for _, sweep in tables["truth"].groupby(["dataset", "candidate", "seed"]):
        assert sweep["chosen"].sum() == 1
        assert sweep["validation"].max() == sweep.query("chosen == 1")["validation"].item()


def test_page_and_readme_quote_the_tables(tables: dict[str, pd.DataFrame]) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    if "protocol full" not in page:
        pytest.skip("`make run` has put the page of its own protocol here; the README quotes the committed one")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = tables["agreement"].query("pool == 'all candidates'")
    found = {metric: rows["tau_w"].mean() for metric, rows in told.groupby("metric")}
    means = {metric: f"{mean:.3f}" for metric, mean in found.items() if not math.isnan(mean)}
    assert found.keys() - means.keys() == {"constant"}
    for metric, mean in means.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {metric} "))
        assert mean in line
    quoted = re.findall(r"^\| ([\w+:=-]+) \| (-?\d\.\d{3})", readme, re.MULTILINE)
    assert len(quoted) >= 5
    assert dict(quoted).items() <= means.items()


MEASURED = sorted(scores.with_name("index.html") for scores in ROOT.glob("leaderboards/*/scores.csv"))


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.parent.name)
def test_the_page_in_html_tells_the_same_means_as_that_in_markdown(page: Path) -> None:
    """Otherwise one of them is stale: `tbench publish --suite all` writes both."""
    section = page.with_name("README.md").read_text(encoding="utf-8").partition("## How well each metric ranks")[2]
    table = [line.split("|")[1:-1] for line in section.partition("## ")[0].splitlines() if line.startswith("| ")]
    heads = [line for line in table if line[0].strip() == "metric"]
    means = {
        line[0].strip(): line[heads[0].index(next(head for head in heads[0] if head.strip() == "mean"))].strip(" *")
        for line in table
        if line not in heads
    }
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))
    words = " ".join(text.split())
    assert len(means) > 20
    for label, mean in means.items():
        assert label in words, label
        assert mean in words, (label, mean)
