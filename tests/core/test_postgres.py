"""The store on a real PostgreSQL server: that of TBENCH_POSTGRES (a URL), or one that is started for these tests."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from spawned import add_many, walk
from sqlalchemy import create_engine, text

from tbench.errors import StoreError
from tbench.plan import Task
from tbench.results import Key, Record
from tbench.store import Store

SPAWN = multiprocessing.get_context("spawn")
KEY = Key("score", "s", "d/x", "m/a", "one", 0)
RECORD = Record(
    KEY,
    "ok",
    0.1 + 0.2,
    seconds=1e-7,
    cpu_seconds=5e-324,
    evidence={"forward": {"seconds": 1.5, "cpu_seconds": 1.25, "machine": "one"}},
    details={"label": "one", "spread": 1 / 3, "words": "schön\x00 \n", "curve": [1.0, 0.5]},
    provenance={"machine": "one"},
    time="2026-01-01T00:00:00+00:00",
)


def _binaries() -> Path | None:
    found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
    return next((Path(path).parent for path in reversed(found) if path), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A URL. PostgreSQL refuses to be root, and is nobody then."""
    pytest.importorskip("psycopg", reason="tests on PostgreSQL take the extra tbench[postgres]")
    if url := os.environ.get("TBENCH_POSTGRES"):
        yield url
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("there is no PostgreSQL server here: install one, or name one in TBENCH_POSTGRES")
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="pg") as made:
        folder = Path(made)
        os.chown(folder, user.pw_uid, user.pw_gid)

        def tool(name: str, *words: str) -> None:
            subprocess.run(
                [binaries / name, *words],
                check=True,
                capture_output=True,
                user=user.pw_uid,
                group=user.pw_gid,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            )

        data = str(folder / "data")
        tool("initdb", "-D", data, "-U", "tbench", "-A", "trust", "-E", "UTF8", "--no-sync")
        started = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        tool("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", started, "start")
        try:
            yield f"postgresql+psycopg://tbench@/postgres?host={folder}"
        finally:
            tool("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture
def url(server: str) -> str:
    """Without any table."""
    with closing(_Engine(server)) as engine:
        engine.run("DROP TABLE IF EXISTS records, texts, tbench_store")
    return server


class _Engine:
    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def run(self, words: str) -> list[tuple[object, ...]]:
        with self._engine.begin() as connection:
            result = connection.execute(text(words))
            return [tuple(row) for row in result] if result.returns_rows else []

    def close(self) -> None:
        self._engine.dispose()


def rows(url: str) -> object:
    with closing(_Engine(url)) as engine:
        return engine.run("SELECT count(*) FROM records")[0][0]


def test_records_come_back_exactly_and_the_last_counts(url: str) -> None:
    other = replace(RECORD, key=replace(KEY, seed=1), value=-0.0)
    with Store(url) as store:
        store.add(replace(RECORD, status="failed", value=None, reason="no"), other)
        store.add(RECORD)
        assert store.latest() == [RECORD, other]
        assert str(store.latest()[1].value) == "-0.0"
        assert store.latest("none") == []
        assert store.latest("s", "score") == [RECORD, other]
        assert store.added_since(0, [KEY]) == {KEY}
    with Store(url, read_only=True) as store:
        assert store.latest("s") == [RECORD, other]


def test_a_store_of_another_time_or_kind_is_told(url: str) -> None:
    with pytest.raises(StoreError, match="not a store of tbench"):
        Store(url, read_only=True)
    Store(url).close()
    with closing(_Engine(url)) as engine:
        engine.run("UPDATE tbench_store SET schema = 999")
    with pytest.raises(StoreError, match="newer tbench"):
        Store(url)


def test_no_password_is_told(url: str) -> None:
    with pytest.raises(StoreError) as told:
        Store("postgresql+psycopg://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_backup_is_the_server_s_own_business(url: str, tmp_path: Path) -> None:
    with Store(url) as store, pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy")
    assert not list(tmp_path.iterdir())


def test_four_processes_at_once_make_one_store_and_lose_nothing(url: str) -> None:
    writers = [SPAWN.Process(target=add_many, args=(url, worker, 25)) for worker in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert rows(url) == 4 * 25


def test_two_drivers_share_a_run(url: str) -> None:
    tasks = [Task(tuple(replace(KEY, dataset=f"d/{d}", spec=spec) for spec in "abc")) for d in range(12)]
    drivers = [SPAWN.Process(target=walk, args=(url, tasks, name)) for name in ("one", "other")]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert [driver.exitcode for driver in drivers] == [0, 0]
    assert rows(url) == 36
    with Store(url, read_only=True) as store:
        assert {record.details["driver"] for record in store.latest()} == {"one", "other"}
