"""A ground truth that others published, as a suite cites it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tbench.declaration import table as a_table
from tbench.declaration import text
from tbench.errors import UsageError
from tbench.leaderboard.frame import PublishedTruth
from tbench.published.facts import Published, load

KEYS = ("pool", "candidates", "datasets", "left_out")
END = re.compile(r"[.#]")  # what follows names weights, the kind of a file, or how many images


@dataclass(frozen=True)
class Citation:
    """published: whose facts; pool: which of their pools.

    names: what candidates and datasets are called there, where that is not the last part of their own name, without
    weights and number of images (byol of ssl/byol and of checkpoint/mine/byol.pth). left_out: published candidates and
    datasets that the suite lacks, and why.
    """

    published: Published
    pool: str
    names: Mapping[str, str]
    left_out: Mapping[str, str]

    @classmethod
    def read(cls, suite: str, table: Mapping[str, Any], where: str) -> Citation:
        """`truth = "<published suite>"` and the table [published]. UsageError for what those facts do not hold."""
        if wrong := sorted(set(table) - set(KEYS)):
            raise UsageError(f"{where}: unknown {', '.join(wrong)} in [published]; it has {', '.join(KEYS)}")
        published = load(suite)
        pool = table.get("pool", "")
        if pool not in published.pools:
            pools = " or ".join(map(repr, published.pools))
            raise UsageError(f"{where}: [published] must say which pool of {suite} it cites: {pools or 'it has none'}")
        names = {**_texts(table, "candidates", where), **_texts(table, "datasets", where)}
        cited = cls(published, pool, names, _texts(table, "left_out", where))
        if strangers := sorted({*names.values(), *cited.left_out} - cited.there()):
            raise UsageError(f"{where}: pool {pool!r} of {suite} has no {', '.join(strangers)}")
        return cited

    def there(self) -> set[str]:
        """All candidates and datasets of the pool, by their published names."""
        return {*self.published.candidates(self.pool), *self.published.datasets(self.pool)}

    def name(self, ours: str) -> str:
        """What a candidate or dataset is called there, if it is there. A layer is not its network."""
        return self.names.get(ours) or (ours if "@" in ours else END.split(ours.rpartition("/")[2], maxsplit=1)[0])

    def truth(self, candidates: Iterable[str], datasets: Iterable[str]) -> PublishedTruth:
        """Of those of ours that are there."""
        shares = self.published.shares(self.pool)
        known = {dataset: self.name(dataset) for dataset in datasets if self.name(dataset) in shares}
        called = {candidate: self.name(candidate) for candidate in candidates}
        return PublishedTruth(
            reference=self.published.reference,
            source=f"`tbench replay {self.published.name}`, pool {self.pool!r}; "
            + ", ".join(f"{repository} at {commit}" for repository, commit in self.published.commits.items()),
            values={
                ours: {candidate: shares[theirs][name] for candidate, name in called.items() if name in shares[theirs]}
                for ours, theirs in known.items()
            },
            measures={
                ours: self.published.measures[self.pool, theirs].rpartition(" ")[0] for ours, theirs in known.items()
            },
            remarks=self.published.remarks,
            left_out=self.left_out,
        )


def _texts(table: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    told = a_table(table.get(key, {}), f"{where}: {key} of [published]")
    return {name: text(value, f"{where}: {name} in {key} of [published]") for name, value in told.items()}
