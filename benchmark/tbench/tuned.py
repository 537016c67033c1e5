"""A candidate's network after fine-tuning, for metrics that look at what fine-tuning did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tbench.api import Candidate, Dataset, Inapplicable, Network, Split
from tbench.evidence.graph import Cost
from tbench.protocol import Protocol
from tbench.training import Target, Training


@dataclass
class Tuned:
    """One run of the protocol: the middle one of its grid."""

    candidate: Candidate
    dataset: Dataset
    train: Callable[[], Split]
    protocol: Protocol
    seed: int
    device: str
    _cost: Cost | None = field(default=None, init=False)

    def network(self) -> Network:
        """Trained for as many steps as the protocol says; Inapplicable where training diverged."""
        network = self.candidate.load()
        target = Target.prepare(network, {"train": self.train()}, self.dataset.classes, self.dataset.measure)
        training = Training(network, target, self.protocol.middle, self.seed, self.device)
        training.advance(self.protocol.steps)
        self._cost = Cost.here(training.clock.timing)
        if training.diverged:
            raise Inapplicable(f"fine-tuning diverged at step {training.step} of {self.protocol.steps}")
        return network

    def cost(self) -> Cost:
        """Known once the network is."""
        assert self._cost
        return self._cost
