"""Packages to begin with: what tbench new writes installs, passes its own tests and runs, as the guides say."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tbench.cli import main
from tbench.errors import UsageError
from tbench.suite import read_suite
from tbench.template import KINDS, NAME, rendered, write_package

ROOT = Path(__file__).parent.parent
# pip that works offline and leaves the real installation alone; a run in one process, which is ready sooner.
SHIMS = {
    "tbench": '#!/bin/sh\n[ "$1" = run ] && set -- "$@" --executor here\nexec "$PYTHON" -m tbench "$@"\n',
    "pip": '#!/bin/sh\nword="$1"; shift\nexec "$PYTHON" -m pip --quiet --disable-pip-version-check "$word" '
    '--no-build-isolation --no-deps --no-index --no-cache-dir --no-compile --target "$TARGET" "$@"\n',
}
GUIDES = {"gap": "contribute.md", "sketch": "add-a-model.md", "ripples": "add-a-dataset.md"}


@dataclass(frozen=True)
class Shell:
    """A folder, and commands as they are typed there."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(self, script: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", script], env=self.environment, cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder, shims, target = (tmp_path_factory.mktemp(name) for name in ("here", "bin", "target"))
    for name, text in SHIMS.items():
        (shims / name).write_text(text)
        (shims / name).chmod(0o755)
    roots = [str(ROOT / root) for root in ("benchmark", "plugins/metrics", "plugins/models", "plugins/datasets")]
    environment = {
        **os.environ,
        "PYTHON": sys.executable,
        "TARGET": str(target),
        "PATH": os.pathsep.join([str(shims), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([*roots, str(target)]),
    }
    return Shell(folder, environment)


@pytest.fixture(scope="module")
def made(shell: Shell) -> Path:
    """Where all three guides' packages are, installed, each after its suite has run."""
    for page in GUIDES.values():
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        (block,) = [found for found in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) if "tbench new" in found]
        shell(block)
    return shell.folder


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_begins_with_a_package_that_runs(name: str, made: Path) -> None:
    with (made / f"leaderboards/try-{name}/scores.csv").open() as file:
        scores = list(csv.DictReader(file))
    assert {row["status"] for row in scores} == {"ok"}
    families = ({row["metric"], row["dataset"].partition("/")[0], row["candidate"].partition("/")[0]} for row in scores)
    assert any(name in of for of in families)
    with (made / f"leaderboards/try-{name}/truth.csv").open() as file:
        assert {row["status"] for row in csv.DictReader(file)} == {"ok"}


def test_what_was_submitted_on_the_way_was_verified(made: Path) -> None:
    text = (made / "submissions/try-gap/gap.txt").read_text()
    assert '"package": "tbench-gap 0.1"' in text
    assert len(re.findall(r"^mini/digits,mini/resnet-\w+,0,ok,", text, re.M)) == 3


def test_the_guide_to_metrics_begins_as_a_contribution_does() -> None:
    first, whole = (
        re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M | re.S)[0]
        for page in ("add-a-metric.md", "contribute.md")
    )
    assert whole.startswith(first)


def test_these_packages_pass_their_own_tests(made: Path, shell: Shell) -> None:
    folders = " ".join(f"tbench-{name}" for name in GUIDES)
    told = shell(f'"$PYTHON" -m pytest -q -p no:cacheprovider -W error {folders}')
    assert re.search(r"^22 passed", told, re.M)


@pytest.mark.parametrize("kind", KINDS)
@given(name=st.from_regex(NAME, fullmatch=True).filter(lambda name: len(name) <= 40))
def test_whatever_the_name_all_files_can_be_read(kind: str, name: str) -> None:
    files = rendered(kind, name)
    module = f"tbench_{name.replace('-', '_')}"
    for file in (f"{module}.py", f"test_{module}.py"):
        compile(files[file], file, "exec")
    project = tomllib.loads(files["pyproject.toml"])
    (entry,) = project["project"]["entry-points"][f"tbench.{kind}s"].items()
    assert entry == (name, f"{module}:{KINDS[kind].entry}")
    assert read_suite("try", files[f"try-{name}.toml"]).default_protocol == "short"
    assert not any("$" in text for text in files.values())


@pytest.mark.parametrize(
    "name", ["Foo", "2d", "foo_bar", "foo.bar", "foo/bar", "../foo", "-foo", "", "foo\n", "f" * 41]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_no_package_can_have_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        write_package(kind, name, tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("kind", "name"), [("metric", "logme"), ("model", "mini"), ("dataset", "folder")])
def test_a_name_that_is_taken_is_refused_in_one_line(kind: str, name: str, tmp_path: Path) -> None:
    done = tbench("new", kind, name, "--out", tmp_path)
    assert done.exit_code == 2
    assert re.fullmatch(rf"tbench: the {kind} '{name}' is taken, tbench [^\n]+; choose another name\n", done.output)


def test_a_module_that_is_installed_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'tbench_metrics' is installed already"):
        write_package("metric", "metrics", tmp_path)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    assert tbench("new", "metric", "fresh", "--out", tmp_path / "deep").exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "deep/tbench-fresh").iterdir()}
    done = tbench("new", "model", "fresh", "--out", tmp_path / "deep")
    assert done.exit_code == 2
    assert "already" in done.output
    assert before == {path: path.read_bytes() for path in (tmp_path / "deep/tbench-fresh").iterdir()}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = tbench("new", "metric", "fresh", "--out", tmp_path / "file")
    assert done.exit_code == 2
    assert "cannot be made" in done.output
