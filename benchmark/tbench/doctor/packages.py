"""Python and the packages that tbench asks for, and those that its extras do, as the metadata of tbench has them."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tbench.doctor.finding import Finding

DEVELOPERS = ("docs", "test", "dev")  # extras that nobody needs who only runs tbench


def findings() -> Iterator[Finding]:
    """Whether Python, and every package without which nothing runs, is there and not older than supported."""
    try:
        ours = distribution("tbench")
    except PackageNotFoundError:
        why = "without metadata, so that no plug-in is found"
        yield Finding("versions", "tbench", why, "broken", ("install it: pip install -e .",))
        return
    needed = ours.metadata["Requires-Python"] or ""
    fits = SpecifierSet(needed).contains(platform.python_version(), prereleases=True)
    told = f"{ours.version}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    values = {"tbench": ours.version, "python": platform.python_version()}
    cures: tuple[str, ...] = () if fits else (f"tbench needs Python {needed}",)
    yield Finding("versions", "tbench", told, "ok" if fits else "broken", cures, values)

    required = [requirement for requirement in _requirements(ours) if _holds(requirement)]
    have = {requirement.name: _version(requirement) for requirement in required}
    wrong = [requirement for requirement in required if not _satisfied(requirement)]
    told = f"{len(have)}, " + ("as supported" if not wrong else f"{len(wrong)} missing or too old")
    told += f": {', '.join(f'{name} {found}' for name, found in have.items() if found)}"
    cures = tuple(f"{_lacking(requirement)}: pip install '{requirement}'" for requirement in wrong)
    yield Finding("versions", "packages", told, "broken" if wrong else "ok", cures, have)


def extras() -> Iterator[Finding]:
    """Those that are not there may well be so; what is there and too old is broken."""
    try:
        ours = distribution("tbench")
    except PackageNotFoundError:
        return  # which is told already
    for extra in sorted(set(ours.metadata.get_all("Provides-Extra") or ()).difference(DEVELOPERS)):
        asked = [each for each in _requirements(ours) if _holds(each, extra) and not _holds(each)]
        have = {requirement.name: _version(requirement) for requirement in asked}
        wrong = [requirement for requirement in asked if not _satisfied(requirement)]
        if not wrong:
            yield Finding("extras", extra, ", ".join(f"{name} {found}" for name, found in have.items()), values=have)
            continue
        too_old = any(have[requirement.name] for requirement in wrong)
        told = "; ".join(map(_lacking, wrong))
        cure = f"pip install 'tbench[{extra}]'"
        yield Finding("extras", extra, told, "broken" if too_old else "absent", (cure,), have)


def _requirements(ours: Distribution) -> list[Requirement]:
    return [Requirement(text) for text in ours.requires or ()]


def _holds(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(requirement: Requirement) -> str | None:
    try:
        return version(requirement.name)
    except PackageNotFoundError:
        return None


def _satisfied(requirement: Requirement) -> bool:
    found = _version(requirement)
    return found is not None and requirement.specifier.contains(found, prereleases=True)


def _lacking(requirement: Requirement) -> str:
    found = _version(requirement)
    return f"{requirement.name} is not installed" if found is None else f"{requirement.name} {found} is too old"
