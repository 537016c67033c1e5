"""tbench publish and tbench show: pages and tables from a store, nothing measured, nothing made by looking."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tbench import suite
from tbench.cli.publish import publish
from tbench.cli.show import TABLES, show
from tbench.errors import StoreError
from tbench.leaderboard.board import make_board
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.page import render, sections
from tbench.store import Store

from .made import whole_frame, whole_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store, and a suite that gives the frame that its records were made for."""

    class Small:
        def frame(self, protocol: str | None) -> Frame:
            assert protocol in (None, "quick")
            return whole_frame()

    monkeypatch.setattr(suite, "load_suite", lambda name: {"small": Small()}[name])
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        for record in whole_store():
            store.add(record)
    return path


def test_publish_writes_the_page_and_says_where(store: Path, tmp_path: Path) -> None:
    options = ["--suite", "small", "--store", str(store), "--out", str(tmp_path / "boards")]
    result = CliRunner().invoke(publish, options, catch_exceptions=False)
    page = tmp_path / "boards" / "small" / "README.md"
    assert (result.exit_code, result.output) == (0, f"{page}\n")
    assert page.read_text(encoding="utf-8") == render(make_board(whole_store(), whole_frame()))


@pytest.mark.parametrize("table", [*TABLES, None])
def test_show_prints_what_is_asked_for(store: Path, table: str | None) -> None:
    options = ["--suite", "small", "--protocol", "quick", "--store", str(store)]
    result = CliRunner(env={"COLUMNS": "80"}).invoke(show, options + (["--table", table] if table else []))
    assert result.exit_code == 0
    for section in sections(make_board(whole_store(), whole_frame())):
        assert (section.title in result.output) == (table == "all" or section.name == (table or "agreement"))
    assert "Noise ceiling" in result.output
    assert len(max(result.output.splitlines(), key=len).rstrip()) <= 80


def test_tables_are_the_sections_of_a_page() -> None:
    names = [section.name for section in sections(make_board([], whole_frame()))]
    assert [*names, "all"] == list(TABLES)


@pytest.mark.parametrize("command", [publish, show])
def test_a_store_that_is_not_there_is_told_and_not_made(command: object, tmp_path: Path, store: Path) -> None:
    options = ["--suite", "small", "--store", str(tmp_path / "none.sqlite")]
    with pytest.raises(StoreError, match=r"there is no store .*none\.sqlite"):
        CliRunner().invoke(command, options, catch_exceptions=False)
    assert not (tmp_path / "none.sqlite").exists()
