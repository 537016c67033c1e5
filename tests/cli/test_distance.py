"""tbench distance on three checkpoints: the definition block by block on a real ResNet-50, its page and its picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import resnet50

from tbench.cli import main
from tbench.distance import measured
from tbench.errors import TbenchError

State = dict[str, Tensor]


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, ["distance", *map(str, words)], env={"COLUMNS": "160"})


def noisy(state: State, size: float) -> State:
    return {
        name: tensor + size * torch.randn_like(tensor) if tensor.ndim > 1 else tensor for name, tensor in state.items()
    }


def small() -> tuple[State, State, State]:
    torch.manual_seed(0)
    shapes = {"conv1.weight": (2, 3), "layer1.0.conv1.weight": (4, 2), "fc.weight": (3, 4)}
    initial = {name: torch.randn(shape) for name, shape in shapes.items()}
    pretrained = noisy(initial, 1)
    return initial, pretrained, noisy(pretrained, 0.1)


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.pth" for name in ("initial", "pretrained", "finetuned")]
    for path, state in zip(paths, small(), strict=True):
        torch.save(state, path)
    return paths


def defined(block: list[str], initial: State, pretrained: State, final: State) -> float:
    """The ratio of a block, from the definition."""
    far, near = (
        np.mean([(final[name].double() - start[name].double()).abs().mean().item() for name in block])
        for start in (initial, pretrained)
    )
    return float(far / near)


def test_resnet50_in_eighteen_groups(tmp_path: Path) -> None:
    torch.manual_seed(0)
    initial = resnet50(weights=None).state_dict()
    pretrained = noisy(initial, 0.03)
    final = noisy(pretrained, 0.01) | {"fc.weight": torch.randn(5, 2048), "fc.bias": torch.zeros(5)}
    torch.save(initial, tmp_path / "initial.pth")
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in pretrained.items()}}, tmp_path / "imagenet.pth"
    )
    save_file(final, tmp_path / "final.safetensors")
    done = tbench(
        *(tmp_path / name for name in ("initial.pth", "imagenet.pth", "final.safetensors")),
        *("--metric", "parameter-distance:as=schuture", "--out", tmp_path / "page"),
    )
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page" / "README.md").read_text(encoding="utf-8")
    rows = {cells[0]: cells[-1] for cells in re.findall(r"^\| (\S+) +\|(?:.*\|)? +(\S+) \|$", page, re.MULTILINE)}
    rows.pop("block")
    groups = [
        "conv1",
        *(f"layer{stage}.{place}" for stage, many in enumerate((3, 4, 6, 3), 1) for place in range(many)),
    ]
    assert list(rows) == [*groups, "head"]
    assert len(rows) == 18
    expected = [
        defined(
            [f"{group}.weight"] if group == "conv1" else [f"{group}.conv{i}.weight" for i in (1, 2, 3)],
            initial,
            pretrained,
            final,
        )
        for group in groups
    ]
    assert [float(rows[group]) for group in groups] == pytest.approx(expected, rel=1e-4)
    assert rows["head"] == "–"
    assert (
        f"Mean of 17 blocks: {np.mean(expected):.4f}; mean of their logarithms: {np.mean(np.log(expected)):.4f}."
        in page
    )
    assert "same number of steps, not of epochs" in page
    assert all(group in done.output for group in groups)
    assert done.output.count("█") > 17 * 10

    picture = ET.parse(tmp_path / "page" / "blocks.svg").getroot()
    bars = [each for each in picture.findall(".//{*}rect") if "x" in each.attrib]
    widths = np.array([float(bar.attrib["width"]) for bar in bars])
    assert len(bars) == 18
    assert widths[:17] / widths.max() == pytest.approx(np.array(expected) / max(expected), abs=1e-3)
    assert widths[17] == 0
    assert "](blocks.svg)" in page


def test_a_head_of_one_shape_is_shown_and_in_no_mean(three: list[Path]) -> None:
    distances = measured("parameter-distance", three)
    assert [block.name for block in distances.blocks] == ["conv1", "layer1.0", "head"]
    ratios = [block.ratio for block in distances.blocks]
    assert distances.mean == pytest.approx(np.mean([ratio for ratio in ratios[:2] if ratio]))
    assert ratios[2] is not None
    assert any("The head is in no mean" in remark for remark in distances.remarks)
    assert [bar.pale for bar in distances.bars] == [False, False, True]


def test_a_block_that_did_not_move_says_so(three: list[Path]) -> None:
    final = torch.load(three[2], weights_only=True)
    torch.save(final | {"conv1.weight": torch.load(three[1], weights_only=True)["conv1.weight"]}, three[2])
    done = tbench(*three)
    assert done.exit_code == 0
    assert re.search(r"^conv1 .*did not move\s*$", done.output, re.MULTILINE)
    assert "1 of 2 blocks did not move in fine-tuning" in " ".join(done.output.split())
    assert "Mean of 1 blocks" in done.output


def test_half_precision_and_tied_storage_are_read(tmp_path: Path, three: list[Path]) -> None:
    shared = torch.randn(4, 4)
    state = {"blocks.0.conv.weight": shared, "blocks.1.conv.weight": shared, "conv1.weight": torch.ones(2, 2)}
    paths = []
    for place in range(3):
        paths.append(tmp_path / f"{place}.pth")
        moved = shared + place
        torch.save(
            state
            | {
                "blocks.0.conv.weight": moved,
                "blocks.1.conv.weight": moved,
                "conv1.weight": torch.full((2, 2), place, dtype=torch.bfloat16),
            },
            paths[-1],
        )
    distances = measured("parameter-distance", paths)
    assert [block.name for block in distances.blocks] == ["blocks.0", "conv1", "head"]
    assert [block.ratio for block in distances.blocks[:2]] == pytest.approx([2, 2], rel=1e-6)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"words", "are not a safetensors file or a checkpoint of nothing but tensors"),
        ({"epoch": 3}, "hold no state dict"),
        ([torch.ones(2)], "hold no state dict"),
        ({"fc.weight": torch.ones(2, 2)}, "share no block of weights"),
        ({"conv1.weight": torch.full((2, 3), float("nan"))}, r"conv1\.weight holds values that are NaN"),
    ],
)
def test_files_that_will_not_do_are_one_line(three: list[Path], content: object, told: str) -> None:
    three[2].unlink()
    if isinstance(content, bytes):
        three[2].write_bytes(content)
    elif content is not None:
        torch.save(content, three[2])
    done = tbench(*three)
    assert done.exit_code == 1
    assert re.search(told, done.stderr)
    assert done.stderr.startswith("tbench: ")
    assert done.stderr.count("\n") == 1


def test_another_metric_is_refused(three: list[Path]) -> None:
    done = tbench(*three, "--metric", "logme")
    assert done.exit_code == 2
    assert "distances come from parameter-distance and its settings, not from logme" in done.stderr


def test_a_page_that_cannot_be_written_is_told(three: list[Path], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert tbench(*three, "--out", tmp_path / "taken").exit_code == 1
    with pytest.raises(TbenchError, match="cannot be read"):
        measured("parameter-distance", [tmp_path / "nowhere.safetensors", *three[1:]])
