"""Parameter distance: the published code's numbers, the definition, and what becomes of blocks that say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, ScoreWarning, UsageError
from tbench_metrics.parameter_distance import parameter_distance

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
NAMES = ("initial_parameters", "pretrained_parameters", "finetuned_parameters")
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def oracle(name):
    told = json.loads((ORACLES / f"{name}.json").read_text())
    with np.load(ORACLES / f"{name}.npz") as file:
        states = [{key[2:]: file[key] for key in file if key.startswith(f"{of}/")} for of in "rAB"]
    return told, dict(zip(NAMES, states, strict=True))


def states(seed, names=("conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight", "fc.weight", "bn1.weight")):
    rng = np.random.default_rng(seed)
    shapes = {name: rng.integers(1, 4, size=1 if "bn" in name else 3) for name in names}
    return {of: {name: rng.normal(size=shape) for name, shape in shapes.items()} for of in NAMES}


def column(score, told, blocks):
    return [score.terms[f"{block}: {told}"] for block in blocks]


@pytest.mark.parametrize("name", ["param_distance_a", "param_distance_b"])
def test_published_numbers_block_by_block(name):
    told, given = oracle(name)
    blocks = [names[0].rpartition(".conv")[0] or "conv1" for names in told["derived"]["blocks"]]
    assert len(blocks) == len(set(blocks)) == 17
    near = {"rel": told["tolerance"]["rtol"]}
    score = parameter_distance(**given, tensors="conv")
    expected = told["expected"]
    assert column(score, "from initial", blocks) == pytest.approx(expected["block_distance_r_to_B"], **near)
    assert column(score, "from pretrained", blocks) == pytest.approx(expected["block_distance_A_to_B"], **near)
    assert column(score, "ratio", blocks) == pytest.approx(expected["block_transferability"], **near)
    assert score.value == score.terms["mean"] == pytest.approx(expected["overall_transferability"], **near)
    assert tbench.score("parameter-distance:as=schuture", **given) == score.value

    derived = told["derived"]
    pooled = parameter_distance(**given, tensors="conv", within="pooled")
    assert column(pooled, "ratio", blocks) == pytest.approx(derived["block_ratio_pooled_by_element"], **near)
    euclid = parameter_distance(**given, tensors="conv", within="pooled", distance="l2")
    assert column(euclid, "ratio", blocks) == pytest.approx(derived["block_ratio_l2"], **near)


@pytest.mark.parametrize("name", ["param_distance_a", "param_distance_b"])
def test_published_distances_tensor_by_tensor(name):
    told, given = oracle(name)
    for tensor, distances in told["derived"]["tensor_mean_abs_distances"].items():
        alone = {of: {tensor: state[tensor]} for of, state in given.items()}
        score = parameter_distance(**alone)
        (block,) = {term.partition(":")[0] for term in score.terms if ":" in term}
        assert score.terms[f"{block}: from initial"] == pytest.approx(distances["d_rB"], rel=1e-9)
        assert score.terms[f"{block}: from pretrained"] == pytest.approx(distances["d_AB"], rel=1e-9)


@pytest.mark.parametrize("name", ["param_distance_a", "param_distance_b"])
def test_pooled_over_the_whole_backbone(name):
    """One block of everything gives the ratio of the sums."""
    told, given = oracle(name)
    tensors = told["derived"]["tensor_mean_abs_distances"]
    together = {
        of: {f"blocks.0.{place}.weight": state[tensor] for place, tensor in enumerate(tensors)}
        for of, state in given.items()
    }
    score = parameter_distance(**together, within="pooled")
    assert score.value == pytest.approx(told["derived"]["whole_backbone_ratio_pooled_l1"], rel=1e-9)


def test_the_published_list_of_layers_averages_to_the_published_value_without_its_head():
    told = json.loads((ORACLES / "parameter_distance_published.json").read_text())
    *body, head = told["published"]["layerwise_cifar10_resnet50"]
    given = {of: {} for of in NAMES}
    for place, ratio in enumerate([*body, head]):
        name = "fc.weight" if place == len(body) else f"blocks.{place}.conv.weight"
        given["initial_parameters"][name] = np.full((2, 2), ratio)
        given["pretrained_parameters"][name] = np.full((2, 2), 1.0)
        given["finetuned_parameters"][name] = np.zeros((2, 2))
    score = parameter_distance(**given)
    assert score.value == pytest.approx(told["expected"]["layerwise_mean_without_head"])
    assert round(score.value, 1) == round(told["published"]["overall_cifar10_resnet50"], 1)
    assert score.terms["head: ratio"] == head
    assert score.terms["blocks"] == 17


def test_value_by_hand():
    given = dict(
        zip(
            NAMES,
            (
                {
                    "conv1.weight": np.full((1, 2), 4.0),
                    "layer1.0.a.weight": np.full((2, 2), 3.0),
                    "bn.weight": np.ones(2),
                },
                {
                    "conv1.weight": np.full((1, 2), 1.0),
                    "layer1.0.a.weight": np.full((2, 2), 1.5),
                    "bn.weight": np.ones(2),
                },
                {
                    "conv1.weight": np.full((1, 2), 2.0),
                    "layer1.0.a.weight": np.full((2, 2), 1.0),
                    "bn.weight": np.ones(2),
                },
            ),
            strict=True,
        )
    )
    score = parameter_distance(**given)
    assert score.terms == pytest.approx(
        {
            **{"conv1: ratio": 2, "conv1: from initial": 2, "conv1: from pretrained": 1, "conv1: growth": 2},
            **{"layer1.0: ratio": 4, "layer1.0: from initial": 2, "layer1.0: from pretrained": 0.5},
            **{"layer1.0: growth": 2 / 3, "mean": 3, "log-mean": np.log(8) / 2, "blocks": 2},
        }
    )
    assert parameter_distance(**given, overall="log-mean").value == pytest.approx(np.log(8) / 2)


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("conv1.weight", "conv1"),
        ("layer1.0.downsample.0.weight", "layer1.0"),
        ("blocks.11.attn.qkv.weight", "blocks.11"),
        ("layers.2.blocks.1.mlp.fc1.weight", "layers.2.blocks.1"),
        ("features.1.0.block.0.weight", "features.1.0"),
        ("features.4.conv.0.0.weight", "features.4"),
        ("encoder.layers.encoder_layer_3.mlp.0.weight", "encoder.layers.encoder_layer_3"),
        ("features.denseblock1.denselayer1.conv1.weight", "features.denseblock1.denselayer1.conv1"),
        ("pos_embed", "pos_embed"),
        *((f"{head}.weight", "head") for head in ("fc", "head.fc", "heads.head", "classifier.1")),
    ],
)
def test_blocks_of_well_known_networks(name, block):
    score = parameter_distance(**states(0, (name, "stem.conv.weight")))
    assert f"{block}: ratio" in score.terms
    assert score.terms["blocks"] == (1 if block == "head" else 2)


def test_only_matrices_count_and_down_sampling_unless_published():
    names = ("layer1.0.conv1.weight", "layer1.0.downsample.0.weight", "layer1.0.bn1.weight")
    given = states(1, names)
    bare = {of: {names[0]: state[names[0]]} for of, state in given.items()}
    both = {of: {name: state[name] for name in names[:2]} for of, state in given.items()}
    assert parameter_distance(**given).terms == parameter_distance(**both).terms
    assert parameter_distance(**given, tensors="conv").terms == parameter_distance(**bare).terms
    assert parameter_distance(**given).value != parameter_distance(**bare).value


@QUIET
@given(
    seed=SEEDS,
    scale=st.floats(1e-3, 1e3),
    distance=st.sampled_from(["mean-abs", "l2"]),
    within=st.sampled_from(["tensors", "pooled"]),
)
def test_neither_scale_nor_a_common_shift_nor_the_order_of_weights_matters(seed, scale, distance, within):
    given, how = states(seed), {"distance": distance, "within": within}
    rng = np.random.default_rng(seed)
    ratios = {name: value for name, value in parameter_distance(**given, **how).terms.items() if "ratio" in name}
    shift = {name: rng.normal(size=array.shape) for name, array in given[NAMES[0]].items()}
    order = {name: rng.permutation(array.size) for name, array in given[NAMES[0]].items()}
    moved = {
        of: {
            name: (scale * (state[name] + shift[name])).ravel()[order[name]].reshape(state[name].shape)
            for name in reversed(state)
        }
        for of, state in given.items()
    }
    after = parameter_distance(**moved, **how).terms
    assert {name: after[name] for name in ratios} == pytest.approx(ratios, rel=1e-9)


@QUIET
@given(seed=SEEDS)
def test_one_where_pre_training_did_nothing_and_nearer_is_higher(seed):
    given = states(seed)
    given["pretrained_parameters"] = given["initial_parameters"]
    score = parameter_distance(**given)
    assert (score.value, score.terms["log-mean"]) == pytest.approx((1, 0))
    ends = given["finetuned_parameters"]
    given["pretrained_parameters"] = {name: (given[NAMES[0]][name] + 3 * ends[name]) / 4 for name in ends}
    assert parameter_distance(**given).value == pytest.approx(4)


@QUIET
@given(seed=SEEDS)
def test_the_log_mean_is_below_the_log_of_the_mean(seed):
    terms = parameter_distance(**states(seed)).terms
    assert terms["log-mean"] <= np.log(terms["mean"]) + 1e-12


def test_a_frozen_block_is_told_and_in_no_mean():
    given = states(2)
    without = {of: {name: state[name] for name in state if name != "conv1.weight"} for of, state in given.items()}
    given["finetuned_parameters"]["conv1.weight"] = given["pretrained_parameters"]["conv1.weight"]
    with pytest.warns(SaturationWarning, match="1 of 2 blocks did not move in fine-tuning .* such as conv1"):
        score = parameter_distance(**given)
    assert score.value == parameter_distance(**without).value
    assert score.terms["conv1: from pretrained"] == 0
    assert "conv1: ratio" not in score.terms
    with pytest.raises(Inapplicable, match="fine-tuning moved no weight"):
        parameter_distance(**given | {"finetuned_parameters": given["pretrained_parameters"]})


def test_a_block_that_came_back_to_its_start_has_no_logarithm():
    given = states(3)
    given["finetuned_parameters"]["conv1.weight"] = given["initial_parameters"]["conv1.weight"]
    assert "log-mean" not in parameter_distance(**given).terms
    with pytest.raises(Inapplicable, match="conv1"):
        parameter_distance(**given, overall="log-mean")


def test_a_new_head_is_left_out_and_other_strangers_are_told():
    given = states(4)
    value = parameter_distance(**given).value
    given["finetuned_parameters"]["fc.weight"] = np.ones((9, 9))
    score = parameter_distance(**given)
    assert score.value == value
    assert not any(term.startswith("head") for term in score.terms)
    given["finetuned_parameters"]["adapter.weight"] = np.ones((2, 2))
    with pytest.warns(ScoreWarning, match=r"1 tensors are not in all three .* adapter\.weight; they are left out"):
        assert parameter_distance(**given).value == value
    with pytest.raises(Inapplicable, match="share no block"):
        parameter_distance(**states(4, ("fc.weight", "bn1.weight")))


def test_tensors_of_one_storage_count_once():
    given = states(5, ("layer1.0.conv1.weight", "layer1.0.conv2.weight"))
    value = parameter_distance(**given).value
    for state in given.values():
        state["layer1.0.conv3.weight"] = state["layer1.0.conv1.weight"]
    assert parameter_distance(**given).value == value
    given["finetuned_parameters"]["layer1.0.conv3.weight"] = given["finetuned_parameters"][
        "layer1.0.conv1.weight"
    ].copy()
    assert parameter_distance(**given).value != value


@pytest.mark.parametrize("setting", ["distance", "within", "tensors", "overall"])
def test_unknown_settings_are_told(setting):
    with pytest.raises(UsageError, match=f"unknown {setting} 'far'"):
        parameter_distance(**states(6), **{setting: "far"})


def test_what_is_no_state_is_refused():
    given = states(7)
    with pytest.raises(EvidenceError, match="initial_parameters must be arrays by name"):
        tbench.score("parameter-distance", **given | {"initial_parameters": np.ones(3)})
    given["finetuned_parameters"]["conv1.weight"][0] = np.nan
    with pytest.raises(EvidenceError, match=r"finetuned_parameters: conv1\.weight holds values that are NaN"):
        tbench.score("parameter-distance", **given)
    given["finetuned_parameters"]["conv1.weight"] = np.array([["a"]])
    with pytest.raises(EvidenceError, match="must be real numbers"):
        tbench.score("parameter-distance", **given)


def test_inputs_are_left_alone_and_single_precision_is_summed_in_double():
    given = states(8)
    single = {of: {name: array.astype(np.float32) for name, array in state.items()} for of, state in given.items()}
    double = {of: {name: array.astype(np.float64) for name, array in state.items()} for of, state in single.items()}
    for state in single.values():
        for array in state.values():
            array.flags.writeable = False
    assert tbench.score("parameter-distance", **single) == tbench.score("parameter-distance", **double)
