"""Every code block of every page is run, here or by a test that is named here; what cannot be is listed and parsed."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from tbench.cli import main
from tbench.evidence.shelf import Shelf
from tbench.executors import load_executor
from tbench.results import Record
from tbench.store import Store
from tbench.suite import load_suite, read_suite
from tbench_models.checkpoint.recipe import read_recipe
from tests.leaderboard.made import run, score

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "leaderboards/README.md")
)
FENCE = re.compile(r"^( *)(`{3,}|~{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)

# Whole blocks that another test takes from their page and runs: page, and the words that the block begins with.
ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("README.md", "import numpy as np"): "tests/test_docs.py::installed",
    ("README.md", "[project]"): "tests/test_docs.py::installed",
    ("docs/add-a-metric.md", "tbench new metric gap"): (
        "tests/test_new.py::test_the_guide_to_metrics_begins_as_a_contribution_does"
    ),
    ("docs/add-a-metric.md", "# margin.py"): "tests/test_docs.py::installed",
    ("docs/add-a-metric.md", "# pyproject.toml"): "tests/test_docs.py::installed",
    ("docs/add-a-metric.md", "pip install ."): (
        "tests/test_docs.py::test_the_metric_of_the_guide_is_listed_keeps_the_contract_and_scores"
    ),
    ("docs/contribute.md", "tbench new metric gap"): "tests/test_new.py::test_a_guide_begins_with_a_package_that_runs",
    ("docs/add-a-model.md", "tbench new model"): "tests/test_new.py::test_a_guide_begins_with_a_package_that_runs",
    ("docs/add-a-model.md", "architecture ="): (
        "tests/models/test_model_guide.py::test_the_card_of_the_guide_describes_a_file"
    ),
    ("docs/add-a-model.md", "[recipe]"): "tests/test_blocks.py::test_the_card_with_a_recipe_is_one",
    ("docs/add-a-model.md", "# mylab.py"): (
        "tests/models/test_model_guide.py::test_the_family_of_the_guide_gives_features"
    ),
    ("docs/add-a-model.md", "[build-system]"): "tests/test_blocks.py::test_the_packaging_of_a_family_names_it",
    ("docs/add-a-dataset.md", "tbench new dataset"): "tests/test_new.py::test_a_guide_begins_with_a_package_that_runs",
    ("docs/add-a-dataset.md", "# photos.toml"): (
        "tests/test_docs_dataset.py::test_the_suite_of_the_guide_runs_on_a_folder_and_on_the_family_of_the_guide"
    ),
    ("docs/add-a-dataset.md", "tbench run --suite photos.toml"): (
        "tests/test_docs_dataset.py::test_the_suite_of_the_guide_runs_on_a_folder_and_on_the_family_of_the_guide"
    ),
    ("docs/add-a-dataset.md", "[[claims]]"): "tests/test_blocks.py::test_claims_of_a_suite_are_read",
    ("docs/add-a-dataset.md", "# stripes.py"): "tests/test_docs_dataset.py::installed",
    ("docs/add-a-dataset.md", "# pyproject.toml"): "tests/test_docs_dataset.py::installed",
    ("docs/add-a-dataset.md", "pip install ."): "tests/test_docs_dataset.py::test_the_family_of_the_guide_is_listed",
    ("docs/published-suites.md", "truth ="): "tests/test_blocks.py::test_a_suite_may_cite_a_truth",
    ("docs/source-aware.md", "import numpy as np"): (
        "tests/test_docs.py::test_the_example_of_source_aware_metrics_says_what_the_guide_says"
    ),
}
# Commands that another test runs as they are, or with a package that it installs.
BY_OTHERS: Mapping[str, str] = {
    "tbench submit foo": "tests/test_new.py::test_a_guide_begins_with_a_package_that_runs",
    "tbench verify submissions/mini/foo.txt": "tests/test_new.py::test_a_guide_begins_with_a_package_that_runs",
    "tbench publish --suite all": (
        "tests/leaderboard/test_leaderboards.py::"
        "test_every_installed_suite_of_the_store_and_every_published_one_gets_its_page"
    ),
    "tbench factors --suite mini-sources": "tests/cli/test_factors.py::test_a_suite_that_was_run",
    "tbench replay all --json": "tests/replay/test_command.py::test_all_as_json",
    "tbench replay all --out leaderboards": "tests/replay/test_command.py::test_pages_are_written_where_asked",
}
# What takes minutes as it stands, and the words that make it short. Runs that are not here are only planned.
TWO = "--models mini/resnet-mix,mini/resnet-random"
SHORTER: Mapping[str, str] = {
    "tbench rank photos/": f"{TWO} --metrics logme --draws 2",
    "tbench rank mini/photo --top 3 --finetune": f"{TWO} --metrics logme --draws 2 --top 1",
    "tbench rank mini/photo --models 'mini/resnet-*'": f"{TWO} --metrics logme --draws 2",
    "tbench rank mini/photo --models 'mini/*,timm/test_resnet.random-0'": (
        "--models mini/resnet-random,timm/test_resnet.random-0 --metrics logme --draws 2"
    ),
    "tbench run --metrics logme,parc --models 'mini/resnet-*' --datasets mini/photo": f"{TWO} --executor here",
    "tbench doctor": "--suite mini",
    "tbench bench": "--metrics logme --samples 200 --columns 16 --classes 4",
}
PLANNED = "--dry-run"
# What no test can run, and why: a whole block by its first words, or a command. Its commands are parsed all the same.
NOT_HERE: Mapping[str, str] = {
    "make run": "installs 5 GB, and measures for minutes",
    "python3 -m venv .venv": "installs 5 GB",
    "tbench run --suite mini --executor ray:address=auto": "a running cluster",
    "tbench run --suite ped --measure-truth --device cuda --executor ray:address=10.0.0.1:6379,gpus=0.25": "GPUs",
    "#!/bin/bash": "Slurm",
    "helm repo add": "Kubernetes",
    "export RAY_AUTH_MODE=token": "two machines",
    "tbench run --store postgresql+psycopg://me@db.example/bench": "a server of that name",
}


@dataclass(frozen=True)
class Block:
    """What stands between two fences of a page."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0]}"

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [key for key in ELSEWHERE if key[0] == self.page and self.text.startswith(key[1])]

    @property
    def not_here(self) -> list[str]:
        """Its first words, where none of its lines can be run."""
        return [words for words in NOT_HERE if not words.startswith("tbench") and self.text.startswith(words)]

    def lines(self) -> list[str]:
        """Commands, comments taken off."""
        lines = (re.split(r"^#|\s#", line)[0].strip() for line in self.text.replace("\\\n", " ").splitlines())
        return [line for line in lines if line]


def blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(page, found[3].strip(), found[4]) for found in FENCE.finditer(text)]


BLOCKS = [block for page in PAGES for block in blocks(page)]


def commands(words: list[str]) -> Iterator[list[str]]:
    """The calls of tbench in a line of a shell, in scripts that it hands to others too."""
    call: list[str] = []
    for word in [*words, ";"]:
        if word in ("&&", "||", "|", "&", ";"):
            if call[:1] == ["tbench"]:
                yield call
            call = []
        elif call or "=" not in word:
            call.append(word)
        if "tbench " in word:
            yield from commands(shlex.split(word))


def parsed(words: list[str]) -> None:
    """By the command itself, which finds unknown options and values."""
    command: click.Command = main
    rest = words[1:]
    with click.Context(main) as context:
        while isinstance(command, click.Group) and not rest[0].startswith("-"):
            found = command.get_command(context, rest.pop(0))
            assert found is not None, words
            command = found
        if rest != ["--version"]:
            made = command.make_context(shlex.join(words), rest)
            if "executor_name" in made.params:
                load_executor(made.params["executor_name"], None)
            made.close()


def test_pages_have_blocks() -> None:
    assert len(BLOCKS) > 40
    assert {block.page for block in BLOCKS} >= {"README.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/a*.md"))}


