"""Datasets and candidates by name, loaded when asked for and kept while the next task is likely to need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from typing import Literal

import numpy as np

from tbench.api import Candidate, Dataset, DatasetFamily, ModelFamily, Split
from tbench.errors import TbenchError, UsageError
from tbench.evidence.admission import frozen
from tbench.evidence.graph import Root
from tbench.evidence.identity import code_of
from tbench.precision import FLOAT32
from tbench.probe import HONEST, Part, Probe
from tbench.provenance import fingerprint
from tbench.registry import Registry
from tbench.results import Key, Record, Status
from tbench.spec import CandidateName

SAMPLE = 2000  # images of a source that source-aware metrics see
SAMPLES_KEPT = 8
SPLITS_KEPT = 8  # those of one dataset and seed, the reference set, and some room


class Stock:
    """One per process. What a family cannot give is its own exception, raised anew each time it is asked for.

    probe: which images of a dataset metrics see.
    """

    def __init__(self, probe: Probe = HONEST) -> None:
        self._probe = probe
        self._families = {kind: Registry.installed(kind) for kind in ("models", "datasets")}
        self.candidate = cache(self._candidate)
        self.dataset = cache(self._dataset)
        self.split = lru_cache(SPLITS_KEPT)(self._split)
        self.sample = lru_cache(SAMPLES_KEPT)(self._sample)
        self.fingerprint = cache(self._fingerprint)
        self.content = cache(self._content)

    def origin(self, kind: Literal["models", "datasets"], name: str) -> str:
        """The package, with its version, that brings the family of this name."""
        return self._families[kind].origin(CandidateName.parse(name).family)

    def roots(self, candidate: str, dataset: str, seed: int) -> dict[str, Root]:
        """What a candidate and the images of a dataset that metrics see bring along: where their evidence begins."""
        known = self.candidate(candidate)
        seen = self._probe.of([self.split(dataset, part, seed) for part in self._probe.scored_on])
        content = self.content(dataset, seed)
        return {
            "network": Root(known.load, partial(self._made_of, candidate)),
            "images": Root.of(seen.images, content),
            "labels": Root.of(seen.labels, content),
            **{fact: Root.of(value) for fact, value in known.facts.items()},
            **({"initial_network": Root(known.initial, partial(self._made_of, candidate))} if known.initial else {}),
            **self._sources(known),
        }

    def common(self, candidate: str) -> dict[str, Root]:
        """Its network, for all candidates. Where it cannot be had, only what asks for it is to fail."""
        if not candidate:
            return {}
        return {"common_network": Root(lambda: self.candidate(candidate).load(), partial(self._made_of, candidate))}

    def together(self, candidates: Sequence[str]) -> Root | None:
        """One network for several layers of one model; None where its family cannot, or one is not to be had."""
        asked = [CandidateName.parse(name) for name in candidates]
        family: object = self._families["models"].load(asked[0].family)
        if any(map(self._missing, candidates)) or not hasattr(family, "together"):
            return None
        network = family.together(asked[0].name, [name.layer for name in asked])
        made_of = [self._made_of(name) for name in candidates]
        return Root.of(network, None if None in made_of else f"together: {made_of}") if network else None

    def reference(self, dataset: str) -> Root:
        """Its training images. Where they cannot be had, only what asks for them is to fail."""
        return Root(lambda: self.split(dataset, "train", 0).images, lambda: self.fingerprint(dataset, 0))

    def _made_of(self, candidate: str) -> str | None:
        """A candidate's network, as kept evidence knows it: its fingerprint, and the code that cuts it and prepares
        images for it."""
        code = code_of(self._families["models"].entry(CandidateName.parse(candidate).family).module, room=True)
        return code and f"{self.candidate(candidate).fingerprint} by {code}"

    def _sources(self, candidate: Candidate) -> dict[str, Root]:
        """A sample of what a candidate was pre-trained on, the same for every target; whole, it may be very large."""
        name = candidate.source
        if not name:
            return {}

        def identity() -> str | None:
            return self.sample(name).identity

        return {
            "source_images": Root(lambda: self.sample(name).images, identity),
            "source_labels": Root(lambda: self.sample(name).labels, identity),
        }

    def _sample(self, name: str) -> Split:
        """Of the training images, drawn without regard to classes; in the order in which they are stored.

        The whole is not kept.
        """
        whole = self.dataset(name).split("train", 0)
        count = len(whole.labels)
        chosen = np.sort(np.random.RandomState(0).permutation(count)[:SAMPLE])  # numpy has frozen its streams
        images = whole.images[chosen] if isinstance(whole.images, np.ndarray) else [whole.images[i] for i in chosen]
        labels = whole.labels[chosen]
        return Split(frozen(images), frozen(labels), fingerprint(images, labels))

    def absent(self, candidates: Iterable[str], datasets: Iterable[str]) -> dict[str, str]:
        """Those that cannot be had on this machine, and why, as far as that shows before anything is loaded."""
        found = {name: told for name in candidates if (told := self._missing(name))}
        return found | {name: told for name in datasets if (told := self._refused(self.dataset, name))}

    def still_true(self, records: Iterable[Record], precision: str, finetuning: str) -> dict[Key, Status]:
        """What is known of candidates and probe as they are today: not what was measured with others.

        Nor scores of features in another precision, or of weights that another run fine-tuned; that of a fine-tuning
        run is in its key.
        """
        return {
            record.key: record.status
            for record in records
            if self._same_weights(record)
            and (record.key.kind != "score" or self._same_features(record, precision))
            and record.provenance.get("finetuning", finetuning) == finetuning
        }

    def _same_features(self, record: Record, precision: str) -> bool:
        """Records from before a precision could be chosen do not say theirs, and it was float32."""
        computed = record.provenance.get("precision", FLOAT32) if record.status == "ok" else precision
        return computed == precision and record.provenance.get("probe", "") == self._probe.words

    def _same_weights(self, record: Record) -> bool:
        weights = record.provenance.get("weights")
        try:
            return weights is None or weights == self.candidate(record.key.candidate).fingerprint
        except TbenchError:
            return True  # a candidate that cannot be had any more cannot be measured anew

    def _missing(self, name: str) -> str:
        return self._refused(self.candidate, name) or self.candidate(name).missing

    @staticmethod
    def _refused(get: Callable[[str], object], name: str) -> str:
        try:
            get(name)
        except Exception as error:  # a family is a stranger's code; its own cells will tell of it, too
            return str(error) or type(error).__name__
        return ""

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

    def _fingerprint(self, name: str, seed: int, part: Part = "train") -> str:
        """Of the images and labels of a part."""
        split = self.split(name, part, seed)
        return split.identity or fingerprint(split.images, split.labels)

    def _content(self, name: str, seed: int) -> str:
        """Of what metrics see of a dataset."""
        return self._probe.identity([self.fingerprint(name, seed, part) for part in self._probe.scored_on])
