"""Suites that cite a published truth: every name leads somewhere, and nothing published is lost unseen."""

from __future__ import annotations

import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from tbench.citation import Citation
from tbench.errors import TbenchError, UsageError
from tbench.published import facts
from tbench.registry import Registry
from tbench.suite import Suite, load_suite, read_suite

from .test_suite import SUITE

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "benchmark" / "tbench" / "suites"
PED = "12 self-supervised ResNet-50"


def installed() -> dict[str, str]:
    """Name -> file, as the catalogue has it."""
    catalogue = ConfigParser(strict=False)
    catalogue.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = catalogue["options.entry_points"]["tbench.suites"].strip().splitlines()
    return {name.strip(): value.partition(":")[2].strip() for name, _, value in (line.partition("=") for line in lines)}


INSTALLED = installed()
SHIPPED = {name: read_suite(name, (SUITES / file).read_text(encoding="utf-8")) for name, file in INSTALLED.items()}
CITING = {name: suite.citation for name, suite in SHIPPED.items() if suite.citation}


def test_every_declaration_is_in_the_catalogue() -> None:
    assert set(INSTALLED.values()) == {path.name for path in SUITES.glob("*.toml")}
    assert set(CITING) == {"emms", "ped", "sfda", "tllib", "transrate-models"}


@pytest.mark.parametrize("name", facts.names())
def test_a_published_suite_can_be_run_or_says_why_not(name: str) -> None:
    published = facts.load(name)
    assert bool(published.unavailable) != (name in CITING)
    if published.unavailable:
        with pytest.raises(UsageError, match=f"suite {name} cannot be run: .*`tbench replay {name}`"):
            load_suite(name)


@pytest.mark.parametrize("name", CITING)
def test_every_published_value_is_cited_or_left_out_with_a_reason(name: str) -> None:
    suite, citation = SHIPPED[name], CITING[name]
    assert citation.published.name == name
    ours = {citation.name(one) for one in (*suite.candidates, *suite.datasets)}
    assert len(ours) == len(suite.candidates) + len(suite.datasets)
    assert ours | set(citation.left_out) == citation.there()
    assert not ours & set(citation.left_out)
    assert all(citation.left_out.values())


@pytest.mark.parametrize("name", CITING)
def test_values_are_those_of_the_facts(name: str) -> None:
    suite, citation = SHIPPED[name], CITING[name]
    truth = citation.truth(suite.candidates, suite.datasets)
    assert list(truth.values) == list(suite.datasets)
    for dataset, values in truth.values.items():
        printed = citation.published.truth[citation.pool, citation.name(dataset)]
        measure = citation.published.measures[citation.pool, citation.name(dataset)]
        assert truth.measures[dataset] == measure.removesuffix(" percent").removesuffix(" fraction")
        scale = 100 if measure.endswith("percent") else 1
        for candidate, value in values.items():
            assert value * scale == pytest.approx(float(printed[citation.name(candidate)]), rel=1e-12)
            assert 0 < value < 1
    cells = sum(len(values) for values in truth.values.values())
    assert cells == len(suite.candidates) * len(suite.datasets)


def test_one_value_of_ped_by_hand() -> None:
    suite = SHIPPED["ped"]
    truth = CITING["ped"].truth(suite.candidates, suite.datasets)
    assert truth.values["torchvision/aircraft"]["ssl/byol"] == pytest.approx(0.821)
    assert "lixiaotong97/PED at e5af6e7" in truth.source
    assert (len(suite.candidates), len(suite.datasets)) == (12, 11)
    assert "Li, Hu, Ge" in truth.reference


