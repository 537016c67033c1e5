"""Where facts are kept: an append-only table of records, in an SQLite file or any database that has a URL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    ScalarSelect,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.types import UserDefinedType

from tbench.claims import Claims
from tbench.database import Database
from tbench.errors import StoreError
from tbench.garbage import uncollected
from tbench.results import Key, Kind, Record, from_json, newer
from tbench.rows import FIELDS, MEASURED, TEXTS, Columns, Texts, written

SCHEMA = 2  # how the tables look; what a record looks like has a number of its own
BLOCK = 500  # texts, and rows, that one statement speaks of
LOT = 10_000  # rows that are read at once
REMEMBERED = 50_000  # texts that a writer knows the numbers of
KEY = ("kind", "suite", "dataset", "candidate", "spec", "seed")
IN_ORDER = attrgetter(*(f"key.{name}" for name in KEY))


class Exact(UserDefinedType[float]):
    """A float to its last bit: where SQLite knows that a column holds numbers, it keeps -0.0 as 0."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "BLOB"


METADATA = MetaData()
ABOUT = Table("tbench_store", METADATA, Column("schema", Integer, nullable=False))
# Each text once, whatever it says: records of one run share most of what they say.
SAID = Table(
    "texts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
)
RECORDS = Table(
    "records",
    METADATA,
    Column("id", Integer, primary_key=True),
    *(Column(name, Integer, nullable=False) for name in (*TEXTS, "seed", "format")),
    *(Column(name, Double().with_variant(Exact(), "sqlite")) for name in MEASURED),
    Column("numbers", Text, nullable=False),
    Column("time", Text, nullable=False),
    Index("records_by_key", "suite", "kind", "dataset", "candidate", "seed", "spec", "id"),
)
FIRST = 1  # the schema that had each record as one document


