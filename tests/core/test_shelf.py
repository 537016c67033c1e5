"""Evidence on disk: whole and verified, or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tbench.evidence.shelf import DamagedError, Shelf

ARRAYS = {"features": np.arange(12, dtype=np.float32).reshape(3, 4)}
KEY = "ab" * 16


def test_what_is_written_is_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.read(KEY) is None
    shelf.write(KEY, ARRAYS, {"node": "forward"})
    kept = shelf.read(KEY)
    assert kept is not None
    arrays, notes = kept
    assert np.array_equal(arrays["features"], ARRAYS["features"])
    assert notes == {"node": "forward"}
    assert not list(tmp_path.rglob("*.draft"))


def test_files_follow_the_umask(tmp_path: Path) -> None:
    Shelf(tmp_path).write(KEY, ARRAYS, {})
    plain = tmp_path / "plain"
    plain.write_text("")
    assert {path.stat().st_mode for path in tmp_path.rglob("ab*.*")} == {plain.stat().st_mode}


@pytest.mark.parametrize("place", [0, 8, 60, -1])
def test_a_flipped_byte_is_noticed(tmp_path: Path, place: int) -> None:
    shelf = Shelf(tmp_path)
    shelf.write(KEY, ARRAYS, {})
    (data,) = tmp_path.rglob("*.safetensors")
    content = bytearray(data.read_bytes())
    content[place] ^= 0x40
    data.write_bytes(content)
    with pytest.raises(DamagedError, match="checksum"):
        shelf.read(KEY)


def test_a_cut_file_a_foreign_file_and_a_swapped_file_are_noticed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    other = "cd" * 16
    shelf.write(KEY, ARRAYS, {})
    shelf.write(other, {"features": ARRAYS["features"] + 1}, {})
    data, manifest = (next(tmp_path.rglob(f"{KEY}.{end}")) for end in ("safetensors", "json"))
    whole = data.read_bytes()

    data.write_bytes(whole[:-4])
    with pytest.raises(DamagedError, match="checksum"):
        shelf.read(KEY)

    data.write_bytes(next(tmp_path.rglob(f"{other}.safetensors")).read_bytes())
    with pytest.raises(DamagedError, match="checksum"):
        shelf.read(KEY)

    manifest.write_bytes(next(tmp_path.rglob(f"{other}.json")).read_bytes())
    with pytest.raises(DamagedError, match="another key"):
        shelf.read(KEY)

    manifest.write_text("not json")
    with pytest.raises(DamagedError, match="cannot be read"):
        shelf.read(KEY)


def test_data_without_a_manifest_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.write(KEY, ARRAYS, {})
    next(tmp_path.rglob("*.json")).unlink()
    assert shelf.read(KEY) is None
