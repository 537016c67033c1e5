"""Where facts are kept: an append-only table of records, in an SQLite file or any database that has a URL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Row,
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
from tbench.results import FORMAT, Key, Kind, Record, Status, from_document, from_json, newer

SCHEMA = 2  # how the tables look; what a record looks like has a number of its own
BLOCK = 500  # texts, and rows, that one statement speaks of
REMEMBERED = 50_000  # texts that a writer knows the numbers of
KEY = ("kind", "suite", "dataset", "candidate", "spec", "seed")
IN_ORDER = attrgetter(*(f"key.{name}" for name in KEY))
TEXTS = (*KEY[:-1], "status", "reason", "words", "evidence", "provenance")  # columns that hold numbers of texts
NUMBERS = ("value", "seconds", "cpu_seconds")


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
    *(Column(name, Double().with_variant(Exact(), "sqlite")) for name in NUMBERS),
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
        written = [_written(record) for record in records]
        with self._database.writing() as connection:
            if mark is not None and _filled(connection) != mark:
                raise StoreError(f"{self.where} was written to in the meantime: end the runs on it, or name another")
            self._insert(connection, written)

    def latest(self, suite: str | None = None, kind: Kind | None = None) -> list[Record]:
        """The last record of each key, sorted by key. What several records say alike is one object: do not change it."""
        with self._database.reading() as connection:
            last = select(func.max(RECORDS.c.id))
            for column, wanted in ((RECORDS.c.suite, suite), (RECORDS.c.kind, kind)):
                if wanted is not None:
                    last = last.where(column == select(SAID.c.id).where(SAID.c.digest == _digest(wanted)).scalar_subquery())
            last = last.group_by(*(RECORDS.c[name] for name in KEY))
            rows = connection.execute(select(RECORDS).where(RECORDS.c.id.in_(last))).all()
            said = _Said(connection)
        return sorted((_record(row, said) for row in rows), key=IN_ORDER)

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
            return connection.execute(select(ABOUT.c.schema)).scalar_one()

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
                found = [_written(from_json(document)) for (document,) in connection.execute(documents)]
            self._database.turn_to_memory()
            self._make()
            with self._database.writing() as connection:
                self._insert(connection, found)
            return
        with self._database.writing() as connection:
            if connection.execute(select(ABOUT.c.schema)).scalar_one() != FIRST:
                return  # another was faster
            found = [_written(from_json(document)) for (document,) in connection.execute(documents)]
            connection.execute(text("DROP TABLE records"))
            METADATA.create_all(connection)
            self._insert(connection, found)
            connection.execute(update(ABOUT).values(schema=SCHEMA))

    def _insert(self, connection: Connection, written: list[dict[str, Any]]) -> None:
        try:
            for start in range(0, len(written), BLOCK):
                rows = written[start : start + BLOCK]
                numbers = self._learnt(connection, {row[name] for row in rows for name in TEXTS})
                told = [row | {name: numbers[row[name]] for name in TEXTS} for row in rows]
                connection.execute(insert(RECORDS), told)
        except BaseException:
            self._numbers.clear()  # some may be of texts that will not be there
            raise

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


class _Said:
    """Texts by their numbers, and what those that are JSON say; each is read once."""

    def __init__(self, connection: Connection) -> None:
        self.texts: dict[int, str] = {number: said for number, said in connection.execute(select(SAID.c.id, SAID.c.text))}
        self._meant: dict[int, Any] = {}

    def meant(self, number: int) -> Any:
        if number not in self._meant:
            self._meant[number] = json.loads(self.texts[number])
        return self._meant[number]


def _written(record: Record) -> dict[str, Any]:
    """A row, its texts still in full. What details say in words is said by many records, and numbers by one alone."""
    words = {name: value for name, value in record.details.items() if _is_words(value)}
    numbers = {name: value for name, value in record.details.items() if name not in words}
    try:
        json.dumps([getattr(record, name) for name in NUMBERS], allow_nan=False)
        return {
            **{name: getattr(record.key, name) for name in KEY},
            **{name: getattr(record, name) for name in ("status", *NUMBERS, "time", "format")},
            "reason": _dumped(record.reason),
            "words": _dumped(words),
            "evidence": _dumped(record.evidence),
            "provenance": _dumped(record.provenance),
            "numbers": _dumped(numbers),
        }
    except (TypeError, ValueError) as error:
        raise StoreError(f"record of {record.key.spec} on {record.key.candidate} cannot be written: {error}") from error


def _record(row: Row[Any], said: _Said) -> Record:
    texts = said.texts
    details = said.meant(row.words) | json.loads(row.numbers)
    if row.format == FORMAT:
        return Record(
            Key(
                cast(Kind, texts[row.kind]),
                *(texts[number] for number in (row.suite, row.dataset, row.candidate, row.spec)),
                row.seed,
            ),
            cast(Status, texts[row.status]),
            row.value,
            said.meant(row.reason),
            row.seconds,
            row.cpu_seconds,
            said.meant(row.evidence),
            details,
            said.meant(row.provenance),
            row.time,
            row.format,
        )
    told = {name: getattr(row, name) for name in (*NUMBERS, "time", "format")}
    told |= {name: said.meant(getattr(row, name)) for name in ("reason", "evidence", "provenance")}
    key = {name: texts[getattr(row, name)] for name in KEY[:-1]} | {"seed": row.seed}
    return from_document(told | {"key": key, "status": texts[row.status], "details": details})


def _filled(connection: Connection) -> int:
    return connection.execute(select(func.max(RECORDS.c.id))).scalar() or 0


def _is_words(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | bool)


def _dumped(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:32]
