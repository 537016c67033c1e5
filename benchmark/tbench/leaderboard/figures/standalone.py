"""An svg element as a file of its own: the light colours of the pages, worked out, and nothing left to resolve.

Programs that draw SVG outside of browsers know neither var() nor color-mix().
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from tbench.leaderboard.figures.letters import SIZE
from tbench.leaderboard.html.markup import Html

FONTS = "Liberation Sans, Arial, Helvetica, sans-serif"  # all of one width; the first comes with what makes PNG
DRAWN = ("fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-weight")
FILLED = {"background": "fill"}  # what is a cell of a table there is a rectangle here
OWN = """
text.soft { fill: var(--soft); }
text.floor, text.analysis { fill: var(--kind); }
.tie { stroke: var(--soft); stroke-width: .5; }
.hollow { fill: var(--card); stroke: var(--kind); stroke-width: 1.5; }
"""  # what pages have no class for
RULE = re.compile(r"^([^\s@{}][^{}]*?) \{ ([^{}]*?);? \}$", re.MULTILINE)
SELECTOR = re.compile(r"(?:svg )?(\w*)(?:\.([\w-]+))?")
VARIABLE = re.compile(r"var\((--\w+)\)")
MIX = re.compile(r"color-mix\(in srgb, (#\w{6}) (\d+)%, (#\w{6})\)")

Rule = tuple[str, str, Mapping[str, str]]  # element, class, what they are to be; an empty one is any


def standalone(picture: Html) -> str:
    """On a white ground. The same element gives the same text."""
    style = files("tbench.leaderboard.html").joinpath("style.css").read_text(encoding="utf-8")
    palette = _palette(style)
    root = fromstring(picture)
    _dress(root, palette, [*_rules(style), *_rules(OWN)])
    ground = SubElement(root, "rect", fill=palette["--card"], width="100%", height="100%")
    root.remove(ground)
    root.insert(1, ground)  # after the title
    root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "font-family": FONTS, "font-size": str(SIZE)}
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _palette(style: str) -> dict[str, str]:
    """The first block of colours, which is the light one."""
    light = style.partition(":root {")[2].partition("}")[0]
    return dict(re.findall(r"(--\w+): (#\w{6})", light))


def _rules(style: str) -> Iterator[Rule]:
    """Those of one element, one class or both, inside of svg or anywhere; the more particular comes last."""
    found: list[Rule] = []
    for selectors, declared in RULE.findall(style.partition("@media (max-width")[0]):
        pairs = dict(re.split(r": *", one, maxsplit=1) for one in re.split(r"; *", declared))
        matches = filter(None, map(SELECTOR.fullmatch, selectors.split(", ")))
        found += [(match[1], match[2] or "", pairs) for match in matches]
    yield from sorted(found, key=lambda rule: (rule[1] != "", rule[0] != ""))


def _dress(element: Element, variables: Mapping[str, str], rules: Sequence[Rule]) -> None:
    """Gives an element and all in it plain attributes for its classes."""
    classes = element.attrib.pop("class", "").split()
    ours = [told for name, kind, told in rules if name in ("", element.tag) and (not kind or kind in classes)]
    declared = {name: value for told in ours for name, value in told.items()}
    known = dict(variables)
    known |= {name: _plain(value, variables) for name, value in declared.items() if name.startswith("--")}
    for name, value in declared.items():
        drawn = FILLED.get(name, name)
        if drawn in DRAWN:
            element.set(drawn, _plain(value, known))
    for child in element:
        _dress(child, known, rules)


def _plain(value: str, variables: Mapping[str, str]) -> str:
    return MIX.sub(_mixed, VARIABLE.sub(lambda found: variables[found[1]], value))


def _mixed(found: re.Match[str]) -> str:
    one, percent, other = found.groups()
    share = int(percent) / 100
    parts = [
        share * int(one[place : place + 2], 16) + (1 - share) * int(other[place : place + 2], 16) for place in (1, 3, 5)
    ]
    return "#" + "".join(f"{round(part):02x}" for part in parts)
