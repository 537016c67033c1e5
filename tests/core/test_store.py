"""The store: nothing that was added is lost, whoever writes, reads or is killed; what is wrong is told in one line."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from spawned import add_many

from tbench import results
from tbench.errors import StoreError
from tbench.results import FORMAT, Key, Record, Status, from_json, to_json
from tbench.store import SCHEMA, Store

KEY = Key("score", "mini", "mini/digits", "mini/resnet", "logme:x=1", 0)
FULL = Record(
    KEY,
    "ok",
    0.1 + 0.2,
    seconds=1e-7,
    cpu_seconds=5e-324,
    evidence={"forward": {"seconds": 1.5, "cpu_seconds": 1.25, "machine": "one"}},
    details={"label": "logme", "repeats": 5, "spread": 1 / 3, "curve": [1.0, 0.5], "nothing": None, "words": "schön\n"},
    provenance={"tbench": "0.1", "machine": "one"},
    time="2026-01-01T00:00:00+00:00",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.sqlite"


def known(store: Store, suite: str) -> dict[Key, Status]:
    return {record.key: record.status for record in store.latest(suite)}


def test_a_record_comes_back_exactly(path: Path) -> None:
    with Store(path) as store:
        store.add(FULL)
        assert store.latest() == [FULL]
    with Store(path, read_only=True) as store:
        assert store.latest() == [FULL]


def test_the_last_record_of_a_key_counts(path: Path) -> None:
    other = replace(FULL, key=replace(KEY, seed=1))
    with Store(path) as store:
        for record in (replace(FULL, status="failed", value=None, reason="no"), other, FULL, replace(FULL, value=2.0)):
            store.add(record)
        assert store.latest() == [replace(FULL, value=2.0), other]
        assert known(store, "mini") == {KEY: "ok", other.key: "ok"}
        store.add(replace(FULL, status="failed", value=None, reason="no"))
        assert known(store, "mini") == {KEY: "failed", other.key: "ok"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (5,)


def test_answers_by_suite_and_kind_are_sorted_by_key(path: Path) -> None:
    keys = [
        Key("truth", "mini", "d/b", "c", "finetune:a=1", 0),
        Key("score", "mini", "d/b", "c", "x", 10),
        Key("score", "mini", "d/b", "c", "x", 9),
        Key("score", "mini", "d/B", "c", "x", 0),
        Key("score", "other", "d/b", "c", "x", 0),
    ]
    with Store(path) as store:
        for key in keys:
            store.add(replace(FULL, key=key))
        assert [record.key for record in store.latest()] == sorted(keys)
        assert [record.key for record in store.latest(suite="mini")] == [keys[3], keys[2], keys[1], keys[0]]
        assert [record.key for record in store.latest("mini", "truth")] == keys[:1]
        assert [record.key for record in store.latest(kind="truth")] == keys[:1]
        assert set(known(store, "mini")) == set(keys[:4])
        assert known(store, "none") == {}
        assert store.latest("none") == []


def test_folders_are_made_for_writing(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "100%?#" / "results.sqlite"
    with Store(path) as store:
        store.add(FULL)
    with Store(path, read_only=True) as store:
        assert store.latest() == [FULL]
    assert [entry.name for entry in path.parent.iterdir()] == ["results.sqlite"]


def test_a_url_of_a_file_is_that_file(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.add(FULL)
    with Store(path, read_only=True) as store:
        assert store.latest() == [FULL]


def test_reading_while_another_writes(path: Path) -> None:
    with Store(path) as store, Store(path, read_only=True) as reader:
        store.add(FULL)
        assert reader.latest() == [FULL]
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("DELETE FROM records")
            assert reader.latest() == [FULL]
            assert known(reader, "mini") == {KEY: "ok"}
            writer.execute("ROLLBACK")
        with pytest.raises(StoreError, match="readonly"):
            reader.add(FULL)


def test_eight_processes_at_once_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_many, args=(path, worker, 40)) for worker in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    with Store(path, read_only=True) as store:
        assert len(store.latest()) == len(known(store, "mini")) == 8 * 40


WRITER = """
import sys
from tbench.results import Key, Record
from tbench.store import Store
store = Store(sys.argv[1])
for seed in range(10**9):
    store.add(Record(Key("score", "mini", "d", "c", "x", seed), "ok", 1.0))
    print(seed, flush=True)
