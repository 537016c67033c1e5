"""Scores as columns of numbers: a page of a million of them makes no object for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from tbench.results import Record
from tbench.rows import Columns

Value = TypeVar("Value")

Places = NDArray[np.intp]
NAMED = '"terms":{"'  # in the numbers of a score that has terms
SCALED = '"scaled":{"'  # of one that depends on the pool by them
KEY = ("dataset", "candidate", "spec")  # of one suite and kind, before the seed


class Ledger(Sequence[Record]):
    """The last record of each key, sorted by key. places: which rows of the columns these are, in that order."""

    def __init__(self, columns: Columns, places: Places) -> None:
        self._columns = columns
        self._places = places

    @classmethod
    def of(cls, records: Iterable[Record] | Columns) -> Ledger:
        """Of records that are all of one kind; a ledger is its own."""
        if isinstance(records, Ledger):
            return records
        columns = records if isinstance(records, Columns) else Columns.of(records)
        whole = cls(columns, np.arange(len(columns.numbers)))
        keys = [whole["seed"], *(whole.ranks(name) for name in reversed((*("suite",), *KEY)))]
        order = np.lexsort(keys)
        differ = [column[order][1:] != column[order][:-1] for column in keys]
        last = np.append(np.logical_or.reduce(differ), True) if len(order) else np.empty(0, bool)
        return cls(columns, order[last])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, which: int) -> Record: ...

    @overload
    def __getitem__(self, which: slice) -> Ledger: ...

    @overload
    def __getitem__(self, which: str) -> NDArray[Any]: ...

    def __getitem__(self, which: int | slice | str) -> Record | Ledger | NDArray[Any]:
        """A record; several; or a column: numbers of texts, seeds, or floats."""
        if isinstance(which, slice):
            return Ledger(self._columns, self._places[which])
        if isinstance(which, str):
            columns: Mapping[str, Any] = self._columns.whole | self._columns.floats
            return np.asarray(columns[which])[self._places]
        place = int(self._places[which])
        return self._columns.texts.record(self._columns.row(place))

    def __iter__(self) -> Iterator[Record]:
        return (self[place] for place in range(len(self)))

    def where(self, chosen: NDArray[Any]) -> Ledger:
        """Those at these places, or where the mask says so."""
        return Ledger(self._columns, self._places[chosen])

    @property
    def saturated(self) -> NDArray[np.bool_]:
        return self.remarking("saturated")

    def remarking(self, kind: str) -> NDArray[np.bool_]:
        """Where details hold any remark of that kind."""
        found = self["words"]
        return np.isin(found, [number for number in np.unique(found).tolist() if self.meant(number).get(kind)])

    @property
    def ok(self) -> NDArray[np.bool_]:
        return self.among("status", ["ok"])

    def among(self, name: str, texts: Collection[str]) -> NDArray[np.bool_]:
        """Where a column says one of these."""
        found = self[name]
        return np.isin(found, [number for number in np.unique(found).tolist() if self.text(number) in texts])

    def by_text(self, name: str) -> dict[str, Places]:
        """The rows that say the same in a column of texts."""
        groups = self.groups(name)
        numbers = self[name][groups.first].tolist()
        return {self.text(number): rows for number, rows in zip(numbers, groups.members, strict=True)}

    def text(self, number: int) -> str:
        return self._columns.texts[number]

    def meant(self, number: int) -> Any:
        """What a shared text says; not to be changed."""
        return self._columns.texts.meant(number)

    def texts(self, name: str) -> list[str]:
        """The texts of a column, row by row."""
        numbers, which = np.unique(self[name], return_inverse=True)
        known = np.array([self.text(number) for number in numbers.tolist()], dtype=object)
        rows: list[str] = known[which].tolist()
        return rows

    def each(self, name: str, of: Callable[[Any], Value]) -> list[Value]:
        """What follows from a shared text, row by row."""
        numbers, which = np.unique(self[name], return_inverse=True)
        known = np.empty(len(numbers), dtype=object)
        known[:] = [of(self.meant(number)) for number in numbers.tolist()]
        rows: list[Value] = known[which].tolist()
        return rows

    def floats(self, name: str) -> list[float | None]:
        return [None if value != value else value for value in self[name].tolist()]

    def numbers(self) -> list[str]:
        """The JSON of what details hold beside words."""
        return [self._columns.numbers[place] for place in self._places.tolist()]

    def terms(self) -> list[Mapping[str, float] | None]:
        """Of each score that is made of any."""
        return [json.loads(told).get("terms") if NAMED in told else None for told in self.numbers()]

    def scaled(self) -> list[tuple[Mapping[str, float], Mapping[str, float]] | None]:
        """Of each score that is made of terms scaled over the pool: these, and their weights."""
        told = (json.loads(numbers) if SCALED in numbers else None for numbers in self.numbers())
        return [(each["terms"], each["scaled"]) if each else None for each in told]

    def times(self) -> list[str]:
        return [self._columns.times[place] for place in self._places.tolist()]

    def ranks(self, name: str) -> NDArray[np.intp]:
        """Of a column of texts, in the order of these."""
        numbers, which = np.unique(self[name], return_inverse=True)
        texts = [self.text(number) for number in numbers.tolist()]
        ranks = np.empty(len(texts), dtype=np.intp)
        ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        return ranks[which]

    def groups(self, *names: str) -> Groups:
        """Rows that are alike in these columns."""
        return Groups(*(self[name] for name in names), size=len(self))


class Groups:
    """first: the place of each group's first row. which: the group of each row. counts: rows of each group.

    Groups are numbered in the order in which their first rows come.
    """

    def __init__(self, *columns: NDArray[Any], size: int) -> None:
        codes = np.zeros(size, dtype=np.int64)
        for column in columns:
            numbers, which = np.unique(column, return_inverse=True)
            codes = codes * max(1, len(numbers)) + which
            codes = np.unique(codes, return_inverse=True)[1]  # so that no product grows too large
        _, first, which, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        order = np.argsort(first)
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        self.first: list[int] = first[order].tolist()
        self.which: NDArray[np.intp] = places[which]
        self.counts: list[int] = counts[order].tolist()

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def members(self) -> list[Places]:
        """The rows of each group, in their order."""
        order = np.argsort(self.which, kind="stable")
        return np.split(order, np.cumsum(self.counts)[:-1]) if len(self) else []
