"""Who may import whom, and what must not be called where: the walls of ARCHITECTURE.md, read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).parent.parent
ROOTS = [ROOT / "benchmark", *sorted((ROOT / "plugins").glob("*/"))]
PLUGINS = ("tbench_metrics", "tbench_models", "tbench_datasets")
CONTRACT = ("tbench.api", "tbench.hooks")  # all that a plug-in may know of tbench
HEAVY = ("numpy", "scipy", "pandas", "sklearn", "torch", "torchvision", "timm", "sqlalchemy", "rich", "tabulate")
TALKERS = ("tbench.cli", "tbench.progress")

# What a room must not bring in when it is imported, not even through others, and what none of its functions may import.
WALLS: Mapping[str, tuple[str, ...]] = {
    "tbench": PLUGINS,
    "tbench_metrics": ("tbench_models", "tbench_datasets"),
    "tbench.api": HEAVY,
    "tbench.errors": HEAVY,
    "tbench.hooks": HEAVY,
    "tbench.registry": HEAVY,
    "tbench.spec": HEAVY,
    "tbench.results": ("numpy", "torch"),
    "tbench.store": ("numpy", "torch"),
    "tbench.rows": ("numpy", "torch"),
    "tbench.leaderboard": ("torch", "tbench.run", "tbench.registry", "tbench.evidence", "tbench.training"),
    "tbench.published": ("torch", "tbench.run", "tbench.registry", "tbench.evidence", "tbench.training"),
    "tbench.statistics": ("torch",),
}
# The same, but functions may import what they need when they are called.
WALLS_AT_IMPORT: Mapping[str, tuple[str, ...]] = {"tbench.cli": HEAVY, "tbench.__main__": HEAVY}
ALONE = {"tbench.statistics": ("tbench.errors",)}  # rooms that know no other room but these

# Decompositions by LU: torch's can hang on a batch of matrices on the CPU.
LU = {"det", "slogdet", "logdet", "inv", "inv_ex", "inverse", "solve", "solve_ex", "tensorinv", "tensorsolve"}
LU |= {"lu", "lu_factor", "lu_factor_ex", "lu_solve"}
LU_METHODS = {"det", "slogdet", "logdet", "inverse", "lu", "lu_solve"}  # of a tensor, whatever its name
WITHOUT_LU = ("tbench_metrics", "tbench.evidence")

# What runs code from a file, or writes where an archive says; torch's and numpy's readers do not, if they are told so.
RUNS_CODE = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "joblib", "runpy", "yaml"}
HARMLESS = {"pickle.UnpicklingError"}  # an exception has to be named to be caught
RUN_CODE = {"eval", "exec", "__import__", "builtins.eval", "builtins.exec", "torch.jit.load", "torch.hub.load"}
RUN_CODE |= {"torch.package.PackageImporter", "pandas.read_pickle", "shutil.unpack_archive"}
UNPACKS = {
    "extractall",
    "extract_archive",
    "unpack_archive",
    "download_and_extract_archive",
}  # methods, whoever has them
TOLD: Mapping[str, tuple[str, object]] = {
    "torch.load": ("weights_only", True),
    "torch.hub.load_state_dict_from_url": ("weights_only", True),
    "numpy.load": ("allow_pickle", False),
    "numpy.lib.format.read_array": ("allow_pickle", False),
}
REMOTE = "trust_remote_code"  # False, wherever it is said

House = Mapping[str, str]  # module -> source text
When = Literal["import", "call", "ever"]  # ever: also what only the type checker sees


def built() -> House:
    """The house as it stands."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
        for root in ROOTS
        for path in sorted(root.rglob("*.py"))
    }


HOUSE = built()


