"""What the suite ped would take on 1, 8 and 64 GPUs, its truth measured anew: a simulation, not a measurement.

    python docs/ped_on_gpus.py

The tasks are the fine-tuning of `tbench run --suite ped --measure-truth --seeds 0,1,2`, a grid of 20 points for each
candidate, dataset and seed. They are handed out as executors do: in the order of the plan, the next one to whoever is
free.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from tbench.checkpoint import EVERY
from tbench.plan import Task, make_plan
from tbench.protocol import Protocol
from tbench.suite import load_suite

HOUR = 3600.0
GPUS = (1, 8, 64)
WORKERS = (1, 4)  # that share a GPU: executor ray:gpus=1 and ray:gpus=0.25
SEEDS = (0, 1, 2)
BYTES = (
    2 * 4 * 25_557_032
)  # of one checkpoint: weights and momentum of a ResNet-50 (torchvision's documentation), float32

# Images that a run is judged on: validation and test. From the publications of the datasets; where there is no official
# validation part, a fifth of the training images is one. Caltech-101: 30 images per class for training, its 8677 less
# these for testing. SUN397: the first partition.
JUDGED = {
    "torchvision/aircraft": 3333 + 3333,
    "torchvision/caltech101": 606 + 5647,
    "torchvision/cars": 1629 + 8041,
    "torchvision/cifar10": 10000 + 10000,
    "torchvision/cifar100": 10000 + 10000,
    "torchvision/dtd": 1880 + 1880,
    "torchvision/flowers": 1020 + 6149,
    "torchvision/food": 15150 + 25250,
    "torchvision/pets": 736 + 3669,
    "torchvision/sun397": 3970 + 19850,
    "torchvision/voc2007": 2510 + 4952,
}


# Seconds of one core to read and prepare an image, which a worker does before each step, since these datasets do not
# fit into its memory. Measured: the preparation of family ssl on an AMD EPYC (torchvision 0.29, Pillow), CPU time, best
# of three; a JPEG of 500 x 375 pixels (78 kB), and 32 x 32 pixels that are in memory. Larger JPEGs take longer (683 x
# 512: 6.3 ms, 1024 x 768: 11.5 ms), so that for aircraft and SUN397 this is too little.
JPEG, SMALL = 4.4e-3, 1.6e-3
PREPARED = dict.fromkeys(JUDGED, JPEG) | dict.fromkeys(("torchvision/cifar10", "torchvision/cifar100"), SMALL)


@dataclass(frozen=True)
class Device:
    """Images per second of a ResNet-50 of 224 x 224 pixels.

    Published by NVIDIA, not measured by tbench: DeepLearningExamples, PyTorch/Classification/ConvNets/resnet50v1.5,
    commit 291f0d02, container 21.03. They have images decoded on the GPU and batches of 256; ours are of 64.
    """

    name: str
    trained: float
    judged: float


DEVICES = (
    Device("V100, float32", 367.0, 1261.0),
    Device("A100, TF32", 938.0, 938.0),  # no figure for judging is published there: it is not slower than training
)


@dataclass(frozen=True)
class Cost:
    """Seconds of a task: of the GPU, and of the worker, which prepares images, or waits for the others on its GPU."""

    gpu: float
    worker: float


def cost(task: Task, protocol: Protocol, device: Device, sharing: int) -> Cost:
    """Of all runs of a task: each makes its steps and is judged once. `sharing` workers have one GPU."""
    trained, judged = protocol.steps * protocol.batch, JUDGED[task.dataset]
    gpu = (trained / device.trained + judged / device.judged) * len(task.cells)
    prepared = (trained + judged) * PREPARED[task.dataset] * len(task.cells)
    return Cost(gpu, max(prepared + gpu, sharing * gpu))


def finished(seconds: Iterable[float], workers: int) -> float:
    """When the last task is done: one after the other they go to the worker that is free first."""
    free = [0.0] * workers
    for took in seconds:
        heapq.heapreplace(free, free[0] + took)
    return max(free)


def planned() -> tuple[list[Task], Protocol]:
    """The tasks of fine-tuning, and the protocol."""
    suite = load_suite("ped")
    protocol = replace(suite.protocol(None), seeds=SEEDS)
    return [*make_plan(suite, protocol, (), SEEDS, {}).tasks], protocol


def page() -> str:
    """The table of docs/cluster.md. The three shares of the time that is paid for make up the whole."""
    tasks, protocol = planned()
    lines = [
        "| GPU | workers on each | GPUs | time | GPU hours, paid | computing | waiting for images | waiting for the "
        "last tasks | checkpoints, MB/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for device, sharing, gpus in product(DEVICES, WORKERS, GPUS):
        costs = [cost(task, protocol, device, sharing) for task in tasks]
        workers = sharing * gpus
        last = finished((one.worker for one in costs), workers)
        computing = sum(one.gpu for one in costs) / (gpus * last)
        at_work = sum(one.worker for one in costs) / (workers * last)
        written = min(workers, len(tasks)) * BYTES / EVERY / 1e6
        lines.append(
            f"| {device.name} | {sharing} | {gpus} | {_duration(last)} | {gpus * last / HOUR:,.0f} | {computing:.0%} | "
            f"{max(at_work - computing, 0.0):.0%} | {max(1 - at_work, 0.0):.0%} | {written:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _duration(seconds: float) -> str:
    hours = seconds / HOUR
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"


if __name__ == "__main__":
    print(page(), end="")
