"""What a shell offers after the first letters of a name; read from what is installed, and nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

Complete = Callable[["click.Context", "click.Parameter", str], list["CompletionItem"]]


def suites(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Installed suites, or a file of one's own."""
    from click.shell_completion import CompletionItem

    return _items(_installed("suites"), begun) or [CompletionItem(begun, type="file")]


def specs(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """A comma list of metrics; behind a plus sign, transforms."""
    before, plus, last = begun.rpartition("+")
    if plus and "," not in last:
        return _items((f"{before}+{name}" for name in _installed("transforms")), begun)
    return _listed(_installed("metrics"), begun)


def members(key: str) -> Complete:
    """A comma list of the suite's candidates or datasets, of the suite that is named before, or by default."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        default = next((each.default for each in context.command.params if each.name == "suite_name"), None)
        return _listed(_of_suite(context.params.get("suite_name") or default, key), begun)

    return complete


def any_dataset(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The datasets of all installed suites, or a folder or file of one's own."""
    from click.shell_completion import CompletionItem

    known = (name for suite in _installed("suites") for name in _of_suite(suite, "datasets"))
    return _items(dict.fromkeys(known), begun) or [CompletionItem(begun, type="file")]


def plugins(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Of the kind that is named before."""
    from tbench.registry import KINDS

    kind = context.params.get("kind")
    return _items(_installed(kind), begun) if kind in KINDS else []


def families(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    return _items(_installed("models"), begun)


def executors(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    return _items(_installed("executors"), begun)


def _installed(kind: str) -> list[str]:
    from tbench.registry import Registry

    return Registry.installed(kind).names()


def _of_suite(suite: object, key: str) -> Iterator[str]:
    """Read as data; a suite that cannot be read has none to offer."""
    import tomllib
    from pathlib import Path

    from tbench.errors import TbenchError
    from tbench.outside import read_text
    from tbench.registry import Registry

    name = str(suite)
    try:
        text = read_text(Path(name), name) if name.endswith(".toml") else Registry.installed("suites").resource(name)
        told: Any = tomllib.loads(text).get(key)
    except (TbenchError, tomllib.TOMLDecodeError):
        return
    yield from (name for name in told if isinstance(name, str)) if isinstance(told, list) else ()


def _listed(names: Iterable[str], begun: str) -> list[CompletionItem]:
    """Behind the last comma, what stands before it not again."""
    before, comma, _ = begun.rpartition(",")
    taken = before.split(",")
    return _items((f"{before}{comma}{name}" for name in names if name not in taken), begun)


def _items(names: Iterable[str], begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(begun)]
