"""What pages must be told of a suite and a protocol beside the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tbench.leaderboard.claim import Claim


@dataclass(frozen=True)
class PublishedTruth:
    """A ground truth that others measured and published; one value for each dataset and candidate, in [0, 1].

    source: where it is kept and where it comes from. measures: by dataset. remarks: what is known to be wrong with it.
    left_out: what they have and the suite lacks, and why.
    """

    reference: str
    source: str
    values: Mapping[str, Mapping[str, float]]
    measures: Mapping[str, str]
    remarks: tuple[str, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class Frame:
    """Plain data; names as in the keys of records.

    folder: where the page lies, below all leaderboards.
    settings: the protocol's, in words that can be read: {"optimizer": "sgd", "learning_rates": (0.01, 0.1), ...}.
    runs: the spec of every run of the protocol's grid; a fine-tuning record belongs to the protocol by its spec.
    floors: metrics without a thought, by name or label, shown apart. boards: smaller pools, title -> candidates.
    families: candidates of one kind, title -> candidates; each is in one of them, or there are none.
    seen: pairs (candidate, dataset) left out, since the candidate was pre-trained on images of that very dataset.
    extraction: the evidence nodes that pass images through a network that stays as it is; passes: those that do so with
    others, or take gradients back; training: those that fit something to the target. calibration: the spec of estimates
    of what fine-tuning by this protocol would take. probe: which images metrics see, if not the training images. notes:
    what else a reader must know. published: the truth, where it is not measured; protocol, settings and runs are empty
    then. claims: what others say of metrics, to be tested on the page.
    """

    suite: str
    folder: str
    title: str
    description: str
    protocol: str
    settings: Mapping[str, object]
    runs: tuple[str, ...]
    candidates: tuple[str, ...]
    datasets: tuple[str, ...]
    floors: tuple[str, ...]
    boards: Mapping[str, tuple[str, ...]]
    seen: frozenset[tuple[str, str]]
    extraction: tuple[str, ...]
    passes: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    calibration: str = ""
    probe: str = ""
    notes: tuple[str, ...] = ()
    published: PublishedTruth | None = None
    claims: tuple[Claim, ...] = ()
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
