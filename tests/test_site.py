"""The documentation site builds without a warning, holds all that it should, and asks nobody else for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import click
import pytest

import tbench
import tbench.api
import tbench.statistics
from tbench.cli import COMMANDS, main
from tbench.registry import Registry
from tests.leaderboard.chromium import browsing, missing

ROOT = Path(__file__).parent.parent
ROOTS = [str(ROOT / root) for root in ("benchmark", "plugins/metrics", "plugins/models", "plugins/datasets")]
# What a page of ours is made of; anything else came from a text that was taken for HTML.
TEXT = re.compile(
    "h[1-6]|p|a|em|strong|code|pre|ul|ol|li|br|hr|img|table|thead|tbody|tr|th|td"
    "|article|div|span|small|button|details|summary"
)
ANSWERS = "return [...document.querySelectorAll('.md-search-result__item a')].map((link) => link.getAttribute('href'))"


class Page(HTMLParser):
    """What a page links to, what it loads, the anchors it has, and the tags of its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.tags: set[str] = set()
        self._inside = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif tag == "link" and said.get("rel") != "canonical":
            self.loaded.append(said["href"])
        self.loaded += [said[name] for name in ("src", "srcset", "poster", "data") if name in said]
        self._inside |= tag == "article"
        if self._inside:
            self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Material tells by default that it will not be kept up beyond May 2027, which is no fault of a page.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(ROOTS), "NO_MKDOCS_2_WARNING": "1"}
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True)
    said = (done.stdout + done.stderr).splitlines()
    assert (done.returncode, [line for line in said if not line.startswith("INFO ")]) == (0, [])
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_guide_has_a_page(site: Path) -> None:
    for guide in (ROOT / "docs").rglob("*.md"):
        assert (site / guide.relative_to(ROOT / "docs").with_suffix(".html")).exists(), guide


@pytest.mark.parametrize(
    ("name", "room"), [("api", tbench.api), ("statistics", tbench.statistics)], ids=["api", "statistics"]
)
def test_every_public_name_has_an_entry(pages: dict[Path, Page], site: Path, name: str, room: object) -> None:
    anchors = pages[site / f"reference/{name}.html"].anchors
    public: list[str] = vars(room)["__all__"]
    assert [word for word in public if f"tbench.{name}.{word}" not in anchors] == []


def test_the_scores_have_their_page(pages: dict[Path, Page], site: Path) -> None:
    anchors = pages[site / "reference/scores.html"].anchors
    public = [getattr(tbench, name) for name in tbench.__all__ if not name.startswith("_")]
    assert {f"{one.__module__}.{one.__name__}" for one in public} <= anchors


def test_every_command_is_told(pages: dict[Path, Page], site: Path) -> None:
    told = (site / "reference/commands.html").read_text(encoding="utf-8")
    anchors = pages[site / "reference/commands.html"].anchors
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert f"tbench-{name}" in anchors
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[0] in told


@pytest.mark.parametrize("kind", ["metrics", "transforms"])
def test_every_shipped_metric_is_told(pages: dict[Path, Page], site: Path, kind: str) -> None:
    registry = Registry.installed(kind)
    shipped = {name for name in registry.names() if registry.origin(name).startswith("tbench ")}
    assert shipped
    assert shipped <= pages[site / "reference/metrics.html"].anchors


def test_evidence_is_told(site: Path) -> None:
    told = (site / "reference/evidence.html").read_text(encoding="utf-8")
    assert [name for name in tbench.api.VOCABULARY if f"<code>{name}</code>" not in told] == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    assert len(pages) > 40
    for path, page in pages.items():
        elsewhere = [address for address in page.loaded if urlsplit(address).scheme not in ("", "data")]
        assert elsewhere == [], path
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert "url(http" not in text
        assert "@import" not in text


def test_links_within_the_site_lead_somewhere(pages: dict[Path, Page], site: Path) -> None:
    lost = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(urljoin(path.as_uri(), link))
            if path.name != "404.html" and target.scheme == "file":
                file = Path(unquote(target.path))
                known = file in pages and target.fragment in {"", "__codelineno", *pages[file].anchors}
                if not (known or (file.suffix not in ("", ".html") and file.exists())):
                    lost.append((path.relative_to(site), link))
    assert lost == []


def test_no_text_was_taken_for_html(pages: dict[Path, Page], site: Path) -> None:
    for path, page in pages.items():
        if path.relative_to(site).parts[0] != "leaderboards":
            assert [name for name in page.tags if not TEXT.fullmatch(name)] == [], path


@pytest.mark.skipif(missing() is not None, reason=f"{missing()}")
def test_it_can_be_searched_from_disk(site: Path, tmp_path: Path) -> None:
    home = site / "index.html"
    with browsing(tmp_path) as browser:
        browser.open(home)
        browser.resize(1400, 900)
        browser.click(".md-search__input")
        browser.type(".md-search__input", "transferability")
        until = time.monotonic() + 30
        while not (answers := browser.run(ANSWERS)) and time.monotonic() < until:
            time.sleep(0.1)
        assert any("index.html" in answer for answer in answers)
        assert {urlsplit(address).scheme for address in browser.requests(home)} <= {"file", "data", "about"}
        assert browser.complaints() == []
