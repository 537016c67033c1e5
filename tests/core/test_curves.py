"""Curves go where their values say, within their panel, and names are escaped."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tbench.curves import LEFT, SIDE, TOP, Panel, svg

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6, allow_subnormal=False), min_size=3, max_size=3)


@given(values=VALUES, band=st.none() | st.just((-2.0, 2.0)))
def test_points_are_inside_and_in_the_order_of_their_values(
    values: list[float | None], band: tuple[float, float] | None
) -> None:
    drawn = ET.fromstring(svg("a < b", ["1", "2", "3"], [Panel("p & q", {"<x>": values}, band)]))
    points = drawn.findall(".//{*}circle")
    known = [value for value in values if value is not None]
    assert len(points) == len(known)
    downs = [float(point.attrib["cy"]) for point in points]
    assert all(LEFT <= float(point.attrib["cx"]) <= LEFT + SIDE for point in points)
    assert all(TOP <= down <= TOP + SIDE for down in downs)
    for one, down in zip(known, downs, strict=True):
        assert all(down <= other_down + 0.1 for other, other_down in zip(known, downs, strict=True) if one >= other)
    texts = [text.text for text in drawn.findall(".//{*}text")]
    assert {"a < b", "p & q", "<x>", "1", "2", "3"} <= set(texts)
    assert sum(rect.attrib.get("stroke") is None for rect in drawn.findall(".//{*}rect")) == 1 + (band is not None)


def test_panels_stand_side_by_side_each_with_its_scale() -> None:
    panels = [Panel("small", {"a": [0.0, 1.0]}), Panel("large", {"a": [0.0, 1000.0]})]
    drawn = ET.fromstring(svg("title", ["1", "2"], panels))
    first, second = (drawn.findall(".//{*}circle")[start : start + 2] for start in (0, 2))
    assert [point.attrib["cy"] for point in first] == [point.attrib["cy"] for point in second]
    assert float(second[0].attrib["cx"]) - float(first[0].attrib["cx"]) == LEFT + SIDE
