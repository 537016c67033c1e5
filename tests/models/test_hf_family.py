"""Networks of the Hugging Face hub: real architectures with random numbers, in folders and caches that tests write."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
import transformers
from huggingface_hub import constants
from PIL import Image
from torch import nn

from tbench.api import Network, TbenchError, UsageError
from tbench_models.hf.family import family

IMAGES = [np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8) for shape in ((40, 60, 3), (90, 50, 3))]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
COMMIT = "0123abcd" * 5
TOKENS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
STAGES = {"hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 1, 1]}
CONFIGURATIONS: dict[str, Callable[[], Any]] = {
    "ResNet": lambda: transformers.ResNetConfig(embedding_size=8, num_labels=5, **STAGES),
    "ConvNext": lambda: transformers.ConvNextConfig(num_labels=5, **STAGES),
    "ViT": lambda: transformers.ViTConfig(num_labels=5, intermediate_size=32, **TOKENS),
    "Dinov2WithRegisters": lambda: transformers.Dinov2WithRegistersConfig(num_labels=5, **TOKENS),
    "Swin": lambda: transformers.SwinConfig(
        image_size=32, patch_size=2, embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=4, num_labels=5
    ),
    "MobileNetV2": lambda: transformers.MobileNetV2Config(num_labels=5, depth_multiplier=0.35),
}
SPECIAL = {"ViT": 1, "Dinov2WithRegisters": 5}  # the class token, and four registers
WIDTHS = {"ResNet": 20, "ConvNext": 20, "ViT": 16, "Dinov2WithRegisters": 32, "Swin": 16, "MobileNetV2": 1280}


def network_of(name: str, **settings: Any) -> Any:
    """A network of the library's class of that name, with numbers of its own."""
    kind = next(kind for kind in sorted(CONFIGURATIONS, key=len, reverse=True) if name.startswith(kind))
    configuration = CONFIGURATIONS[kind]()
    configuration.update(settings)
    torch.manual_seed(7)
    network = getattr(transformers, name)(configuration).eval()
    for each in network.parameters():
        nn.init.normal_(each, std=0.2)
    return network


def written(folder: Path, network: Any, **settings: Any) -> Path:
    network.save_pretrained(folder, **settings)
    transformers.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def load(folder: Path, layer: str | None = None) -> Network:
    """The network, which has as many parameters as its candidate says."""
    candidate = family.candidate(str(folder), layer)
    network = candidate.load()
    assert candidate.facts == {"parameter_count": sum(each.numel() for each in network.body.parameters())}
    assert candidate.name == f"hf/{folder}" + (f"@{layer}" if layer else "")
    return network


