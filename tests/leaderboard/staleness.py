"""What on a page does not follow from the tables beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .likeness import first_difference

KINDS = "passes through networks", "training on the target", "optimal transport", "optimisation", "closed form"
LEFT_OUT: Mapping[str, str] = {
    r"^- \*\*(Versions|Plug-ins)\*\*: .*$": "they are in records alone",
    r", measured \S+( to \S+)? \(UTC\)$": "so are the days",
    r"^\S+, [\d,]+ cells?, for example .*$": "so is what metrics said of their scores",
    r"^Scores that came with a warning:$": "and that they did",
    **{rf"(?<=^\| {kind}) *\|[^|]*": "cost.csv does not tell which metrics spent these seconds" for kind in KINDS},
}  # of a page, and why


def parts(page: str) -> dict[str, str]:
    """The text of each section by its title, that of the head by the page's; without what is left out."""
    for pattern in LEFT_OUT:
        page = re.sub(pattern, "", page, flags=re.MULTILINE)
    several = re.split(r"^#{1,2} (.*)$", page, flags=re.MULTILINE)
    return dict(zip(several[1::2], several[2::2], strict=True))


def stale(name: str, page: Mapping[str, str], made: Mapping[str, str]) -> Iterator[str]:
    """A line for each section of the page of that name that is not as it was made anew."""
    cure = "`tbench publish --suite all` writes it anew"
    for title in dict.fromkeys([*page, *made]):
        if title not in made:
            yield f"leaderboards/{name}/README.md, section {title!r} is stale, no section is called so: {cure}"
        elif title not in page:
            yield f"leaderboards/{name}/README.md lacks the section {title!r}: {cure}"
        elif found := first_difference(page[title], made[title]):
            yield f"leaderboards/{name}/README.md, section {title!r} is stale: {cure}; it says {found}"
