"""A table of factors is read, or one line says why not."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.errors import TbenchError
from tbench.factors import read_rows
from tbench.outside import MOST

from .mutation import mutated, refusal

TABLE = b"dataset,gap,variance,amount,transferability,steps\na,1.5,2,1000,1.2,80\nb,0.5,3,200,2.5,80\n"


def read(folder: Path, content: bytes) -> None:
    path = folder / "table.csv"
    path.write_bytes(content)
    rows = read_rows(path)
    assert rows
    assert all(row.amount > 0 < row.transferability and math.isfinite(row.gap + row.variance) for row in rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(content=mutated(TABLE) | st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_with_accidents(folder: Path, content: bytes) -> None:
    refusal(lambda: read(folder, content), TbenchError)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "cannot be read: 'utf-8' codec"),
        (TABLE + b'"' + b"x" * 200_000 + b'",1,2,3,4,5\n', "cannot be read: field larger than field limit"),
        (TABLE * (MOST // len(TABLE) + 1), "has more than 4,194,304 characters"),
        (b"", "must have rows, and the columns"),
        (TABLE + b"c,1\n", "line 4: variance is None, and no number"),
    ],
)
def test_what_is_none_is_told(folder: Path, content: bytes, told: str) -> None:
    assert told in refusal(lambda: read(folder, content), TbenchError)
    read(folder, TABLE)


def test_a_device_that_never_ends_is_a_file_that_is_too_long() -> None:
    assert "has more than" in refusal(lambda: read_rows(Path("/dev/zero")), TbenchError)
