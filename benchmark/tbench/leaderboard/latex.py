r"""Sections as tables of LaTeX (booktabs), as papers print them: the best in bold, the second underlined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from tbench.leaderboard.tables import Second, Section, Table
from tbench.plain import plain

BOLD = re.compile(r"\*\*(.*?)\*\*")
NUMBER = re.compile(r"-(?=\d)")
SIGNS = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "`": r"\textasciigrave{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}"},
    **{"[": "{[}", "*": "{*}", "-": "-{}"},  # after a line's end, [ and * would be its options; -- a dash
    **{"†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "§": r"\S{}", "¶": r"\P{}", "–": "--", "…": r"\ldots{}"},
    **{"±": r"$\pm$", "×": r"$\times$", "÷": r"$\div$", "≈": r"$\approx$", "≤": r"$\leq$", "≥": r"$\geq$"},
    **{"τ": r"$\tau$", "σ": r"$\sigma$", "ε": r"$\varepsilon$", "ρ": r"$\rho$", "→": r"$\rightarrow$"},
}
WORDS = {"τ_w": r"$\tau_w$"}


def latex(section: Section) -> str:
    r"""One `tabular` for tables of the same columns, with a rule and a title between them; needs \usepackage{booktabs}.

    What the page says round them stands before it as comments.
    """
    said = (section.title, *section.before, *section.after)
    notes = "\n".join(f"% {plain(line)}" for line in said)
    blocks = groupby(section.tables, key=lambda pair: (pair[1].header, pair[1].align))
    return "\n".join([notes, *("\n".join(_tabular(tables)) for tables in (list(block) for _, block in blocks))])


def escaped(text: str) -> str:
    """Any words, so that LaTeX prints them and does nothing else."""
    return "".join(WORDS[part] if part in WORDS else _signs(part) for part in re.split("(τ_w)", plain(text)))


def _tabular(tables: list[tuple[str, Table]]) -> Iterator[str]:
    first = tables[0][1]
    yield rf"\begin{{tabular}}{{@{{}}{first.align}@{{}}}}"
    yield r"\toprule"
    yield _row(escaped(cell) for cell in first.header)
    for title, table in tables:
        yield r"\midrule"
        if title:
            yield rf"\multicolumn{{{len(first.header)}}}{{@{{}}l}}{{\emph{{{escaped(title)}}}}} \\"
        for row in table.rows:
            yield _row(map(_cell, row))
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _row(cells: Iterator[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(text: str) -> str:
    """Bold stays bold wherever it stands in the cell."""
    parts = BOLD.split(text)
    shown = "".join(rf"\textbf{{{_value(part)}}}" if place % 2 else _value(part) for place, part in enumerate(parts))
    return rf"\underline{{{shown}}}" if isinstance(text, Second) else shown


def _value(text: str) -> str:
    """A number's minus is one; a hyphen in a name is not."""
    if text[:1] == "-" and NUMBER.match(text):
        return f"$-${escaped(text[1:])}"
    return escaped(text)


def _signs(text: str) -> str:
    return "".join(SIGNS.get(sign, sign) for sign in text)
