"""Whether every plug-in that is installed can be loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tbench.doctor.finding import Finding
from tbench.errors import PluginError
from tbench.registry import Registry, load, package


def findings() -> Iterator[Finding]:
    """One for all that load, and one for each that does not, or whose name is refused. Suites are looked at later."""
    packages: Counter[str] = Counter()
    for registry in Registry.everything():
        for told in registry.clashes():
            yield _broken(told)
        for entry in registry.entries():
            try:
                if registry.kind != "suites":
                    load(registry.kind, entry)
            except PluginError as error:
                yield _broken(str(error))
            else:
                packages[package(entry)] += 1
    told = ", ".join(f"{count} of {name}" for name, count in sorted(packages.items())) or "none"
    yield Finding("plug-ins", "plug-ins", f"{told}: as they should be", values=dict(packages))


def _broken(told: str) -> Finding:
    whose, _, cure = told.rpartition("; ")
    return Finding("plug-ins", "plug-ins", whose, "broken", (cure,))
