"""A suite is a suite, or one line says why not: real ones with accidents, and tables of anything."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.errors import UsageError
from tbench.leaderboard.claim import read_claims
from tbench.outside import MOST, PARTS
from tbench.protocol import Protocol
from tbench.suite import read_suite

from .mutation import altered, as_toml, mutated, refusal, values

TEXTS = {path.name: path.read_text("utf-8") for path in files("tbench.suites").iterdir() if path.name.endswith(".toml")}
MINI = tomllib.loads(TEXTS["mini_sources.toml"])
PED = tomllib.loads(TEXTS["ped.toml"])
QUICK = next(iter(MINI["protocols"].values()))


def read(text: str) -> None:
    """And made use of."""
    suite = read_suite("x", text)
    frame = suite.frame(None)
    titles = (*frame.boards, *frame.families, frame.title)
    assert all(name.isprintable() for name in (*frame.candidates, *frame.datasets, *titles))
    assert suite.citation or len(frame.runs) == len(suite.protocol(None).runs()) > 0
    assert all(suite.pool(dataset) is not None for dataset in suite.datasets)


@pytest.mark.parametrize("name", TEXTS)
def test_every_suite_that_ships_is_one(name: str) -> None:
    assert refusal(lambda: read(TEXTS[name]), UsageError) == ""
    assert refusal(lambda: read(as_toml(tomllib.loads(TEXTS[name]))), UsageError) == ""


@given(st.sampled_from(["mini_sources.toml", "ped.toml"]).flatmap(lambda name: mutated(TEXTS[name].encode())))
def test_with_accidents(content: bytes) -> None:
    refusal(lambda: read(content.decode("utf-8", "replace")), UsageError)


@given(altered(MINI) | altered(PED))
@settings(max_examples=200)
def test_with_values_of_other_kinds(table: dict[str, Any]) -> None:
    refusal(lambda: read(as_toml(table)), UsageError)


@given(st.sampled_from([*MINI, *PED, "seen", "common", "notes"]), values)
def test_with_anything_in_one_place(key: str, value: Any) -> None:
    refusal(lambda: read(as_toml(MINI | {key: value})), UsageError)


@given(altered(QUICK))
def test_protocols(table: dict[str, Any]) -> None:
    def walked() -> None:
        protocol = Protocol.read("p", table, "suite x")
        assert len({run.spec for run in protocol.runs()}) >= 1
        assert protocol.middle in protocol.runs()

    refusal(walked, UsageError)


CLAIMS = [
    {"says": "it ranks", "source": "A, 2020", "ranks": "logme", "boards": ["a"]},
    {"says": "a bound", "source": "A, 2020", "above": ["tta", "bound"], "below": ["taskonomy", "loss"]},
]


@given(altered({"claims": CLAIMS}).map(lambda table: table.get("claims")) | values)
def test_claims(tables: Any) -> None:
    refusal(lambda: read_claims(tables, ["a"], "suite x"), UsageError)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = " + "[" * 100_000, "suite x is not TOML: it is nested too deeply"),
        ("x = " + "{x=" * 100_000, "suite x is not TOML: it is nested too deeply"),
        (".".join("a" * 8000) + " = 1", f"suite x is not TOML: a key has more than {PARTS} parts"),
        (
            'x = {"=".' + " . ".join(['"\\"b"'] * 100) + " = 1}",
            f"suite x is not TOML: a key has more than {PARTS} parts",
        ),
        ("[" + ".".join(["'a b'"] * 100) + "]", f"suite x is not TOML: a key has more than {PARTS} parts"),
        ("x = " + "9" * 5000, "suite x is not TOML: Exceeds the limit"),
        ("#" * (MOST + 1), "suite x has more than 4,194,304 characters"),
    ],
)
def test_bombs(text: str, told: str) -> None:
    assert refusal(lambda: read_suite("x", text), UsageError).startswith(told)


@pytest.mark.parametrize("sign", ["a", "a.", 'a"', "[", "{", "'", '"', "\\", " ", "\t", '"a".'])
def test_the_search_for_long_keys_is_quick(sign: str) -> None:
    """A quadratic one would take hours for this."""
    refusal(lambda: read_suite("x", sign * (MOST // (4 * len(sign)))), UsageError)
