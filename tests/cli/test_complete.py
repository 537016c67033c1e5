"""What a shell offers: commands, options, and the names of what is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete, ShellComplete

from tbench.cli import COMMANDS, main
from tbench.registry import Registry
from tbench.suite import load_suite


def offered(words: str) -> list[str]:
    """After these words; the last one is not finished, or empty behind a space."""
    *before, last = words.split(" ")
    found = ShellComplete(main, {}, "tbench", "_TBENCH_COMPLETE").get_completions(before, last)
    return [item.value for item in found if item.type == "plain"]


def test_commands_are_offered() -> None:
    assert offered("") == [*COMMANDS]
    assert offered("sc") == ["score"]


def test_options_are_offered() -> None:
    assert offered("show --form") == ["--format"]
    assert offered("show --format l") == ["latex"]


@pytest.mark.parametrize("command", ["run", "show", "publish", "doctor", "factors", "rank x"])
def test_suites_are_offered(command: str) -> None:
    assert offered(f"{command} --suite mini") == [
        name for name in Registry.installed("suites").names() if name.startswith("mini")
    ]


@pytest.mark.parametrize("command", ["run --metrics", "bench --metrics", "card", "properties", "check", "score"])
def test_metrics_are_offered(command: str) -> None:
    assert offered(f"{command} logm") == ["logme"]
    assert offered(f"{command} knn,logm") == ["knn,logme"]
    assert "knn,knn" not in offered(f"{command} knn,")
    assert offered(f"{command} knn,logme+pe") == ["knn,logme+ped"]


def test_candidates_and_datasets_of_the_suite_are_offered(tmp_path: Path) -> None:
    mini, equal = load_suite("mini"), load_suite("mini-equal")
    assert offered("run --models ") == [*mini.candidates]
    assert offered("run --datasets ") == [*mini.datasets]
    assert offered("run --suite mini-equal --datasets ") == [*equal.datasets]
    assert offered(f"run --models {mini.candidates[0]},{mini.candidates[1][:-1]}")[0].startswith(mini.candidates[0])
    (tmp_path / "own.toml").write_text('datasets = ["a/b", 3]\n')
    assert offered(f"run --suite {tmp_path / 'own.toml'} --datasets ") == ["a/b"]


@pytest.mark.parametrize("text", ["datasets = [", "datasets = 3", ""])
def test_a_suite_that_cannot_be_read_offers_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    assert offered(f"run --suite {tmp_path / 'own.toml'} --datasets ") == []
    assert offered("run --suite none-such --datasets ") == []


def test_names_of_a_kind_are_offered() -> None:
    assert offered("list met") == ["metrics"]
    assert offered("list metrics logm") == ["logme"]
    assert "mini" in offered("list models ")
    assert offered("pretrain min") == ["mini"]
    assert offered("run --executor pro") == ["processes"]
    assert "mini/digits" in offered("rank mini/d")


def test_a_name_that_is_not_known_may_be_a_file() -> None:
    (item,) = ShellComplete(main, {}, "tbench", "_TBENCH_COMPLETE").get_completions(["rank"], "photos/")
    assert (item.type, item.value) == ("file", "photos/")


def test_the_script_that_the_readme_names_is_one() -> None:
    script = BashComplete(main, {}, "tbench", "_TBENCH_COMPLETE").source_template
    assert "_TBENCH_COMPLETE" in (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert "%(complete_var)s=bash_complete" in script


@pytest.mark.parametrize(
    "words", [["run", "--models"], ["run", "--metrics"], ["rank"], ["show", "--suite"], ["list", "models"]]
)
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    code = (
        "import sys; from click.shell_completion import ShellComplete; from tbench.cli import main\n"
        f"found = ShellComplete(main, {{}}, 'tbench', '_TBENCH_COMPLETE').get_completions({words}, '')\n"
        "heavy = {'torch', 'numpy', 'scipy', 'pandas', 'timm', 'rich', 'sqlalchemy'}\n"
        "print(len(found), *heavy & {name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *heavy = done.stdout.split()
    assert int(count) > 1
    assert heavy == []
