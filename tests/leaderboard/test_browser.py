"""The page in a real browser: nothing is complained about, nothing is fetched, and its controls do what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tbench.leaderboard.page import publish

from .chromium import Browser, browsing, missing
from .made import whole_frame, whole_store
from .test_html import evil_page

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no browser to look at pages with: {missing()}")

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "leaderboards" / "transrate-models" / "index.html"  # has two boards
ROWS = "#ranking-table tbody tr:not([hidden])"
ORDER = f"return [...document.querySelectorAll('{ROWS}')].map(row => row.cells[0].textContent)"
POINTS = "return [...document.querySelectorAll('#scatter-plot .point')].map(point => point.getAttribute('aria-label'))"
CHOOSE = """
const select = document.getElementById(arguments[0]);
select.selectedIndex = [...select.options].findIndex((option) => option.text === arguments[1]);
select.dispatchEvent(new Event('input', { bubbles: true }));
"""
HEAD = "#ranking-table thead th:nth-child({}) button"
ENTER = "\ue007"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(whole_store(), whole_frame(), tmp_path_factory.mktemp("out")).with_name("index.html")


@pytest.fixture
def opened(browser: Browser, page: Path) -> Browser:
    browser.open(page)
    return browser


def sorting(browser: Browser) -> list[Any]:
    found = browser.run(
        "return [...document.querySelectorAll('#ranking-table th')].map(h => h.getAttribute('aria-sort'))"
    )
    return [each for each in found if each]


def test_no_complaint_and_no_request(opened: Browser, page: Path) -> None:
    assert opened.complaints() == []
    assert set(opened.requests(page)) == {page.resolve().as_uri()}


def test_sorting_by_mouse_and_by_keys(opened: Browser) -> None:
    label, mean = HEAD.format(1), HEAD.format(3)
    before = opened.run(ORDER)
    assert sorting(opened) == []
    opened.click(label)
    assert opened.run(ORDER) == sorted(before)
    assert sorting(opened) == ["ascending"]
    opened.type(label, ENTER)
    assert opened.run(ORDER) == sorted(before, reverse=True)
    assert sorting(opened) == ["descending"]
    for wanted in ("descending", "ascending"):
        opened.click(mean)
        assert sorting(opened) == [wanted]
        values = opened.run(
            "return [...document.querySelectorAll('#ranking-table tbody tr')].map(row => row.cells[2].dataset.sort)"
        )
        known = [float(value) for value in values if value]
        assert known == sorted(known, reverse=wanted == "descending")
        assert values[len(known) :] == [""] * (len(values) - len(known))  # what is missing comes last
        assert 3 < len(known) < len(values)


def test_tables_of_text_are_sorted_by_their_numbers(opened: Browser) -> None:
    table = "document.querySelector('#section-cost table')"
    opened.run(f"{table}.closest('details').open = true; {table}.tHead.querySelectorAll('button')[2].click()")
    shown = opened.run(f"return [...{table}.tBodies[0].rows].map(row => row.cells[2].textContent)")
    known = [float(text.replace(",", "")) for text in shown if text not in ("", "–")]
    assert known == sorted(known, reverse=True)
    assert len(known) > 3


def test_filter_and_switch(opened: Browser) -> None:
    everybody = opened.run(ORDER)
    opened.type("#filter", "GOOD")
    assert opened.run(ORDER) == [name for name in everybody if "good" in name] != []
    opened.run("document.getElementById('filter').value = ''")
    opened.click(".switch[value=floor]")
    assert opened.run(ORDER) == [name for name in everybody if name != "random"]
    left = opened.run("return document.getElementById('count').textContent")
    assert left == f"{len(everybody) - 1} of {len(everybody)}"


def test_the_scatter_follows_the_selection_and_names_its_points(opened: Browser) -> None:
    opened.run(CHOOSE, "metric", "good")
    opened.run(CHOOSE, "dataset", "x")
    first = opened.run(POINTS)
    assert sorted(first)[0] == "a: score 4, accuracy 0.89"
    assert len(first) == 4
    opened.run(CHOOSE, "dataset", "y")
    second = opened.run(POINTS)
    assert sorted(second)[0] == "a: score 1, accuracy 0.4"
    opened.run(CHOOSE, "metric", "partial")
    assert len(opened.run(POINTS)) == 3
    assert opened.run("return document.getElementById('chosen').textContent").startswith("3 candidates, τ_w ")
    opened.run("document.querySelector('#scatter-plot .point').focus()")
    assert opened.run("return document.getElementById('tip').textContent") == opened.run(POINTS)[0]


def test_a_phone_scrolls_tables_and_never_the_page(opened: Browser) -> None:
    opened.resize(390, 844)
    opened.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert opened.run("return document.documentElement.scrollWidth") <= 390
    boxes = opened.run("return [...document.querySelectorAll('.box')].map(box => box.scrollWidth - box.clientWidth)")
    assert max(boxes) > 0
    opened.resize(1280, 900)


def test_dark_is_dark(opened: Browser) -> None:
    colours = []
    for scheme in ("light", "dark"):
        opened.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colours.append(opened.run("return getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(252, 252, 251)", "rgb(20, 24, 27)"]


def test_names_of_strangers_do_nothing(browser: Browser, tmp_path: Path) -> None:
    evil_page(tmp_path)
    page = tmp_path / "small" / "index.html"
    browser.open(page)
    assert browser.complaints() == []
    assert set(browser.requests(page)) == {page.resolve().as_uri()}
    assert browser.run("return document.querySelectorAll('img, b, [onerror]').length") == 0
    assert any("alert(1)" in label for label in browser.run(POINTS))


def test_scripts_of_others_are_dead(browser: Browser, page: Path, tmp_path: Path) -> None:
    """Were something to get in, the policy would not run it."""
    broken = tmp_path / "index.html"
    intruder = "<script>document.title = 'taken'</script><img src='data:,x' onerror=\"document.title = 'taken'\">"
    broken.write_text(page.read_text(encoding="utf-8").replace("<main>", f"<main>{intruder}"), encoding="utf-8")
    browser.open(broken)
    assert browser.run("return document.title") == "Leaderboard: small"
    complaints = browser.complaints()
    assert complaints
    assert all("Content Security Policy" in words for words in complaints)


@pytest.fixture
def published(browser: Browser) -> Browser:
    browser.open(PUBLISHED)
    return browser


def order_of(browser: Browser, table: str) -> list[str]:
    rows = f"#{table} tbody tr:not([hidden])"
    found: list[str] = browser.run(f"return [...document.querySelectorAll('{rows}')].map(r => r.cells[0].textContent)")
    return found


def points_of(browser: Browser, plot: str) -> list[str]:
    points = f"document.querySelectorAll('#{plot} .point')"
    found: list[str] = browser.run(f"return [...{points}].map(point => point.getAttribute('aria-label'))")
    return found


def test_a_published_page_complains_of_nothing_and_asks_for_nothing(published: Browser) -> None:
    assert published.complaints() == []
    assert set(published.requests(PUBLISHED)) == {PUBLISHED.resolve().as_uri()}


def test_boards_of_one_page_are_sorted_and_filtered_each_for_itself(published: Browser) -> None:
    first, second = (order_of(published, table) for table in ("ranking-table", "ranking-table-2"))
    published.click("#ranking-table-2 thead th:nth-child(1) button")
    assert order_of(published, "ranking-table-2") == sorted(second, key=str.lower) != second
    published.type("#filter-2", "logme")
    assert order_of(published, "ranking-table-2") == ["LogME"]
    assert published.run("return document.getElementById('count-2').textContent") == f"1 of {len(second)}"
    assert order_of(published, "ranking-table") == first


def test_the_scatter_of_a_board_is_of_its_own_candidates(published: Browser) -> None:
    before = points_of(published, "scatter-plot")
    assert len(before) == 7
    published.run(CHOOSE, "metric-2", "LogME")
    published.run(CHOOSE, "dataset-2", "sun397")
    after = points_of(published, "scatter-plot-2")
    assert len(after) == 13
    assert all(re.fullmatch(r"\S+: score -?[\d.e+-]+, accuracy fraction 0\.\d+", point) for point in after)
    published.run(CHOOSE, "dataset-2", "cifar100")
    assert points_of(published, "scatter-plot-2") != after
    assert points_of(published, "scatter-plot") == before


def test_a_phone_scrolls_no_published_page(published: Browser) -> None:
    published.resize(390, 844)
    published.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert published.run("return document.documentElement.scrollWidth") <= 390
    published.resize(1280, 900)