def inside(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def nodes(source: str, when: When = "ever") -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        yield node
        if when != "ever" and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif when != "import" or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def imports(module: str, house: House, when: When) -> set[str]:
    """The modules that a module asks for."""
    found: set[str] = set()
    package = module if any(other.startswith(f"{module}.") for other in house) else module.rpartition(".")[0]
    for node in nodes(house[module], when):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            names = {f"{source}.{alias.name}" for alias in node.names}
            found |= names & house.keys() | ({source} if names - house.keys() else set())
    return found


def reach(start: str, house: House) -> dict[str, str]:
    """All that importing a module brings in, each with the module that asks for it."""
    seen = {start: start}
    waiting = [start]
    while waiting:
        module = waiting.pop()
        parents = {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}
        for name in parents | (imports(module, house, "import") if module in house else set()):
            if name not in seen:
                seen[name] = module
                waiting.append(name)
    return seen


def broken(room: str, forbidden: Iterable[str], house: House, when: When = "call") -> list[str]:
    told = []
    for module in (name for name in house if inside(name, room)):
        brought = reach(module, house)
        if when != "import":
            brought |= dict.fromkeys(imports(module, house, when), module)
        told += [
            f"{module} reaches {name} ({by} imports it)" for name, by in brought.items() if inside(name, *forbidden)
        ]
    return told


def not_alone(room: str, known: Iterable[str], house: House) -> list[str]:
    """What a room that stands alone knows of others."""
    others = [name for name in house if name != "tbench" and not inside(name, room, *known)]
    return broken(room, others, house, "ever")


def beyond_contract(house: House) -> list[str]:
    """What plug-ins know of tbench, the contract aside."""
    return [
        f"{module} imports {name}"
        for module in house
        for name in imports(module, house, "ever")
        if inside(module, *PLUGINS) and inside(name, "tbench") and not inside(name, *CONTRACT)
    ]


def neighbours(house: House) -> list[str]:
    """Metric files that import another."""
    return [
        f"{module} imports {name}"
        for module in house
        for name in imports(module, house, "ever")
        if inside(module, "tbench_metrics") and inside(name, "tbench_metrics") and not inside(name, module)
    ]


def talk(house: House) -> list[str]:
    return [
        f"{module}, line {node.lineno} prints"
        for module, source in house.items()
        for node in nodes(source)
        if isinstance(node, ast.Name) and node.id == "print" and not inside(module, *TALKERS)
    ]


def known_names(source: str) -> dict[str, str]:
    """What the names that a module imports stand for."""
    known: dict[str, str] = {}
    for node in nodes(source):
        if isinstance(node, ast.Import):
            known |= {
                a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def runs_code(source: str) -> list[str]:
    """The lines that may run code from a file, or let an archive say where its files go."""
    known = known_names(source)
    told = []
    for node in nodes(source):
        if isinstance(node, ast.Name | ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            path = f"{known.get(root, root)}.{rest}".strip(".")
            from_outside = root in known and path.partition(".")[0] in RUNS_CODE and path not in {*RUNS_CODE, *HARMLESS}
            if path in RUN_CODE or from_outside or (rest and rest.rpartition(".")[2] in UNPACKS):
                told.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.ImportFrom):
            brought = {f"{node.module}.{alias.name}" for alias in node.names}
            if {name.partition(".")[0] for name in brought} & RUNS_CODE and brought - HARMLESS:
                told.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call):
            root, _, rest = ast.unparse(node.func).partition(".")
            said = {word.arg: ast.literal_eval(word.value) for word in node.keywords if _literal(word.value)}
            name, value = TOLD.get(f"{known.get(root, root)}.{rest}".strip("."), (REMOTE, said.get(REMOTE, False)))
            unsaid = value is not False if name == REMOTE else said.get(name) is not value
            if unsaid or any(word.arg == REMOTE and not _literal(word.value) for word in node.keywords):
                told.append(f"line {node.lineno}: {ast.unparse(node.func)} is not told {name}")
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            if any(_is(key, REMOTE) and not _is(value, False) for key, value in pairs):
                told.append(f"line {node.lineno}: {REMOTE}")
    return told


def _literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant)


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is type(value) and node.value == value


