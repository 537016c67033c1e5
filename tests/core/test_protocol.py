"""Settings that came later do not show where they are not used; every other one does."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.errors import UsageError
from tbench.protocol import Protocol

TABLE: dict[str, Any] = {
    **{"optimizer": "sgd", "momentum": 0.9, "learning_rates": [0.01, 0.1], "weight_decays": [5e-4], "steps": 80},
    **{"batch": 32, "warmup": 0.1, "shift": 2, "seeds": [0], "seconds": 1.2},
}
PLAIN = Protocol.read("plain", TABLE, "a test")
SPEC = "batch=32,learning_rate=0.01,momentum=0.9,optimizer=sgd,shift=2,steps=80,warmup=0.1,weight_decay=0.0005"


def test_records_of_a_time_before_keep_their_spec() -> None:
    assert PLAIN.runs()[0].spec == f"finetune:{SPEC}"
    assert set(PLAIN.settings()) == set(TABLE) - {"seeds", "seconds"}
    same = Protocol.read("same", TABLE | {"precision": "float32", "halving": False}, "a test")
    assert [run.spec for run in same.runs()] == [run.spec for run in PLAIN.runs()]


def test_the_middle_of_a_grid_is_the_lower_of_two() -> None:
    assert PLAIN.middle.learning_rate == 0.01
    assert replace(PLAIN, learning_rates=(0.01, 0.03, 0.1)).middle.learning_rate == 0.03


def test_what_departs_from_a_default_is_spelt_out() -> None:
    other = Protocol.read("other", TABLE | {"clip": 1.0, "precision": "bfloat16"}, "a test")
    assert other.runs()[0].spec == f"finetune:{SPEC}".replace("batch=32,", "batch=32,clip=1.0,").replace(
        "optimizer=sgd,", "optimizer=sgd,precision=bfloat16,"
    )
    assert other.settings() == PLAIN.settings() | {"clip": 1.0, "precision": "bfloat16"}


def test_with_halving_a_run_is_one_of_its_grid() -> None:
    halved = replace(PLAIN, halving=True)
    spec = halved.runs()[0].spec
    assert "halving=True" in spec
    assert "learning_rates=0.01/0.1,momentum" in spec
    assert spec not in [run.spec for run in replace(halved, learning_rates=(0.01, 0.1, 1.0)).runs()]


@given(
    st.sampled_from([None, 0.5, 1.0]),
    st.sampled_from(["float32", "bfloat16"]),
    st.booleans(),
    st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=4, unique=True),
)
def test_specs_tell_all_settings_apart(clip: float | None, precision: str, halving: bool, rates: list[float]) -> None:
    made = replace(PLAIN, clip=clip, precision=precision, halving=halving, learning_rates=tuple(rates))
    specs = [run.spec for run in made.runs()]
    assert len(set(specs)) == len(specs) == len(rates)
    plain = {run.spec for run in replace(PLAIN, learning_rates=tuple(rates)).runs()}
    assert (set(specs) == plain) == (clip is None and precision == "float32" and not halving)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"precision": "float16"}, "precision is float32 or bfloat16"),
        ({"clip": 0.0}, "clip is a norm above 0; leave it out to clip nothing"),
        ({"halving": "yes"}, "halving is true or false"),
        ({"device": "cuda"}, "wrong or missing device"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"protocol odd of suite odd: {told}")):
        Protocol.read("odd", TABLE | changes, "suite odd")


def test_a_setting_without_a_default_must_be_there() -> None:
    with pytest.raises(UsageError, match="wrong or missing momentum"):
        Protocol.read("odd", {key: value for key, value in TABLE.items() if key != "momentum"}, "suite odd")
