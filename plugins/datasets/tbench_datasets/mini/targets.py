"""Nine targets, framed like VTAB (Zhai et al., 2019): natural, specialised and structured tasks of few images."""

from __future__ import annotations

from collections.abc import Iterator

from tbench_datasets.mini.alphabets import ARMENIAN, SYMBOLS, TYPEFACES
from tbench_datasets.mini.count import MOST, draw_count
from tbench_datasets.mini.dataset import Draw, MiniDataset
from tbench_datasets.mini.digits import draw_digits
from tbench_datasets.mini.lettering import draw_letters, draw_orient, draw_symbols, draw_typeface
from tbench_datasets.mini.petals import PETALS, draw_petals
from tbench_datasets.mini.photo import MATERIALS, draw_photo
from tbench_datasets.mini.roughness import EXPONENTS, draw_texture


def targets() -> Iterator[MiniDataset]:
    """Two targets of real images, then seven rendered ones."""
    yield _target("digits", 10, (100, 400, 997), draw_digits)
    yield _target("photo", len(MATERIALS), (180, 300, 1000), draw_photo)
    yield _target("letters", len(ARMENIAN), (240, 300, 1000), draw_letters)
    yield _target("symbols", len(SYMBOLS), (240, 300, 1000), draw_symbols)
    yield _target("typeface", len(TYPEFACES), (320, 300, 1000), draw_typeface)
    yield _target("count", MOST, (320, 300, 1000), draw_count)
    yield _target("orient", 8, (640, 300, 1000), draw_orient)
    yield _target("texture", len(EXPONENTS), (180, 300, 1000), draw_texture)
    yield _target("petals", len(PETALS), (240, 300, 1000), draw_petals)


def _target(name: str, classes: int, sizes: tuple[int, int, int], draw: Draw) -> MiniDataset:
    train, val, test = sizes
    return MiniDataset(f"mini/{name}", classes, {"train": train, "val": val, "test": test}, draw)