def lu(source: str) -> list[str]:
    """The lines that ask torch, or an object of unknown kind, for a decomposition by LU."""
    known = known_names(source)
    told = []
    for node in nodes(source):
        if isinstance(node, ast.Name | ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            path = f"{known.get(root, '')}.{rest}".strip(".")
            last = path.rpartition(".")[2]
            if (inside(path, "torch") and last in LU) or (root not in known and rest and last in LU_METHODS):
                told.append(f"line {node.lineno}: {ast.unparse(node)}")
    return told


@pytest.mark.parametrize("room", [*WALLS, *WALLS_AT_IMPORT, *ALONE, *TALKERS, *CONTRACT, *WITHOUT_LU, *PLUGINS])
def test_the_walls_are_about_rooms_that_exist(room: str) -> None:
    assert any(inside(module, room) for module in HOUSE)


@pytest.mark.parametrize("room", WALLS)
def test_no_forbidden_import(room: str) -> None:
    assert broken(room, WALLS[room], HOUSE) == []


@pytest.mark.parametrize("room", WALLS_AT_IMPORT)
def test_no_forbidden_import_at_the_start(room: str) -> None:
    assert broken(room, WALLS_AT_IMPORT[room], HOUSE, "import") == []


@pytest.mark.parametrize("room", ALONE)
def test_a_room_that_stands_alone(room: str) -> None:
    assert not_alone(room, ALONE[room], HOUSE) == []


def test_plug_ins_know_nothing_but_the_contract() -> None:
    assert beyond_contract(HOUSE) == []


def test_no_metric_file_imports_another() -> None:
    assert neighbours(HOUSE) == []


def test_only_the_command_line_talks() -> None:
    assert talk(HOUSE) == []


@pytest.mark.parametrize("module", [name for name in HOUSE if inside(name, *WITHOUT_LU)])
def test_no_lu_of_torch_in_metrics_and_evidence(module: str) -> None:
    assert lu(HOUSE[module]) == []


@pytest.mark.parametrize("module", HOUSE)
def test_nothing_that_is_read_is_run(module: str) -> None:
    assert runs_code(HOUSE[module]) == []


# The tests above can fail: the same questions, asked of houses that are built wrongly.

CROOKED: House = {
    "tbench": "",
    "tbench.api": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    x = 1\n",
    "tbench.room": "from tbench import cellar\n",
    "tbench.cellar": "class A:\n    try:\n        import torch.nn\n    except ImportError: pass\n",
    "tbench.late": "def f():\n    import torch\n",
    "tbench.loft": "",
    "tbench.loft.beam": "from . import nail\nfrom ..cellar import A\n",
    "tbench.loft.nail": "print('knock')\n",
    "tbench.statistics": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tbench.room import x\n",
    "tbench.cli": "print('hello')\n",
    "tbench.fond": "def f():\n    from tbench_metrics.one import one\n",
    "tbench_metrics": "",
    "tbench_metrics.one": "from tbench.api import x\nfrom tbench import hooks, api\n",
    "tbench_metrics.two": "def f():\n    from tbench.room import x\n    from tbench_metrics.one import one\n",
    "tbench_metrics.three": "import tbench\nfrom .one import one\n",
    "tbench_models": "from tbench import score\n",
    "tbench.hooks": "",
}


def test_an_import_through_others_is_found() -> None:
    assert broken("tbench.room", ["torch"], CROOKED) == [
        "tbench.room reaches torch.nn (tbench.cellar imports it)",
        "tbench.room reaches torch (torch.nn imports it)",
    ]
    assert broken("tbench.loft", ["tbench.cellar"], CROOKED) == [
        "tbench.loft.beam reaches tbench.cellar (tbench.loft.beam imports it)"
    ]
    assert broken("tbench", ["tbench_metrics"], CROOKED) == [
        "tbench.fond reaches tbench_metrics.one (tbench.fond imports it)"
    ]


def test_importing_a_room_imports_the_rooms_round_it() -> None:
    house = {"a": "import torch", "a.b": ""}
    assert broken("a.b", ["torch"], house) == ["a.b reaches torch (a imports it)"]


def test_what_waits_is_told_apart() -> None:
    assert broken("tbench.late", ["torch"], CROOKED, "import") == []
    assert broken("tbench.late", ["torch"], CROOKED) == ["tbench.late reaches torch (tbench.late imports it)"]
    assert broken("tbench.api", ["torch"], CROOKED) == []
    assert broken("tbench.api", ["torch"], CROOKED, "ever") == ["tbench.api reaches torch (tbench.api imports it)"]


def test_company_is_found() -> None:
    assert not_alone("tbench.statistics", [], CROOKED) == [
        "tbench.statistics reaches tbench.room (tbench.statistics imports it)"
    ]
    assert not_alone("tbench.statistics", ["tbench.room"], CROOKED) == []


def test_plug_ins_that_know_too_much_are_found() -> None:
    assert sorted(beyond_contract(CROOKED)) == [
        "tbench_metrics.three imports tbench",
        "tbench_metrics.two imports tbench.room",
        "tbench_models imports tbench",
    ]


def test_metric_files_that_import_another_are_found() -> None:
    assert sorted(neighbours(CROOKED)) == [
        "tbench_metrics.three imports tbench_metrics.one",
        "tbench_metrics.two imports tbench_metrics.one",
    ]


def test_talk_is_found() -> None:
    assert talk(CROOKED) == ["tbench.loft.nail, line 1 prints"]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.slogdet(x)",
        "import torch\nf = torch.linalg.solve",
        "import torch.linalg as la\nla.inv(x)",
        "from torch import linalg\nlinalg.det(x)",
        "from torch.linalg import slogdet as sd\nsd(x)",
        "import torch\nx = torch.eye(3)\nx.logdet()",
        "def f(x): return (x @ x).inverse()",
    ],
)
def test_lu_is_found(source: str) -> None:
    assert len(lu(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.linalg.solve(a, b)\nnp.linalg.slogdet(a)",
        "from scipy import linalg\nlinalg.inv(a)",
        "import torch\ntorch.linalg.cholesky(x)\ntorch.linalg.eigh(x)\ntorch.cholesky_solve(a, b)",
        "det = 3\nsolve(det)",
    ],
)
def test_other_decompositions_are_free(source: str) -> None:
    assert lu(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(file)",
        "import pickle as p\nloads = p.loads",
        "from pickle import loads",
        "from pickle import UnpicklingError, Unpickler",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import torch\ntorch.load(path, weights_only=safe)",
        "from torch import load\nload(path)",
        "from torch import hub\nhub.load('a/b', 'c')",
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "from numpy.lib import format as npy\nnpy.read_array(file)",
        "import yaml\nyaml.load(text)",
        "eval(text)",
        "exec(text)",
        "import builtins\nbuiltins.exec(text)",
        "import pandas as pd\npd.read_pickle(path)",
        "import zipfile\nzipfile.ZipFile(path).extractall(folder)",
        "from transformers import AutoModel\nAutoModel.from_pretrained(name, trust_remote_code=True)",
        "load(name, trust_remote_code=trusted)",
        "words = {'trust_remote_code': True}",
    ],
)
def test_what_runs_code_from_files_is_found(source: str) -> None:
    assert len(runs_code(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\ntry: f()\nexcept pickle.UnpicklingError: pass",
        "from pickle import UnpicklingError",
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "network.eval()\nre.compile(text).match(text)",
        "load(name, trust_remote_code=False)",
        "words = {'trust_remote_code': False}",
    ],
)
def test_what_runs_none_is_free(source: str) -> None:
    assert runs_code(source) == []
