"""tbench list, and the door of the command line, met with strangers' packages that pip installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
import pytest
from click.testing import CliRunner

import tbench
from tbench.cli import COMMANDS, main
from tbench.errors import StoreError, UsageError
from tbench.registry import KINDS
from tests.conftest import Command, Foreign

METRIC = '''
def variance(features, *, power=1.0):
    """Spread of the features."""
    return float(features.var() ** power)
'''
FAMILY = '''
"""Networks of nobody."""
def names(): return ["one", "two"]
def candidate(name, layer): raise NotImplementedError
'''


@pytest.fixture(scope="module")
def spread(foreign: Foreign) -> Path:
    entries = {
        "tbench.metrics": ["variance = spread:variance"],
        "tbench.models": ["nobody = spread_family"],
        "tbench.suites": ["tiny = spread_suites:tiny.toml"],
    }
    files = {
        "spread.py": METRIC,
        "spread_family.py": FAMILY,
        "spread_suites/__init__.py": "",
        "spread_suites/tiny.toml": 'description = "as small as can be"',
    }
    return foreign("spread-metric", "1.2", files, entries)


@pytest.fixture(scope="module")
def unruly(foreign: Foreign) -> Path:
    """One that raises on import, and takes a built-in's name."""
    files = {"unruly.py": '"""Trouble."""\nraise RuntimeError("out of order")\n'}
    return foreign("unruly", "0.1", files, {"tbench.metrics": ["logme = unruly:f", "fury = unruly:f"]})


def rows(command: Command, *words: str, packages: tuple[Path, ...] = ()) -> list[dict[str, object]]:
    done = command("list", *words, "--json", packages=packages)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    listed: list[dict[str, object]] = json.loads(done.stdout)
    return listed


def test_a_strangers_metric_is_listed_with_package_version_and_first_line(command: Command, spread: Path) -> None:
    listed = rows(command, "metrics", packages=(spread,))
    assert {
        "kind": "metrics",
        "name": "variance",
        "package": "spread-metric",
        "version": "1.2",
        "description": "Spread of the features.",
        "refused": False,
    } in listed
    logme = next(row for row in listed if row["name"] == "logme")
    assert (logme["package"], logme["version"]) == ("tbench", tbench.__version__)


def test_a_strangers_suite_is_listed_with_its_description(command: Command, spread: Path) -> None:
    told = {row["name"]: row["description"] for row in rows(command, "suites", packages=(spread,))}
    assert told["tiny"] == "as small as can be"
    assert "small networks" in str(told["mini"])


def test_the_members_of_a_family(command: Command, spread: Path) -> None:
    assert rows(command, "models", "nobody", packages=(spread,)) == ["nobody/one", "nobody/two"]
    assert command("list", "models", "nobody", packages=[spread]).stdout == "nobody/one\nnobody/two\n"
    assert "mini/digits" in rows(command, "datasets", "mini")


def test_all_about_a_metric(command: Command, spread: Path) -> None:
    told = command("list", "metrics", "logme").stdout
    assert told.startswith("Largest log evidence per sample")
    assert "asks for: features, labels, groups, gram_spectrum\n" in told
    assert "settings: logme:eps=1e-05,logdet=full,method=fixed-point\n" in told
    assert "published: logme:as=thuml is logme:logdet=thin\n" in told
    about = json.loads(command("list", "metrics", "variance", "--json", packages=[spread]).stdout)
    assert about["description"] == "Spread of the features."
    assert (about["asks"], about["published"]) == (["features"], {})
    assert "transforms" not in told
    assert "asks for: moments" in command("list", "evidence", "discriminant").stdout


def test_a_name_that_two_packages_bring_is_shown_with_both(command: Command, unruly: Path, spread: Path) -> None:
    done = command("list", "metrics", packages=[unruly, spread])
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert f"tbench {tbench.__version__} and unruly 0.1" in lines["logme"]
    assert "refused" in lines["logme"]
    assert [line for line in lines.values() if "refused" in line] == [lines["logme"]]
    assert lines["variance"].split(maxsplit=3) == ["variance", "spread-metric", "1.2", "Spread of the features."]
    assert len({line.index("tbench 0") for line in lines.values() if "tbench 0" in line}) == 1
    assert "Trouble." in lines["fury"]  # read, not imported
    both = [row for row in rows(command, "metrics", packages=(unruly, spread)) if row["refused"]]
    assert [(row["name"], row["package"]) for row in both] == [("logme", "tbench"), ("logme", "unruly")]


