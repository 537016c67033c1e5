"""What kept evidence is called: each thing that a value depends on changes its name, and nothing else does."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.api import evidence
from tbench.evidence import extraction
from tbench.evidence import identity as room
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.identity import LIBRARIES, code_of, digest, libraries
from tbench.evidence.layers import Layers
from tbench.evidence.shelf import Shelf
from tbench.metric import Catalogue
from tbench.stock import Stock

SOURCE = "def dear(features):\n    return {'x': features * 2}\n"
Row = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3)


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What is remembered of code and packages is that of one test."""
    remembering = (room.code_of, room.libraries, room._distributions)
    for each in remembering:
        each.cache_clear()
    yield
    for each in remembering:
        each.cache_clear()


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a module, in a package that can be imported."""
    package = tmp_path / "strange_evidence"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "node.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "strange_evidence", raising=False)
    monkeypatch.delitem(sys.modules, "strange_evidence.node", raising=False)
    return package / "node.py"


def features(images: Any) -> Any:
    return images


def other_features(images: Any) -> Any:
    return images


def unused(images: Any) -> Any:
    return images


def key(
    images: str | None = "images-1", *, node: str = "dear", nodes: Mapping[str, Any] | None = None, **roots: str
) -> str | None:
    """Of the stranger's node, over features, over images; imported anew."""
    module = importlib.import_module("strange_evidence.node")
    room.code_of.cache_clear()
    known = {name: Root.of(0, of) for name, of in roots.items()} | {"images": Root.of(0, images)}
    return Evidence(known, {"dear": module.dear, "features": features} | dict(nodes or {})).key(node)


def test_the_same_is_called_the_same(stranger: Path) -> None:
    assert key() == key()
    assert key(labels="not asked for") == key(nodes={"more": unused}) == key()


def test_each_thing_that_a_value_depends_on_changes_its_name(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [key(), key("images-2"), key(node="features"), key(nodes={"features": other_features})]
    for library in ("tbench", *LIBRARIES):
        with monkeypatch.context() as other:
            newer = libraries() | {library: "99"}
            other.setattr("tbench.evidence.graph.libraries", lambda newer=newer: newer)
            names.append(key())
    with monkeypatch.context() as other:
        other.setattr(room, "_distributions", lambda: {"strange_evidence": ["numpy"]})
        names.append(key())
        other.setattr(room, "version", lambda name: "99")
        names.append(key())
    stranger.write_text(SOURCE.replace("2", "3"))
    names.append(key())
    assert None not in names
    assert len(set(names)) == len(names) == 4 + 1 + len(LIBRARIES) + 2 + 1


def test_what_has_no_identity_or_no_source_has_no_name(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key(None) is None
    assert key() is not None
    monkeypatch.delattr(sys.modules["strange_evidence.node"], "__file__")
    assert key() is None
    assert code_of("no.such.module") is None


def test_a_room_changes_with_any_of_its_files(stranger: Path) -> None:
    key()
    before = {room_: code_of("strange_evidence.node", room=room_) for room_ in (False, True)}
    (stranger.parent / "helper.py").write_text("x = 1\n")
    code_of.cache_clear()
    after = {room_: code_of("strange_evidence.node", room=room_) for room_ in (False, True)}
    assert after[False] == before[False] != before[True] != after[True]


def test_code_names_its_package_and_version() -> None:
    told = code_of(extraction.__name__)
    assert told is not None
    assert told.startswith("tbench ")


@settings(max_examples=30)
@given(Row, Row)
def test_digests_tell_claims_apart_whatever_their_order(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same
    assert digest(dict(reversed(one.items()))) == digest(one)


def test_a_network_is_its_fingerprint_and_the_code_of_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    def known_as() -> list[str | None]:
        stock = Stock()
        roots = stock.roots("mini/resnet-mix", "mini/digits", 0) | stock.common("mini/resnet-mix")
        return [roots[name].known_as for name in ("network", "initial_network", "common_network")]

    before = known_as()
    assert len(set(before)) == 1
    assert before[0] is not None
    stock = Stock()
    assert stock.candidate("mini/resnet-mix").fingerprint in before[0]
    with monkeypatch.context() as other:
        other.setattr("tbench.stock.code_of", lambda module, room: f"{module} 2, {room}")
        (changed,) = {*known_as()}
        assert changed not in before
        assert changed is not None
        assert changed.endswith(" by tbench_models.mini.family 2, True")
    candidate = replace(stock.candidate("mini/resnet-mix"), fingerprint="other weights")
    monkeypatch.setattr(Stock, "_candidate", lambda self, name: candidate)
    (changed,) = {*known_as()}
    assert changed not in before


def test_layers_that_share_a_pass_are_kept_apart_by_pass_and_layer(tmp_path: Path) -> None:
    @evidence(keep=True)
    def held(forward: Any) -> Mapping[str, Any]:
        return {"x": forward["features"]}

    def names(images: str | None) -> list[str | None]:
        roots = {
            **{name: Root.of(0, name) for name in ("network", "device", "precision")},
            "images": Root.of(0, images),
        }
        nodes = {**Catalogue.installed().nodes, "held": held}
        layers = Layers(Evidence(roots, nodes, Shelf(tmp_path)), ["m/a", "m/a@one"])
        return [Evidence(layers.roots(name), nodes).key("held") for name in ("m/a", "m/a@one", "m/a@two")]

    assert len({*names("1"), *names("2")}) == 6
    assert names(None) == [None] * 3
