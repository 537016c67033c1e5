"""What a light command may not pay for, measured in fresh interpreters."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"numpy", "scipy", "pandas", "sklearn", "torch", "torchvision", "timm", "sqlalchemy", "rich", "tabulate"}
CPU_SECONDS = 0.150
BARE = 4.0  # or so many times what an interpreter with click takes: a slow machine is not to decide
TRIES = 5  # the best one counts: nor is a busy one

LOADED = """
import sys
{call}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
COMMAND = """
from tbench.cli import main
try:
    main({words}, prog_name="tbench")
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(call: str) -> set[str]:
    """The outermost packages that are imported once a fresh interpreter has done something."""
    done = subprocess.run([sys.executable, "-c", LOADED.format(call=call)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def cpu_seconds(*command: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["list", "metrics"], ["list", "--json"]])
def test_light_commands_import_nothing_heavy(words: list[str]) -> None:
    found = loaded(COMMAND.format(words=words))
    assert {"click", "tbench"} <= found
    assert found & HEAVY == set()


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "publish",
        "show",
        "score",
        "bench",
        "backup",
        "check",
        "cache",
        "card",
        "doctor",
        "merge",
        "new",
        "pretrain",
        "replay",
        "distance",
        "factors",
        "properties",
        "submit",
        "verify",
    ],
)
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    assert loaded(COMMAND.format(words=[command, "--help"])) & HEAVY == set()


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "metrics"]])
def test_light_commands_are_fast(words: list[str]) -> None:
    light = [str(Path(sys.executable).with_name("tbench")), *words]
    pairs = [(cpu_seconds(*light), cpu_seconds(sys.executable, "-c", "import click")) for _ in range(TRIES)]
    took, bare = zip(*pairs, strict=True)
    assert min(took) < max(CPU_SECONDS, BARE * min(bare))


def test_completion_imports_nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_TBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "tbench li", "COMP_CWORD": "1"}.items():
        monkeypatch.setitem(os.environ, name, value)
    found = loaded(COMMAND.format(words=[]))
    assert found & HEAVY == set()


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("tbench", HEAVY),
        ("tbench.api", HEAVY),
        ("tbench.hooks", HEAVY),
        ("tbench.results", {"numpy", "torch", "tbench_metrics"}),
        ("tbench.store", {"numpy", "torch", "tbench_metrics"}),
        ("tbench.leaderboard", {"torch", "tbench_metrics"}),
    ],
)
def test_a_room_brings_in_nothing_that_it_must_not(module: str, never: set[str]) -> None:
    assert loaded(f"import {module}") & never == set()


def test_what_is_heavy_would_be_found() -> None:
    assert loaded("import numpy") & HEAVY == {"numpy"}