def test_packages_can_be_left_out(command: Command, unruly: Path) -> None:
    done = command("list", "metrics", packages=[unruly], TBENCH_LOAD_PLUGINS="")
    assert "logme" in done.stdout
    assert "unruly" not in done.stdout


def test_all_kinds_are_listed(command: Command) -> None:
    done = command("list")
    assert done.returncode == 0, done.stderr
    headings = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert headings == [*KINDS]
    evidence = {row["name"]: row["description"] for row in rows(command, "evidence")}
    assert evidence.keys() >= {"features", "moments", "labels", "images", "seed"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["metric"], "'metrics'"),
        (["metrics", "mini"], "no metric is called 'mini'"),
        (
            ["suites", "mini"],
            "suites have nothing more to tell; metrics, transforms, evidence, models and datasets",
        ),
        (["models", "mini2"], "no model family is called 'mini2'; did you mean mini?"),
    ],
)
def test_wrong_words(command: Command, words: list[str], told: str) -> None:
    done = command("list", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_an_open_family_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = SimpleNamespace(load=lambda name: SimpleNamespace(names=list))
    monkeypatch.setattr("tbench.registry.Registry.installed", lambda kind: registry)
    shown = CliRunner().invoke(main, ["list", "models", "timm"])
    assert shown.output == "timm is open: timm/NAME, for any NAME that it knows\n"


def test_descriptions_are_cut_at_the_edge_of_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    lister = import_module("tbench.cli.list")
    row = lister.Row("metrics", "logme", "tbench", "1", "w" * 100)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(lister.sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert lister._table([row]) == "logme  tbench 1  " + "w" * 100
    monkeypatch.setattr(lister.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert lister._table([row]) == "logme  tbench 1  " + "w" * 22 + "…"


def test_help_names_every_command_and_every_command_is_there(command: Command) -> None:
    done = command("--help")
    assert done.returncode == 0
    for name, told in COMMANDS.items():
        assert f"{name} " in done.stdout
        assert told in done.stdout
        found = main.get_command(click.Context(main), name)
        assert found is not None
        assert found.name == name
        assert found.help
    assert command("--version").stdout == f"tbench, version {tbench.__version__}\n"


def test_an_unknown_command_is_wrong_usage(command: Command) -> None:
    done = command("lst")
    assert done.returncode == 2
    assert "No such command 'lst'" in done.stderr


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of a command that does what the test puts in it."""
    module = ModuleType("tbench.cli.check")
    monkeypatch.setitem(sys.modules, "tbench.cli.check", module)
    return module


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (StoreError("the store\nis  gone"), 1, "tbench: the store is gone\n"),
        (UsageError("no such thing"), 2, "tbench: no such thing\n"),
        (KeyboardInterrupt(), 130, "tbench: interrupted; what was measured is stored, run again to go on\n"),
        (click.exceptions.Exit(1), 1, ""),
    ],
)
def test_what_ends_a_command(check: ModuleType, raised: BaseException, code: int, told: str) -> None:
    @click.command()
    def failing() -> None:
        raise raised

    check.check = failing
    shown = CliRunner().invoke(main, ["check"])
    assert (shown.exit_code, shown.stderr, shown.stdout) == (code, told, "")


def test_a_bug_keeps_its_traceback(check: ModuleType) -> None:
    @click.command()
    def failing() -> None:
        raise ZeroDivisionError

    check.check = failing
    shown = CliRunner().invoke(main, ["check"])
    assert isinstance(shown.exception, ZeroDivisionError)


def test_a_reader_that_stops_reading_is_no_bug() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "tbench", "list"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


LOUD = r'''
def loud(features):
    """Loud.

    \x1b[2J wipes the screen."""
    return 0.0


def names():
    return ["\x1b[31mred"]
'''


def test_what_a_stranger_says_of_itself_steers_no_terminal(command: Command, foreign: Foreign) -> None:
    entries = {"tbench.metrics": ["loud = loud:loud"], "tbench.models": ["louder = loud"]}
    package = foreign("loud-metric", "1.0", {"loud.py": LOUD}, entries)
    for words, told in ((("metrics", "loud"), "wipes the screen."), (("models", "louder"), "[31mred")):
        done = command("list", *words, packages=(package,))
        assert (done.returncode, told in done.stdout, "\x1b" in done.stdout) == (0, True, False), done.stderr
