"""tbench doctor: what is there, what is not, and what is broken."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.doctor import caches, machine, packages, plugins, suites
from tbench.doctor.finding import Finding
from tbench.doctor.limits import Limits
from tbench.registry import KINDS, Registry
from tbench.store import Store
from tbench.suite import load_suite


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The network as it is where there is none; what was asked of it."""
    asked: list[str] = []

    def refuse(*words: object, **_: object) -> NoReturn:
        asked.append(str(words))
        raise OSError("no network")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return asked


class Metadata(Distribution):
    """Of a package that says so."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def says(monkeypatch: pytest.MonkeyPatch, *lines: str, have: dict[str, str] | None = None) -> None:
    """tbench asks for other packages than it does; these are installed."""

    def found(name: str) -> str:
        if name in (have or {}):
            return (have or {})[name]
        raise PackageNotFoundError(name)

    text = "\n".join(["Metadata-Version: 2.1", "Name: tbench", "Version: 9.9", *lines]) + "\n\n"
    monkeypatch.setattr(packages, "distribution", lambda _: Metadata(text))
    monkeypatch.setattr(packages, "version", found)


def doctor(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--suite", "mini", *words])


def test_one_screen_in_plain_words_without_network(offline: list[str]) -> None:
    done = doctor()
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    lines = done.stdout.splitlines()
    parts = ["versions", "machine", "extras", "plug-ins", "caches", "suites"]
    assert [line for line in lines if not line.startswith(" ")] == parts
    assert len(lines) < 40
    assert lines[-1].split() == ["mini", "ready"]
    assert f"torch {version('torch')}" in done.stdout
    assert "\x1b" not in done.stdout
    assert offline == []


def test_for_programs() -> None:
    done = doctor("--json")
    assert done.exit_code == 0
    found = {(row["part"], row["name"]): row for row in json.loads(done.stdout)}
    assert found["machine", "cores"]["values"]["usable"] >= 1
    assert found["machine", "disk"]["values"]["free"] > 0
    assert found["suites", "mini"] == {
        **{"part": "suites", "name": "mini", "told": "ready", "state": "ok", "cures": [], "values": {"absent": {}}}
    }
    assert {row["state"] for row in found.values()} <= {"ok", "absent"}


def test_an_unknown_suite_is_told_before_anything_is_looked_at() -> None:
    done = CliRunner().invoke(main, ["doctor", "--suite", "minni"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no suite is called 'minni'; did you mean mini" in done.stderr


def test_what_a_suite_lacks_and_how_to_get_it(offline: list[str]) -> None:
    (found,) = suites.findings(load_suite("small-real"), lambda *_: None)
    assert found.state == "absent"
    assert found.told == "lacks 8 of 16 candidates and 5 of 5 datasets and its reference set"
    assert any("mnist.npz" in line for line in found.cures)
    done = CliRunner().invoke(main, ["doctor", "--suite", "small-real"])
    assert done.exit_code == 0  # absent is not broken
    for cure in found.cures:
        assert f"    {cure}\n" in done.stdout
    assert offline == []


def test_a_suite_that_cannot_be_read_is_broken_and_the_others_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = (
        EntryPoint(name, value, "tbench.suites")
        for name, value in (("mini", "tbench.suites:mini.toml"), ("gone", "tbench.suites:gone.toml"))
    )
    real = Registry.installed

    def installed(kind: str) -> Registry:
        return Registry.of("suites", [good, bad]) if kind == "suites" else real(kind)

    monkeypatch.setattr(Registry, "installed", staticmethod(installed))
    told: list[str] = []
    found = {row.name: row for row in suites.findings(None, lambda what, *_: told.append(what))}
    assert (found["mini"].state, found["gone"].state) == ("ok", "broken")
    assert "cannot be read" in found["gone"].told
    assert told == ["suite gone", "suite mini"]


def test_a_plug_in_that_cannot_be_imported_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sick_plugin.py").write_text("raise RuntimeError('out of order')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sick = EntryPoint("sick", "sick_plugin:sick", "tbench.metrics")
    well = EntryPoint("knn", "tbench_metrics.knn:knn", "tbench.metrics")

    def everything() -> list[Registry]:
        return [Registry.of(kind, [sick, well] if kind == "metrics" else []) for kind in KINDS]

    monkeypatch.setattr(Registry, "everything", everything)
    broken, whole = plugins.findings()
    assert broken.state == "broken"
    assert broken.told.startswith("metric 'sick' from sick_plugin:sick cannot be imported (RuntimeError: out of order)")
    assert broken.cures == ("mend or uninstall it",)
    assert (whole.state, dict(whole.values)) == ("ok", {"tbench_metrics.knn": 1})
    done = doctor()
    assert done.exit_code == 1
    assert "BROKEN: metric 'sick'" in done.stdout


def test_a_name_of_two_packages_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [EntryPoint("knn", f"{module}:knn", "tbench.metrics") for module in ("tbench_metrics.knn", "other")]
    monkeypatch.setattr(plugins, "load", lambda kind, entry: None)
    monkeypatch.setattr(Registry, "everything", lambda: [Registry.of("metrics", twins)])
    first, *_ = plugins.findings()
    assert first.state == "broken"
    assert "both bring it" in first.told


def test_what_is_older_than_supported_or_missing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("Requires-Python: >=3.11", "Requires-Dist: alpha>=2", "Requires-Dist: beta>=1", "Requires-Dist: gone")
    says(monkeypatch, *asked, have={"alpha": "1.9", "beta": "1.0"})
    program, found = packages.findings()
    assert program.state == "ok"
    assert found.state == "broken"
    assert found.cures == ("alpha 1.9 is too old: pip install 'alpha>=2'", "gone is not installed: pip install 'gone'")
    assert dict(found.values) == {"alpha": "1.9", "beta": "1.0", "gone": None}


def test_a_python_that_is_too_old_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "Requires-Python: >=99")
    program, _ = packages.findings()
    assert (program.state, program.cures) == ("broken", ("tbench needs Python >=99",))


def test_an_extra_that_is_missing_is_absent_and_one_that_is_too_old_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = [f"Provides-Extra: {name}" for name in ("new", "old", "none", "docs", "dev")]
    asked = [
        f'Requires-Dist: {name}>=2; extra == "{extra}"'
        for name, extra in zip("abc", ("new", "old", "none"), strict=True)
    ]
    says(monkeypatch, *extras, *asked, "Requires-Dist: z>=1", have={"a": "2.1", "b": "1", "z": "1"})
    found = {row.name: row for row in packages.extras()}
    assert {name: row.state for name, row in found.items()} == {"new": "ok", "old": "broken", "none": "absent"}
    assert found["none"].told == "c is not installed"
    assert found["none"].cures == ("pip install 'tbench[none]'",)
    done = doctor()
    assert done.exit_code == 1
    assert "BROKEN: b 1 is too old; pip install 'tbench[old]'" in done.stdout


def test_the_extras_that_are_declared_are_told() -> None:
    assert {"hf", "ot", "plot", "postgres", "ray"} <= {row.name for row in packages.extras()}


def test_without_metadata_tbench_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> NoReturn:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", nowhere)
    (found,) = packages.findings()
    assert (found.state, [*packages.extras()]) == ("broken", [])


def test_a_library_that_is_not_whole_is_broken_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object) -> Iterator[Finding]:
        raise OSError("libcudart.so.13: cannot open shared object file")
        yield

    monkeypatch.setattr(machine, "findings", torn)
    done = doctor()
    assert done.exit_code == 1
    assert "BROKEN: cannot be looked at (OSError: libcudart.so.13: cannot open shared object file)" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["mini", "ready"]


def test_caches_and_what_they_take(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "weights").write_bytes(b"x" * 1000)
    (tmp_path / "data" / "again").symlink_to(tmp_path / "data" / "deep" / "weights")
    with Store(tmp_path / "results.sqlite"):
        pass
    found = {row.name: row for row in caches.findings(str(tmp_path / "results.sqlite"))}
    size: Any = found["data"].values["size"]
    assert 1000 < size < 2000  # a link takes the length of its words
    assert (found["store"].state, found["evidence"].state) == ("ok", "absent")
    assert found["evidence"].values["path"] == str(tmp_path / "evidence")
    assert found["downloads"].values == {"allowed": False}


def test_a_store_that_cannot_be_read_is_broken(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_bytes(b"no database at all, and long enough to be looked at" * 100)
    done = doctor("--store", str(tmp_path / "results.sqlite"))
    assert done.exit_code == 1
    assert "  store" in done.stdout
    assert "BROKEN: " in done.stdout


def groups(tmp_path: Path, told: str, files: dict[str, str]) -> Limits:
    (tmp_path / "told").write_text(told)
    for name, text in files.items():
        (tmp_path / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mount" / name).write_text(text)
    return Limits.of_this_process(tmp_path / "mount", tmp_path / "told")


def test_the_smallest_limit_of_all_groups_round_a_process_counts(tmp_path: Path) -> None:
    files = {
        "cpu.max": "max 100000\n",
        "slice/cpu.max": "150000 100000\n",
        "slice/job/cpu.max": "400000 100000\n",
        "slice/memory.max": "max\n",
        "slice/job/memory.max": "1073741824\n",
    }
    assert groups(tmp_path, "0::/slice/job\n", files) == Limits(1.5, 2**30)


def test_the_limits_of_the_first_kind_of_groups(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct/d/ab/cpu.cfs_quota_us": "50000\n",
        "cpu,cpuacct/d/ab/cpu.cfs_period_us": "100000\n",
        "memory/d/memory.limit_in_bytes": "2048\n",
        "memory/memory.limit_in_bytes": f"{2**63 - 4096}\n",
    }
    told = "9:pids:/d/ab\n4:memory:/d\n2:cpu,cpuacct:/d/ab\n"
    assert groups(tmp_path, told, files) == Limits(0.5, 2048)


@pytest.mark.parametrize("told", ["", "0::/\n", "0::/../../outside\n", "nonsense", "1:name=systemd:/\n"])
def test_no_limit_is_no_limit(tmp_path: Path, told: str) -> None:
    assert groups(tmp_path, told, {}) == Limits(None, None)
    assert groups(tmp_path, told, {"cpu.max": "max 100000", "memory.max": "max"}) == Limits(None, None)


def test_what_a_control_group_takes_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "of_this_process", lambda: Limits(0.5, 2**20))
    found = {row.name: row for row in machine.findings("results.sqlite")}
    assert "the control group allows the time of 0.5: --workers 1" in found["cores"].told
    assert "of which the control group allows 1.0 MiB" in found["memory"].told