@pytest.mark.parametrize("page", [page for page in PAGES if re.fullmatch(r"docs/[^/]+", page)])
def test_a_guide_begins_with_something_that_runs(page: str) -> None:
    begin, _, _ = (ROOT / page).read_text(encoding="utf-8").partition("\n## ")
    assert "\n```sh\n" in begin


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_run_by_somebody(block: Block) -> None:
    ours = block.language in ("sh", "python", "pycon")
    assert len(block.keys) + len(block.not_here) <= 1
    assert block.keys or ours, f"{block}: nothing runs this; name the test that does in ELSEWHERE"


@pytest.mark.parametrize("told", sorted({*ELSEWHERE.values(), *BY_OTHERS.values()}))
def test_the_tests_that_run_the_others_are_there(told: str) -> None:
    path, _, name = told.partition("::")
    assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_nothing_is_listed_that_no_page_says() -> None:
    lines = {line for block in BLOCKS if block.language == "sh" for line in block.lines()}
    assert {key for block in BLOCKS for key in block.keys} == {*ELSEWHERE}
    assert {*BY_OTHERS, *SHORTER} <= lines
    assert {words for block in BLOCKS for words in block.not_here} | lines >= {*NOT_HERE}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "sh"], ids=str)
def test_every_command_can_be_parsed(block: Block) -> None:
    assert subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True).returncode == 0
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = ConfigParser(delimiters=("=",))
    declared.read(ROOT / "setup.cfg")
    for line in block.lines():
        words = shlex.split(line)
        for call in commands(words):
            parsed(call)
        if words[0] == "make":
            assert f"\n{words[1]}:" in makefile
        if words[:2] == ["pip", "install"]:
            for extra in re.findall(r"\[(\w+)\]", line):
                assert extra in declared["options.extras_require"]


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the pages name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path / "data"))
    labels = np.arange(60) % 4
    features = np.random.default_rng(0).normal(size=(60, 8)) + labels[:, None]
    probabilities = np.exp(features) / np.exp(features).sum(1, keepdims=True)
    for name, array in {"F": features, "G": features[::-1], "y": labels, "P": probabilities}.items():
        np.save(f"{name}.npy", array)
    for number in range(40):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((9, 9, 3), 100 * (number % 2) + number, np.uint8)).save(folder / f"{number}.png")
    for number, name in enumerate(("random", "imagenet", "flowers")):
        torch.manual_seed(number)
        torch.save({f"layer{stage}.0.conv1.weight": torch.randn(4, 4, 1, 1) for stage in (1, 2, 3, 4)}, f"{name}.pth")
    generator = np.random.default_rng(1)
    rows = [",".join([f"d{place}", *map(str, generator.uniform(1, 2, size=4))]) for place in range(12)]
    Path("mine.csv").write_text("\n".join(["dataset,gap,variance,amount,transferability", *rows]) + "\n")
    for store in (".tbench/results.sqlite", "mine.sqlite", "yours.sqlite", "one.sqlite", "two.sqlite"):
        Path(store).parent.mkdir(exist_ok=True)
        with Store(store) as opened:
            opened.add(*measured())
    Shelf(Path(".tbench/evidence")).write("ab" * 16, {"x": np.zeros(8)}, {"node": "forward", "whose": "m/a on d/x"})
    return tmp_path


def measured() -> list[Record]:
    """Of the suite mini: three candidates on digits, all runs of its protocol, and one metric."""
    names = ("mini/resnet-glyph", "mini/densenet-mix", "mini/vit-mix")
    found = []
    for place, name in enumerate(names):
        for planned in load_suite("mini").protocol(None).runs():
            made = run("mini/digits", name, place / 10, spec=planned.spec)
            found.append(replace(made, key=replace(made.key, suite="mini")))
        found.append(score("knn", "mini/digits", name, float(place), suite="mini"))
    return found


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_every_block_of_a_page_runs_in_turn(page: str, somewhere: Path) -> None:
    """In one folder, as a reader would who types one after the other."""
    room: dict[str, Any] = {name: np.load(f"{name}.npy") for name in "FGy"}
    for block in blocks(page):
        if block.keys or block.not_here:
            continue
        if block.language == "sh":
            for line in block.lines():
                typed(line)
        elif block.language == "python":
            exec(compile(block.text, str(block), "exec"), room)
        else:
            for example in doctest.DocTestParser().get_examples(block.text):
                assert not example.want, "compare it"
                exec(compile(example.source, str(block), "single"), room)


