"""What goes to a terminal, to a file, and to a terminal whose user wants no colour."""

from __future__ import annotations

import ast
import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import tbench.cli
from tbench.cli.terminal import counting, for_tables, writer

FOLDER = Path(tbench.cli.__file__).parent


class Screen(io.StringIO):
    """A terminal that keeps what was written."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Screen()


def write_and_count(screen: Screen) -> str:
    with redirect_stdout(screen), redirect_stderr(screen):
        writer(soft_wrap=True).print("words", style="bold yellow")
        for_tables().print("a table", style="dim")
        with counting() as tell:
            tell("at it", 1, 2)
    return screen.getvalue()


def test_a_terminal_has_colours_and_a_bar(screen: Screen) -> None:
    written = write_and_count(screen)
    assert "\x1b[" in written
    assert "at it" in written


def test_no_color_is_kept(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    written = write_and_count(screen)
    assert written == "words\na table\n"


def test_an_empty_no_color_says_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    written = write_and_count(screen)
    assert "\x1b[" in written


def test_a_file_gets_no_control_codes(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "isatty", lambda: False)
    written = write_and_count(screen)
    assert written == "words\na table\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_commands_write_as_the_user_wants_it(path: Path) -> None:
    """Only one file makes what writes to a terminal, and it heeds NO_COLOR."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    made = [
        ast.unparse(call) for call in calls if ast.unparse(call).rpartition(".")[2] in ("Console", "print", "style")
    ]
    direct = [name for name in made if name in ("Console", "rich.print", "print", "click.style", "click.secho")]
    assert direct == (["Console"] if path.stem == "terminal" else [])
