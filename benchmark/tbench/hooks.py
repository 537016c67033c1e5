"""The moments of a run that others may listen to."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pluggy

from tbench.errors import PluginError
from tbench.registry import load, origin

if TYPE_CHECKING:
    from tbench.results import Record

__all__ = ["Listeners", "Moments", "hookimpl"]

hookspec = pluggy.HookspecMarker("tbench")
hookimpl = pluggy.HookimplMarker("tbench")


class Moments:
    """Each hook is a fact about a run; listeners return nothing and change nothing.

    A listener is a module, an object or a class (then called without arguments) whose functions are marked with
    `@hookimpl`; each takes as many of the arguments named here as it wants.
    """

    @hookspec
    def started(self, cells: int, remembered: int) -> None:
        """A run begins: cells to measure, cells that the store knows already."""

    @hookspec
    def measured(self, record: Record) -> None:
        """A cell was measured just now and is in the store."""

    @hookspec
    def skipped(self, record: Record) -> None:
        """A metric is not defined for this candidate and dataset; record.reason says why."""

    @hookspec
    def failed(self, record: Record) -> None:
        """A cell could not be measured; record.reason says why. The run goes on."""

    @hookspec
    def noticed(self, text: str) -> None:
        """Something that a user should hear, though no cell failed."""

    @hookspec
    def finished(self, measured: int, inapplicable: int, failed: int) -> None:
        """The run is over."""


class Listeners:
    """Those who asked to be told. One of the strangers that raises is named, and the others still hear.

    entries: the strangers, as `Registry.installed("hooks").entries()` gives them. ours: listeners of this very program;
    they are told first, and what they raise is raised.
    """

    def __init__(self, entries: Iterable[EntryPoint], **ours: object) -> None:
        self._complaints: dict[tuple[str, str], str] = {}
        self._ours = ours
        self._manager = pluggy.PluginManager("tbench")
        self._manager.add_hookspecs(Moments)
        for name, listener in ours.items():
            self._manager.register(listener, name=name)
        for entry in entries:
            self._admit(entry)

    @property
    def complaints(self) -> list[str]:
        """One line for each stranger and moment that went wrong, however often."""
        return list(self._complaints.values())

    def tell(self, moment: str, **event: object) -> None:
        """Tell each on its own: pluggy's own call stops at the first that raises."""
        everyone = self._manager.get_plugins()
        for name, listener in self._manager.list_name_plugin():
            try:
                self._manager.subset_hook_caller(moment, everyone - {listener})(**event)
            except (Exception, SystemExit) as error:
                if name in self._ours:
                    raise
                self._complain(name, moment, f"failed at {moment}", error)

    def _admit(self, entry: EntryPoint) -> None:
        name = f"{entry.name} from {origin(entry)}"  # two words at least, so never one of ours
        try:
            found = load("hooks", entry)
        except PluginError as error:
            self._complaints[name, ""] = str(error)
            return
        try:
            listener = found() if isinstance(found, type) else found
            self._manager.register(listener, name=name)
            self._manager.check_pending()
            self._manager.get_plugins()  # a set: told now, not at every moment, if this one cannot be in it
            if not self._manager.get_hookcallers(listener):
                raise PluginError("nothing in it is marked with @hookimpl")
        except (Exception, SystemExit) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            self._complain(name, "", "does not listen", error)

    def _complain(self, name: str, moment: str, what: str, error: BaseException) -> None:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        self._complaints.setdefault((name, moment), f"listener {name} {what} ({told})")
