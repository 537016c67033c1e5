"""What the guide to models says is so: its card and its family are used as they are printed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tbench_models.checkpoint.family import family
from tbench_models.cifar_resnet import cifar_resnet

GUIDE = (Path(__file__).parents[2] / "docs" / "add-a-model.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_card_of_the_guide_describes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "resnet20_cifar10.pth"
    torch.save(cifar_resnet(20).state_dict(), path)
    card = blocks("toml")[0]
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".toml").write_text(re.sub(r"[0-9a-f]{64}", sha256, card))
    candidate = family.candidate(str(path), None)
    network = candidate.load()
    assert network.head is not None
    assert (network.width, network.head.out_features) == (64, tomllib.loads(card)["classes"])
    assert candidate.facts["source_accuracy"] == 0.9173


def test_the_family_of_the_guide_gives_features() -> None:
    (code,) = blocks("python")
    room: dict[str, Any] = {}
    exec(compile(code, "mylab.py", "exec"), room)
    (name,) = room["family"].names()
    network = room["family"].candidate(name, None).load()
    images = [np.full((4, 5, 3), 51, np.uint8), np.zeros((9, 2, 3), np.uint8)]
    features = network.body(network.prepare(images))
    torch.testing.assert_close(features, torch.tensor([[0.2] * 3, [0.0] * 3]))
    assert features.shape[1] == network.width
