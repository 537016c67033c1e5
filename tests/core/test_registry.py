"""Names to plug-ins: nothing is imported in vain, and what cannot be had is named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from tbench.errors import PluginError, UsageError
from tbench.registry import ADMIT, KINDS, Registry, description

Shelve = Callable[..., Registry]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to import from; what was imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Callable[[str, str, Mapping[str, Sequence[str]]], None]:
    """install(name, version, {kind: lines}): what is left of a package when its files are left out."""

    def write(name: str, version: str, entries: Mapping[str, Sequence[str]]) -> None:
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        blocks = (f"[tbench.{kind}]\n" + "\n".join(lines) for kind, lines in entries.items())
        (folder / "entry_points.txt").write_text("\n".join(blocks))

    return write


def found(site: Path, kind: str = "metrics") -> Registry:
    entries = (entry for dist in distributions(path=[str(site)]) for entry in dist.entry_points)
    return Registry.of(kind, (entry for entry in entries if entry.group == f"tbench.{kind}"))


def test_names_are_sorted_and_nothing_is_imported(site, install) -> None:
    install("one", "1.0", {"metrics": ["beta = nowhere:f", "alpha = elsewhere:f"]})
    registry = found(site)
    assert [each.kind for each in Registry.everything()] == list(KINDS)
    assert list(registry) == registry.names() == ["alpha", "beta"]
    assert registry.origin("beta") == "one 1.0"
    assert not {"nowhere", "elsewhere"} & set(sys.modules)


def test_a_name_is_loaded_when_it_is_asked_for(site, install) -> None:
    (site / "lonely_metric.py").write_text("def f(labels): return 1.0\n")
    install("one", "1.0", {"metrics": ["alpha = lonely_metric:f"]})
    assert found(site).load("alpha")(labels=None) == 1.0
    assert found(site).load("ONE/alpha") is found(site).load("one/alpha")


def test_an_unknown_name_is_told_with_a_hint_and_all_that_there_is(site, install) -> None:
    install("one", "1.0", {"metrics": ["logme = m:f", "nce = m:f"]})
    with pytest.raises(UsageError) as refusal:
        found(site).load("lgme")
    assert str(refusal.value) == "no metric is called 'lgme'; did you mean logme? (installed: logme, nce)"
    with pytest.raises(UsageError, match="no metric is called 'two/logme'; did you mean logme"):
        found(site).load("two/logme")
    with pytest.raises(UsageError, match=r"no model family is called 'timm' \(installed: none\)"):
        found(site, "models").load("timm")


def test_a_name_that_two_packages_bring_is_refused_and_the_others_are_not(site, install) -> None:
    (site / "first_choice.py").write_text("def f(): return 1\n")
    (site / "second_choice.py").write_text("def f(): return 2\n")
    install("one", "1.0", {"metrics": ["logme = first_choice:f", "nce = first_choice:f"]})
    install("The_Other", "2.5", {"metrics": ["logme = second_choice:f"]})
    registry = found(site)
    told = (
        "metric 'logme' is refused: The_Other 2.5 and one 1.0 both bring it; "
        "uninstall one, or ask for The_Other/logme or one/logme"
    )
    for ask in (registry.entry, registry.load, registry.origin):
        with pytest.raises(PluginError) as refusal:
            ask("logme")
        assert str(refusal.value) == told
    assert registry.clashes() == [told]
    assert registry.names() == ["nce"]
    assert [registry.load(name)() for name in ("one/logme", "the-other/logme", "nce")] == [1, 2, 1]
    assert registry.origin("the-other/logme") == "The_Other 2.5"


def test_a_family_cannot_be_picked_by_its_package(site, install) -> None:
    install("one", "1.0", {"models": ["timm = m:f"]})
    install("two", "1.0", {"models": ["timm = m:f"]})
    assert found(site, "models").clashes() == [
        "model family 'timm' is refused: one 1.0 and two 1.0 both bring it; uninstall one"
    ]


def test_listeners_never_clash(site, install) -> None:
    install("one", "1.0", {"hooks": ["slack = m:f"]})
    install("two", "1.0", {"hooks": ["slack = n:f"]})
    registry = found(site, "hooks")
    assert registry.clashes() == []
    assert sorted(entry.value for entry in registry.entries()) == ["m:f", "n:f"]


def test_a_name_that_cannot_be_written_is_refused(site, install) -> None:
    install("one", "1.0", {"metrics": ["1nn = m:f", "my metric = m:f", "a+b = m:f", "c/d = m:f"]})
    registry = found(site)
    assert registry.names() == ["1nn"]
    assert [line.partition(":")[0] for line in registry.clashes()] == [
        "metric 'a+b' is refused",
        "metric 'c/d' is refused",
        "metric 'my metric' is refused",
    ]
    assert all("one 1.0 gives it a name that cannot be written" in line for line in registry.clashes())


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("import there_is_no_such_module", "ModuleNotFoundError: No module named 'there_is_no_such_module'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(site, install, source: str, told: str) -> None:
    (site / "bad_metric.py").write_text(source)
    install("bad", "0.3", {"metrics": ["sad = bad_metric:f"]})
    with pytest.raises(PluginError) as refusal:
        found(site).load("sad")
    assert str(refusal.value).startswith(f"metric 'sad' from bad 0.3 cannot be imported ({told}")
    assert "\n" not in str(refusal.value)


def test_interrupting_an_import_interrupts(site, install) -> None:
    (site / "slow_metric.py").write_text("raise KeyboardInterrupt")
    install("slow", "1", {"metrics": ["slow = slow_metric:f"]})
    with pytest.raises(KeyboardInterrupt):
        found(site).load("slow")


def test_a_suite_is_read_as_text(site, install) -> None:
    (site / "suites_of_mine").mkdir()
    (site / "suites_of_mine" / "__init__.py").write_text("")
    (site / "suites_of_mine" / "own.toml").write_text('description = """\nörtlich\nund mehr"""\n', encoding="utf-8")
    install("mine", "1.0", {"suites": ["own = suites_of_mine:own.toml", "gone = suites_of_mine:gone.toml"]})
    registry = found(site, "suites")
    assert "örtlich" in registry.resource("own")
    assert description(registry.entry("own")) == "örtlich"
    assert description(registry.entry("gone")) == ""
    with pytest.raises(PluginError, match=r"suite 'gone' from mine 1.0 cannot be read \(FileNotFoundError"):
        registry.resource("gone")


def test_the_switch_admits_named_packages_only(site, install, monkeypatch) -> None:
    install("one", "1.0", {"metrics": ["first = m:f"]})
    install("The_Other", "1.0", {"metrics": ["second = m:f"]})
    ours = set(Registry.installed("metrics")) - {"first", "second"}
    assert "logme" in ours

    def admitted(switch: str) -> set[str]:
        monkeypatch.setenv(ADMIT, switch)
        return set(Registry.installed("metrics"))

    assert set(Registry.installed("metrics")) == {*ours, "first", "second"}
    assert admitted("") == ours
    assert admitted("the-other") == {*ours, "second"}
    assert admitted("one, the.other") == {*ours, "first", "second"}


@pytest.mark.parametrize(
    ("source", "value", "told"),
    [
        ('"""The module."""\ndef f():\n    """\n    The function.\n\n    More."""\n', "f", "The function."),
        ('"""The module."""\nclass A:\n    def f(self):\n        """The method."""\n', "A.f", "The method."),
        ('"""The module."""\ndef f(): pass\n', "f", "The module."),
        ('"""The module."""\nfrom somewhere import f\n', "f", "The module."),
        ('"""The module.\n\nMore."""\n', "", "The module."),
        ("f = 3\n", "f", ""),
        ("def f(:\n", "f", ""),
        ("f = '\0'\n", "f", ""),
    ],
)
def test_what_a_plug_in_says_of_itself_is_read_not_run(site, source: str, value: str, told: str) -> None:
    (site / "outer").mkdir()
    (site / "outer" / "__init__.py").write_text("raise RuntimeError('imported')")
    (site / "outer" / "inner.py").write_text(source)
    entry = EntryPoint("x", f"outer.inner:{value}" if value else "outer.inner", "tbench.metrics")
    assert description(entry) == told
    assert "outer" not in sys.modules


@pytest.mark.parametrize("value", ["nowhere.at.all:f", "nowhere:f", "json.nothing.more:f", "sys:exit", ".:f"])
def test_what_cannot_be_found_says_nothing(value: str) -> None:
    assert description(EntryPoint("x", value, "tbench.metrics")) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_plug_in_that_ships_is_there_and_says_what_it_is(kind: str) -> None:
    registry = Registry.installed(kind)
    ours = [entry for entry in registry.entries() if entry.dist and entry.dist.name == "tbench"]
    assert ours or kind == "hooks"
    for entry in ours:
        assert description(entry), f"{entry.name} has no docstring"
        registry.resource(entry.name) if kind == "suites" else registry.load(entry.name)