"""


def test_kill_9_leaves_exactly_what_was_added(path: Path) -> None:
    roots = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-c", WRITER, str(path)]
    for _ in range(3):
        path.unlink(missing_ok=True)
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": roots}, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(50)]
            writer.send_signal(signal.SIGKILL)
            told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        with Store(path) as store:
            found = [record.key.seed for record in store.latest()]
            # The one that was being added may be there, too: it was committed, and nobody was left to say so.
            assert found in (told, [*told, told[-1] + 1])
            store.add(FULL)
            assert len(store.latest()) == len(found) + 1
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_heavy_is_imported() -> None:
    roots = os.pathsep.join(entry for entry in sys.path if entry)
    code = "import sys, tbench.store; print(sorted({'numpy', 'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": roots}
    )
    assert found.stdout == "[]\n"


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store .*none\.sqlite: measure something first \(tbench run\)"):
        Store(tmp_path / "none.sqlite", read_only=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("read_only", [True, False])
def test_what_is_not_a_store_is_told_and_left_alone(tmp_path: Path, read_only: bool) -> None:
    text = tmp_path / "text"
    text.write_text("no database " * 100)
    with pytest.raises(StoreError, match="text: file is not a database"):
        Store(text, read_only=read_only)
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE accounts (money INTEGER)")
    with pytest.raises(StoreError, match="other is a database, but not a store of tbench"):
        Store(other, read_only=read_only)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("accounts",)]
    with pytest.raises(StoreError, match="is a folder: name a file in it"):
        Store(tmp_path, read_only=read_only)


def test_an_empty_file_is_an_empty_store_for_writing_only(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="not a store of tbench"):
        Store(path, read_only=True)
    with Store(path) as store:
        assert store.latest() == []


@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_of_a_newer_tbench(path: Path, read_only: bool) -> None:
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE tbench_store SET schema = {SCHEMA + 1}")
        connection.commit()
    told = rf"was written by a newer tbench \(format {SCHEMA + 1}, this one knows {SCHEMA}\): upgrade tbench"
    with pytest.raises(StoreError, match=told):
        Store(path, read_only=read_only)


def test_a_record_of_a_newer_tbench(path: Path) -> None:
    with Store(path) as store:
        store.add(replace(FULL, format=FORMAT + 1))
        with pytest.raises(
            StoreError, match=rf"newer tbench \(format {FORMAT + 1}, this one knows {FORMAT}\): upgrade"
        ):
            store.latest()


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder of root's that others may read, seen by one of them. Who is not root sees a folder closed to himself."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with Store(folder / "results.sqlite") as store:
            store.add(FULL)
        folder.chmod(0o555)
        (folder / "results.sqlite").chmod(0o444)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_where_nothing_can_be_written_a_store_can_be_read_and_the_rest_is_told() -> None:
    with nobody() as folder:
        with Store(folder / "results.sqlite", read_only=True) as store:
            assert store.latest() == [FULL]
        for name in ("results.sqlite", "new.sqlite"):
            with pytest.raises(StoreError, match=rf"{name}: .*; the file and its folder must be open to you") as error:
                Store(folder / name)
            assert "\n" not in str(error.value)
        with pytest.raises(StoreError, match=r"new\.sqlite cannot be made: Permission denied"):
            Store(folder / "deep" / "new.sqlite")
        assert [entry.name for entry in folder.iterdir()] == ["results.sqlite"]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("nosuch://host/base", "nosuch://host/base is not a path or database URL that can be used here"),
        ("post gres://:", "is not a path or database URL that can be used here"),
        ("mysql+nosuchdriver://me:secret@host/base", r"mysql\+nosuchdriver://me:\*\*\*@host/base is not a path or"),
    ],
)
def test_urls_that_cannot_be_used(where: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as error:
        Store(where)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_json_is_one_line_and_the_same_whatever_the_order_of_keys() -> None:
    turned = replace(FULL, details=dict(reversed(list(FULL.details.items()))))
    assert to_json(turned) == to_json(FULL)
    assert "\n" not in to_json(FULL)
    assert from_json(to_json(FULL)) == FULL


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_hold_is_refused(path: Path, value: object) -> None:
    with Store(path) as store:
        with pytest.raises(StoreError, match="record of logme:x=1 on mini/resnet cannot be written"):
            store.add(replace(FULL, details={"spread": value}))
        assert known(store, "mini") == {}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 1}', '{"format": 1, "key": {"kind": 1}}', '{"format": "x"}']
)
def test_what_is_not_a_record_is_told(text: str) -> None:
    with pytest.raises(StoreError, match="not a record of tbench"):
        from_json(text)


def test_a_record_of_format_1_loads_for_ever() -> None:
    written = (
        '{"cpu_seconds":0.5,"details":{"label":"hscore"},"evidence":{"forward":{"cpu_seconds":2.0,"machine":"m","seconds":1.0}},'
        '"format":1,"key":{"candidate":"mini/a","dataset":"mini/b","kind":"score","seed":3,"spec":"hscore","suite":"mini"},'
        '"provenance":{"machine":"m"},"reason":"","seconds":0.25,"status":"ok","time":"2026-01-01T00:00:00+00:00","value":0.125}'
    )
    record = from_json(written)
    assert record.key == Key("score", "mini", "mini/b", "mini/a", "hscore", 3)
    assert (record.value, record.seconds, record.cpu_seconds, record.format) == (0.125, 0.25, 0.5, 1)
    assert record.evidence == {"forward": {"cpu_seconds": 2.0, "machine": "m", "seconds": 1.0}}


def test_older_formats_are_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_oldest(document: dict[str, object]) -> dict[str, object]:
        return document | {"format": FORMAT - 1, "reason": document["why"]}

    def from_older(document: dict[str, object]) -> dict[str, object]:
        return {key: value for key, value in document.items() if key != "why"} | {"format": FORMAT}

    monkeypatch.setattr(results, "UPGRADES", {FORMAT - 2: from_oldest, FORMAT - 1: from_older})
    old = json.loads(to_json(FULL)) | {"format": FORMAT - 2, "why": "so"}
    assert from_json(json.dumps(old)) == replace(FULL, reason="so")
    with pytest.raises(StoreError, match="not a record of tbench"):
        from_json(json.dumps(old | {"format": FORMAT - 3}))


@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_of_documents_is_read_and_turned_into_one_of_today(path: Path, read_only: bool) -> None:
    failed = replace(FULL, status="failed", value=None, reason="no")
    other = replace(FULL, key=replace(KEY, seed=1), value=-0.0)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tbench_store (schema INTEGER NOT NULL)")
        connection.execute("INSERT INTO tbench_store VALUES (1)")
        keys = "kind TEXT, suite TEXT, dataset TEXT, candidate TEXT, spec TEXT, seed INTEGER"
        connection.execute(f"CREATE TABLE records (id INTEGER PRIMARY KEY, {keys}, status TEXT, document TEXT)")
        connection.execute("CREATE INDEX records_by_key ON records (kind, suite, dataset, candidate, spec, seed, id)")
        for record in (failed, other, FULL):
            row = (*(getattr(record.key, name.split()[0]) for name in keys.split(", ")), record.status, to_json(record))
            connection.execute(f"INSERT INTO records VALUES (NULL{', ?' * len(row)})", row)
        connection.commit()
    before = path.read_bytes()
    with Store(path, read_only=read_only) as store:
        assert store.latest() == [FULL, other]
        assert repr(store.latest()[1].value) == "-0.0"
    assert (path.read_bytes() == before) is read_only
    with Store(path) as store:
        assert store.latest() == [FULL, other]
        assert store.mark() == 3
