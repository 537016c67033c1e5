"""The guides do what they say: their examples are executed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tbench.api import VOCABULARY
from tbench.metric import Catalogue
from tbench.spec import needs

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), ROOT / "leaderboards/README.md", *(ROOT / "docs").rglob("*.md")])
# What any metric may ask for: of the target's images, of the candidate itself, and what follows from these.
USUAL = {
    *("features", "labels", "source_probabilities", "reference_features"),
    *("parameter_count", "flops", "source_accuracy"),
    *("groups", "moments", "spectrum", "gram_spectrum", "discriminant", "algebra", "seed"),
}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture(scope="module", params=["docs/add-a-metric.md", "README.md"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that a page tells its reader to write, installed as the page says, offline."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (code,) = blocks(request.param, "python")
    (packaging,) = blocks(request.param, "toml")
    (source / "margin.py").write_text(code)
    (source / "pyproject.toml").write_text(packaging)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    offline = ["--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir", "--target"]
    subprocess.run([*pip, *offline, target, source], check=True)
    return target


def tbench(installed: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "tbench", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_metric_of_the_guide_is_listed_keeps_the_contract_and_scores(installed: Path, tmp_path: Path) -> None:
    (listed,) = [
        entry for entry in json.loads(tbench(installed, "list", "metrics", "--json")) if entry["name"] == "margin"
    ]
    assert listed["description"] == "Distance between class means, in units of the spread within classes."

    assert ", 0 broken" in tbench(installed, "check", "margin")

    labels = np.arange(60) % 3
    features = np.random.default_rng(0).normal(size=(60, 4))
    np.save(tmp_path / "y.npy", labels)
    scores = []
    for distance in (0, 5):
        np.save(tmp_path / "F.npy", features + distance * labels[:, None])
        words = ("margin:power=2", f"features={tmp_path / 'F.npy'}", f"labels={tmp_path / 'y.npy'}")
        scores.append(float(tbench(installed, "score", *words)))
    assert scores[0] < scores[1]


def test_the_example_of_source_aware_metrics_says_what_the_guide_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("docs/source-aware.md", "python")
    exec(compile(code, "docs/source-aware.md", "exec"), {})
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    found = {(name, what): float(value) for name, what, value in said}
    assert len(found) == 8
    for what in ("domain-similarity", "otdd"):
        assert found["far", what] < 3 * found["near", what] < 0
    for what in ("f-otce", "bound"):
        assert found["far", what] == pytest.approx(found["near", what], abs=0.15)


def test_the_guide_of_source_aware_metrics_names_metrics_and_evidence_that_exist() -> None:
    guide = (ROOT / "docs/source-aware.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", guide, re.MULTILINE)
    named, asked = ({name for row in rows for name in re.findall(r"`([a-z0-9_-]+)`", row[i])} for i in (0, 1))
    catalogue = Catalogue.installed()
    assert named <= set(catalogue.metrics.names())
    assert asked - named <= {*VOCABULARY, *catalogue.evidence.names()}
    aware = {name for name in catalogue.metrics.names() if not set(needs(catalogue.metrics.load(name))) <= USUAL}
    assert named == aware


def test_the_readme_names_every_metric_once() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    table = page.partition("## The metrics")[2].partition("##")[0]
    named = re.findall(r"`([a-z0-9-]+)`", "\n".join(line.rpartition(" | ")[2] for line in table.splitlines()))
    metrics = Catalogue.installed().metrics
    assert sorted(named) == sorted(name for name in metrics.names() if metrics.origin(name).startswith("tbench "))


def test_the_guide_names_evidence_that_exists() -> None:
    guide = (ROOT / "docs/add-a-metric.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+)`(?: \(| \(N)", guide)
    assert {"features", "labels", "moments"} <= set(named)
    assert set(named) <= set(VOCABULARY)


def findings() -> list[str]:
    page = (ROOT / "docs" / "what-we-found.md").read_text(encoding="utf-8")
    return [finding.replace("\n  ", " ") for finding in re.findall(r"^\* (.+?)(?=^\* |^## |\Z)", page, re.M | re.S)]


@pytest.mark.parametrize("finding", findings(), ids=lambda finding: finding.partition(".")[0].strip("*"))
def test_what_was_found_stands_on_the_page_that_it_links_to(finding: str) -> None:
    links = re.findall(r"\]\(\.\./([^)#]+)", finding)
    pages = " ".join((ROOT / link).read_text(encoding="utf-8") for link in links)
    if "protocol quick" in pages:
        pytest.skip("`make run` has put the page of its own protocol here; the findings quote the committed one")
    claim, *numbers = re.findall(r"\*\*(.+?)\*\*", finding)
    assert links
    assert claim.endswith(".")
    for number in numbers:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", pages), number


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not page.parent.joinpath(link).exists()]
    assert missing == []
