"""The three states of a candidate's weights, and the fine-tuning run that the last of them comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tbench.api import Inapplicable
from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue
from tbench.stock import Stock
from tbench.suite import load_suite
from tbench.training import Target, Training
from tbench.tuned import Tuned
from tbench_models.mini.architectures import build
from tbench_models.mini.network import SEED
from tbench_models.mini.recipe import read_recipes
from tbench_models.mini.selfsupervised import outputs

PROTOCOL = replace(load_suite("mini").protocol("full"), steps=3)


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock()


def tuned(stock: Stock, candidate: str = "mini/resnet-glyph", **changes: object) -> Tuned:
    known, dataset = stock.candidate(candidate), stock.dataset("mini/digits")
    protocol = replace(PROTOCOL, **changes)
    return Tuned(known, dataset, lambda: stock.split("mini/digits", "train", 0), protocol, 0, "cpu")


def test_the_run_is_the_middle_one_of_the_truth(stock: Stock) -> None:
    ours = tuned(stock)
    found = ours.network().body.state_dict()
    network = stock.candidate("mini/resnet-glyph").load()
    train = {"train": stock.split("mini/digits", "train", 0)}
    run = PROTOCOL.runs()[1]
    assert run.learning_rate == 0.03
    training = Training(network, Target.prepare(network, train, 10, "accuracy"), run, 0)
    training.advance(3)
    truth = network.body.state_dict()
    assert all(torch.equal(found[name], truth[name]) for name in truth)
    assert ours.cost().cpu_seconds > 0


def test_a_run_that_diverges_has_no_weights_to_show(stock: Stock) -> None:
    broken = tuned(stock, learning_rates=(1e30,), steps=20)
    with pytest.raises(Inapplicable, match="diverged at step"):
        broken.network()


@pytest.mark.parametrize("layer", ["", "@stage2"])
def test_three_states_by_the_same_names(stock: Stock, layer: str) -> None:
    candidate = f"mini/resnet-glyph{layer}"
    run = tuned(stock, candidate)
    roots = stock.roots(candidate, "mini/digits", 0) | {"finetuned_network": Root(run.network, cost=run.cost)}
    known = Evidence(roots, Catalogue.installed().nodes)
    states = [known[f"{when}_parameters"] for when in ("initial", "pretrained", "finetuned")]
    assert states[0].keys() == states[1].keys() == states[2].keys()
    name = next(name for name in states[0] if name.endswith("weight"))
    assert len({state[name].tobytes() for state in states}) == 3
    assert known.cost("finetuned_parameters")["finetuned_network"].cpu_seconds > 0


@pytest.mark.parametrize("name", read_recipes())
def test_the_initial_network_is_the_one_that_pretraining_began_with(stock: Stock, name: str) -> None:
    recipe = read_recipes()[name]
    classes = stock.dataset(recipe.source).classes if recipe.source else 0
    torch.manual_seed(SEED)
    began = build(recipe.architecture, outputs(recipe, classes)).state_dict()
    initial = stock.candidate(f"mini/{name}").initial
    assert initial
    found = dict(initial().body.named_parameters())
    assert found
    for path, value in found.items():
        assert torch.equal(value, began[path.removeprefix("network.").removeprefix("trunk.")]), path


def test_where_no_initial_network_is_known_nothing_is_fine_tuned(stock: Stock) -> None:
    known = replace(stock.candidate("mini/resnet-glyph"), initial=None)
    assert known.initial is None
    never = Root(lambda: pytest.fail("fine-tuned for nothing"))
    roots = {"network": Root(known.load), "finetuned_network": never}
    with pytest.raises(Inapplicable, match="gives no initial_network"):
        Catalogue.installed().metric("parameter-distance").judge(Evidence(roots, Catalogue.installed().nodes))
    assert np.isfinite(PROTOCOL.seconds)
