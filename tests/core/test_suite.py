"""Declarations: what they must say, and what is told when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tbench.api import GIVEN
from tbench.errors import UsageError
from tbench.leaderboard.claim import BoundClaim, RankingClaim
from tbench.metric import Catalogue
from tbench.protocol import Protocol
from tbench.registry import Registry
from tbench.stock import Stock
from tbench.suite import chosen, load_suite, read_suite
from tbench_models.checkpoint.family import family as checkpoint

SUITE = """
title = "small"
description = "for tests"
candidates = ["f/one-a", "f/two-a", "f/three-b"]
datasets = ["d/x"]
metrics = ["hscore"]
floors = ["random"]
reference = "d/r"
protocol = "quick"
[boards]
"only a" = ["f/*-a"]
[protocols.quick]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01, 0.1]
weight_decays = [0.0, 5e-4]
steps = 10
batch = 8
warmup = 0.1
shift = 2
seeds = [0]
seconds = 1.0
"""


def test_a_suite_is_read() -> None:
    suite = read_suite("small", SUITE)
    assert suite.candidates == ("f/one-a", "f/two-a", "f/three-b")
    assert suite.boards == {"only a": ("f/one-a", "f/two-a")}
    protocol = suite.protocol(None)
    assert [(run.learning_rate, run.weight_decay) for run in protocol.runs()] == [
        (0.01, 0.0),
        (0.01, 5e-4),
        (0.1, 0.0),
        (0.1, 5e-4),
    ]
    assert len({run.spec for run in protocol.runs()}) == 4


def test_what_candidates_have_seen_is_told_by_patterns() -> None:
    suite = read_suite("small", SUITE.replace("[boards]", 'seen = [["f/*-a", "d/*"], ["f/one-a", "d/x"]]\n[boards]'))
    assert suite.seen == suite.frame(None).seen == {("f/one-a", "d/x"), ("f/two-a", "d/x")}
    assert read_suite("small", SUITE).seen == frozenset()


FAMILIES = """
[families]
a = ["f/one-a", "f/two-?"]
"all of b" = ["*-b"]
"""


def test_families_are_told_to_pages() -> None:
    suite = read_suite("small", SUITE + FAMILIES)
    assert suite.families == suite.frame(None).families == {"a": ("f/one-a", "f/two-a"), "all of b": ("f/three-b",)}
    assert read_suite("small", SUITE).families == {}


@pytest.mark.parametrize(
    ("families", "told"),
    [
        (FAMILIES.replace("f/two-?", "f/*"), "f/three-b is in the families a and all of b; let the patterns of one"),
        (FAMILIES.replace("f/two-?", "f/one-?"), "suite small: f/two-a is in none of its families; let the patterns"),
        (FAMILIES + 'c = ["g/*"]', "suite small: family c has none of its candidates"),
        (FAMILIES + "c = 3", "suite small: family c is 3, and not a list"),
        ("families = 3", "suite small: families is 3, and not a table"),
    ],
)
def test_every_candidate_is_of_one_family(families: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as answer:
        read_suite("small", SUITE + families if families.startswith("\n") else families + SUITE)
    assert "\n" not in str(answer.value)


RANKS = """
[[claims]]
says = "it ranks well"
source = "Somebody, 2023"
ranks = "logme:as=thuml"
boards = ["only a"]
"""
BOUND = """
[[claims]]
says = "it is a bound"
source = "Somebody, 2023"
above = ["tta", "bound"]
below = ["taskonomy", "loss"]
"""


def test_what_others_say_is_read_and_told_to_pages() -> None:
    suite = read_suite("small", SUITE + RANKS + BOUND)
    assert suite.claims == (
        RankingClaim("it ranks well", "Somebody, 2023", "logme:as=thuml", ("only a",)),
        BoundClaim("it is a bound", "Somebody, 2023", ("tta", "bound"), ("taskonomy", "loss")),
    )
    assert suite.frame(None).claims == suite.claims
    assert read_suite("small", SUITE).claims == ()


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (
            RANKS.replace("[[claims]]", "[claims]"),
            r"suite small: its claims are tables; write \[\[claims\]\] above each",
        ),
        ("claims = ['it is good']\n", "suite small: its claims are tables"),
        (RANKS.replace("says", "say"), "suite small: a claim must tell says, as text"),
        (RANKS.replace('"Somebody, 2023"', "2023"), "suite small: a claim must tell source, as text"),
        (
            RANKS.replace("only a", "only b"),
            "the claim 'it ranks well' names 'only b', which is none of its boards; it has",
        ),
        (
            RANKS.replace('["only a"]', "[]"),
            "the claim 'it ranks well' cannot be tested by boards, ranks; beside says and",
        ),
        (
            RANKS.replace('["only a"]', '["only a", 1]'),
            "the claim 'it ranks well' names '1', which is none of its boards",
        ),
        (RANKS + 'below = ["tta", "bound"]\n', "cannot be tested by below, boards, ranks; beside"),
        (RANKS.replace("ranks", "rank"), "cannot be tested by boards, rank; beside"),
        (BOUND.replace('["tta", "bound"]', '"tta"'), "'it is a bound' cannot be tested by above, below; beside"),
        (BOUND.replace('below = ["taskonomy", "loss"]', ""), "cannot be tested by above; beside"),
        (BOUND.split("above")[0], "cannot be tested by nothing; beside"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_told(claim: str, told: str) -> None:
    text = claim + SUITE if claim.startswith("claims") else SUITE + claim
    with pytest.raises(UsageError, match=told) as answer:
        read_suite("small", text)
    assert "\n" not in str(answer.value)


def test_the_embedded_suites_test_claims_on_pools_and_metrics_of_theirs() -> None:
    (layers,) = load_suite("mini-layers").claims
    assert isinstance(layers, RankingClaim)
    assert (layers.ranks, layers.boards) == ("transrate", tuple(load_suite("mini-layers").boards))
    metrics = Registry.installed("metrics").names()
    for name in ("mini", "mini-sources"):
        (bound,) = load_suite(name).claims
        assert isinstance(bound, BoundClaim)
        assert {layers.ranks, bound.above[0], bound.below[0]} <= set(metrics)


def test_what_seconds_go_to_is_what_evidence_says_of_itself() -> None:
    told = load_suite("mini").frame(None)
    nodes = Catalogue.installed().nodes
    touches = {name: set(getattr(nodes[name], "touches", ())) for name in nodes} | {
        name: set(those) for name, those in GIVEN.items()
    }
    fits = {"target training", "fine-tuned weights"}
    assert {name for name, those in touches.items() if those & fits} <= set(told.training)
    assert {*told.extraction, *told.passes, *told.training} <= set(touches)
    assert len({*told.extraction, *told.passes, *told.training}) == sum(
        map(len, (told.extraction, told.passes, told.training))
    )


def test_weight_decays_may_be_divided_by_the_rate() -> None:
    text = SUITE.replace("weight_decays = [0.0, 5e-4]", "weight_decays = [0.0]\nweight_decays_over_rate = [1e-6, 1e-3]")
    protocol = read_suite("small", text).protocol(None)
    assert [(run.learning_rate, run.weight_decay) for run in protocol.runs()] == [
        (0.01, 0.0),
        (0.01, 1e-4),
        (0.01, 0.1),
        (0.1, 0.0),
        (0.1, 1e-5),
        (0.1, 0.01),
    ]
    assert protocol.settings()["weight_decays_over_rate"] == (1e-6, 1e-3)
    absolute = read_suite("small", SUITE.replace("weight_decays = [0.0, 5e-4]", "weight_decays = [0.1]")).protocol(None)
    assert "weight_decays_over_rate" not in absolute.settings()
    assert absolute.runs()[0].spec == protocol.runs()[2].spec  # what decides is the decay, not how it was found


def test_every_setting_that_decides_the_outcome_stands_in_the_spec() -> None:
    text = read_suite("small", SUITE).protocol(None).runs()[0].spec
    for setting in (
        "batch=8",
        "learning_rate=0.01",
        "momentum=0.9",
        "optimizer=sgd",
        "shift=2",
        "steps=10",
        "warmup=0.1",
    ):
        assert setting in text


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE)
    assert load_suite(str(path)).name == "mine"
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        load_suite(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('title = "small"', "", "does not say its title"),
        ('title = "small"', 'titel = "small"', "unknown titel"),
        ("steps = 10", "epochs = 10", "protocol quick of suite small: wrong or missing epochs, steps"),
        ('protocol = "quick"', 'protocol = "slow"', "has no protocol 'slow'; it has quick"),
        ("[boards]", "[boards", "is not TOML"),
        ("[boards]", 'seen = ["f/one-a"]\n[boards]', r"'f/one-a' in its seen is not \[candidate, dataset\], two names"),
        (
            "[boards]",
            'seen = [["f/one-a", 1]]\n[boards]',
            r"1\] in its seen is not \[candidate, dataset\]",
        ),
        ("[boards]", 'seen = [["f/x-*", "d/x"]]\n[boards]', "in its seen is no pair of its candidates and datasets"),
        ("[boards]", 'seen = [["f/one-a", "d/y"]]\n[boards]', "in its seen is no pair of its candidates and datasets"),
    ],
)
def test_mistakes_are_told(before: str, after: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_suite("small", SUITE.replace(before, after))


def test_choosing_by_name_and_pattern() -> None:
    offered = ("f/one-a", "f/two-a", "f/three-b")
    assert chosen("candidate", "all", offered, "small") == offered
    assert chosen("candidate", "f/three-b,f/*-a", offered, "small") == offered
    with pytest.raises(UsageError, match="suite small has no candidate 'f/tow-a'; did you mean f/two-a"):
        chosen("candidate", "f/tow-a", offered, "small")
    with pytest.raises(UsageError, match="it has f/one-a, f/two-a, f/three-b"):
        chosen("candidate", "zzz", offered, "small")


def test_the_embedded_suite_is_whole() -> None:
    suite = load_suite("mini")
    assert (len(suite.candidates), len(suite.datasets)) == (14, 8)
    assert set(suite.floors) <= set(suite.metrics)
    assert {name: len(pool) for name, pool in suite.boards.items()} == {
        "trained (without resnet-random)": 13,
        "architectures (one source, seven networks)": 7,
        "sources (one network, five sources)": 5,
    }
    assert all(isinstance(protocol, Protocol) for protocol in suite.protocols.values())
    assert (suite.protocol("quick").seeds, suite.protocol("full").seeds) == ((0,), (0, 1, 2))


def test_the_suite_of_layers_holds_whole_networks_and_their_cuts() -> None:
    suite = load_suite("mini-layers")
    assert {len(pool) for pool in suite.boards.values()} == {3, 4}
    assert sorted(name for pool in suite.boards.values() for name in pool) == sorted(suite.candidates)
    stock = Stock()
    for name in suite.candidates:
        assert stock.candidate(name).name == name


def test_the_suite_of_real_images_leaves_out_what_its_networks_were_trained_on() -> None:
    suite = load_suite("small-real")
    assert (len(suite.candidates), len(suite.datasets)) == (16, 5)
    sources = suite.boards["sources (one network, six sources)"]
    assert len(sources) == 6
    for candidate in sources:
        stem = candidate.rpartition("resnet20_")[2].removesuffix(".safetensors")
        seen = [dataset for name, dataset in suite.seen if name == candidate]
        assert seen == [dataset for dataset in suite.datasets if f"/{stem}.npz" in dataset]
    assert {name for name, _ in suite.seen} == {name for name in sources if "cifar10" not in name}


def test_recipes_make_the_candidates_of_that_suite() -> None:
    candidates = load_suite("small-real").candidates
    for name in checkpoint.recipes():
        assert f"checkpoint/small-real/{name}.safetensors" in candidates
