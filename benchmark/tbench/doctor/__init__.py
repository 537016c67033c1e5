"""What this machine can do, found out without the network: findings, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tbench.doctor.finding import Finding

Tell = Callable[[str, int, int], None]


def examine(store: str, suite: str | None, tell: Tell) -> Iterator[Finding]:
    """All that there is to say, in the order in which it is read.

    store: path or URL, as runs name it. suite: only this one is looked at; all that are installed otherwise. tell:
    hears what is looked at next, how many are done, of how many. UsageError, before anything else, for a suite that
    there is not.
    """
    from tbench.doctor import caches, machine, packages, plugins, suites
    from tbench.suite import load_suite

    only = load_suite(suite) if suite is not None else None
    for part, look in (
        ("versions", packages.findings),
        ("machine", lambda: machine.findings(store)),
        ("extras", packages.extras),
        ("plug-ins", plugins.findings),
        ("caches", lambda: caches.findings(store)),
        ("suites", lambda: suites.findings(only, tell)),
    ):
        tell(part, 0, 1)
        try:
            yield from look()
        except (ImportError, OSError) as error:  # libraries that are not whole: what else there is to say goes on
            told = " ".join(f"cannot be looked at ({type(error).__name__}: {error})".split())
            yield Finding(part, part, told, "broken", ("mend what is named",))
