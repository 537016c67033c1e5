"""Strangers' packages, installed for real: each is found, each trouble is named, none harms anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from .conftest import CELLS, Foreign, House

METRIC = '''
def spread(features):
    """How far features lie apart."""
    return float(features.std())
'''


def path(*packages: object) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(map(str, packages))}


def test_a_metric_in_three_lines_is_listed_measured_and_ranked(house: House, foreign: Foreign) -> None:
    package = foreign("spreading", "2.1", {"spreading.py": METRIC}, {"tbench.metrics": ["spread = spreading:spread"]})
    listed = subprocess.run(
        [sys.executable, "-m", "tbench", "list", "metrics", "--json"],
        env={**os.environ, **path(package)},
        capture_output=True,
        check=True,
    )
    (spread,) = [entry for entry in json.loads(listed.stdout) if entry["name"] == "spread"]
    assert "How far features lie apart." in spread.values()
    assert "2.1" in str(spread)

    ended = house.run(metrics="all", env=path(package))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (record,) = [r for k, r in house.records().items() if k.spec == "spread" and k.candidate == "mini/resnet-mix"]
    assert record.status == "ok"
    assert record.provenance["plugin"] == "spreading 2.1"
    assert "| spread" in (house.pages / "README.md").read_text()


def test_broken_clashing_and_raising_packages_are_named_and_harm_nothing(
    house: House, undisturbed: House, foreign: Foreign
) -> None:
    broken = foreign(
        "broken-metric",
        "0.1",
        {"broken.py": "import nowhere_to_be_found\n"},
        {"tbench.metrics": ["broken = broken:it"]},
    )
    thief = foreign("thief", "0.2", {"thief.py": METRIC}, {"tbench.metrics": ["lfc = thief:spread"]})
    loud = foreign(
        "loud-listener",
        "0.3",
        {
            "loud.py": "from tbench.hooks import hookimpl\n@hookimpl\ndef measured(record):\n"
            "    raise RuntimeError('I listen badly')\n"
        },
        {"tbench.hooks": ["loud = loud"]},
    )
    crashing = foreign(
        "crashing-metric",
        "0.4",
        {"crashing.py": "def crash(features):\n    raise ZeroDivisionError('on purpose')\n"},
        {"tbench.metrics": ["crash = crashing:crash"]},
    )
    ended = house.run(metrics="all", env=path(broken, thief, loud, crashing))
    told = " ".join(ended.stdout.split())
    assert ended.returncode == 1
    assert ended.stderr == ""
    assert "'broken' from broken-metric 0.1 cannot be imported" in told
    assert "No module named 'nowhere_to_be_found'" in told
    assert "'lfc' is refused: tbench" in told
    assert "thief 0.2 both bring it" in told
    assert "listener loud from loud-listener 0.3 failed at measured (RuntimeError: I listen badly)" in told
    assert "crash (2 cells): ZeroDivisionError: on purpose" in told
    assert undisturbed.values().items() <= house.values().items()
    assert len(undisturbed.values()) == CELLS
    specs = {key.spec for key in house.values()}
    assert not any(spec.startswith("lfc") for spec in specs)
    assert any(spec.startswith("hscore") for spec in specs)


def test_a_clash_is_settled_by_naming_the_package(house: House, foreign: Foreign) -> None:
    thief = foreign("thief", "0.2", {"thief.py": METRIC}, {"tbench.metrics": ["lfc = thief:spread"]})
    refused = house.run(metrics="lfc", env=path(thief))
    assert refused.returncode == 1
    assert "ask for tbench/lfc or thief/lfc" in refused.stderr
    ended = house.run("--models", "*mix", metrics="thief/lfc,tbench/lfc", env=path(thief))
    assert ended.returncode == 0, ended.stderr
    plugins = {record.provenance["plugin"].split()[0] for key, record in house.records().items() if "lfc" in key.spec}
    assert plugins == {"thief", "tbench"}


def test_a_metric_that_kills_its_worker_costs_its_own_cells(house: House, undisturbed: House, foreign: Foreign) -> None:
    deadly = foreign(
        "deadly-metric",
        "1.0",
        {"deadly.py": "import os, signal\ndef deadly(features):\n    os.kill(os.getpid(), signal.SIGKILL)\n"},
        {"tbench.metrics": ["deadly = deadly:deadly"]},
    )
    words = ("--isolate", "none")
    ended = house.run(*words, metrics="deadly,leep,logme,logme+ped,random", executor="processes", env=path(deadly))
    assert ended.returncode == 1
    assert "deadly (2 cells): its worker process was killed by SIGKILL, 3 times over" in " ".join(ended.stdout.split())
    values = house.values()
    assert {key: value for key, value in values.items() if key.spec != "deadly"} == undisturbed.values()
    assert [value for key, value in values.items() if key.spec == "deadly"] == [("failed", None)] * 2