def same(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub with nothing in it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    return tmp_path / "hub"


def put(hub: Path, folder: Path, commit: str = COMMIT) -> Path:
    """The files of a folder into the cache as those of org/net, as the hub's own client lays them out."""
    repo = hub / "models--org--net"
    snapshot = repo / "snapshots" / commit
    for place in (repo / "refs", repo / "blobs", snapshot):
        place.mkdir(parents=True, exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    for file in folder.iterdir():
        blob = repo / "blobs" / f"blob of {file.name}"
        shutil.copy(file, blob)
        (snapshot / file.name).symlink_to(blob)
    return snapshot


@pytest.mark.parametrize("kind", CONFIGURATIONS)
@torch.inference_mode()
def test_features_are_what_the_classifier_sees_and_the_head_gives_the_logits(kind: str, tmp_path: Path) -> None:
    original = network_of(f"{kind}ForImageClassification")
    network = load(written(tmp_path, original))
    images = network.prepare(IMAGES)
    seen: list[torch.Tensor] = []
    linear = [module for module in original.classifier.modules() if isinstance(module, nn.Linear)][-1]
    linear.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    logits = original(images).logits
    features = network.body(images)
    same(features, seen[0])
    assert features.shape == (2, network.width) == (2, WIDTHS[kind])
    assert network.head is not None
    torch.testing.assert_close(network.head(features), logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["ResNet", "ConvNext", "ViT", "Swin"])
@torch.inference_mode()
def test_a_backbone_gives_its_pooled_output_or_its_class_token(kind: str, tmp_path: Path) -> None:
    original = network_of(f"{kind}Model")
    network = load(written(tmp_path, original))
    output = original(network.prepare(IMAGES))
    expected = output.last_hidden_state[:, 0] if kind == "ViT" else output.pooler_output.flatten(1)
    same(network.body(network.prepare(IMAGES)), expected)
    assert (network.width, network.head) == (expected.shape[1], None)


@torch.inference_mode()
def test_a_backbone_without_weights_for_its_pooler_is_whole(tmp_path: Path) -> None:
    original = transformers.ViTModel(CONFIGURATIONS["ViT"](), add_pooling_layer=False).eval()
    network = load(written(tmp_path, original))
    same(network.body(network.prepare(IMAGES)), original(network.prepare(IMAGES)).last_hidden_state[:, 0])


@torch.inference_mode()
def test_two_classifiers_are_no_head(tmp_path: Path) -> None:
    configuration = transformers.DeiTConfig(num_labels=5, intermediate_size=32, **TOKENS)
    original = transformers.DeiTForImageClassificationWithTeacher(configuration).eval()
    network = load(written(tmp_path, original))
    assert (network.width, network.head) == (16, None)
    same(network.body(network.prepare(IMAGES)), original.deit(network.prepare(IMAGES)).last_hidden_state[:, 0])


def test_a_single_label_is_no_class(tmp_path: Path) -> None:
    assert load(written(tmp_path, network_of("ResNetForImageClassification", num_labels=1))).head is None


@pytest.mark.parametrize("kind", sorted({*CONFIGURATIONS} - {"MobileNetV2"}))  # which has sixteen states
@torch.inference_mode()
def test_an_inner_layer_is_the_mean_over_places_of_a_hidden_state(kind: str, tmp_path: Path) -> None:
    original = network_of(f"{kind}ForImageClassification")
    folder = written(tmp_path, original)
    counts = []
    images = load(folder).prepare(IMAGES)
    states = original(images, output_hidden_states=True).hidden_states
    for number, state in enumerate(states):
        network = load(folder, f"hidden.{number}")
        patches = state.mean(dim=(2, 3)) if state.ndim == 4 else state[:, SPECIAL.get(kind, 0) :].mean(dim=1)
        same(network.body(images), patches)
        assert (network.width, network.head) == (patches.shape[1], None)
        counts.append(sum(each.numel() for each in network.body.parameters()))
    assert counts == sorted(set(counts))
    assert 0 < counts[0] < counts[-1] <= sum(each.numel() for each in original.parameters())


def test_unknown_layers_are_answered_with_those_that_there_are(tmp_path: Path) -> None:
    folder = written(tmp_path, network_of("ViTForImageClassification"))
    for layer in ("hidden.3", "encoder.layer.1", "hidden.-1", "hidden"):
        with pytest.raises(UsageError, match=r"has no layer '.*'; there are hidden\.0 to hidden\.2$"):
            family.candidate(str(folder), layer)


def test_a_state_that_no_module_gives_is_no_layer(tmp_path: Path) -> None:
    torch.manual_seed(0)
    configuration = transformers.HieraConfig(embed_dim=8, image_size=[64, 64], depths=[1, 1, 1, 1], num_heads=[1] * 4)
    folder = written(tmp_path, transformers.HieraModel(configuration))
    transformers.ViTImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    assert load(folder, "hidden.2").width == 16
    with pytest.raises(UsageError, match=r"cannot be cut at hidden\.0, which no module of it gives; choose another"):
        family.candidate(str(folder), "hidden.0")


@pytest.mark.parametrize("layer", [None, "hidden.1"])
def test_a_network_can_be_trained(layer: str | None, tmp_path: Path) -> None:
    network = load(written(tmp_path, network_of("ResNetForImageClassification")), layer)
    network.body.train()
    network.body(network.prepare(IMAGES)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.body.parameters())


def test_images_are_prepared_as_the_repository_asks_by_pil(tmp_path: Path) -> None:
    folder = written(tmp_path, network_of("ConvNextForImageClassification"))
    prepared = load(folder).prepare(IMAGES)
    for image, found in zip(IMAGES, prepared, strict=True):
        resized = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR))
        same(found, torch.tensor(resized / 255 - 0.5).permute(2, 0, 1).float() / 0.5)
    asked = {"size": {"shortest_edge": 48}, "crop_pct": 0.75, "resample": 3, "image_mean": MEAN, "image_std": STD}
    transformers.ConvNextImageProcessorPil(**asked).save_pretrained(folder)
    for image, found in zip(IMAGES, load(folder).prepare(IMAGES), strict=True):
        height, width = (round(64 * side / min(image.shape[:2])) for side in image.shape[:2])
        resized = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
        top, left = (height - 48) // 2, (width - 48) // 2
        centre = torch.tensor(resized[top : top + 48, left : left + 48] / 255).permute(2, 0, 1)
        mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
        same(found, ((centre - mean) / std).float())


