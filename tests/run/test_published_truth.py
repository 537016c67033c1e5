"""A suite that cites a published truth, from the command line: features alone, held against the numbers of others."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scipy.stats import weightedtau

from tbench.cli import main
from tbench.published import facts
from tbench.store import Store

CANDIDATES = ("resnet-mix", "resnet-glyph", "resnet-rot", "resnet-random")
TRUTH: Mapping[str, tuple[float, ...]] = {
    "digits": (91.5, 93.25, 60.0, 41.0),
    "voc": (33.0, 60.5, 70.0, 48.0),  # by another name than the suite's
}
CARD = """
title = "Made up"
reference = "Nobody: Nothing (2020)"
ranked = "model"
remarks = ["All of it is made up."]
[commits]
"no/body" = "0123"
"""
SUITE = """
title = "tiny"
description = "for tests"
candidates = ["mini/resnet-mix", "mini/resnet-glyph", "mini/resnet-rot", "mini/resnet-random"]
datasets = ["mini/digits", "mini/orient"]
metrics = ["logme", "random"]
floors = ["random"]
reference = "mini/digits"
protocol = "short"
truth = "made"
scored_on = ["train", "val"]
[published]
pool = "four, really"
datasets = {"mini/orient" = "voc"}
[protocols.short]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01]
weight_decays = [0.0]
steps = 2
batch = 8
warmup = 0.0
shift = 0
seeds = [0]
seconds = 0.3
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite file, beside published facts of its own."""
    folder = tmp_path / "facts" / "made"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text(CARD)
    rows = [
        f'"four, really",{dataset},{candidate},{value},accuracy_percent,nowhere'
        for dataset, values in TRUTH.items()
        for candidate, value in zip(CANDIDATES, values, strict=True)
    ]
    (folder / "truth.csv").write_text("\n".join(["pool,dataset,candidate,value,measure,source", *rows]))
    monkeypatch.setattr(facts, "_home", lambda: tmp_path / "facts")
    path = tmp_path / "tiny.toml"
    path.write_text(SUITE)
    return path


def tbench(command: str, suite: Path, *words: str) -> Result:
    told = ["--store", str(suite.with_name("store.sqlite")), "--suite", str(suite)]
    out = [] if command == "show" else ["--out", str(suite.with_name("boards"))]
    return CliRunner(env={"COLUMNS": "160"}).invoke(main, [command, *told, *out, *words], catch_exceptions=False)


def run(suite: Path, *words: str) -> Result:
    return tbench("run", suite, "--metrics", "logme,random", "--executor", "here", *words)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tau_is_that_of_scipy_with_the_published_numbers_and_nothing_is_fine_tuned(suite: Path) -> None:
    done = run(suite)
    assert done.exit_code == 0, done.output
    assert "published truth of made, seeds 0" in done.output
    assert "to do: 16 scores and 0 fine-tuning runs" in done.output
    folder = suite.with_name("boards") / "tiny" / "run"
    assert str(folder / "README.md") in done.output.replace("\n", "")
    scores = {
        (row["metric"], row["dataset"], row["candidate"]): float(row["score"]) for row in table(folder / "scores.csv")
    }
    rows = table(folder / "agreement.csv")
    assert len(rows) == 4
    for row in rows:
        ours = [scores[row["metric"], row["dataset"], f"mini/{name}"] for name in CANDIDATES]
        theirs = TRUTH["voc" if row["dataset"] == "mini/orient" else "digits"]
        assert float(row["tau_w"]) == pytest.approx(weightedtau(ours, theirs).statistic, abs=1e-12)
    page = (folder / "README.md").read_text(encoding="utf-8")
    for words in (
        "training and validation images together",
        "All of it is made up.",
        "no/body at 0123",
        "**93.2**",
        "**Noise ceiling**: not known",
        "by `tbench publish --suite tiny`",
    ):
        assert words in page, words
    with Store(suite.with_name("store.sqlite")) as store:
        records = store.latest("tiny")
    assert {record.key.kind for record in records} == {"score"}
    assert {record.provenance["probe"] for record in records} == {"training and validation images together"}

    again = run(suite)
    assert "16 cells are stored" in again.output
    for command in ("publish", "show"):
        assert tbench(command, suite).exit_code == 0
    assert (folder / "README.md").read_text(encoding="utf-8") == page
    assert "published, not measured here" in tbench("show", suite, "--table", "truth").output


def test_the_truth_is_measured_where_that_is_asked_for(suite: Path) -> None:
    words = ("--models", "mini/resnet-mix,mini/resnet-rot", "--datasets", "mini/digits")
    done = run(suite, "--measure-truth", *words)
    assert done.exit_code == 0, done.output
    assert "protocol short, seeds 0" in done.output
    assert "4 scores and 2 fine-tuning runs" in done.output
    measured = suite.with_name("boards") / "tiny" / "measured"
    assert "protocol short: optimizer sgd" in (measured / "README.md").read_text(encoding="utf-8")
    assert len(table(measured / "truth.csv")) == 2

    named = run(suite, "--protocol", "short", *words)
    assert "6 cells are stored" in named.output

    assert tbench("publish", suite).exit_code == 0
    cited = (measured.with_name("run") / "README.md").read_text(encoding="utf-8")
    assert "fine-tuning, beside a truth that was published" in cited
    assert tbench("publish", suite, "--protocol", "short").exit_code == 0


def test_scores_of_other_images_are_measured_anew(suite: Path) -> None:
    run(suite)
    suite.write_text(SUITE.replace('scored_on = ["train", "val"]\n', ""))
    assert "to do: 16 scores" in run(suite, "--dry-run").output


def test_what_is_missing_is_told_by_what_to_do_about_it(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TBENCH_DATA", str(suite.with_name("nowhere")))
    monkeypatch.setenv("TORCH_HOME", str(suite.with_name("nowhere")))
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    changed = SUITE.replace('"mini/resnet-rot"', '"torchvision/resnet18.IMAGENET1K_V1", "timm/resnet18.a1_in1k"')
    changed = changed.replace('"mini/orient"]', '"torchvision/cars", "torchvision/dtd", "torchvision/pets"]')
    changed = changed.replace('datasets = {"mini/orient" = "voc"}', "")
    suite.write_text(changed)
    lines = run(suite, "--dry-run").output.splitlines()
    # 2 of 5 candidates on all 4 datasets, and 3 datasets for the other 3 candidates, by 2 metrics
    start = lines.index("not on this machine, so that as many as 34 of 40 cells will fail:")
    told = lines[start + 1 :]
    assert told[0] == "  set TBENCH_DOWNLOAD=1 to fetch them:"
    assert "weights of torchvision/resnet18.IMAGENET1K_V1" in told[1]
    assert "weights of timm/resnet18.a1_in1k" in told[2]
    assert told[3].startswith("  torchvision/cars is not there")
    assert told[3].endswith("; its links are dead, so put it there by hand, or name another root as TBENCH_DATA")
    assert told[4] == "  set TBENCH_DOWNLOAD=1 to have torchvision download it, or name another root as TBENCH_DATA:"
    assert [line.split()[0] for line in told[5:]] == ["torchvision/dtd", "torchvision/pets"]


def test_a_run_without_any_weights_or_data_ends_with_an_honest_page(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TBENCH_DATA", str(suite.with_name("nowhere")))
    changed = SUITE.replace('"mini/', '"ssl/').replace('datasets = {"ssl/orient" = "voc"}', "")
    for name, other in zip(CANDIDATES, ("byol", "swav", "moco-v1", "moco-v2"), strict=True):
        changed = changed.replace(f"ssl/{name}", f"ssl/{other}")
    changed = changed.replace('"ssl/digits", "ssl/orient"', '"torchvision/dtd"').replace(
        '"ssl/digits"', '"mini/digits"'
    )
    suite.write_text(changed)
    done = run(suite)
    assert done.exit_code == 1
    assert "failed 8" in done.output
    assert "Traceback" not in done.output
    page = (suite.with_name("boards") / "tiny" / "run" / "README.md").read_text(encoding="utf-8")
    assert "No score at all (the reasons stand below): logme, random." in page


@pytest.mark.parametrize("name", ["transrate-layers", "transrate-sources"])
def test_what_nobody_can_run_points_at_its_replay(name: str) -> None:
    done = CliRunner().invoke(main, ["run", "--suite", name])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"tbench: suite {name} cannot be run: its networks")
    assert line.endswith(f"`tbench replay {name}` recomputes what was published")
