"""Pictures of every mode become RGB, broken ones are named."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tbench.api import EvidenceError
from tbench_datasets.decoding import decoded, flaw, rgb, suffixes

RED, HALF_RED = [255, 0, 0], [255, 127, 127]


def saved(tmp_path, image, name="a.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.webp", "a.tiff", "a.ppm"])
def test_formats_without_loss_give_the_colours_that_were_stored(tmp_path, name):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:2] = RED
    options = {"lossless": True} if name.endswith("webp") else {}
    found = decoded(saved(tmp_path, Image.fromarray(pixels), name, **options))
    assert found.dtype == np.uint8
    assert (found == pixels).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "I", "HSV"])
def test_all_modes_become_three_channels_of_bytes(mode):
    pixels = rgb(Image.new(mode, (5, 3)))
    assert (pixels.shape, pixels.dtype) == ((3, 5, 3), np.uint8)


def test_transparency_lies_on_white(tmp_path):
    clear, half = Image.new("RGBA", (2, 2), (255, 0, 0, 0)), Image.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert (decoded(saved(tmp_path, clear)) == 255).all()
    assert (decoded(saved(tmp_path, half)) == HALF_RED).all()
    assert (rgb(Image.new("LA", (2, 2), (0, 0))) == 255).all()


def test_a_transparent_palette_colour_lies_on_white(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, 0, 0, 255])
    image.putdata([0, 1])
    path = saved(tmp_path, image, transparency=bytes([255, 0]))
    assert decoded(path).tolist() == [[RED, [255, 255, 255]]]


def test_sixteen_bits_keep_the_upper_byte(tmp_path):
    grey = np.array([[0, 255, 256, 65535]], dtype=np.uint16)
    assert decoded(saved(tmp_path, Image.fromarray(grey)))[..., 0].tolist() == [[0, 0, 1, 255]]
    (tmp_path / "a.pgm").write_bytes(b"P5 4 1 65535\n" + grey.astype(">u2").tobytes())
    assert decoded(tmp_path / "a.pgm")[..., 2].tolist() == [[0, 0, 1, 255]]


def test_cmyk_is_told_from_its_negative(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "a.jpg", quality=95)
    assert np.abs(decoded(path).astype(int) - RED).max() < 8


def test_pictures_are_turned_as_exif_says(tmp_path):
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[0, 0] = RED
    exif = Image.Exif()
    exif[0x0112] = 6  # the first row of what is stored is the right side of what is seen
    found = decoded(saved(tmp_path, Image.fromarray(pixels), exif=exif))
    assert found.shape == (8, 4, 3)
    assert np.argwhere(found[..., 0] == 255).tolist() == [[0, 3]]


@pytest.mark.parametrize(("size", "decoded_size"), [((719, 1500), (719, 1500)), ((1440, 3000), (720, 1500))])
def test_large_photographs_are_decoded_at_a_fraction_of_their_size(tmp_path, size, decoded_size):
    waves = np.sin(np.linspace(0, 60, size[0]))[:, None] * np.cos(np.linspace(0, 90, size[1]))
    pixels = np.repeat((127 + 120 * waves).astype(np.uint8)[..., None], 3, axis=2)
    path = saved(tmp_path, Image.fromarray(pixels), "large.jpg", quality=95)
    found = decoded(path)
    assert found.shape == (*decoded_size, 3)
    with Image.open(path) as image:
        whole = np.asarray(image.resize((224, 224)), dtype=float)
    assert np.abs(np.asarray(Image.fromarray(found).resize((224, 224)), dtype=float) - whole).mean() < 1


def test_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert (decoded(path) == RED).all()


def test_floats_are_refused_with_a_reason(tmp_path):
    path = saved(tmp_path, Image.new("F", (2, 2)), "a.tiff")
    with pytest.raises(EvidenceError, match=r"a\.tiff cannot be decoded \(floating-point .* 8 or 16 bits\); replace"):
        decoded(path)


def jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("cut.jpg", jpeg()[:-2000]), ("empty.jpg", b""), ("text.png", b"not a picture"), ("head.jpg", jpeg()[:40])],
)
def test_what_cannot_be_decoded_is_named_in_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EvidenceError, match=rf"{name} cannot be decoded \(.+\); replace it or take it away") as told:
        decoded(tmp_path / name)
    assert "\n" not in str(told.value)


def test_flaws_are_seen_at_first_sight(tmp_path):
    whole = saved(tmp_path, Image.new("RGB", (40, 40)), "whole.png")
    assert flaw(whole) is None
    (tmp_path / "bent.png").write_bytes(whole.read_bytes().replace(b"IDAT", b"IDAT!", 1))
    (tmp_path / "text.jpg").write_bytes(b"not a picture")
    assert "cannot identify" in str(flaw(tmp_path / "text.jpg"))
    assert flaw(tmp_path / "bent.png")
    assert flaw(Path("nowhere.png"))


def test_pictures_are_known_by_their_endings():
    known = suffixes()
    assert {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".gif"} <= known
    assert not {".txt", ".db", ".json", ".h5", ".mpg", ".pdf", ""} & known


def header_of(width, height):
    """A PNG of that size, as far as its header goes."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    told = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


@pytest.mark.parametrize("lifted", [False, True])
def test_an_image_of_60_000_pixels_a_side_is_told_and_not_decoded(tmp_path, monkeypatch, lifted):
    if lifted:  # as some libraries do
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = tmp_path / "bomb.png"
    path.write_bytes(header_of(60_000, 60_000))
    assert re.search(r"3600000000 pixels|60000 x 60000 pixels are more than 178,956,970", flaw(path))
    with pytest.raises(EvidenceError, match=r"bomb\.png cannot be decoded \(.*pixels.*\); replace it or take it away$"):
        decoded(path)
