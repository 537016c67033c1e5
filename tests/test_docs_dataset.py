"""The guide to datasets does what it says: its suite runs on a folder, its family is installed and runs."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PAGE = Path(__file__).parent.parent / "docs/add-a-dataset.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that the page tells its reader to write, installed as the page says, offline."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "stripes.py").write_text(blocks("python")[0])
    (source / "pyproject.toml").write_text(blocks("toml")[1])
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    offline = ["--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir", "--target"]
    subprocess.run([*pip, *offline, target, source], check=True)
    return target


def tbench(installed: Path, here: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), *sys.path])}
    command = [sys.executable, "-m", "tbench", *words]
    return subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True, check=True).stdout


def test_the_family_of_the_guide_is_listed(installed: Path, tmp_path: Path) -> None:
    listed = tbench(installed, tmp_path, "list", "datasets")
    assert re.search(
        r"^stripes +stripes-dataset 1\.0 +stripes/<directions>: waves in 2 to 12 directions\.", listed, re.M
    )


def test_the_suite_of_the_guide_runs_on_a_folder_and_on_the_family_of_the_guide(
    installed: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    for number in range(90):
        folder = tmp_path / "photos" / "abc"[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        noise = random.integers(0, 80 + 80 * (number % 3), (20, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    suite = blocks("toml")[0].replace('"folder/photos#40"', '"folder/photos#40", "stripes/4"')
    (tmp_path / "photos.toml").write_text(suite)
    (words,) = re.findall(r"^tbench (run .*)$", blocks("sh")[1], re.MULTILINE)
    tbench(installed, tmp_path, *words.split(), "--executor", "here")

    with (tmp_path / "leaderboards/photos/scores.csv").open() as file:
        scores = list(csv.DictReader(file))
    assert {row["dataset"] for row in scores} == {"folder/photos", "folder/photos#40", "stripes/4"}
    assert {row["status"] for row in scores} == {"ok", "inapplicable"}
    with (tmp_path / "leaderboards/photos/truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    assert len(truth) == 9
    assert all(row["status"] == "ok" and row["measure"] == "accuracy" for row in truth)
