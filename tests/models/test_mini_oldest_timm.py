"""The embedded networks are the same under the oldest supported timm, whose folder TBENCH_OLDEST_TIMM names."""

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
import timm
import torch
from tbench_models.mini.card import read_cards
from tbench_models.mini.family import SHIPPED, family

torch.set_num_threads(1)
batch = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
features = {"version": timm.__version__}
with torch.inference_mode():
    for name, card in read_cards(SHIPPED).items():
        for layer in (None, *card.parameters_upto):
            candidate = family.candidate(name, layer)
            network = candidate.load()
            features[candidate.name] = network.body(batch).numpy()
            if network.head is not None:
                features[candidate.name + " head"] = network.head(network.body(batch)).numpy()
np.savez(sys.argv[1], **features)
"""


def features(path: Path, *first: str) -> dict[str, np.ndarray]:
    """Of a fixed batch, by every candidate, with the packages in the folders `first` before all others."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*first, *sys.path])}
    subprocess.run([sys.executable, "-c", PROGRAM, str(path)], env=environment, check=True)
    with np.load(path) as stored:
        return dict(stored)


@pytest.mark.skipif(not OLDEST, reason="TBENCH_OLDEST_TIMM names no folder with the oldest timm; `make test` sets it")
def test_every_network_is_the_same_under_the_oldest_timm(tmp_path: Path) -> None:
    assert OLDEST
    assert (Path(OLDEST) / "timm").is_dir(), f"no timm in {OLDEST}"
    oldest, current = features(tmp_path / "oldest.npz", OLDEST), features(tmp_path / "current.npz")
    assert oldest.pop("version") != current.pop("version")
    assert oldest.keys() == current.keys()
    for name, expected in current.items():
        np.testing.assert_allclose(oldest[name], expected, rtol=1e-5, atol=1e-5, err_msg=name)
