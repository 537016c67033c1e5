"""tbench cache: list, verify, prune."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.evidence.shelf import Shelf

KEYS = [f"{number:02x}" * 16 for number in range(4)]
DAYS = [40, 3, 0, 0]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Beside a store: two shards of forward, and one of each of two others."""
    made = Shelf(tmp_path / "evidence")
    for key, node, days in zip(KEYS, ("held_out", "task_fisher", "forward", "forward"), DAYS, strict=True):
        made.write(key, {"x": np.zeros(2048, np.uint8)}, {"node": node, "whose": "m/a on d/x"})
        for path in made.paths(key):
            os.utime(path, (time.time() - days * 86400 - 60,) * 2)
    return made


def tbench(shelf: Shelf, *words: str, store: bool = True) -> Result:
    where = ["--store", str(shelf.folder.parent / "results.sqlite")] if store else ["--folder", str(shelf.folder)]
    return CliRunner().invoke(main, ["cache", *words, *where])


def damage(shelf: Shelf, key: str) -> None:
    data, _ = shelf.paths(key)
    data.write_bytes(b"x" + data.read_bytes()[1:])


@pytest.mark.parametrize("store", [True, False])
def test_what_is_kept_is_listed_by_node_and_owner(shelf: Shelf, store: bool) -> None:
    done = tbench(shelf, "list", store=store)
    assert done.exit_code == 0, done.output
    header, *rows, total = [re.split(r"  +", line) for line in done.output.splitlines()]
    assert header == ["node", "of", "parts", "size", "made", "last used"]
    assert [row[0] for row in rows] == ["forward", "task_fisher", "held_out"]
    assert rows[0][1:3] == ["m/a on d/x", "2"]
    assert rows[0][3].endswith("KiB")
    assert [row[5] for row in rows] == ["1 m ago", "3 d ago", "40 d ago"]
    assert total[0].startswith("4 values, ")
    assert total[0].endswith(f"KiB, in {shelf.folder}")


def test_who_is_at_work_is_listed(shelf: Shelf) -> None:
    with shelf.turn("ee" * 16, 0.0):
        assert f"at work: process {os.getpid()} on " in tbench(shelf, "list").output
    assert "at work" not in tbench(shelf, "list").output


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    done = tbench(Shelf(tmp_path / "evidence"), "list")
    assert (done.exit_code, done.output) == (0, f"0 values, 0 B, in {tmp_path / 'evidence'}\n")


def test_every_checksum_is_verified(shelf: Shelf) -> None:
    done = tbench(shelf, "verify")
    assert (done.exit_code, done.output) == (0, f"4 values in {shelf.folder}, 0 damaged\n")
    damage(shelf, KEYS[1])
    for _ in range(2):
        done = tbench(shelf, "verify")
        assert done.exit_code == 1
        told, total = done.output.splitlines()
        assert told == f"{shelf.paths(KEYS[1])[0]} does not have the checksum that it was written with"
        assert total == f"4 values in {shelf.folder}, 1 damaged"
    done = tbench(shelf, "verify", "--delete")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"3 values in {shelf.folder}, 1 damaged, 1 removed"
    assert tbench(shelf, "verify").exit_code == 0


def test_what_is_damaged_and_in_work_stays(shelf: Shelf) -> None:
    damage(shelf, KEYS[1])
    with shelf.turn(KEYS[1], 0.0):
        done = tbench(shelf, "verify", "--delete")
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].endswith("1 damaged, 0 removed")


def test_what_is_old_goes_once_it_is_meant(shelf: Shelf) -> None:
    for words, verb, left in ((["--dry-run"], "would go", 4), ([], "removed", 3)):
        done = tbench(shelf, "prune", "--older-than", "30d", *words)
        assert done.exit_code == 0, done.output
        told, total = done.output.splitlines()
        assert told.startswith("held_out of m/a on d/x, 2.")
        assert total.startswith(f"{verb}: 1 of 4 values, ")
        assert len([*shelf]) == left


def test_the_least_recently_used_make_room(shelf: Shelf) -> None:
    done = tbench(shelf, "prune", "--max-size", "5K")
    assert done.exit_code == 0, done.output
    assert [line.partition(" ")[0] for line in done.output.splitlines()] == ["held_out", "task_fisher", "removed:"]
    assert [*shelf] == KEYS[2:]


def test_what_is_in_work_stays_and_is_counted(shelf: Shelf) -> None:
    with shelf.turn(KEYS[0], 0.0):
        done = tbench(shelf, "prune", "--max-size", "0")
    assert done.output.splitlines()[-1].endswith("; 1 stay, which somebody computes just now")
    assert [*shelf] == KEYS[:1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["prune"], "tbench: say what is to go: --max-size 20G, --older-than 30d, or both"),
        (["prune", "--max-size", "much"], "'much' is not a number with one of the units K, M, G, T"),
        (["prune", "--max-size", "3d"], "'3d' is not a number with one of the units K, M, G, T"),
        (["prune", "--older-than", "5y"], "'5y' is not a number with one of the units m, h, d, w"),
    ],
)
def test_words_that_do_not_fit(shelf: Shelf, words: list[str], told: str) -> None:
    done = tbench(shelf, *words)
    assert done.exit_code == 2
    assert told in done.output
    assert len([*shelf]) == 4


@pytest.mark.parametrize("words", [["list"], ["verify"], ["prune", "--max-size", "1G"]])
def test_a_folder_that_is_not_there(tmp_path: Path, words: list[str]) -> None:
    done = tbench(Shelf(tmp_path / "none" / "evidence"), *words)
    assert done.exit_code == 2
    assert done.output.startswith(f"tbench: there is no folder {tmp_path / 'none' / 'evidence'}: name the store")
