"""Strangers' packages for real, installed by pip into folders of their own, and the command line that meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no defect. What chance finds does not hold up a change: `--hypothesis-profile=search` looks for it.
settings.register_profile("search", settings(), deadline=None)
settings.register_profile("gate", settings.get_profile("search"), derandomize=True)
settings.load_profile("gate")

Foreign = Callable[..., Path]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    """foreign(name, version, files, entry_points): the folder that the package is installed in.

    files: text by path (`shout.py`, `pack/__init__.py`, `pack/own.toml`); entry_points: lines `name = module:attribute`
    by group.
    """

    def install(name: str, version: str, files: Mapping[str, str], entry_points: Mapping[str, Sequence[str]]) -> Path:
        source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
        for path, text in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text, encoding="utf-8")
        (source / "pyproject.toml").write_text(_pyproject(name, version, list(files), entry_points), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        offline = ["--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir", "--no-compile"]
        done = subprocess.run([*pip, *offline, "--target", target, source], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return target

    return install


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """command(*words, packages=(), **environment): `tbench words` in a new interpreter that also sees the packages."""

    def call(
        *words: str, packages: Sequence[Path] = (), cwd: Path = tmp_path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tbench", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, packages)), **environment},
            cwd=cwd,
            capture_output=True,
            text=True,
        )

    return call


def _pyproject(name: str, version: str, files: Sequence[str], entry_points: Mapping[str, Sequence[str]]) -> str:
    modules = [path.removesuffix(".py") for path in files if "/" not in path]
    packages = sorted({path.rpartition("/")[0].replace("/", ".") for path in files if "/" in path})
    lines = [
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"',
        f'[project]\nname = "{name}"\nversion = "{version}"',
        f"[tool.setuptools]\npy-modules = {json.dumps(modules)}\npackages = {json.dumps(packages)}",
        '[tool.setuptools.package-data]\n"*" = ["*.toml"]',
    ]
    for group, entries in entry_points.items():
        pairs = (entry.partition("=")[::2] for entry in entries)
        table = "\n".join(f"{json.dumps(key.strip())} = {json.dumps(value.strip())}" for key, value in pairs)
        lines.append(f"[project.entry-points.{json.dumps(group)}]\n{table}")
    return "\n".join(lines) + "\n"
