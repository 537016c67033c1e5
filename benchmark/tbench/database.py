"""How a database is opened: an SQLite file that many read while one writes, or any server that has a URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from tbench.claims import Claims, Granted, OnFile, OnServer
from tbench.errors import StoreError

PATIENCE = 60.0  # seconds to wait for others who write
WRITING = -1  # the lock that writers of a server take in turn; claims are not negative


class Database:
    """where: a path, made if it is not there, or a URL, in which no password is told. path: of the file, if it is one.

    Raises StoreError, one line, for whatever stands in the way.
    """

    def __init__(self, where: str | Path, *, read_only: bool) -> None:
        self.where = str(where)
        self.read_only = read_only
        self.path: Path | None = None
        with self.told():
            self._engine = self._connected()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction: all that is read in it is of one moment."""
        with self.told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, from its first instruction on alone in writing."""
        with self.told(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")
                yield connection

    def claims(self) -> Claims:
        """Who is at which work on this database."""
        with self.told():
            if self.path is not None:
                return OnFile(self.path.with_name(f"{self.path.name}-claims"))
            if self._engine.dialect.name == "postgresql":
                return OnServer(self._engine.connect())
        return Granted()

    def turn_to_memory(self) -> None:
        """From here on it is an empty database of this process."""
        self.close()
        self.path = None
        self._engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    def backup(self, target: Path) -> None:
        """A copy of this moment, by SQLite's own means; who writes may go on."""
        with self.told(), self._engine.connect() as connection:
            source = connection.connection.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise StoreError(f"store {self.where} is on a server: back it up by its own means (pg_dump)")
            copy = sqlite3.connect(target)
            try:
                source.backup(copy)
            finally:
                copy.close()

    def _connected(self) -> Engine:
        url = make_url(self.where) if "://" in self.where else None
        if url is not None:
            self.where = url.render_as_string(hide_password=True)
        if url is not None and url.get_backend_name() != "sqlite":
            return create_engine(url)
        path = Path(url.database or "" if url is not None else self.where).absolute()
        if path.is_dir():
            raise StoreError(f"store {self.where} is a folder: name a file in it")
        if self.read_only and not path.exists():
            raise StoreError(f"there is no store {self.where}: measure something first (tbench run), or name another")
        if not self.read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        engine = create_engine("sqlite://", creator=lambda: _open(path, self.read_only), poolclass=QueuePool)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def told(self) -> Iterator[None]:
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
