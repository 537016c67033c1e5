"""The moments of a run: everyone hears, and whoever makes trouble is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pluggy
import pytest

from tbench.hooks import Listeners, Moments, hookimpl
from tbench.results import Key, Record

RECORD = Record(Key("score", "mini", "mini/digits", "mini/resnet-mix", "logme", 0), "ok", 0.5)


class Notebook:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    @hookimpl
    def measured(self, record: Record) -> None:
        self.heard.append(record)

    @hookimpl
    def noticed(self, text: str) -> None:
        self.heard.append(text)


class Loud(Notebook):
    @hookimpl
    def measured(self, record: Record) -> None:
        raise RuntimeError("too\nloud")

    @hookimpl
    def noticed(self) -> None:
        raise SystemExit(1)


class Misspelt:
    @hookimpl
    def mesured(self, record: Record) -> None: ...


class Overcurious:
    @hookimpl
    def measured(self, record: Record, everything: object) -> None: ...


class Unhashable(Notebook):
    __hash__ = None


class Unmarked:
    def measured(self, record: Record) -> None: ...


class Unwilling(Notebook):
    def __init__(self) -> None:
        raise OSError("no socket")


@pytest.fixture
def strangers() -> Iterator[ModuleType]:
    """A module of that name, to put listeners in."""
    sys.modules["strangers"] = module = ModuleType("strangers")
    yield module
    del sys.modules["strangers"]


def stranger(module: ModuleType, /, **listeners: object) -> list[EntryPoint]:
    vars(module).update(listeners)
    return [EntryPoint(name, f"strangers:{name}", "tbench.hooks") for name in listeners]


def test_every_listener_hears_each_moment_with_what_it_asks_for(strangers: ModuleType) -> None:
    module = ModuleType("plain")
    module.heard = []
    module.finished = hookimpl(lambda failed: module.heard.append(failed))
    ours, theirs = Notebook(), Notebook()
    listeners = Listeners(stranger(strangers, theirs=theirs, module=module), ours=ours)
    listeners.tell("measured", record=RECORD)
    listeners.tell("noticed", text="slow")
    listeners.tell("finished", measured=1, inapplicable=0, failed=2)
    assert ours.heard == theirs.heard == [RECORD, "slow"]
    assert module.heard == [2]
    assert listeners.complaints == []


def test_a_class_is_called_for_its_object(strangers: ModuleType) -> None:
    class Kept(Notebook):
        made: list[Notebook] = []  # noqa: RUF012

        def __init__(self) -> None:
            super().__init__()
            self.made.append(self)

    listeners = Listeners(stranger(strangers, kept=Kept))
    listeners.tell("noticed", text="now")
    assert [notebook.heard for notebook in Kept.made] == [["now"]]
    assert listeners.complaints == []


def test_a_stranger_that_raises_is_named_once_and_the_others_still_hear(strangers: ModuleType) -> None:
    first, last, ours = Notebook(), Notebook(), Notebook()
    listeners = Listeners(stranger(strangers, first=first, loud=Loud(), last=last), ours=ours)
    for _ in range(3):
        listeners.tell("measured", record=RECORD)
        listeners.tell("noticed", text="x")
    assert first.heard == last.heard == ours.heard == [RECORD, "x"] * 3
    assert listeners.complaints == [
        "listener loud from strangers:loud failed at measured (RuntimeError: too loud)",
        "listener loud from strangers:loud failed at noticed (SystemExit: 1)",
    ]


@pytest.mark.parametrize(
    ("listener", "told"),
    [
        (Misspelt(), "unknown hook 'mesured'"),
        (Overcurious(), "{'everything'} are declared in the hookimpl"),
        (Unhashable(), "TypeError: unhashable type"),
        (Unmarked(), "nothing in it is marked with @hookimpl"),
        (Unwilling, "OSError: no socket"),
        (None, "nothing in it is marked"),
    ],
)
def test_a_listener_that_cannot_listen_is_told_and_harms_nobody(
    strangers: ModuleType, listener: object, told: str
) -> None:
    good, ours = Notebook(), Notebook()
    listeners = Listeners(stranger(strangers, odd=listener, good=good), ours=ours)
    listeners.tell("measured", record=RECORD)
    (complaint,) = listeners.complaints
    assert complaint.startswith("listener odd from strangers:odd does not listen (")
    assert told in complaint
    assert "\n" not in complaint
    assert good.heard == ours.heard == [RECORD]


def test_a_listener_that_cannot_be_imported_is_told() -> None:
    ours = Notebook()
    listeners = Listeners([EntryPoint("gone", "there_is_no_such_module:x", "tbench.hooks")], ours=ours)
    listeners.tell("noticed", text="still here")
    (complaint,) = listeners.complaints
    assert complaint.startswith(
        "listener 'gone' from there_is_no_such_module:x cannot be imported (ModuleNotFoundError"
    )
    assert ours.heard == ["still here"]


def test_a_stranger_cannot_take_the_place_of_one_of_ours(strangers: ModuleType) -> None:
    ours, theirs = Notebook(), Notebook()
    listeners = Listeners(stranger(strangers, terminal=theirs), terminal=ours)
    listeners.tell("noticed", text="both")
    assert ours.heard == theirs.heard == ["both"]


def test_our_own_mistakes_are_raised() -> None:
    listeners = Listeners([], ours=Loud())
    with pytest.raises(RuntimeError, match="loud"):
        listeners.tell("measured", record=RECORD)
    with pytest.raises(AttributeError):
        listeners.tell("mesured", record=RECORD)


def test_ctrl_c_in_a_listener_interrupts(strangers: ModuleType) -> None:
    class Impatient:
        @hookimpl
        def noticed(self) -> None:
            raise KeyboardInterrupt

    listeners = Listeners(stranger(strangers, impatient=Impatient()))
    with pytest.raises(KeyboardInterrupt):
        listeners.tell("noticed", text="x")


def test_every_moment_is_told_what_it_is() -> None:
    manager = pluggy.PluginManager("tbench")
    manager.add_hookspecs(Moments)
    moments = [name for name in vars(Moments) if not name.startswith("_")]
    assert moments == ["started", "measured", "skipped", "failed", "noticed", "finished"]
    assert all(getattr(Moments, name).__doc__ and hasattr(manager.hook, name) for name in moments)
