"""A picture in pixels, the same wherever it is made: what draws it brings its letters."""

from __future__ import annotations

from collections.abc import Callable

from tbench.errors import TbenchError

Renderer = Callable[[str, float], bytes]


def renderer() -> Renderer:
    """What makes PNG of SVG and a scale, so many pixels for one. TbenchError where it is not installed."""
    try:
        import vl_convert
    except ImportError as error:
        raise TbenchError("PNG needs vl-convert; pip install 'tbench[plot]', or ask for .svg") from error

    def render(svg: str, scale: float) -> bytes:
        return vl_convert.svg_to_png(svg, scale=scale)

    return render
