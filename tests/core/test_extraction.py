"""Features of many images: the same however they are read, in little memory, and not lost when a process is killed."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tbench.api import Network
from tbench.evidence.extraction import forward, reference_forward
from tbench.evidence.graph import SHARD
from tbench.precision import settled
from tbench.prepared import PASS, batch_size, batches

SIDE = 64


class Lazy(Sequence[NDArray[np.uint8]]):
    """Random images made when they are asked for, which are counted as long as anybody holds them."""

    def __init__(self, numbers: range, broken: int | None = None) -> None:
        self.numbers = numbers
        self.broken = broken
        self.alive = self.most = 0

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> Lazy: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Lazy:
        if isinstance(index, slice):
            return Lazy(self.numbers[index], self.broken)
        number = self.numbers[index]
        if number == self.broken:
            raise OSError(f"image {number} is broken")
        image = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(image, self._gone)
        return image

    def _gone(self) -> None:
        self.alive -= 1


def prepare(images: Any) -> Tensor:
    return torch.stack([torch.tensor(image).permute(2, 0, 1) / 255 for image in images])


def network(body: nn.Module | None = None, *, head: bool = True) -> Network:
    torch.manual_seed(0)
    convolutions = nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body or convolutions, nn.Linear(8, 5) if head else None, 8, prepare)


def test_features_do_not_depend_on_how_images_are_read() -> None:
    lazy = Lazy(range(300))
    array = np.stack([lazy[number] for number in range(300)])
    said, expected = (forward(network(), images, "cpu", "float32") for images in (lazy, array))
    with torch.inference_mode():
        whole = network().body(prepare(array))
    assert said["features"] == pytest.approx(expected["features"], abs=1e-7)
    assert said["features"] == pytest.approx(whole.numpy(), abs=1e-6)
    assert said["probabilities"].sum(axis=1) == pytest.approx(np.ones(300), abs=1e-6)
    assert (said["features"].shape, said["probabilities"].shape) == ((300, 8), (300, 5))
    assert forward(network(head=False), lazy, "cpu", "float32").keys() == {"features"}
    assert reference_forward(network(), lazy, "cpu", "float32").keys() == {"features"}


@pytest.mark.parametrize("count", [30, 300, 3000])
def test_memory_stays_flat_as_images_grow_in_number(count: int) -> None:
    lazy = Lazy(range(count))
    held = [len(batch) for batch in batches(lazy, prepare, "cpu")]
    assert sum(held) == count
    assert lazy.most <= 2 * torch.get_num_threads()  # those being read, and those before them on their way out
    assert max(held) * prepare(lazy[:1]).nbytes <= PASS


def test_batches_come_in_order_however_many_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = torch.cat([*batches(Lazy(range(300)), prepare, "cpu")])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    assert torch.equal(torch.cat([*batches(Lazy(range(300)), prepare, "cpu")]), expected)
    assert torch.equal(expected, prepare(Lazy(range(300))))


def test_batches_are_sized_to_memory() -> None:
    assert batch_size(3 * 224 * 224 * 4, "cpu") == PASS // (3 * 224 * 224 * 4)
    assert batch_size(PASS * 2, "cpu") == 1
    assert batch_size(1, "cpu") == 250


def test_an_image_that_cannot_be_read_is_told_where_it_is_asked_for() -> None:
    with pytest.raises(OSError, match="image 270 is broken"):
        forward(network(), Lazy(range(300), broken=270), "cpu", "float32")


def test_a_batch_without_room_goes_through_in_parts() -> None:
    class Small(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            if len(images) > 70:
                raise torch.OutOfMemoryError("no room")
            return images.mean(dim=(2, 3))

    class Full(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("no room at all")

    lazy = Lazy(range(300))
    said = forward(network(Small(), head=False), lazy, "cpu", "float32")["features"]
    assert said == pytest.approx(np.stack([prepare([image]).mean(dim=(0, 2, 3)).numpy() for image in lazy]), abs=1e-5)
    with pytest.raises(torch.OutOfMemoryError, match="at all"):
        forward(network(Full(), head=False), lazy, "cpu", "float32")


def test_bfloat16_is_near_and_not_the_same() -> None:
    exact, near = (forward(network(), Lazy(range(20)), "cpu", precision) for precision in ("float32", "bfloat16"))
    assert near["features"].dtype == near["probabilities"].dtype == np.float32
    assert near["features"] == pytest.approx(exact["features"], rel=2e-2, abs=1e-3)
    assert not np.array_equal(near["features"], exact["features"])


def test_precision_is_what_was_asked_for() -> None:
    assert settled("float32", "cpu") == "float32"
    assert settled("bfloat16", "cpu") == "bfloat16"
    assert settled("auto", "cpu") in ("float32", "bfloat16")


@pytest.mark.parametrize("several", [False, True])
def test_a_network_may_say_several_things_at_once(several: bool) -> None:
    class Both(nn.Module):
        def forward(self, images: Tensor) -> dict[str, Tensor]:
            features = images.mean(dim=(2, 3)).repeat(1, 3)[:, :8]
            return {"features": features} | ({"features@early": images.amax(dim=(2, 3))} if several else {})

    said = forward(network(Both()), Lazy(range(10)), "cpu", "float32")
    assert said["features"].shape == (10, 8)
    assert ("features@early" in said) == several
    assert ("features@early" in reference_forward(network(Both()), Lazy(range(10)), "cpu", "float32")) == several


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from tbench.evidence.extraction import forward
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tests.core.test_extraction import Lazy, network, prepare

deadly, read = int(sys.argv[2]), 0

def counted(images):
    global read
    read += len(images)
    if read > deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return prepare(images)

roots = {
    "network": Root(lambda: replace(network(), prepare=counted), "network"),
    "images": Root.of(Lazy(range(1300)), "images"),
    "device": Root.of("cpu", "cpu"),
    "precision": Root.of("float32", "float32"),
}
evidence = Evidence(roots, {"forward": forward}, Shelf(Path(sys.argv[1])))
print(read, len(evidence["forward"]["features"]), float(evidence["forward"]["features"].sum()), read)
"""


def test_a_killed_extraction_goes_on_after_its_last_shard(tmp_path: Path) -> None:
    def extract(folder: str, deadly: int) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", KILLED, str(tmp_path / folder), str(deadly)]
        return subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    killed = extract("one", 2 * SHARD + 100)
    assert killed.returncode == -9, killed.stderr
    _, count, total, read = extract("one", 5000).stdout.split()
    _, all_of_them, same, everything = extract("two", 5000).stdout.split()
    assert (count, total) == (all_of_them, same) == ("1300", same)
    assert int(everything) == 1300 + 3  # each shard also prepares one image to see how large it is
    assert int(read) == 1300 - 2 * SHARD + 1
