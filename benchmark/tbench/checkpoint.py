"""A training on disk, so that a run that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from tbench.files import place
from tbench.results import Key
from tbench.training import Training

FORMAT = 1  # of what a training's state holds
EVERY = 60.0  # seconds between two checkpoints of a run
SHA256 = hashlib.sha256().digest_size


class UnusableError(Exception):
    """There is a checkpoint, but not one to go on from; the message says why."""


class Checkpoint:
    """The last known state of one run. about: what the run is and what it is made of, as JSON holds it.

    A file is the sha256 of the rest, and `torch.save` of {"about", "state"}; loading runs no code from it.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], every: float) -> None:
        self._path = path
        self._about = dict(about)
        self._every = every
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        return time.monotonic() - self._last >= self._every

    def keep(self, training: Training) -> None:
        """Now and then; to be called between any two steps."""
        if self.due:
            self.write(training)

    def write(self, training: Training) -> None:
        """To a draft that is moved into place: a cut-off write leaves the checkpoint before it.

        OSError where it cannot be written; it is then not due before its time either.
        """
        self._last = time.monotonic()
        content = BytesIO()
        torch.save({"about": json.dumps(self._about, sort_keys=True), "state": training.state()}, content)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        place(self._path, hashlib.sha256(content.getbuffer()).digest(), content.getbuffer())
        self._last = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """The state, on the CPU; None if there is none. UnusableError for what is damaged or of another run."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnusableError(f"checkpoint {self._path} cannot be read ({error.strerror})") from error
        if hashlib.sha256(content[SHA256:]).digest() != content[:SHA256]:
            raise UnusableError(f"checkpoint {self._path} is damaged")
        try:
            found = torch.load(BytesIO(content[SHA256:]), map_location="cpu", weights_only=True)
            about, state = dict(json.loads(found["about"])), dict(found["state"])
            names = {*about, *self._about}
        except Exception as error:  # whoever wrote it knew the checksum; readers raise all sorts of things
            raise UnusableError(f"checkpoint {self._path} is not one of tbench") from error
        if others := sorted(name for name in names if about.get(name) != self._about.get(name)):
            raise UnusableError(f"checkpoint {self._path} is of a run with other {', '.join(others)}")
        return state

    def remove(self) -> None:
        """And what writes that were cut off have left."""
        self._path.unlink(missing_ok=True)
        for draft in self._path.parent.glob(f"{self._path.name}.*.draft"):
            draft.unlink(missing_ok=True)


@dataclass(frozen=True)
class Checkpoints:
    """Those of all runs that are under way, in one folder. every: seconds between two of one run."""

    folder: Path
    every: float = EVERY

    def of(self, key: Key, provenance: Mapping[str, Any]) -> Checkpoint:
        """One for each key. Of another machine, device, version, weights or data than provenance says it is no use."""
        name = hashlib.sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()[:32]
        about = {"format": FORMAT, **asdict(key), **provenance}
        return Checkpoint(self.folder / f"{name}.checkpoint", about, self.every)