def typed(line: str) -> None:
    words = shlex.split(line)
    given = dict(word.split("=", 1) for word in words[: words.index("tbench")]) if "tbench" in words else {}
    words = words[len(given) :]
    if words[0] == "pip" or line in BY_OTHERS or line in NOT_HERE:
        return
    assert words[0] == "tbench", f"{line}: what is this?"
    shorter = SHORTER.get(line, "")
    if words[1] == "run" and not shorter and PLANNED not in words:
        shorter = PLANNED
    words = [*words, *shlex.split(shorter)]
    if "--isolate" in words:  # forks, which it may only where no other thread runs
        subprocess.run([sys.executable, "-m", *words], env={**os.environ, **given}, check=True, capture_output=True)
        return
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setitem(os.environ, name, value)
        done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, (line, done.output, done.exception)
    assert done.stdout, line


def only(page: str, begin: str) -> str:
    (found,) = [block.text for block in blocks(page) if block.text.startswith(begin)]
    return found


def test_the_card_with_a_recipe_is_one(tmp_path: Path) -> None:
    card, recipe = (only("docs/add-a-model.md", begin) for begin in ("architecture =", "[recipe]"))
    path = tmp_path / "mine.toml"
    path.write_text(re.sub(r"^sha256 = .*\n", "", card, flags=re.M) + recipe)
    told = read_recipe(str(path))
    assert (told.dataset, told.course.epochs, told.shift) == ("arrays/small-real/mnist.npz", 5, 3)


def test_the_packaging_of_a_family_names_it(tmp_path: Path) -> None:
    """As setuptools reads it: the module is packed, and the entry point is in it."""
    from setuptools.config.pyprojecttoml import read_configuration

    code = only("docs/add-a-model.md", "# mylab.py")
    (tmp_path / "mylab.py").write_text(code)
    (tmp_path / "pyproject.toml").write_text(only("docs/add-a-model.md", "[build-system]"))
    told = read_configuration(tmp_path / "pyproject.toml")
    assert told["tool"]["setuptools"]["py-modules"] == ["mylab"]
    module, _, name = told["project"]["entry-points"]["tbench.models"]["mylab"].partition(":")
    room: dict[str, Any] = {}
    exec(compile(code, f"{module}.py", "exec"), room)
    assert [*room[name].names()] == ["colour"]


def test_claims_of_a_suite_are_read() -> None:
    suite = only("docs/add-a-dataset.md", "# photos.toml")
    boards = '[boards]\nlayers = ["mini/resnet-mix", "mini/resnet-glyph"]\n'
    (claim,) = read_suite("photos", f"{suite}\n{boards}\n{only('docs/add-a-dataset.md', '[[claims]]')}").claims
    assert (claim.ranks, claim.boards) == ("transrate", ("layers",))


def test_a_suite_may_cite_a_truth() -> None:
    said = only("docs/published-suites.md", "truth =")
    told = tomllib.loads(said)
    suite, table, protocol = only("docs/add-a-dataset.md", "# photos.toml").partition("[protocols")
    named = {"candidates": [*told["published"]["candidates"]], "datasets": [*told["published"]["datasets"]]}
    for key, names in named.items():
        suite = re.sub(rf"^{key} = .*$", f"{key} = {names}", suite, flags=re.M)
    citation = read_suite("mine", f"{suite}\n{said}\n{table}{protocol}").cited(None)
    assert citation is not None
    assert citation.published.name == "ped"
