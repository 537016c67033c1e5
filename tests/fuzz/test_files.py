"""Files of arrays, evidence and weights, with accidents: they are read, or one line says why not."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from tbench.checkpoint import Checkpoint, UnusableError
from tbench.cli.score import _read
from tbench.errors import EvidenceError, TbenchError
from tbench.evidence.shelf import DamagedError, Shelf
from tbench.statedict import read_state
from tbench_datasets.arrays import npz
from tbench_datasets.arrays.family import family
from tbench_models.statedict import read_tensors

from .mutation import altered, mutated, refusal, values

KEY = "ab" * 16
TENSORS = {"conv.weight": torch.arange(12.0).reshape(3, 4), "conv.bias": torch.ones(3)}


def npz_of(**changed: Any) -> bytes:
    arrays = {"images": np.arange(20 * 48, dtype=np.uint8).reshape(20, 4, 4, 3), "labels": np.arange(20) % 2}
    content = io.BytesIO()
    np.savez(content, **arrays | changed)
    return content.getvalue()


def npy_of(array: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def pth_of(content: Any, **words: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **words)
    return stream.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# A file of images and labels


def images_of(path: Path) -> None:
    found = family.dataset(str(path))
    for part in ("train", "val", "test"):
        split = found.split(part, 0)
        assert len(split.images) == len(split.labels)
        assert np.asarray(split.images).dtype == np.uint8


@given(content=mutated(npz_of(class_names=np.array(["a", "b"]), split=np.array(["train", "test"] * 10))))
@settings(max_examples=200)
def test_npz(folder: Path, content: bytes) -> None:
    refusal(lambda: images_of(written(folder / "a.npz", content)), TbenchError)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A whole archive of an array whose header has had an accident: the checksums are right."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_LZMA]))) as archive:
        archive.writestr("labels.npy", npy_of(np.arange(20) % 2))
        archive.writestr("images.npy", draw(mutated(npy_of(np.zeros((20, 4, 4, 3), np.uint8)))))
    return content.getvalue()


@given(content=headers())
@settings(max_examples=200)
def test_npz_with_headers_that_lie(folder: Path, content: bytes) -> None:
    refusal(lambda: images_of(written(folder / "b.npz", content)), TbenchError)


def header(shape: str, descr: str = "'|u1'", version: bytes = b"\x01\x00") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(text)) + text


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (header("(1000000, 1000, 1000, 3)"), "images.npy promises 3,000,000,000,000 bytes and has 0"),
        (header("(-1, -1, 4, 3)"), "images.npy promises 12 bytes and has 0"),
        (header("(-1, -12)") + b"x" * 12, "images.npy promises 12 bytes and has 12"),
        (header("(" * 3000), "EOF in multi-line statement"),
        (header("(2,)", "'|O'"), "Object arrays cannot be loaded"),
        (header("(2,)", "'|V0'"), "images are |V0"),
        (header("(2,)", "'<U500000000'"), "images.npy promises 4,000,000,000 bytes and has 0"),
        (header("(2,)", version=b"\x03\x00"), "is of version (3, 0) of the format"),
        (header("(2,)", version=b"\x09\x00"), "images.npy is of version (9, 0) of the format"),
        (b"", "EOF: reading magic string"),
        (b"cbuiltins\neval\n.", "the magic string is not correct"),
    ],
)
def test_npz_of_strangers(folder: Path, member: bytes, told: str) -> None:
    with zipfile.ZipFile(folder / "c.npz", "w") as archive:
        archive.writestr("images.npy", member)
        archive.writestr("labels.npy", npy_of(np.arange(2)))
    assert told in refusal(lambda: images_of(folder / "c.npz"), EvidenceError)


def test_a_bomb_in_an_archive_is_not_unpacked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MB of nothing in 64 kB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", header("(64, 1000, 1000, 1)") + bytes(64_000_000))
        archive.writestr("labels.npy", npy_of(np.arange(64) % 2))
    assert len(content.getvalue()) < 100_000
    path = written(folder / "d.npz", content.getvalue())
    images_of(path)
    monkeypatch.setattr(npz, "MOST_BYTES", 2**20)
    told = "images.npy has 64,000,083 bytes unpacked, of which 1,048,576 are the most"
    assert told in refusal(lambda: images_of(path), EvidenceError)


# An array of one's own for tbench score


@given(content=mutated(npy_of(np.arange(12.0).reshape(3, 4))) | mutated(npz_of()) | st.binary(max_size=40))
@settings(max_examples=200)
def test_npy(folder: Path, content: bytes) -> None:
    path = written(folder / "e.npy", content)
    refusal(lambda: np.asarray(_read(f"features={path}")[1]).sum(), EvidenceError)


@pytest.mark.parametrize(
    "content", [header("(1000000, 1000000)"), header("(" * 3000), b"", b"PK\x03\x04", npy_of(np.array([{}, 1]))]
)
def test_npy_of_strangers(folder: Path, content: bytes) -> None:
    path = written(folder / "f.npy", content)
    assert "is not an array saved by numpy.save" in refusal(lambda: _read(f"features={path}"), EvidenceError)


# Kept evidence


@given(accident=mutated(b"x" * 600), which=st.sampled_from(["json", "safetensors"]), data=st.data())
def test_shelf(folder: Path, accident: bytes, which: str, data: st.DataObject) -> None:
    shelf = Shelf(folder / "shelf")
    shelf.write(KEY, {"features": np.ones((3, 4), np.float32)}, {"node": "forward"})
    (path,) = (folder / "shelf").rglob(f"*.{which}")
    path.write_bytes(data.draw(mutated(path.read_bytes())))

    def read() -> None:
        kept = shelf.read(KEY)
        assert kept is not None
        assert np.array_equal(kept[0]["features"], np.ones((3, 4)))

    refusal(read, DamagedError)


@given(manifest=st.data())
def test_shelf_whose_manifest_was_written_by_somebody(folder: Path, manifest: st.DataObject) -> None:
    """With right checksums, so that all else is looked at."""
    shelf = Shelf(folder / "other")
    shelf.write(KEY, {"features": np.ones((3, 4), np.float32)}, {"node": "forward"})
    (data,) = (folder / "other").rglob("*.safetensors")
    (path,) = (folder / "other").rglob("*.json")
    content = manifest.draw(mutated(data.read_bytes()) | st.just(data.read_bytes()))
    data.write_bytes(content)
    claims = json.loads(path.read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}
    path.write_text(json.dumps(manifest.draw(altered(claims) | values), default=str))
    refusal(lambda: shelf.read(KEY), DamagedError)


@pytest.mark.parametrize("manifest", ["[" * 100_000, "null", "", '{"sha256": 1}'])
def test_shelf_of_strangers(folder: Path, manifest: str) -> None:
    shelf = Shelf(folder / "third")
    shelf.write(KEY, {"features": np.ones(3)}, {})
    (path,) = (folder / "third").rglob("*.json")
    path.write_text(manifest)
    assert refusal(lambda: shelf.read(KEY), DamagedError)


# Weights


@given(content=mutated(save(TENSORS)))
@settings(max_examples=200)
def test_safetensors(folder: Path, content: bytes) -> None:
    path = written(folder / "a.safetensors", content)
    refusal(lambda: read_tensors(path), TbenchError)
    refusal(lambda: read_state(path), TbenchError)


@given(
    content=mutated(pth_of(TENSORS)) | mutated(pth_of({"state_dict": TENSORS}, _use_new_zipfile_serialization=False))
)
@settings(max_examples=100)
def test_checkpoints_of_torch(folder: Path, content: bytes) -> None:
    path = written(folder / "a.pth", content)
    refusal(lambda: read_tensors(path), TbenchError)
    refusal(lambda: read_state(path), TbenchError)


@pytest.mark.parametrize(
    "claims",
    [
        {"a": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4 * 10**12]}},
        {"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        [],
    ],
)
def test_safetensors_whose_headers_lie(folder: Path, claims: Any) -> None:
    text = json.dumps(claims).encode()
    for length in (len(text), 2**40, 2**63):
        path = written(folder / "b.safetensors", struct.pack("<Q", length) + text + bytes(8))
        assert "are not a safetensors file" in refusal(lambda path=path: read_tensors(path), TbenchError)
        assert "are not a safetensors file" in refusal(lambda path=path: read_state(path), TbenchError)


ABOUT = {"format": 1, "weights": "w"}


@given(content=mutated(pth_of({"about": json.dumps(ABOUT), "state": {"x": torch.ones(3)}})) | values.map(pth_of))
def test_states_of_fine_tuning(folder: Path, content: bytes) -> None:
    """With a right checksum, as somebody who knows it would write them."""
    path = written(folder / "run.checkpoint", hashlib.sha256(content).digest() + content)
    refusal(Checkpoint(path, ABOUT, 1.0).read, UnusableError)