def test_the_fingerprint_of_a_folder_changes_with_weights_layer_and_preparation(tmp_path: Path) -> None:
    folder = written(tmp_path, network_of("ResNetForImageClassification"))
    found = [family.candidate(str(folder), layer).fingerprint for layer in (None, "hidden.1")]
    transformers.ViTImageProcessorPil(size={"height": 48, "width": 48}).save_pretrained(folder)
    found.append(family.candidate(str(folder), None).fingerprint)
    found.append(family.candidate(str(written(folder, network_of("ResNetModel"))), None).fingerprint)
    assert len(set(found)) == len(found) == 4
    assert family.candidate(str(folder), None).fingerprint == found[-1]


def test_a_folder_below_the_home_of_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    written(tmp_path / "mine" / "net", network_of("ResNetForImageClassification"))
    assert family.candidate("mine/net", None).load().width == 20


@torch.inference_mode()
def test_weights_in_several_files(tmp_path: Path) -> None:
    original = network_of("ConvNextForImageClassification")
    folder = written(tmp_path, original, max_shard_size="10KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    network = load(folder)
    assert network.head is not None
    images = network.prepare(IMAGES)
    torch.testing.assert_close(network.head(network.body(images)), original(images).logits, rtol=1e-3, atol=1e-3)
    shards[0].unlink()
    with pytest.raises(UsageError, match=rf"has no {shards[0].name}, so it does not tell its weights as safetensors"):
        family.candidate(str(folder), None)


@pytest.mark.parametrize(
    "index",
    [
        "[" * 100_000,
        "[]",
        "{}",
        '{"weight_map": {}}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": "../x.safetensors"}}',
    ],
)
def test_an_index_leads_nowhere_but_beside_it(tmp_path: Path, index: str) -> None:
    folder = written(tmp_path, network_of("ViTForImageClassification"))
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    (folder.parent / "x.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match=r"^index \S+index\.json (is not|has no)") as caught:
        family.candidate(str(folder), None)
    assert "\n" not in str(caught.value)


def test_the_cache_of_the_hub(hub: Path, tmp_path: Path) -> None:
    snapshot = put(hub, written(tmp_path / "net", network_of("ViTForImageClassification")))
    candidate = family.candidate("org/net", None)
    assert candidate.name == "hf/org/net"
    assert candidate.fingerprint == f"org/net at {COMMIT}, blob of model.safetensors"
    assert candidate.load().width == 16
    (snapshot / "model.safetensors").unlink()
    known = family.candidate("org/net", "hidden.1")
    assert known.fingerprint == f"org/net at {COMMIT}@hidden.1"
    with pytest.raises(
        TbenchError, match=r"^weights of hf/org/net are not on this machine \(model\.safetensors of org/n"
    ):
        known.load()
    (snapshot / "preprocessor_config.json").unlink()
    with pytest.raises(
        TbenchError, match=r"not on this machine \(preprocessor_config\.json of org/net\); set TBENCH_D"
    ):
        family.candidate("org/net", None)


def test_nothing_is_fetched_unless_it_may_be(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, asked = huggingface_hub.snapshot_download, []

    def only_local(name: str, *, local_files_only: bool, **words: Any) -> str:
        asked.append(local_files_only)
        return fetch(name, local_files_only=True, **words)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", only_local)
    with pytest.raises(
        TbenchError, match=r"hf/org/net are not on this machine \(config\.json of org/net\); set TBENCH"
    ):
        family.candidate("org/net", None)
    assert asked == [True]
    with pytest.raises(UsageError, match=r"hf/one/two/three is neither a folder with a config\.json nor a name of the"):
        family.candidate("one/two/three", None)


def test_what_may_be_fetched_is_the_description_first_and_the_weights_when_they_are_needed(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = huggingface_hub.snapshot_download
    everything = written(tmp_path / "net", network_of("ViTForImageClassification"))
    (everything / "pytorch_model.bin").write_bytes(b"never read")
    fetched: list[tuple[Any, list[str]]] = []

    def fetch(name: str, *, revision: str | None, allow_patterns: list[str], local_files_only: bool) -> str:
        if not local_files_only:
            shutil.rmtree(hub, ignore_errors=True)
            part = tmp_path / f"part {len(fetched)}"
            part.mkdir()
            for file in {file for pattern in allow_patterns for file in everything.glob(pattern)}:
                shutil.copy(file, part)
            fetched.append((revision, sorted(file.name for file in part.iterdir())))
            return str(put(hub, part))
        return here(name, revision=revision, allow_patterns=allow_patterns, local_files_only=True)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    candidate = family.candidate("org/net", None)
    described = ["config.json", "preprocessor_config.json"]
    assert fetched == [(None, described)]
    assert candidate.load().width == 16
    assert fetched[1:] == [(COMMIT, [*described[:1], "model.safetensors", *described[1:]])]
    family.candidate("org/net", None).load()
    assert len(fetched) == 2
    (everything / "model.safetensors").unlink()
    shutil.rmtree(hub)
    with pytest.raises(
        UsageError, match=r"hf/org/net has no model\.safetensors, so it does not tell its weights as saf"
    ):
        family.candidate("org/net", None).load()


def test_a_network_that_cannot_be_fetched_is_one_line(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **words: Any) -> str:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    with pytest.raises(TbenchError, match=r"^hf/org/net cannot be fetched \(no route\)$"):
        family.candidate("org/net", None)


def without_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors.pop("classifier.bias")
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def with_configuration(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        told = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(told | changes))

    return change


@pytest.mark.parametrize(
    ("damage", "kind", "told"),
    [
        (without_weight, TbenchError, r"do not fit its architecture: they miss classifier\.bias; see "),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"noise"),
            TbenchError,
            r"cannot be read \(.*\); see",
        ),
        (with_configuration(hidden_size=24), TbenchError, r"cannot be read \(.*\); see "),
        (
            with_configuration(patch_size="big"),
            UsageError,
            r"(cannot be built|is no network that transformers knows) \(",
        ),
        (with_configuration(model_type="mine"), UsageError, r"is no network that transformers knows \("),
        (
            with_configuration(model_type="mine", auto_map={"AutoConfig": "mine.Configuration"}),
            UsageError,
            r"is no network that transformers knows \(",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), UsageError, "is no network that transformers knows"),
        (
            lambda folder: (folder / "preprocessor_config.json").unlink(),
            UsageError,
            r"has no preprocessor_config\.json, so it does not tell how images are prepared for it; choose another",
        ),
        (
            lambda folder: (folder / "preprocessor_config.json").write_text("[]"),
            UsageError,
            r"does not say how images are prepared for it \(",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(
    damage: Callable[[Path], Any], kind: type[TbenchError], told: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, network_of("ViTForImageClassification"))
    damage(folder)
    with pytest.raises(kind, match=told) as caught:
        family.candidate(str(folder), None).load()
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_code_of_a_repository_is_never_run(tmp_path: Path) -> None:
    folder = written(tmp_path, network_of("ViTForImageClassification"))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Configuration: ...\n")
    with_configuration(model_type="mine", auto_map={"AutoConfig": "mine.Configuration"})(folder)
    with pytest.raises(UsageError, match="is no network that transformers knows"):
        family.candidate(str(folder), None)
    assert not (tmp_path / "ran").exists()


def test_networks_for_text_and_those_that_draw_at_random_are_refused(tmp_path: Path) -> None:
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text = written(tmp_path / "text", transformers.BertModel(transformers.BertConfig(vocab_size=30, **small)))
    with pytest.raises(UsageError, match=r"takes input_ids, not images alone; choose another repository$"):
        family.candidate(str(text), None)
    masked = transformers.ViTMAEModel(transformers.ViTMAEConfig(intermediate_size=32, **TOKENS))
    folder = written(tmp_path / "masked", masked)
    with pytest.raises(TbenchError, match=r"draws at random what it sees of an image; choose another repository$"):
        family.candidate(str(folder), None).load()


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setitem(sys.modules, "transformers.utils", None)
    with pytest.raises(UsageError, match=r"^hf/org/net: needs the library transformers; pip install tbench\[hf\]$"):
        family.candidate("org/net", None)


def test_loading_is_silent_and_leaves_the_library_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path, transformers.ViTModel(CONFIGURATIONS["ViT"](), add_pooling_layer=False))
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.INFO)
    try:
        capfd.readouterr()
        load(folder)
        assert capfd.readouterr() == ("", "")
        assert (log.get_verbosity(), log.is_progress_bar_enabled()) == (logging.INFO, bars)
    finally:
        log.set_verbosity(before)


def test_the_family_is_light_until_a_candidate_is_asked_for() -> None:
    code = (
        "import sys; from tbench_models.hf.family import family; assert not list(family.names()); print(*sys.modules)"
    )
    path = ":".join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert {"transformers", "torch", "numpy", "huggingface_hub"}.isdisjoint(done.stdout.split())
