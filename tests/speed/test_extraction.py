"""What features of a folder of JPEGs cost, beside the loop that papers' scripts have.

    pytest tests/speed/test_extraction.py --benchmark-enable -s      # some 20 minutes

One thread each. CPU seconds decide; wall seconds are printed beside them. Without --benchmark-enable the folder holds a
handful of images, and only what is said of them is checked.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

from tbench.evidence.extraction import forward
from tbench.precision import settled
from tbench.stock import Stock
from tbench.stopwatch import once, one_thread

COUNT, FEW = 2000, 10
BATCH = 64  # of the plain loop
RATIO = 2.0  # what is asked for
SIZE = (500, 375)
NETWORKS = ("timm/resnet18.random-0", "timm/mobilenetv3_large_100.random-0", "timm/resnet50.random-0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, enabled: bool) -> Path:
    """Photographs: crops of the two that come with scikit-learn, in the two classes that those make."""
    draws, photos = np.random.default_rng(0), load_sample_images().images
    path: Path = tmp_path_factory.mktemp("photos")
    for number in range(COUNT if enabled else FEW):
        write(path / f"train/{number % 2}/{number:05}.jpg", photos[number % 2], draws)
    for part in ("val", "test"):
        for number in range(2):
            write(path / f"{part}/{number}/0.jpg", photos[number], draws)
    return path


def write(path: Path, photo: NDArray[np.uint8], draws: np.random.Generator) -> None:
    top, left = (int(draws.integers(photo.shape[axis] - SIZE[1 - axis] + 1)) for axis in (0, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo[top : top + SIZE[1], left : left + SIZE[0]]).save(path, quality=90)


def plain(name: str, folder: Path) -> NDArray[np.float32]:
    """Batches through an eval-mode network, one after the other, as the extraction scripts of the field have it."""
    network = Stock().candidate(name).load()
    body = network.body.eval().to(memory_format=torch.contiguous_format)
    transform = network.prepare.transform
    features = []
    with torch.no_grad():
        for images, _ in DataLoader(ImageFolder(str(folder / "train"), transform), batch_size=BATCH):
            features.append(body(images).numpy())
    return np.concatenate(features)


@pytest.mark.parametrize("name", NETWORKS)
def test_extraction_beside_the_plain_loop(name: str, folder: Path, enabled: bool) -> None:
    stock = Stock()
    images = stock.split(f"folder/{folder}", "train", 0).images
    with one_thread():
        expected, loop = once(lambda: plain(name, folder))
        for precision in dict.fromkeys(("float32", settled("auto", "cpu"))):
            network = stock.candidate(name).load()
            said, ours = once(lambda network=network, precision=precision: forward(network, images, "cpu", precision))
            error = np.linalg.norm(said["features"] - expected) / np.linalg.norm(expected)
            assert error < (1e-4 if precision == "float32" else 5e-2)
            ratio = loop.cpu_seconds / ours.cpu_seconds
            print(
                f"\n{name}, {len(expected)} JPEGs, {precision}: {ratio:.2f} x in CPU time "
                f"({loop.cpu_seconds:.0f} s and {ours.cpu_seconds:.0f} s), {loop.seconds / ours.seconds:.2f} x in wall "
                f"time ({loop.seconds:.0f} s and {ours.seconds:.0f} s); relative difference {error:.1e}"
            )
    assert not enabled or settled("auto", "cpu") == "float32" or ratio >= RATIO


PEAK = """
import sys
from pathlib import Path
from tbench.evidence.extraction import forward
from tbench.stock import Stock
from tbench.stopwatch import one_thread
stock = Stock()
images = stock.split(f"folder/{sys.argv[1]}", "train", 0).images[: int(sys.argv[2])]
network = stock.candidate("timm/resnet18.random-0").load()
with one_thread():
    said = forward(network, images, "cpu", "float32")["features"]
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(said), said.nbytes, int(peak.split()[1]) * 1024)
"""


def test_memory_is_that_of_ten_times_fewer_images(folder: Path, enabled: bool) -> None:
    peaks = []
    for count in (COUNT // 10, COUNT) if enabled else (FEW // 10, FEW):
        words = [sys.executable, "-c", PEAK, str(folder), str(count)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found, features, peak = map(int, done.stdout.split())
        assert found == count
        peaks.append(peak - features)
        print(f"\n{count} JPEGs: peak of the process {peak / 2**20:.0f} MiB, of that features {features / 2**20:.1f}")
    assert not enabled or peaks[1] < 1.1 * peaks[0]
