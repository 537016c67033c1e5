"""The tables as LaTeX, CSV, JSON and Markdown: the same values, and nothing that a name could do to a document."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tbench import suite
from tbench.cli.show import FORMS, TABLES, show
from tbench.leaderboard.board import make_board
from tbench.leaderboard.data import as_csv, as_json, rows
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.latex import escaped, latex
from tbench.leaderboard.markdown import markdown
from tbench.leaderboard.page import sections
from tbench.leaderboard.tables import Second, Section, Table, with_best
from tbench.store import Store

from .made import whole_frame, whole_store

HOSTILE = r"\input{/etc/passwd} 50% & $x_1^2$ #{}~ <b> | [1]* -- `\\` "
SPECIAL = re.compile(r"(?<!\\)[&%$#_{}~^]")
TABLE = Table(
    ("metric", "x", "mean", "interval", "seconds"),
    (
        ("good", "**0.900**", "**0.575 ± 0.028 †‡**", "-0.10 to 0.60", "≈ 1,234.5"),
        ("next", "-0.500", "0.412 ± 0.018", "–", "<0.0001"),
    ),
    "lrrrr",
)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`tbench show` on a store made up for tests."""

    class Small:
        def frame(self, protocol: str | None) -> Frame:
            return whole_frame()

    monkeypatch.setattr(suite, "load_suite", lambda name: Small())
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        for record in whole_store():
            store.add(record)
    return lambda *words: CliRunner().invoke(show, ["--store", str(path), *words], catch_exceptions=False)


def agreement() -> Section:
    return sections(make_board(whole_store(), whole_frame()), ("agreement",))[0]


def test_numbers_stand_in_columns_of_their_own() -> None:
    first, second = rows(TABLE)
    assert first == {
        **{"metric": "good", "x": 0.9, "mean": 0.575, "mean sd": 0.028, "mean marks": "†‡"},
        **{"interval low": -0.1, "interval high": 0.6, "seconds": 1234.5, "seconds marks": "≈"},
    }
    assert second == {
        **{"metric": "next", "x": -0.5, "mean": 0.412, "mean sd": 0.018, "mean marks": None},
        **{"interval low": None, "interval high": None, "seconds": "<0.0001", "seconds marks": None},
    }


def test_columns_of_one_name_are_told_apart() -> None:
    assert [*rows(Table(("a", "a"), (("1", "2"),), "rr"))] == [{"a": 1, "a (2)": 2}]


def test_csv_and_json_say_what_the_markdown_says(asked: Any) -> None:
    read = [*csv.DictReader(io.StringIO(asked("--format", "csv").stdout))]
    (told,) = json.loads(asked("--format", "json").stdout)
    lines = [re.split(r" *\| *", line.strip("| ")) for line in asked("--format", "markdown").stdout.splitlines()]
    shown = {line[0]: line for line in lines if len(line) > 4}
    header = shown["metric"]
    found = [row for table in told["tables"] for row in table["rows"]]
    assert len(found) == len(read) == 7
    for row, line in zip(found, read, strict=True):
        cells = dict(zip(header, shown[row["metric"]], strict=True))
        for dataset in ("x", "y"):
            value = "–" if row[dataset] is None else f"{row[dataset]:.3f}"
            assert cells[dataset].strip("*") == value
            assert line[dataset] == ("" if row[dataset] is None else str(row[dataset]))
        if row["mean sd"] is not None:
            assert cells["mean"].strip("*").startswith(f"{row['mean']:.3f} ± {row['mean sd']:.3f}")
    assert [line["table"] for line in read] == [""] * 6 + ["Floors: what takes no thought"]


def test_latex_as_papers_print_it(asked: Any) -> None:
    text = asked("--format", "latex").stdout
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert body[0] == r"\begin{tabular}{@{}lrrrrrr@{}}"
    assert body[1] == r"\toprule"
    assert body[2] == r"metric & x & y & mean & candidates & datasets & seeds \\"
    good, ped = body[4:6]
    assert good == r"good & \textbf{1.000} & \textbf{1.000} & \textbf{1.000 $\pm$ 0.000} & 4/4 & 2/2 & 2/2 \\"
    assert ped.startswith(r"good+ped & \underline{0.000} & \underline{$-$0.440} & \underline{$-$0.220 $\pm$ 0.000} &")
    assert body[body.index(r"\multicolumn{7}{@{}l}{\emph{Floors: what takes no thought}} \\") - 1] == r"\midrule"
    assert body[-2:] == [r"\bottomrule", r"\end{tabular}"]
    assert r"\underline" not in body[body.index(r"\multicolumn{7}{@{}l}{\emph{Floors: what takes no thought}} \\") + 1]
    assert len({line.count(" & ") for line in body if " & " in line}) == 1


