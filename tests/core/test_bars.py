"""Bars are as long as their values say, in letters and in pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tbench.bars import Bar, in_blocks, svg

VALUES = st.lists(st.none() | st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=8)


def bars(values: list[float | None]) -> list[Bar]:
    return [Bar(f"<{place}>", value, f"{value}") for place, value in enumerate(values)]


@given(values=VALUES)
def test_letters_to_an_eighth(values: list[float | None]) -> None:
    longest = max((value for value in values if value), default=1)
    for value, told in zip(values, in_blocks(bars(values), 10), strict=True):
        eighths = 8 * told.count("█") + (" ▏▎▍▌▋▊▉".index(told[-1]) if told and told[-1] != "█" else 0)
        assert abs(eighths - 80 * (value or 0) / longest) <= 0.5


@given(values=VALUES, mark=st.none() | st.floats(1, 1e6))
def test_a_picture_is_sound_and_names_are_escaped(values: list[float | None], mark: float | None) -> None:
    picture = ET.fromstring(svg("a < b & c", bars(values), mark))
    drawn = [float(each.attrib["width"]) for each in picture.findall(".//{*}rect") if "x" in each.attrib]
    texts = [each.text for each in picture.findall(".//{*}text")]
    assert len(drawn) == len(values)
    assert texts[0] == "a < b & c"
    assert texts[1::2] == [bar.name for bar in bars(values)]
    order = sorted(range(len(values)), key=lambda place: values[place] or 0)
    assert [drawn[place] for place in order] == sorted(drawn)
    lines = picture.findall(".//{*}line")
    assert len(lines) == (mark is not None)
    assert all(0 <= float(line.attrib["x1"]) <= float(picture.attrib["width"]) for line in lines)