class Store:
    """Many may read and write at once; what was added is there even if the next instruction kills the process.

    where: a path, made if it is not there, or the URL of a database (postgresql+psycopg://...). With read_only nothing
    is made, and a store that is not there is an error. A store of an older tbench is turned into one of today's, or
    with read_only read as one. Not for network file systems: give a URL there, or let one machine write. Use it as a
    context manager, or close it.

    Raises StoreError, one line, for whatever stands in the way.
    """

    def __init__(self, where: str | Path, *, read_only: bool = False) -> None:
        self._database = Database(where, read_only=read_only)
        self.where = self._database.where
        self._numbers: dict[str, int] = {}  # of texts
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def add(self, *records: Record, mark: int | None = None) -> None:
        """Durable, all of them or none, when this returns. Of several of one key only the last counts in answers.

        mark: StoreError if anything was added since that was taken.
        """
        rows = [written(record) for record in records]
        with self._writing() as connection:
            if mark is not None and _filled(connection) != mark:
                raise StoreError(f"{self.where} was written to in the meantime: end the runs on it, or name another")
            self._insert(connection, rows)

    @uncollected()
    def latest(self, suite: str | None = None, kind: Kind | None = None) -> list[Record]:
        """The last record of each key, sorted by key. What several say alike is one object, not to be changed."""
        with self._database.reading() as connection:
            last = select(func.max(RECORDS.c.id))
            for column, wanted in ((RECORDS.c.suite, suite), (RECORDS.c.kind, kind)):
                if wanted is not None:
                    last = last.where(column == _number(wanted))
            last = last.group_by(*(RECORDS.c[name] for name in KEY))
            query = select(*(RECORDS.c[name] for name in FIELDS)).where(RECORDS.c.id.in_(last))
            rows = connection.execute(query).all()
            texts = _texts(connection)
        return sorted(map(texts.record, rows), key=IN_ORDER)

    @uncollected()
    def columns(self, suite: str, kind: Kind) -> Columns:
        """All records, in the order in which they were added: of one key the last counts."""
        made = Columns()
        query = select(*(RECORDS.c[name] for name in FIELDS)).order_by(RECORDS.c.id)
        # By a sum no index is found: most rows are wanted, and in the order of the table.
        query = query.where(RECORDS.c.suite + 0 == _number(suite), RECORDS.c.kind + 0 == _number(kind))
        with self._database.reading() as connection:
            for rows in connection.execution_options(yield_per=LOT).execute(query).partitions():
                made.extend(rows)
            made.texts = _texts(connection)
        return made

    def suites(self) -> set[str]:
        """The names of those that it knows anything of."""
        with self._database.reading() as connection:
            known = select(RECORDS.c.suite).distinct().scalar_subquery()
            return {*connection.execute(select(SAID.c.text).where(SAID.c.id.in_(known))).scalars()}

    def mark(self) -> int:
        """The place up to which the store is filled."""
        with self._database.reading() as connection:
            return _filled(connection)

    def added_since(self, mark: int, keys: Iterable[Key]) -> set[Key]:
        """Those of these keys of which a record came after the mark."""
        groups: dict[tuple[str, str, str, str, int], dict[str, Key]] = {}
        for key in keys:
            groups.setdefault((key.suite, key.kind, key.dataset, key.candidate, key.seed), {})[key.spec] = key
        found: set[Key] = set()
        with self._database.reading() as connection:
            for (*names, seed), specs in groups.items():
                numbers = self._known(connection, names)
                if len(numbers) < len(set(names)):
                    continue
                query = select(SAID.c.text).join_from(RECORDS, SAID, RECORDS.c.spec == SAID.c.id)
                query = query.where(RECORDS.c.seed == seed, RECORDS.c.id > mark)
                for column, name in zip(("suite", "kind", "dataset", "candidate"), names, strict=True):
                    query = query.where(RECORDS.c[column] == numbers[name])
                found |= {specs[spec] for (spec,) in connection.execute(query) if spec in specs}
        return found

    def claims(self) -> Claims:
        """Who is at which work."""
        return self._database.claims()

    def backup(self, target: Path) -> None:
        """A copy of this moment in a file that must not be there; who writes may go on. StoreError on a server."""
        if target.exists():
            raise StoreError(f"{target} is there already: name a file that is not")
        draft = target.with_name(f"{target.name}.draft")
        draft.unlink(missing_ok=True)
        self._database.backup(draft)
        draft.replace(target)

    def _prepare(self) -> None:
        with self._database.told():
            schema = self._schema()
            if schema is None:
                self._make()
            elif schema > SCHEMA:
                raise StoreError(f"{self.where} was {newer(schema, SCHEMA)}")
            elif schema == FIRST:
                self._upgrade()

    def _schema(self) -> int | None:
        """None where a store is still to be made."""
        with self._database.reading() as connection:
            tables = set(inspect(connection).get_table_names())
            if not tables and not self._database.read_only:
                return None
            if not {ABOUT.name, RECORDS.name} <= tables:
                raise StoreError(f"{self.where} is a database, but not a store of tbench: name another file")
            schema: int = connection.execute(select(ABOUT.c.schema)).scalar_one()
            return schema

    def _make(self) -> None:
        with self._database.writing() as connection:
            METADATA.create_all(connection)
            if not connection.execute(select(ABOUT)).all():
                connection.execute(insert(ABOUT).values(schema=SCHEMA))

    def _upgrade(self) -> None:
        """From one document for each record."""
        documents = select(text("document")).select_from(text("records")).order_by(text("id"))
        if self._database.read_only:
            with self._database.reading() as connection:
                found = [written(from_json(document)) for (document,) in connection.execute(documents)]
            self._database.turn_to_memory()
            self._make()
            with self._writing() as connection:
                self._insert(connection, found)
            return
        with self._writing() as connection:
            if connection.execute(select(ABOUT.c.schema)).scalar_one() != FIRST:
                return  # another was faster
            found = [written(from_json(document)) for (document,) in connection.execute(documents)]
            connection.execute(text("DROP TABLE records"))
            METADATA.create_all(connection)
            self._insert(connection, found)
            connection.execute(update(ABOUT).values(schema=SCHEMA))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._database.writing() as connection:
                yield connection
        except BaseException:
            self._numbers.clear()  # some may be of texts that are not there, even if it was the end that failed
            raise

    def _insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), BLOCK):
            several = rows[start : start + BLOCK]
            numbers = self._learnt(connection, {row[name] for row in several for name in TEXTS})
            told = [{**row, **{name: numbers[row[name]] for name in TEXTS}} for row in several]
            connection.execute(insert(RECORDS), told)

    def _learnt(self, connection: Connection, texts: Iterable[str]) -> Mapping[str, int]:
        """The numbers of texts; those that were never said are written down."""
        if len(self._numbers) > REMEMBERED:
            self._numbers.clear()
        numbers = self._known(connection, texts)
        fresh = [{"digest": _digest(one), "text": one} for one in texts if one not in numbers]
        if fresh:
            connection.execute(insert(SAID), fresh)
            numbers |= self._known(connection, [one["text"] for one in fresh])
        return numbers

    def _known(self, connection: Connection, texts: Iterable[str]) -> dict[str, int]:
        """Those texts that have numbers."""
        numbers = {one: self._numbers[one] for one in texts if one in self._numbers}
        wanted = {_digest(one): one for one in texts if one not in numbers}
        digests = [*wanted]
        for start in range(0, len(digests), BLOCK):
            query = select(SAID.c.digest, SAID.c.id).where(SAID.c.digest.in_(digests[start : start + BLOCK]))
            numbers |= {wanted[digest]: number for digest, number in connection.execute(query)}
        self._numbers |= numbers
        return numbers


def _number(text: str) -> ScalarSelect[int]:
    return select(SAID.c.id).where(SAID.c.digest == _digest(text)).scalar_subquery()


def _texts(connection: Connection) -> Texts:
    return Texts({row.id: row.text for row in connection.execute(select(SAID.c.id, SAID.c.text))})


def _filled(connection: Connection) -> int:
    return connection.execute(select(func.max(RECORDS.c.id))).scalar() or 0


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:32]