def test_a_hostile_name_is_printed_and_does_nothing() -> None:
    text = latex(Section("x", f"{HOSTILE}\n\\end{{document}}", (), (("", Table(("a", "b"), ((HOSTILE, "1"),), "lr")),)))
    first, *lines = text.splitlines()
    assert first.startswith("% ")
    assert first.endswith("\\end{document}")  # in a comment, on one line
    (row,) = [line for line in lines if "passwd" in line]
    assert row.count(" & ") == 1
    assert r"\input" not in row
    assert row.startswith(r"\textbackslash{}input\{/etc/passwd\} 50\% \& \$x\_1\textasciicircum{}2\$ \#\{\}")


@given(st.text())
def test_nothing_special_is_left(words: str) -> None:
    text = escaped(words)
    for known in (r"\{\[\}", r"\{\*\}", r"-\{\}", r"\$\\[a-z]+(?:_w)?\$", r"\\[a-zA-Z0-9]+\{\}", r"\\S\{\}"):
        text = re.sub(known, "", text)
    assert SPECIAL.search(text) is None
    assert re.search(r"\\[^&%$#_{}]|\\$", text) is None
    assert not re.search(r"[\x00-\x1f\x7f]", text)


@given(st.lists(st.tuples(*[st.text(max_size=8)] * 2), max_size=4))
def test_any_words_come_through_csv_and_json(cells: list[tuple[str, str]]) -> None:
    section = Section("x", "t", (), (("", Table(("a", "b"), tuple(cells), "lr")),))
    read = [*csv.reader(io.StringIO(as_csv(section)))]
    (told,) = json.loads(as_json([section]))
    (table,) = told["tables"]
    assert len(read) - 1 == len(table["rows"]) == len(cells)
    for line, row in zip(read[1:], table["rows"], strict=True):
        assert line == ["" if value is None else str(value) for value in ([*row.values()] if row else [])]


def test_the_second_best_is_marked_and_shown_as_any_other() -> None:
    column = with_best(["a", "b", "c", "d", "e"], [0.5, 0.7, None, 0.5004, 0.1])
    assert column == ["a", "**b**", "c", "d", "e"]
    assert [isinstance(cell, Second) for cell in column] == [True, False, False, True, False]
    assert with_best(["a"], [None]) == ["a"]


@pytest.mark.parametrize("form", FORMS)
def test_intervals_stand_beside_the_means(asked: Any, form: str) -> None:
    bare, wide = asked("--format", form).stdout, asked("--format", form, "--intervals").stdout
    assert "95 % interval" not in bare.replace("95\\%", "95 %")
    assert "95 % interval" in wide.replace("95 \\%", "95 %")


def test_the_intervals_are_those_of_certainty(asked: Any) -> None:
    (certain,) = json.loads(asked("--table", "certainty", "--format", "json").stdout)
    (wide,) = json.loads(asked("--intervals", "--format", "json").stdout)
    known = {row["row"]: row for table in certain["tables"] for row in table["rows"]}
    for row in (row for table in wide["tables"] for row in table["rows"]):
        for end in ("95 % interval low", "95 % interval high", "95 % interval"):
            assert row.get(end) == known[row["metric"]].get(end)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--table", "cost", "--intervals"), "--intervals goes with --table agreement"),
        (("--table", "all", "--format", "csv"), "--format csv is one table"),
    ],
)
def test_words_that_do_not_fit(words: tuple[str, ...], told: str) -> None:
    from tbench.cli import main

    done = CliRunner().invoke(main, ["show", *words])
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("table", TABLES)
def test_every_table_in_every_format(asked: Any, table: str) -> None:
    for form in FORMS:
        if (form, table) == ("csv", "all"):
            continue
        done = asked("--table", table, "--format", form)
        assert (done.exit_code, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout
    (*shown,) = sections(make_board(whole_store(), whole_frame()), TABLES if table == "all" else (table,))
    assert asked("--table", table, "--format", "markdown").stdout == "\n\n".join(map(markdown, shown)) + "\n"


def test_what_is_not_a_terminal_gets_no_control_codes(asked: Any) -> None:
    assert "\x1b" not in asked("--table", "all").stdout


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_sets_every_table_and_a_hostile_name(tmp_path: Path) -> None:
    hostile = Section("x", HOSTILE, (HOSTILE,), ((HOSTILE, Table(("a", "b"), ((HOSTILE, "**-0.1 ± 0.2**"),), "lr")),))
    made = [*sections(make_board(whole_store(), whole_frame())), hostile]
    tables = "\n\n".join(map(latex, made))
    head = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs}\n\\begin{document}\n"
    (tmp_path / "page.tex").write_text(f"{head}{tables}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "page.log").read_text(encoding="utf-8", errors="replace")
