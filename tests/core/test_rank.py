"""A ranking is the consensus of several metrics, and says how far other images would have moved it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import rankdata

from tbench.checkpoint import Checkpoints
from tbench.cli import main
from tbench.errors import UsageError
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tbench.metric import Catalogue
from tbench.rank import Ranking, _half, rank
from tbench.stock import Stock
from tbench.suite import load_suite
from tbench.trial import try_out

pytestmark = pytest.mark.filterwarnings("ignore:logme. the evidence had not settled")  # on half of few images

POOL = ["mini/resnet-mix", "mini/resnet-simclr", "mini/resnet-random"]
PANEL = ["logme", "gbc"]
DRAWS = 6


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("evidence"))


def ranked(stock: Stock, shelf: Shelf, pool: list[str] = POOL, panel: list[str] = PANEL, seed: int = 0) -> Ranking:
    catalogue = Catalogue.installed()
    metrics = [catalogue.metric(text) for text in panel]
    return rank(
        "mini/photo",
        pool,
        metrics,
        stock=stock,
        catalogue=catalogue,
        shelf=shelf,
        device="cpu",
        precision="float32",
        draws=DRAWS,
        seed=seed,
    )


def test_places_follow_from_the_ranks_by_each_metric(stock: Stock, shelf: Shelf) -> None:
    ranking = ranked(stock, shelf)
    catalogue = Catalogue.installed()
    split = stock.split("mini/photo", "train", 0)
    scores = []
    for name in POOL:
        roots = {"network": Root(stock.candidate(name).load), "images": Root.of(split.images)}
        roots |= {
            "labels": Root.of(split.labels),
            "seed": Root.of(0),
            "device": Root.of("cpu"),
            "precision": Root.of("float32"),
        }
        evidence = Evidence(roots, catalogue.nodes)
        scores.append([catalogue.metric(text).judge(evidence).value for text in PANEL])
    ranks = rankdata(-np.array(scores), axis=0)
    found = {place.candidate: place for place in ranking.places}
    for name, expected, place in zip(POOL, ranks, rankdata(ranks.mean(axis=1)), strict=True):
        assert list(found[name].ranks.values()) == list(expected)
        assert found[name].place == place
    assert [place.place for place in ranking.places] == sorted(place.place for place in ranking.places)
    assert (ranking.images, ranking.classes, ranking.panel) == (180, 9, tuple(PANEL))


def test_intervals_hold_the_draws_and_the_leader_is_level_with_itself(stock: Stock, shelf: Shelf) -> None:
    ranking = ranked(stock, shelf)
    assert ranking.places[0].level == 1.0
    assert ranking.contenders[0] == ranking.places[0]
    for place in ranking.places:
        assert 1 <= place.low <= place.high <= len(POOL)
        assert (place in ranking.contenders) == (place.level >= 0.05)
    assert ranking.places[-1].candidate == "mini/resnet-random"


def test_same_seed_same_ranking(stock: Stock, shelf: Shelf) -> None:
    def told(ranking: Ranking) -> list[object]:
        return [replace(place, seconds=0.0) for place in ranking.places]

    assert told(ranked(stock, shelf)) == told(ranked(stock, shelf))


def test_what_cannot_be_had_or_asked_is_left_out_and_told(stock: Stock, shelf: Shelf) -> None:
    ranking = ranked(stock, shelf, [*POOL, "mini/resnet-mixx"], [*PANEL, "leep"])
    assert ranking.panel == tuple(PANEL)
    assert [place.candidate for place in ranking.places if place.candidate not in POOL] == []
    assert "did you mean mini/resnet-mix" in ranking.left_out["mini/resnet-mixx"]
    assert "says nothing about mini/resnet-simclr" in ranking.left_out["leep"]


def test_one_candidate_is_no_ranking(stock: Stock, shelf: Shelf) -> None:
    with pytest.raises(UsageError, match="fewer than two candidates can be ranked on mini/photo"):
        ranked(stock, shelf, POOL[:1])


def test_too_few_images_are_told(tmp_path: Path, shelf: Shelf) -> None:
    images, labels = np.zeros((10, 8, 8, 3), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "few.npz", images=images, labels=labels)
    catalogue = Catalogue.installed()
    metrics = [catalogue.metric(text) for text in PANEL]
    words = {
        "stock": Stock(),
        "catalogue": catalogue,
        "shelf": shelf,
        "device": "cpu",
        "precision": "float32",
        "draws": 2,
        "seed": 0,
    }
    with pytest.raises(UsageError, match="6 training images of 2 classes are too few to tell models apart; give 4"):
        rank(f"arrays/{tmp_path}/few.npz", POOL, metrics, **words)


def test_a_half_keeps_every_class() -> None:
    labels = np.array([0, 1, 1, 2, 2, 2, 2, 2])
    half = _half(labels, np.random.default_rng(0))
    assert np.bincount(labels[half]).tolist() == [1, 1, 3]
    assert len(set(half)) == len(half)
    assert len(_half(np.zeros((9, 2)), np.random.default_rng(0))) == 5


def test_the_first_few_are_fine_tuned_and_judged_by_validation(stock: Stock, shelf: Shelf, tmp_path: Path) -> None:
    ranking = ranked(stock, shelf)
    protocol = replace(load_suite("practice").protocol(None), steps=3)
    names = [place.candidate for place in ranking.places[:2]]
    words = {"stock": stock, "protocol": protocol, "checkpoints": Checkpoints(tmp_path), "device": "cpu", "seed": 0}
    trials = try_out("mini/photo", names, **words)
    assert {trial.candidate for trial in trials} == {*names}
    assert trials[0].validation >= trials[1].validation
    assert all(0 <= trial.test <= 1 and trial.seconds > 0 for trial in trials)


def test_the_command_says_what_it_can_and_cannot_say(tmp_path: Path) -> None:
    words = ["rank", "mini/photo", "--models", ",".join(POOL[:2]), "--suite", "mini", "--metrics", "gbc,logme"]
    done = CliRunner().invoke(main, [*words, "--draws", "4", "--cache", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "mini/photo: 180 training images, 9 classes; asked: gbc, logme; 4 draws of half the images" in done.output
    assert "stands first" in done.output
    assert done.stderr.count("note: logme: the evidence had not settled after 11 steps") == 1
    assert "It does not say how accurate a fine-tuned model will be" in done.output
    lost = CliRunner().invoke(main, ["rank", "mini/foto", "--cache", str(tmp_path)])
    assert lost.exit_code == 2
    assert "mini has no dataset 'foto': did you mean mini/photo?" in lost.output
    nowhere = CliRunner().invoke(main, ["rank", str(tmp_path / "nowhere")])
    assert nowhere.exit_code == 2
    assert "nowhere; give a folder of images, an .npz file, or a dataset by name" in nowhere.output
