"""`tbench card`: what it prints, the page that it writes, and that the committed page is what it makes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.metric import Catalogue

COMMITTED = Path(__file__).parents[2] / "leaderboards" / "cards"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, ["card", *map(str, words)], env={"COLUMNS": "200"})


def apart(text: str) -> tuple[list[str], list[float]]:
    """The text without its numbers and without the room that they take, and the numbers; almost nothing is nothing."""
    text = text.replace("<0.01", "0")
    words = [re.sub(r"[-: ]+", " ", line) for line in NUMBER.sub("#", text).splitlines()]
    return words, [float(number.replace(",", "")) for number in NUMBER.findall(text)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    done = tbench("--out", folder)
    assert done.exit_code == 0, done.output
    assert f"page: {folder / 'cards' / 'README.md'}" in done.output
    assert done.stderr == ""
    return folder / "cards"


@pytest.mark.parametrize("file", ["README.md", "width.svg"])
def test_the_committed_page_is_what_the_command_makes(made: Path, file: str) -> None:
    words, numbers = apart((made / file).read_text(encoding="utf-8"))
    committed_words, committed = apart((COMMITTED / file).read_text(encoding="utf-8"))
    assert words == committed_words, "tbench card --out leaderboards"
    assert numbers == pytest.approx(committed, rel=0.06, abs=0.02), "tbench card --out leaderboards"


def test_every_metric_has_a_row_and_the_picture_shows_noise(made: Path) -> None:
    page = (made / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (\S+)", page.partition("## Width")[0], re.M))
    assert {*Catalogue.installed().metrics.names(), "logme+calibrated", "logme+pca", "logme+split"} <= rows
    assert "(width.svg)" in page
    drawn = ET.fromstring((made / "width.svg").read_text(encoding="utf-8"))
    assert len(drawn.findall(".//{*}polyline")) == 4
    assert len(drawn.findall(".//{*}circle")) == 20


def test_a_card_of_one_metric_and_of_a_list() -> None:
    done = tbench("lfc,parameters")
    assert done.exit_code == 0, done.output
    assert re.search(r"^lfc +0 +0 +0 +0\.7\d +0 +0 +0 +0\.3\d +0\.4\d", done.output, re.M)
    assert "asks for nothing per sample" in done.output
    assert "D = 1024" in done.output
    assert tbench("parameters").exit_code == 0  # of which there is nothing over widths


def test_words_that_are_wrong_are_one_line(tmp_path: Path) -> None:
    done = tbench("lfc", "--out", tmp_path)
    assert (done.exit_code, done.stderr) == (2, "tbench: the page is of all metrics; leave out --out or the metrics\n")
    assert tbench("lfcc").exit_code == 2
