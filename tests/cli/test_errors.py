"""Wrong input of each kind: one clear line, exit code 1 or 2, no traceback."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tbench.cli import main
from tbench.store import Store

LABELS = np.arange(40) % 4
FEATURES = np.random.default_rng(0).normal(size=(40, 5)) + LABELS[:, None]


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a folder with a few arrays in it."""
    monkeypatch.chdir(tmp_path)
    np.save("F.npy", FEATURES)
    np.save("y.npy", LABELS)
    np.save("nan.npy", np.where(FEATURES.max() - 1e-9 < FEATURES, np.nan, FEATURES))
    np.save("short.npy", LABELS[:-3])
    np.save("logits.npy", FEATURES)
    np.save("objects.npy", np.array([{"a": 1}], dtype=object))
    np.savez("several.npz", a=FEATURES, b=FEATURES)
    Path("text.npy").write_text("not an array")


def told(words: str, code: int) -> str:
    """The one line that is said."""
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == code, (result.output, result.exception)
    lines = result.stderr.strip().splitlines()
    if lines and lines[0].startswith("Usage:"):  # click's own words on its own options
        lines = lines[-1:]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    return lines[0]


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ("run --metrics logmee", 2, "no metric is called 'logmee'; did you mean logme"),
        ("run --metrics logme:epsilon=1", 2, "logme has no setting 'epsilon'"),
        ("run --metrics logme:eps=much", 2, "logme: eps=much is not a number"),
        ("run --metrics logme:logdet=half", 2, "logme: unknown logdet 'half'; it is full or thin"),
        ("run --metrics logme:eps=-1", 2, "must not be negative"),
        ("run --metrics logme+pedd", 2, "no transform is called 'pedd'; did you mean ped"),
        ("run --metrics nce+ped", 2, "nce does not rest on features, so a transform would change nothing"),
        (
            "run --models mini/resnet-mixx",
            2,
            "suite mini has no candidate 'mini/resnet-mixx'; did you mean mini/resnet-mix",
        ),
        ("run --datasets mini/digit", 2, "suite mini has no dataset 'mini/digit'; did you mean mini/digits"),
        ("run --suite minni", 2, "no suite is called 'minni'; did you mean mini"),
        ("run --suite none.toml", 2, "suite none.toml cannot be read: No such file or directory"),
        ("run --protocol slow", 2, "suite mini has no protocol 'slow'; it has quick, full"),
        ("run --executor moon", 2, "no executor is called 'moon'"),
        ("run --seeds one", 2, "--seeds 'one' is not a comma list of integers"),
        ("run --device abacus", 2, "device 'abacus' cannot be used"),
        ("score logme features=F.npy labels=y.npy --device abacus", 2, "device 'abacus' cannot be used"),
        ("score logme:as=thumbs features=F.npy labels=y.npy", 2, "no published settings called 'thumbs'; did you mean"),
        ("run --workers 0", 2, "Invalid value for '--workers'"),
        ("run --store /proc/none/results.sqlite --dry-run", 1, "store /proc/none/results.sqlite cannot be made"),
        ("run --store text.npy --dry-run", 1, "text.npy: file is not a database"),
        (
            "run --store newer.sqlite --dry-run",
            1,
            "newer.sqlite was written by a newer tbench (format 99, this one knows 2)",
        ),
        ("publish --store nowhere.sqlite", 1, "there is no store nowhere.sqlite"),
        ("show --store nowhere.sqlite", 1, "there is no store nowhere.sqlite"),
        ("score logmee features=F.npy labels=y.npy", 2, "no metric is called 'logmee'"),
        ("score logme:x=1 features=F.npy labels=y.npy", 2, "logme has no setting 'x'"),
        ("score logme features=none.npy labels=y.npy", 2, "features: there is no file none.npy"),
        ("score logme features=text.npy labels=y.npy", 1, "text.npy is not an array saved by numpy.save"),
        ("score logme features=objects.npy labels=y.npy", 1, "objects.npy is not an array saved by numpy.save"),
        ("score logme features=several.npz labels=y.npy", 1, "several.npz holds several arrays"),
        ("score logme features", 2, "'features' is not NAME=FILE.npy"),
        ("score logme features=nan.npy labels=y.npy", 1, "features: 1 values are NaN or infinite, the first in row"),
        ("score logme features=F.npy labels=short.npy", 1, "evidence of different lengths: features 40, labels 37"),
        ("score logme features=F.npy", 1, "logme is not applicable: the evidence given (features) gives no labels"),
        ("score leep source_probabilities=logits.npy labels=y.npy", 1, "are these logits?"),
        ("score hscore featurs=F.npy labels=y.npy", 1, "the evidence given (featurs, labels)"),
        ("check logmee", 2, "no metric is called 'logmee'"),
        ("pretrain minni", 2, "no model family is called 'minni'; did you mean mini"),
        ("frobnicate", 2, "No such command 'frobnicate'"),
    ],
)
def test_one_clear_line(words: str, code: int, line: str) -> None:
    if "newer.sqlite" in words:
        Store("newer.sqlite").close()
        with sqlite3.connect("newer.sqlite") as connection:
            connection.execute("update tbench_store set schema = 99")
    assert line in told(words, code)


def test_a_leaderboard_that_cannot_be_written(tmp_path: Path) -> None:
    Store("empty.sqlite").close()
    (tmp_path / "file").write_text("in the way")
    assert "leaderboard file/mini cannot be written: Not a directory" in told(
        "publish --store empty.sqlite --out file", 1
    )


def test_scores_are_printed_with_the_digits_that_they_have() -> None:
    result = CliRunner().invoke(main, ["score", "hscore,knn", "features=F.npy", "labels=y.npy"])
    assert result.exit_code == 0
    printed = dict(line.split() for line in result.output.splitlines())
    assert set(printed) == {"hscore", "knn"}
    assert 0 < float(printed["hscore"]) <= 3
    assert 0.25 < float(printed["knn"]) <= 1


def test_a_saturated_score_is_given_with_a_note() -> None:
    np.save("wide.npy", np.random.default_rng(0).normal(size=(40, 60)))
    result = CliRunner().invoke(main, ["score", "hscore", "features=wide.npy", "labels=y.npy"])
    assert result.exit_code == 0
    assert float(result.stdout) == pytest.approx(3)
    assert result.stderr.startswith("note: hscore: 40 samples are too few for 60 columns")