def test_suites_of_two_truths_stay_apart() -> None:
    sfda, tllib = (CITING[name].published for name in ("sfda", "tllib"))
    assert sfda.shares("11 supervised CNNs")["aircraft"]["resnet50"] == pytest.approx(0.8464)
    assert tllib.shares("10 CNNs")["aircraft"]["resnet50"] == pytest.approx(0.866)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_name_is_known_to_its_family_without_weights_or_data(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    suite = SHIPPED[name]
    for kind, members in (("models", suite.candidates), ("datasets", (*suite.datasets, suite.reference))):
        for member in members:
            family, _, rest = member.partition("/")
            known = list(Registry.installed(kind).load(family).names())
            assert not known or rest.partition("@")[0].partition("#")[0] in known, member


@pytest.mark.parametrize("name", ["ped", "sfda"])
def test_the_probe_and_the_grid_are_those_of_the_authors(name: str) -> None:
    suite = SHIPPED[name]
    assert suite.probe.words == "training, validation and test images together; of several labels of an image the first"
    runs = suite.protocol(None).runs()
    decays = [0.0, 1e-6, 1e-5, 1e-4, 1e-3]
    assert [run.learning_rate for run in runs] == [rate for rate in (1e-4, 1e-3, 1e-2, 1e-1) for _ in decays]
    assert [run.weight_decay for run in runs] == pytest.approx(
        [decay / run.learning_rate for run, decay in zip(runs, decays * 4, strict=True)]
    )
    assert len({run.spec for run in runs}) == 20
    assert (
        "learning_rate=0.0001,momentum=0.9,optimizer=sgd,shift=0,steps=5000,warmup=0.0,weight_decay=0.01"
        in runs[1].spec
    )


def citing(published: str) -> str:
    return SUITE.replace('protocol = "quick"', 'protocol = "quick"\ntruth = "ped"') + published


def test_pages_of_a_citing_suite_do_not_lie_where_its_replay_does() -> None:
    suite = read_suite("small", citing(f'[published]\npool = "{PED}"'))
    assert [suite.frame(name).folder for name in (None, "quick")] == ["small/run", "small/measured"]
    assert suite.frame(None).runs == ()
    assert suite.frame("quick").published is None
    assert read_suite("small", SUITE).frame(None).folder == "small"


def test_names_lose_family_folder_weights_and_number() -> None:
    for ours in ("ssl/byol", "x/byol.IMAGENET1K_V1", "checkpoint/mine/byol.pth", "x/byol#300"):
        assert CITING["ped"].name(ours) == "byol"


def test_a_layer_has_not_the_truth_of_its_network() -> None:
    for ours in ("ssl/byol@layer3", "checkpoint/mine/byol.pth@layer3"):
        assert CITING["ped"].name(ours) not in CITING["ped"].there()


def test_what_is_not_published_has_no_value() -> None:
    suite = read_suite(
        "small",
        citing(f'[published]\npool = "{PED}"\ncandidates = {{"f/one-a" = "byol"}}\ndatasets = {{"d/x" = "dtd"}}'),
    )
    frame = suite.frame(None)
    assert frame.published is not None
    assert {dataset: set(values) for dataset, values in frame.published.values.items()} == {"d/x": {"f/one-a"}}


@pytest.mark.parametrize(
    ("published", "told"),
    [
        ("", "truth = .* and the table .* go together"),
        ("[published]", f"must say which pool of ped it cites: '{PED}'"),
        ('[published]\npool = "12"', "must say which pool"),
        (f'[published]\npool = "{PED}"\npols = 1', "unknown pols in"),
        (f'[published]\npool = "{PED}"\ncandidates = {{"f/one-a" = "byoll"}}', "has no byoll"),
        (f'[published]\npool = "{PED}"\ncandidates = {{"f/four" = "byol"}}', "names f/four, which the suite does not"),
        (f'[published]\npool = "{PED}"\nleft_out = {{"mnist" = "small"}}', "has no mnist"),
    ],
)
def test_mistakes_are_told(published: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_suite("small", citing(published))


def test_a_truth_that_is_no_share_is_refused() -> None:
    (pool,) = facts.load("schuture").pools
    with pytest.raises(UsageError, match="truth of schuture on cifar10 is a transferability ratio"):
        facts.load("schuture").shares(pool)


def test_an_unknown_published_suite_is_told() -> None:
    with pytest.raises(TbenchError, match="no published suite 'pedd'; did you mean ped"):
        Citation.read("pedd", {}, "suite s")


def test_declarations_say_nothing_twice() -> None:
    for file in SUITES.glob("*.toml"):
        table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        for key in ("candidates", "datasets", "metrics", "floors"):
            assert len(set(table[key])) == len(table[key]), file


def test_a_suite_without_a_citation_measures() -> None:
    suite: Suite = read_suite("small", SUITE)
    assert suite.cited(None) is None
