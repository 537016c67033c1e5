"""Where facts are kept: an append-only table of records, in an SQLite file or any database that has a URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from tbench.errors import StoreError
from tbench.results import Kind, Record, from_json, newer, to_json

SCHEMA = 1  # how the tables look; what a record looks like has a number of its own
PATIENCE = 60.0  # seconds to wait for others who write
KEY = ("kind", "suite", "dataset", "candidate", "spec", "seed")

METADATA = MetaData()
ABOUT = Table("tbench_store", METADATA, Column("schema", Integer, nullable=False))
RECORDS = Table(
    "records",
    METADATA,
    Column("id", Integer, primary_key=True),
    *(Column(name, Integer if name == "seed" else Text, nullable=False) for name in KEY),
    Column("status", Text, nullable=False),
    Column("document", Text, nullable=False),
    Index("records_by_key", *KEY, "id"),
)


class Store:
    """Many may read and write at once; what was added is there even if the next instruction kills the process.

    where: a path, made if it is not there, or the URL of a database (postgresql+psycopg://...). With read_only nothing
    is made, and a store that is not there is an error. Not for network file systems: give a URL there, or let one
    machine write. Use it as a context manager, or close it.

    Raises StoreError, one line, for whatever stands in the way.
    """

    def __init__(self, where: str | Path, *, read_only: bool = False) -> None:
        self.where = str(where)
        self._read_only = read_only
        with self._told():
            self._engine = self._connected()
            try:
                self._check() if read_only else self._prepare()
            except BaseException:
                self._engine.dispose()
                raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    def add(self, record: Record) -> None:
        """Durable when this returns. Of several records of one key only the last counts in every answer."""
        row = {name: getattr(record.key, name) for name in KEY}
        document = to_json(record)
        with self._told(), self._writing() as connection:
            connection.execute(insert(RECORDS).values(**row, status=record.status, document=document))

    def latest(self, suite: str | None = None, kind: Kind | None = None) -> list[Record]:
        """The last record of each key, sorted by key."""
        rows = self._read(_latest(suite, kind))
        return sorted((from_json(document) for (document,) in rows), key=lambda record: record.key)

    def _connected(self) -> Engine:
        url = make_url(self.where) if "://" in self.where else None
        if url is not None:
            self.where = url.render_as_string(hide_password=True)
        if url is not None and url.get_backend_name() != "sqlite":
            return create_engine(url)
        path = Path(url.database or "" if url is not None else self.where).absolute()
        if path.is_dir():
            raise StoreError(f"store {self.where} is a folder: name a file in it")
        if self._read_only and not path.exists():
            raise StoreError(f"there is no store {self.where}: measure something first (tbench run), or name another")
        if not self._read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine("sqlite://", creator=lambda: _open(path, self._read_only), poolclass=QueuePool)
        event.listen(engine, "begin", _begin)
        return engine

    def _prepare(self) -> None:
        with self._engine.connect() as connection:
            tables = inspect(connection).get_table_names()
        if tables:
            self._check()
            return
        with self._writing() as connection:
            METADATA.create_all(connection)
            if not connection.execute(select(ABOUT)).all():
                connection.execute(insert(ABOUT).values(schema=SCHEMA))

    def _check(self) -> None:
        with self._engine.connect() as connection:
            known = set(inspect(connection).get_table_names())
            if not {ABOUT.name, RECORDS.name} <= known:
                raise StoreError(f"{self.where} is a database, but not a store of tbench: name another file")
            schema = connection.execute(select(ABOUT.c.schema)).scalar_one()
        if schema != SCHEMA:
            raise StoreError(f"{self.where} was {newer(schema, SCHEMA)}")

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction, from its first instruction on alone in writing."""
        with self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def _read(self, query: Select[Any]) -> list[Any]:
        with self._told(), self._engine.connect() as connection:
            return list(connection.execute(query))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What stands in the way, in one line."""
        try:
            yield
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"{self.where} is not a path or database URL that can be used here: {error}") from error
        except DBAPIError as error:
            raise StoreError(f"store {self.where}: {_reason(error.orig)}") from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(f"store {self.where}: {_reason(error)}") from error
        except OSError as error:
            raise StoreError(f"store {self.where} cannot be made: {error.strerror or error}") from error


def _reason(error: BaseException | None) -> str:
    text = " ".join(str(error).split())
    if "unable to open" in text or "readonly" in text:
        return f"{text}; the file and its folder must be open to you, or name another"
    return text


def _latest(suite: str | None, kind: Kind | None) -> Select[Any]:
    last = select(func.max(RECORDS.c.id))
    if suite is not None:
        last = last.where(RECORDS.c.suite == suite)
    if kind is not None:
        last = last.where(RECORDS.c.kind == kind)
    return select(RECORDS.c.document).where(RECORDS.c.id.in_(last.group_by(*(RECORDS.c[name] for name in KEY))))


def _open(path: Path, read_only: bool) -> sqlite3.Connection:
    """WAL: readers and the writer do not wait for one another, and a commit outlives the process."""
    if read_only:
        return _open_to_read(path)
    connection = _connect(path, "mode=rwc")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    """In a folder where nothing can be written SQLite reads a WAL file only if it is told that nobody writes it."""
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        connection = _connect(path, "mode=ro&immutable=1")
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)


def _begin(connection: Connection) -> None:
    """A transaction that will write says so at once: it could not be promoted later without a deadlock."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
