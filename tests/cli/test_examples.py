"""The examples in the help of every command: each is parsed, and those that cost little are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tbench.cli import COMMANDS, main
from tbench.evidence.shelf import Shelf
from tbench.results import Key, Record
from tbench.store import Store

# Minutes and more, or photos and weights that are not here; `run` is run below without measuring.
PARSED_ONLY = {
    "tbench run --metrics all",
    "tbench run --suite small-real --calibrate",
    "tbench plot heatmap --suite mini-equal --protocol full",
    "tbench plot scatter --metric logme --dataset photo --out photo.svg",
    "tbench publish --suite all",
    "tbench rank photos/",
    "tbench rank mini/digits --top 3 --finetune",
    "tbench replay all --out leaderboards",
    "tbench factors --suite mini-sources",
    "tbench properties",
    "tbench properties --out leaderboards",
    "tbench card logme",
    "tbench card logme,logme+calibrated",
    "tbench card --out leaderboards",
    "tbench doctor",
    "tbench doctor --json",
    "tbench bench",
    "tbench check sfda+ped:dt=1",
    "tbench check margin",  # these five with a package that tests/test_new.py installs
    "tbench run --metrics margin",
    "tbench submit margin",
    "tbench verify submissions/mini/margin.txt",
    "tbench verify submissions/mini/margin.txt --cells 0",
    "tbench pretrain mini",
    "tbench pretrain checkpoint --out weights",
}
HEADER = "dataset,gap,variance,amount,transferability"


def examples(command: click.Command) -> list[str]:
    """Lines of the unwrapped blocks of a help text, as one would type them."""
    lines = re.findall(r"^ *(tbench .*)$", command.help or "", re.MULTILINE)
    return [re.split(r" +#| > ", line)[0].strip() for line in lines]


def known() -> dict[str, click.Command]:
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


EXAMPLES = [example for command in known().values() for example in examples(command)]


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the examples name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path / "data"))
    labels = np.arange(60) % 4
    features = np.random.default_rng(0).normal(size=(60, 8)) + labels[:, None]
    np.save("F.npy", features)
    np.save("y.npy", labels)
    np.save("P.npy", np.exp(features) / np.exp(features).sum(1, keepdims=True))
    for number, name in enumerate(("random", "imagenet", "flowers")):
        torch.manual_seed(number)
        torch.save({f"layer{stage}.0.conv1.weight": torch.randn(4, 4, 1, 1) for stage in (1, 2, 3, 4)}, f"{name}.pth")
    generator = np.random.default_rng(1)
    rows = [[f"d{place}", *generator.uniform(1, 2, size=4).round(3)] for place in range(12)]
    Path("mine.csv").write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in rows)]) + "\n")
    key = Key("score", "mini", "mini/digits", "mini/resnet-mix", "knn", 0)
    record = Record(key, "ok", 0.5, "", 0.1, 0.1, {}, {"label": "knn"}, {"tbench": "0"}, "2026-01-02T10:00:00+00:00")
    for store in (".tbench/results.sqlite", "from-the-cluster.sqlite", "one.sqlite", "two.sqlite"):
        Path(store).parent.mkdir(exist_ok=True)
        with Store(store) as opened:
            opened.add(record)
    Shelf(Path(".tbench/evidence")).write("ab" * 16, {"x": np.zeros(8)}, {"node": "forward", "whose": "m/a on d/x"})
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself(name: str) -> None:
    found = examples(known()[name])
    assert found
    assert name in [example.split()[1] for example in found]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_can_be_parsed(example: str) -> None:
    command: click.Command = main
    _, *words = shlex.split(example)
    with click.Context(main) as context:
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None
            command = found
        command.make_context(example, words).close()


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example not in PARSED_ONLY])
def test_examples_that_cost_little_run(somewhere: Path, example: str) -> None:
    done = CliRunner().invoke(main, shlex.split(example)[1:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.stdout
    assert "\x1b" not in done.output


def test_running_everything_is_planned_as_typed(somewhere: Path) -> None:
    for example in EXAMPLES:
        if example.startswith("tbench run --metrics all"):
            done = CliRunner().invoke(main, [*shlex.split(example)[1:], "--dry-run"])
            assert done.exit_code == 0, done.output
            assert "to do: " in done.stdout
            return
    pytest.fail("no example runs all metrics")


def test_what_is_only_parsed_is_an_example() -> None:
    assert set(EXAMPLES) >= PARSED_ONLY
