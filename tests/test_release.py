"""What is released: sdist and wheel hold all that tbench needs and nothing else, and the wheel works away from here."""

from __future__ import annotations

import csv
import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tbench
from tbench.checkpoint import FORMAT as CHECKPOINT
from tbench.results import FORMAT
from tbench.store import SCHEMA

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "tbench": "benchmark/tbench",
    "tbench_metrics": "plugins/metrics/tbench_metrics",
    "tbench_models": "plugins/models/tbench_models",
    "tbench_datasets": "plugins/datasets/tbench_datasets",
}
BESIDE = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg", "ARCHITECTURE.md", "CHANGELOG.md", "CITATION.cff")
BUILD = "import sys; from setuptools import build_meta as b; out = sys.argv[1]; b.build_sdist(out); b.build_wheel(out)"
FORBIDDEN = re.compile(r"(^|/)(tests?|leaderboards|realdata|__pycache__|\.tbench|\.git|build)(/|$)|\.(pyc|sqlite|pth)$")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both, from a copy of the source with things beside it that must not go along."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for folder in (*PACKAGES.values(), "docs"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*BESIDE, "MANIFEST.in"):
        shutil.copy(ROOT / name, source / name)
    strays = ("tests/test_x.py", "realdata/cat.jpg", ".tbench/results.sqlite", "leaderboards/mini/README.md")
    for stray in (*strays, "benchmark/tbench/__pycache__/x.pyc", "big.pth"):
        (source / stray).parent.mkdir(parents=True, exist_ok=True)
        (source / stray).write_text("")
    done = subprocess.run([sys.executable, "-c", BUILD, out], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def sources() -> set[str]:
    """The files of the four packages, as they are called in a wheel."""
    return {
        f"{package}/{path.relative_to(ROOT / folder)}"
        for package, folder in PACKAGES.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_all_of_the_four_packages_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == sources()
    assert {name.partition("/")[0] for name in names} == {*PACKAGES}
    for needed in ("tbench/suites/mini.toml", "tbench/published/ped/truth.csv", "tbench/py.typed"):
        assert needed in names
    assert sum(name.startswith("tbench_models/mini/weights/") for name in names) >= 14
    assert {"tbench_datasets/mini/glyphs.npz", "tbench_datasets/mini/LICENCES.md"} <= names
    assert not [name for name in names if FORBIDDEN.search(name)]


def test_the_sdist_holds_the_same_and_what_tells_of_it(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {member.name.partition("/")[2] for member in archive if member.isfile()}
    inside = {
        f"{package}/{name.removeprefix(f'{folder}/')}"
        for package, folder in PACKAGES.items()
        for name in found
        if name.startswith(f"{folder}/")
    }
    assert inside == sources()
    assert {*BESIDE, "docs/versioning.md"} <= found
    assert not [name for name in found if FORBIDDEN.search(name)]


def test_the_metadata(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    folder = f"tbench-{tbench.__version__}.dist-info"
    told: Message = email.message_from_bytes(archive.read(f"{folder}/METADATA"))
    assert (told["Name"], told["Version"], told["Requires-Python"]) == ("tbench", tbench.__version__, ">=3.11")
    assert told["License"] == "MIT"
    assert told["Description-Content-Type"] == "text/markdown"
    shipped = ("LICENSE", "plugins/datasets/tbench_datasets/mini/LICENCES.md")
    assert {f"{folder}/licenses/{name}" for name in shipped} <= {*archive.namelist()}
    declared = ConfigParser(delimiters=("=",))
    declared.read(ROOT / "setup.cfg")
    required = [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(required) == sorted(declared["options"]["install_requires"].split())
    entries = ConfigParser(delimiters=("=",))
    entries.read_string(archive.read(f"{folder}/entry_points.txt").decode())
    assert entries["console_scripts"]["tbench"] == "tbench.cli:main"
    assert entries["tbench.suites"]["mini"] == "tbench.suites:mini.toml"


def test_the_wheel_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    offline = ["--no-deps", "--no-index", "--no-cache-dir", "--no-compile", "--target", str(target), str(wheel)]
    subprocess.run([*pip, *offline], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}

    def said(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert said("-c", "import tbench; print(tbench.__file__)") == f"{target}/tbench/__init__.py\n"
    listed = json.loads(said("-m", "tbench", "list", "suites", "--json"))
    assert {"mini", "ped"} <= {row["name"] for row in listed if row["description"]}
    planned = said("-m", "tbench", "run", "--metrics", "knn", "--datasets", "mini/digits", "--dry-run")
    assert "to do: 14 scores" in planned


def oldest() -> list[Requirement]:
    """The oldest packages that `setup.cfg` allows."""
    declared = ConfigParser(delimiters=("=",))
    declared.read(ROOT / "setup.cfg")
    return [Requirement(line.replace(">=", "==")) for line in declared["options"]["install_requires"].split()]


@pytest.mark.skipif("TBENCH_BARE" not in os.environ, reason="`make test-install`: 5 GB and 10 minutes for each")
@pytest.mark.parametrize("packages", ["newest", "oldest"])
def test_the_wheel_measures_all_metrics_in_a_bare_environment(wheel: Path, tmp_path: Path, packages: str) -> None:
    venv, home, constraints = tmp_path / "venv", tmp_path / "home", tmp_path / "constraints.txt"
    home.mkdir()
    constraints.write_text("\n".join(map(str, oldest())) if packages == "oldest" else "")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TBENCH"))}
    environment = {**kept, "HOME": str(home), "PATH": f"{venv / 'bin'}:/usr/bin:/bin"}

    def said(*words: str | Path) -> str:
        done = subprocess.run(words, env=environment, cwd=home, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said(sys.executable, "-m", "venv", venv)
    pip = (venv / "bin/python", "-m", "pip", "--disable-pip-version-check")
    said(*pip, "install", "--quiet", "--no-cache-dir", "--constraint", constraints, wheel)
    installed = {
        canonicalize_name(row["name"]): row["version"] for row in json.loads(said(*pip, "list", "--format=json"))
    }
    if packages == "oldest":
        for package in oldest():
            assert package.specifier.contains(installed[canonicalize_name(package.name)]), package

    said(venv / "bin/tbench", "run", "--metrics", "all")
    with (home / "leaderboards/mini/scores.csv").open(newline="") as file:
        statuses = {(row["metric"], row["status"]) for row in csv.DictReader(file)}
    assert len({metric for metric, status in statuses if status == "ok"}) > 60
    assert {status for _, status in statuses} == {"ok", "inapplicable"}
    assert (home / "leaderboards/mini/index.html").exists()
    shutil.rmtree(venv)


def test_the_citation_and_the_changelog_name_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(rf"^version: {re.escape(tbench.__version__)}$", citation, re.MULTILINE)
    assert re.search(r"^cff-version: 1\.2\.0$", citation, re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", changes, re.MULTILINE)
    assert versions[0] == tbench.__version__
    assert versions == sorted(versions, reverse=True)


def test_the_policy_names_the_numbers_of_today() -> None:
    policy = (ROOT / "docs/versioning.md").read_text("utf-8")
    for row, number in (("records", FORMAT), ("the store", SCHEMA), ("checkpoints", CHECKPOINT)):
        (line,) = [line for line in policy.splitlines() if line.startswith(f"| {row}")]
        assert re.findall(r"now (\d+)", line) == [str(number)]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["target-version"]
    assert f"3.{oldest.removeprefix('py3')}" in policy
