"""Suite ped itself, on trees in the true format of its datasets and checkpoints in the true layout of its networks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from scipy.stats import weightedtau
from torchvision import models
from torchvision_trees import WRITERS

from tbench.cli import main
from tbench.published.facts import load
from tbench.stock import Stock
from tbench.store import Store
from tbench.suite import load_suite
from tbench_models.ssl.manifest import read_manifest

PED = Path(__file__).parents[2] / "benchmark" / "tbench" / "suites" / "ped.toml"
MODELS = ("deepcluster-v2", "sela-v2", "swav")
IMAGES = {"dtd": 18, "voc2007": 10}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random networks, and a few random images."""
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    (tmp_path / "ssl").mkdir()
    for seed, name in enumerate(MODELS):
        torch.manual_seed(seed)
        trunk = models.resnet50(weights=None).state_dict()
        tensors = {f"module.{key}": tensor for key, tensor in trunk.items() if not key.startswith("fc.")}
        torch.save(tensors, tmp_path / "ssl" / read_manifest()[name].file)
    for name in IMAGES:
        WRITERS[name](tmp_path)
    return tmp_path


def test_cells_of_ped_are_scored_on_all_parts_and_the_first_label(data: Path) -> None:
    words = ["run", "--suite", str(PED), "--metrics", "nearest-mean,linear-probe", "--executor", "here"]
    words += ["--models", ",".join(f"ssl/{name}" for name in MODELS)]
    words += ["--datasets", ",".join(f"torchvision/{name}" for name in IMAGES)]
    words += ["--store", str(data / "store.sqlite"), "--out", str(data / "boards")]
    done = CliRunner(env={"COLUMNS": "160"}).invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "published truth of ped" in done.output
    assert "not on this machine, so that cells that rest on the reference set will fail:" in done.output
    assert done.output.count("torchvision/cifar100 is not there") == 1

    with Store(data / "store.sqlite") as store:
        records = store.latest("ped")
    assert {record.status for record in records} == {"ok"}  # of several labels, neither metric could say anything
    folder = data / "boards" / "ped" / "run"
    with (folder / "agreement.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"].removeprefix("torchvision/") in IMAGES]
    scores = {(record.details["label"], record.key.dataset, record.key.candidate): record.value for record in records}
    published = load("ped")
    (pool,) = published.pools
    assert len(rows) == 4
    for row in rows:
        dataset, metric = row["dataset"].removeprefix("torchvision/"), row["metric"]
        ours = [scores[metric, row["dataset"], f"ssl/{name}"] for name in MODELS]
        theirs = [float(published.truth[pool, dataset][name]) for name in MODELS]
        wanted = weightedtau(ours, theirs).statistic
        assert row["tau_w"] == "" if len(set(ours)) == 1 else float(row["tau_w"]) == pytest.approx(wanted, abs=1e-12)
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert "training, validation and test images together; of several labels of an image the first" in page


def test_evidence_holds_every_image_of_the_parts(data: Path) -> None:
    stock = Stock(load_suite(str(PED)).probe)
    for name, images in IMAGES.items():
        roots = stock.roots("ssl/swav", f"torchvision/{name}", 0)
        labels = roots["labels"].load()
        assert labels.shape == (images,)
        assert len(roots["images"].load()) == images
    assert labels.tolist() == [number % 20 for number in range(1, 11)]  # the only object that is not difficult
