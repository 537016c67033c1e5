"""Curves over a few steps, panel beside panel, as an SVG file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tbench.plain import plain

SIDE, LEFT, TOP, BOTTOM, GAP = 300, 60, 60, 50, 16  # pixels: of a panel, and of what lies round it
LEGEND = 18  # pixels of a line of the legend
INKS = ("#2f6f9f", "#b4552d", "#4c8a4c", "#7a5a9f")
GREY, PALE = "#444444", "#dfe6ea"
TICKS = 5


@dataclass(frozen=True)
class Panel:
    """curves: by name, one value for each step, None where there is none. band: values between which it is shaded."""

    title: str
    curves: Mapping[str, Sequence[float | None]]
    band: tuple[float, float] | None = None


def svg(title: str, steps: Sequence[str], panels: Sequence[Panel]) -> str:
    """Each panel with a scale of its own, that holds zero, its band and its values."""
    width = len(panels) * (LEFT + SIDE) + GAP
    height = TOP + SIDE + BOTTOM + LEGEND * max(len(panel.curves) for panel in panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="sans-serif" font-size="12" fill="{GREY}">',
        f"<title>{escape(plain(title))}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{GAP}" y="22" font-size="14">{escape(plain(title))}</text>',
    ]
    for place, panel in enumerate(panels):
        parts += _panel(panel, steps, LEFT + place * (LEFT + SIDE))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, steps: Sequence[str], left: int) -> list[str]:
    known = [value for values in panel.curves.values() for value in values if value is not None]
    shown: list[float] = [0.0, *known, *(panel.band or ())]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return TOP + SIDE * (high - value) / span

    def x(step: int) -> float:
        return left + SIDE * (step + 0.5) / len(steps)

    parts = [f'<text x="{left}" y="{TOP - GAP / 2:g}">{escape(plain(panel.title))}</text>']
    if panel.band:
        top, bottom = y(panel.band[1]), y(panel.band[0])
        parts.append(f'<rect x="{left}" y="{top:.1f}" width="{SIDE}" height="{bottom - top:.1f}" fill="{PALE}"/>')
    parts.append(f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{GREY}"/>')
    for tick in range(TICKS):
        value = low + span * tick / (TICKS - 1)
        parts.append(f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.2g}</text>')
    zero = f'x1="{left}" y1="{y(0):.1f}" x2="{left + SIDE}" y2="{y(0):.1f}"'
    parts.append(f'<line {zero} stroke="{GREY}" stroke-dasharray="4 3"/>')
    for place, step in enumerate(steps):
        parts.append(
            f'<text x="{x(place):.1f}" y="{TOP + SIDE + 16}" text-anchor="middle">{escape(plain(step))}</text>'
        )
    for number, (name, values) in enumerate(panel.curves.items()):
        ink = INKS[number % len(INKS)]
        points = [(x(place), y(value)) for place, value in enumerate(values) if value is not None]
        line = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        below = TOP + SIDE + BOTTOM + LEGEND * number
        parts += [
            f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="2"/>',
            *(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{ink}"/>' for across, down in points),
            f'<text x="{left}" y="{below}" fill="{ink}">{escape(plain(name))}</text>',
        ]
    return parts
