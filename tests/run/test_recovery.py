"""A broken image, and two runs at once: what can be measured is, and in the end it is as if nothing had been."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from tbench.evidence.graph import SHARD
from tbench.results import Key
from tbench_datasets.folder.family import family
from tbench_datasets.pictures import Pictures

from .conftest import CELLS, House, new_house

COUNT = SHARD + 20  # images per class, three fifths of which are for training


def fill(folder: Path) -> Path:
    """Two classes of noise, one darker than the other."""
    random = np.random.default_rng(0)
    for name, brightest in (("dark", 128), ("light", 256)):
        (folder / name).mkdir(parents=True)
        for number, pixels in enumerate(random.integers(0, brightest, (COUNT, 32, 32, 3), dtype=np.uint8)):
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.jpg")
    return folder


def about(house: House, folder: Path) -> None:
    suite = house.folder / "tiny.toml"
    suite.write_text(suite.read_text().replace('datasets = ["mini/digits"]', f'datasets = ["folder/{folder}"]'))


def shards(house: House) -> int:
    return len(list((house.store.parent / "evidence").rglob("*.safetensors")))


def test_an_image_that_breaks_off_costs_what_rests_on_it_until_it_is_mended(house: House, tmp_path: Path) -> None:
    folder = fill(tmp_path / "photos")
    images = family.dataset(str(folder)).split("train", 0).images
    assert isinstance(images, Pictures)
    assert images.stored
    whole = images.stored(int(images.numbers[SHARD + 10]))
    (broken,) = (path for path in folder.rglob("*.jpg") if path.read_bytes() == whole)
    broken.write_bytes(whole[: len(whole) * 3 // 4])  # which shows only when it is decoded
    about(house, folder)
    words = ("--models", "*mix")

    ended = house.run(*words)
    assert (ended.returncode, ended.stderr) == (1, "")
    said = " ".join(ended.stdout.split())
    assert f"{broken.parent.name}/{broken.name} cannot be decoded" in said
    failed = {key.spec for key, (status, _) in house.values().items() if status == "failed"}
    kept = values(house)
    assert len(failed) == 5
    assert {key.spec.partition(":")[0] for key in kept} == {"random"}
    assert shards(house) == 1  # what was extracted before it

    broken.write_bytes(whole)
    assert house.run(*words).returncode == 0
    other = new_house(tmp_path / "other")
    about(other, folder)
    assert other.run(*words).returncode == 0
    assert house.values() == other.values()
    assert kept.items() <= values(house).items()


def values(house: House) -> dict[Key, float | None]:
    return {key: value for key, (status, value) in house.values().items() if status == "ok"}


def test_two_runs_at_once_on_one_store(house: House, undisturbed: House) -> None:
    runs = [
        subprocess.Popen(house.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    ended = [(*run.communicate(timeout=300), run.returncode) for run in runs]
    assert [(stderr, code) for _, stderr, code in ended] == [("", 0)] * 2
    assert house.values() == undisturbed.values()
    assert {path.name for path in house.pages.iterdir()} == {path.name for path in undisturbed.pages.iterdir()}
    again = house.run()
    assert f"measured 0, remembered {CELLS}" in again.stdout
