"""Nine targets, nine sources, their samples and a reference set, 32 x 32 images, real and rendered, made locally."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tbench.api import UsageError
from tbench_datasets.mini.dataset import MiniDataset
from tbench_datasets.mini.sources import sources
from tbench_datasets.mini.targets import targets


class Family:
    """mini/...: nine targets, nine sources, a sample of each, and a reference set, 32 x 32 RGB, drawn on the spot."""

    def names(self) -> Iterable[str]:
        return [name.removeprefix("mini/") for name in _members()]

    def dataset(self, name: str) -> MiniDataset:
        """The dataset mini/name. UsageError for an unknown name."""
        members = _members()
        if (member := members.get(f"mini/{name}")) is not None:
            return member
        near = difflib.get_close_matches(name, list(self.names()), n=1)
        hint = f"did you mean mini/{near[0]}?" if near else f"there are {', '.join(self.names())}"
        raise UsageError(f"mini has no dataset {name!r}: {hint}")


def _members() -> dict[str, MiniDataset]:
    return {dataset.name: dataset for dataset in (*targets(), *sources())}


family = Family()
