"""Datasets and candidates by name, loaded when asked for and kept while the next task is likely to need them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Literal

from tbench.api import Candidate, Dataset, DatasetFamily, ModelFamily, Split
from tbench.errors import TbenchError, UsageError
from tbench.evidence.admission import frozen
from tbench.evidence.graph import Root
from tbench.precision import FLOAT32
from tbench.provenance import fingerprint
from tbench.registry import Registry
from tbench.results import Key, Record, Status
from tbench.spec import CandidateName

SPLITS_KEPT = 8  # those of one dataset and seed, the reference set, and some room

Part = Literal["train", "val", "test"]


class Stock:
    """One per process. What a family cannot give is its own exception, raised anew each time it is asked for."""

    def __init__(self) -> None:
        self._families = {kind: Registry.installed(kind) for kind in ("models", "datasets")}
        self.candidate = cache(self._candidate)
        self.dataset = cache(self._dataset)
        self.split = lru_cache(SPLITS_KEPT)(self._split)
        self.fingerprint = cache(self._fingerprint)

    def origin(self, kind: Literal["models", "datasets"], name: str) -> str:
        """The package, with its version, that brings the family of this name."""
        return self._families[kind].origin(CandidateName.parse(name).family)

    def roots(self, candidate: str, dataset: str, seed: int) -> dict[str, Root]:
        """What a candidate and the training images of a dataset bring along: where their evidence begins."""
        known = self.candidate(candidate)
        train = self.split(dataset, "train", seed)
        content = self.fingerprint(dataset, seed)
        return {
            "network": Root(known.load, known.fingerprint),
            "images": Root.of(train.images, content),
            "labels": Root.of(train.labels, content),
            **{fact: Root.of(value) for fact, value in known.facts.items()},
        }

    def absent(self, candidates: Iterable[str], datasets: Iterable[str]) -> dict[str, str]:
        """Those that cannot be had on this machine, and why, as far as that shows before anything is loaded."""
        found: dict[str, str] = {}
        asked = [(name, self.candidate) for name in candidates] + [(name, self.dataset) for name in datasets]
        for name, get in asked:
            try:
                get(name)
            except Exception as error:  # a family is a stranger's code; its own cells will tell of it, too
                found[name] = str(error)
        return found

    def still_true(self, records: Iterable[Record], precision: str) -> dict[Key, Status]:
        """What is known of the candidates as they are today: not what was measured with other weights.

        Nor scores of features in another precision; that of a fine-tuning run is in its key.
        """
        return {
            record.key: record.status
            for record in records
            if self._same_weights(record) and (record.key.kind != "score" or _precision(record, precision) == precision)
        }

    def _same_weights(self, record: Record) -> bool:
        weights = record.provenance.get("weights")
        try:
            return weights is None or weights == self.candidate(record.key.candidate).fingerprint
        except TbenchError:
            return True  # a candidate that cannot be had any more cannot be measured anew

    def _candidate(self, name: str) -> Candidate:
        asked = CandidateName.parse(name)
        family: ModelFamily = self._families["models"].load(asked.family)
        return family.candidate(asked.name, asked.layer)

    def _dataset(self, name: str) -> Dataset:
        family_name, slash, rest = name.partition("/")  # a path may hold an @, and a dataset has no layer
        if not (family_name and slash and rest):
            raise UsageError(f"{name!r} is not family/name")
        family: DatasetFamily = self._families["datasets"].load(family_name)
        return family.dataset(rest)

    def _split(self, name: str, part: Part, seed: int) -> Split:
        split = self.dataset(name).split(part, seed)
        return Split(frozen(split.images), frozen(split.labels), split.identity)

    def _fingerprint(self, name: str, seed: int) -> str:
        """Of the training images and labels."""
        train = self.split(name, "train", seed)
        return train.identity or fingerprint(train.images, train.labels)


def _precision(record: Record, asked: str) -> str:
    """Of the features behind a score; records from before it could be chosen do not say, and it was float32."""
    return str(record.provenance.get("precision", FLOAT32)) if record.status == "ok" else asked
