"""A training that was left and gone on with is, to the bit, the training that never was."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tbench.api import Network
from tbench.checkpoint import Checkpoint, Checkpoints, UnusableError
from tbench.protocol import Run
from tbench.results import Key
from tbench.training import Target, Training

from .test_finetune import PROTOCOL, network, splits

KEY = Key("truth", "s", "d/x", "m/a", "finetune:x=1", 0)
MADE_OF = {"machine": "this", "weights": "1", "data": "2"}
STEPS = 10


def drawing() -> Network:
    """Draws at random itself, as networks with dropout do."""
    plain = network()
    return replace(plain, body=nn.Sequential(plain.body, nn.Dropout(0.5)))


def made(optimizer: str = "sgd", seed: int = 3) -> tuple[Training, Network]:
    fresh = drawing()
    run = Run(replace(PROTOCOL, steps=STEPS, optimizer=optimizer, clip=1.0), 0.01, 5e-4)
    return Training(fresh, Target.prepare(fresh, splits(), 2, "accuracy"), run, seed), fresh


def everything(training: Training, fresh: Network) -> tuple[list[float], list[Tensor], Tensor]:
    return training.losses, [value.clone() for value in fresh.body.state_dict().values()], training.logits("test")


def same(one: tuple[list[float], list[Tensor], Tensor], other: tuple[list[float], list[Tensor], Tensor]) -> bool:
    weights = all(torch.equal(mine, yours) for mine, yours in zip(one[1], other[1], strict=True))
    return one[0] == other[0] and weights and torch.equal(one[2], other[2])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoints(tmp_path).of(KEY, MADE_OF)


def file_of(tmp_path: Path) -> Path:
    (found,) = tmp_path.iterdir()
    return found


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, STEPS), max_size=3).map(sorted),
    st.sampled_from(["sgd", "adamw", "rmsprop"]),
    st.booleans(),
)
def test_left_and_gone_on_with_anywhere(checkpoint: Checkpoint, stops: list[int], optimizer: str, looks: bool) -> None:
    training, fresh = made(optimizer)
    training.advance(STEPS)
    whole = everything(training, fresh)

    training, fresh = made(optimizer)
    for stop in stops:
        training.advance(stop)
        if looks:
            training.judge("val")  # which must not show
        checkpoint.write(training)
        torch.manual_seed(stop)  # what goes on in between
        training, fresh = made(optimizer)
        state = checkpoint.read()
        assert state is not None
        training.restore(state)
        assert training.step == stop
    training.advance(STEPS)
    assert same(everything(training, fresh), whole)


def test_another_seed_is_another_training() -> None:
    outcomes = []
    for seed in (3, 4):
        training, fresh = made(seed=seed)
        training.advance(STEPS)
        outcomes.append(everything(training, fresh))
    assert not same(*outcomes)


def test_seconds_are_counted_on(checkpoint: Checkpoint) -> None:
    training, _ = made()
    training.advance(STEPS // 2)
    training.clock.seconds += 1000
    training.clock.cpu_seconds += 2000
    checkpoint.write(training)
    again, _ = made()
    again.restore(checkpoint.read() or {})
    assert (again.clock.seconds, again.clock.cpu_seconds) == (training.clock.seconds, training.clock.cpu_seconds)
    again.advance(STEPS)
    assert again.clock.timing.seconds > training.clock.timing.seconds > 1000
    assert again.clock.timing.cpu_seconds > training.clock.timing.cpu_seconds > 2000


def test_a_diverged_training_stays_where_it_is(checkpoint: Checkpoint) -> None:
    training, _ = made()
    training.losses.append(float("nan"))
    checkpoint.write(training)
    again, _ = made()
    again.restore(checkpoint.read() or {})
    again.advance(STEPS)
    assert (again.diverged, again.step) == (True, 1)


@pytest.mark.parametrize(("every", "kept"), [(0.0, [1, 2, 3]), (3600.0, [])])
def test_kept_as_often_as_asked(tmp_path: Path, every: float, kept: list[int]) -> None:
    checkpoint = Checkpoints(tmp_path, every).of(KEY, MADE_OF)
    steps: list[int] = []

    def between(training: Training) -> None:
        checkpoint.keep(training)
        if (state := checkpoint.read()) is not None:
            steps.append(len(state["losses"]))

    made()[0].advance(3, between)
    assert steps == kept


def test_nothing_there(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert checkpoint.read() is None
    checkpoint.remove()
    assert [*tmp_path.iterdir()] == []


def test_removed_with_what_a_cut_off_write_left(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.write(made()[0])
    path = file_of(tmp_path)
    path.with_name(f"{path.name}.1.draft").write_bytes(b"half")
    checkpoint.remove()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("place", [0, 40, 500, -1])
def test_a_flipped_bit_is_noticed(checkpoint: Checkpoint, tmp_path: Path, place: int) -> None:
    checkpoint.write(made()[0])
    content = bytearray(file_of(tmp_path).read_bytes())
    content[place] ^= 0x10
    file_of(tmp_path).write_bytes(content)
    with pytest.raises(UnusableError, match="is damaged"):
        checkpoint.read()


@pytest.mark.parametrize("length", [0, 10, 32, 1000])
def test_a_cut_off_file_is_noticed(checkpoint: Checkpoint, tmp_path: Path, length: int) -> None:
    checkpoint.write(made()[0])
    os.truncate(file_of(tmp_path), length)
    with pytest.raises(UnusableError, match="is damaged"):
        checkpoint.read()


def test_a_folder_in_its_place_is_noticed(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.write(made()[0])
    path = file_of(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UnusableError, match="cannot be read"):
        checkpoint.read()


@pytest.mark.parametrize("content", [b"", b"no zip", [1, 2], {"state": {}}, {"about": "}", "state": {}}])
def test_whole_files_of_others_are_noticed(checkpoint: Checkpoint, tmp_path: Path, content: Any) -> None:
    from hashlib import sha256
    from io import BytesIO

    checkpoint.write(made()[0])
    if not isinstance(content, bytes):
        stream = BytesIO()
        torch.save(content, stream)
        content = stream.getvalue()
    file_of(tmp_path).write_bytes(sha256(content).digest() + content)
    with pytest.raises(UnusableError, match="is not one of tbench"):
        checkpoint.read()


def test_a_run_of_other_weights_or_another_machine_is_not_gone_on_with(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.write(made()[0])
    other = Checkpoints(tmp_path).of(KEY, MADE_OF | {"machine": "that", "weights": "3"})
    with pytest.raises(UnusableError, match="is of a run with other machine, weights"):
        other.read()
    assert Checkpoints(tmp_path).of(replace(KEY, seed=1), MADE_OF).read() is None
    assert checkpoint.read() is not None
