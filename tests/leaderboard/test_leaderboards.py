"""All pages of a store by one command."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from tbench.cli.publish import publish
from tbench.errors import UsageError
from tbench.leaderboard.facts import Facts
from tbench.leaderboard.folder import pages
from tbench.leaderboard.html.index import index_page
from tbench.leaderboard.page import publish as publish_one
from tbench.leaderboards import frames
from tbench.published import facts
from tbench.results import Record
from tbench.store import Store
from tbench.suite import load_suite

from .made import run, score
from .test_html import Tree

NAMES = ("mini/resnet-mix", "mini/resnet-glyph", "mini/vit-mix")


def records(suite: str, protocol: str) -> list[Record]:
    """Scores of three candidates on digits, and the first run of a protocol for each."""
    spec = load_suite(suite).protocol(protocol).runs()[0].spec
    runs = [run("mini/digits", name, place / 10, spec=spec, validation=0.5) for place, name in enumerate(NAMES)]
    truths = [replace(each, key=replace(each.key, suite=suite)) for each in runs]
    return truths + [score("good", "mini/digits", name, place, suite=suite) for place, name in enumerate(NAMES)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.add(*records("mini", "quick")[:1], *records("mini", "full"))
        store.add(*(replace(each, key=replace(each.key, suite="strange")) for each in records("mini", "full")))
        assert store.suites() == {"mini", "strange"}
    return path


def test_every_installed_suite_of_the_store_and_every_published_one_gets_its_page(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "boards"
    result = CliRunner().invoke(publish, ["--suite", "all", "--store", str(store), "--out", str(out)])
    written = [*(out / name / "README.md" for name in ("mini", *facts.names())), out / "index.html"]
    assert (result.exit_code, result.output.splitlines()) == (0, list(map(str, written)))
    assert all(page.is_file() for page in written)
    index = written[-1].read_text(encoding="utf-8")
    links = [unquote(link) for link in re.findall(r'href="([^"]+)"', index)]
    assert links[:2] == ["./mini/index.html", "./mini/README.md"]
    assert len(links) == 2 * len(written[:-1])
    assert all((out / link).is_file() for link in links)
    for page in written[:-1]:
        back, text, *_ = re.findall(r'href="([^"]+)"', page.with_name("index.html").read_text(encoding="utf-8"))
        assert (page.parent / back).resolve() == written[-1].resolve()
        assert (page.parent / text).resolve() == page.resolve()
    sfda = index.partition("SFDA: supervised CNNs")[2].partition("</tr>")[0]
    assert re.findall(r"<td[^>]*>([^<]+)</td>", sfda) == [
        *("11", "11", "5"),
        "SFDA 0.710",
        "mean rank on the other datasets 0.837",
    ]
    assert load_suite("mini").frame("full").description in index
    Tree(index)
    with Store(store, read_only=True) as opened:
        found = Facts.stored(opened, "mini")
    alone = publish_one(found, load_suite("mini").frame("full"), tmp_path / "alone")
    assert alone.read_bytes() == written[0].read_bytes()


def test_of_several_protocols_that_is_taken_by_which_most_was_fine_tuned() -> None:
    few, many = records("mini", "full")[:1], records("mini", "quick")
    assert [frame.protocol for frame in frames(load_suite("mini"), Facts.of(few + many))] == ["quick"]
    assert [frame.protocol for frame in frames(load_suite("mini"), Facts.of(few))] == ["full"]
    assert [frame.protocol for frame in frames(load_suite("mini"), Facts.of([]))] == ["quick"]


def test_a_published_truth_has_a_page_beside_the_measured_one() -> None:
    suite = load_suite("ped")
    assert [frame.folder for frame in frames(suite, Facts.of([]))] == ["ped/run"]
    spec = suite.protocol(None).runs()[0].spec
    measured = run(suite.datasets[0], suite.candidates[0], 0.5, spec=spec)
    assert [frame.folder for frame in frames(suite, Facts.of([measured]))] == ["ped/run", "ped/measured"]


def test_a_protocol_belongs_to_one_suite(store: Path) -> None:
    with pytest.raises(UsageError, match="--protocol goes with one suite"):
        CliRunner().invoke(
            publish, ["--suite", "all", "--protocol", "full", "--store", str(store)], catch_exceptions=False
        )


def test_the_index_is_that_of_the_pages_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "boards"
    found = Facts.of(records("mini", "full"))
    publish_one(found, load_suite("mini").frame("full"), out)
    assert list(pages(out)) == ["mini"]
    (out / "ped/run").mkdir(parents=True)
    (out / "mine").mkdir()
    page = (out / "mini/index.html").read_text(encoding="utf-8")
    (out / "ped/run/index.html").write_text(page, encoding="utf-8")
    (out / "mine/index.html").write_bytes(b"<p>no entry\xff</p>")
    publish_one(found, load_suite("mini").frame("quick"), out)
    index = (out / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]+/index.html)"', index) == ["./mini/index.html", "./ped/run/index.html"]
    assert index == index_page(pages(out))


def test_the_committed_index_is_that_of_the_committed_pages() -> None:
    folder = Path(__file__).parents[2] / "leaderboards"
    assert (folder / "index.html").read_text(encoding="utf-8") == index_page(pages(folder))
