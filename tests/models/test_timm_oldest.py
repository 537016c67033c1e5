"""The family timm gives the same features under the oldest supported timm, whose folder TBENCH_OLDEST_TIMM names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

OLDEST = os.environ.get("TBENCH_OLDEST_TIMM")

PROGRAM = """
import sys
import numpy as np
import torch
from tbench_models.timm_family.family import family
from tbench_models.timm_family.library import version
from tbench_models.timm_family.network import layers

torch.set_num_threads(1)
images = np.random.default_rng(0).integers(0, 256, (2, 50, 60, 3), dtype=np.uint8)
said = {"version": version()}
# Only what both releases initialise alike; timm has changed how it draws the numbers of transformers.
for name in ("test_byobnet", "test_convnext", "test_efficientnet", "test_resnet", "mobilenetv3_small_050"):
    for layer in (None, *layers(name)):
        candidate = family.candidate(f"{name}.random-0", layer)
        network = candidate.load()
        with torch.inference_mode():
            said[candidate.name] = network.body(network.prepare(images)).numpy()
np.savez(sys.argv[1], **said)
"""


def said(path: Path, *first: str) -> dict[str, np.ndarray]:
    """By the candidates, with the packages in the folders `first` before all others."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*first, *sys.path])}
    subprocess.run([sys.executable, "-c", PROGRAM, str(path)], env=environment, check=True)
    with np.load(path) as stored:
        return dict(stored)


@pytest.mark.skipif(not OLDEST, reason="TBENCH_OLDEST_TIMM names no folder with the oldest timm; `make test` sets it")
def test_features_and_layers_are_the_same_under_the_oldest_timm(tmp_path: Path) -> None:
    assert OLDEST
    oldest, current = said(tmp_path / "oldest.npz", OLDEST), said(tmp_path / "current.npz")
    assert oldest.pop("version") != current.pop("version")
    assert oldest.keys() == current.keys()
    for name, expected in current.items():
        np.testing.assert_allclose(oldest[name], expected, rtol=1e-4, atol=1e-4, err_msg=name)
