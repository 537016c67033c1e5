"""tbench factors: the published twelve rows, restored and as printed, and a table of one's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.domain import domain_gap
from tbench.evidence.extraction import forward
from tbench.factors import explained, read_rows, section
from tbench.published.equations import rows_of
from tbench.published.facts import load
from tbench.results import Key, Record
from tbench.stock import Stock
from tbench.store import Store
from tbench.suite import load_suite

ORACLE = json.loads(
    (Path(__file__).parents[1] / "metrics/oracles/source_aware/parameter_distance_published.json").read_text()
)
HEADER = "dataset,gap,variance,amount,transferability"


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, ["factors", *map(str, words)], env={"COLUMNS": "160"})


def cells(output: str, name: str) -> list[str]:
    """Of the row of a table that begins with this name."""
    (line,) = re.findall(rf"^{re.escape(name)}  +(.*?) *$", output, re.MULTILINE)
    return re.split(r"  +", line)


def test_the_restored_fit() -> None:
    done = tbench("--suite", "schuture")
    assert done.exit_code == 0, done.output
    assert cells(done.output, "domain gap") == ["-0.05", "0.15", "-0.39 .. 0.30", "-0.26"]
    assert cells(done.output, "variance within classes") == ["0.19", "0.16", "-0.18 .. 0.56", "0.32"]
    assert cells(done.output, "ln amount of data") == ["-0.77", "0.12", "-1.04 .. -0.51", "-0.61"]
    assert cells(done.output, "intercept") == ["2.84", "0.10", "2.60 .. 3.08", "2.86"]
    assert cells(done.output, "all factors") == ["0.89", "0.76", "2.7"]
    assert cells(done.output, "amount of data alone") == ["0.87", "0.80", "–"]
    assert cells(done.output, "the printed equation") == ["0.84", "–", "–"]
    assert cells(done.output, "DomainNet-r") == ["1.45", "0.027", "120906", "6.32", "4.44"]
    assert "coefficient -0.52 ± 0.06" in done.output
    assert tbench("--restored").output == tbench().output == done.output


def test_the_fit_to_what_is_printed() -> None:
    done = tbench("--printed")
    assert [cells(done.output, name)[0] for name in ("domain gap", "ln amount of data")] == ["0.08", "-0.87"]
    assert cells(done.output, "the printed equation")[0] == "0.37"
    assert cells(done.output, "DomainNet-r")[1] == "467.7"


@pytest.mark.parametrize("restored", [True, False])
def test_expected_values(restored: bool) -> None:
    kind = "restored" if restored else "as_printed"
    expected = ORACLE["expected"]["ols_natural_log_standardised"][kind]
    found = explained(rows_of(load("schuture").factors, restored=restored))
    values = [each.value for each in found.whole.coefficients.values()]
    names = ("coef_G", "coef_D", "coef_logN", "intercept")
    assert values == pytest.approx([expected[name] for name in names], rel=1e-9)
    assert found.whole.fitted == pytest.approx(np.array(expected["fitted_log_T"]), rel=1e-9)


def own(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def made(steps: bool) -> list[str]:
    """T falls as the square root of the steps, which do not depend on the amount of data, and rises with the gap."""
    rng = np.random.default_rng(0)
    lines = []
    for place in range(12):
        gap, variance, amount, taken = rng.uniform(1, 9, size=4)
        line = f"d{place},{gap},{variance},{amount * 100},{np.exp(0.1 * gap) / np.sqrt(taken)}"
        lines.append(f"{line},{taken}" if steps else line)
    return lines


def test_a_table_of_ones_own_with_steps_as_a_factor(tmp_path: Path) -> None:
    rows = read_rows(own(tmp_path, *made(steps=True), header=f"{HEADER},steps"))
    found = explained(rows).whole
    logarithms = np.log([row.steps or 0 for row in rows])
    assert found.coefficients["ln steps of fine-tuning"].value == pytest.approx(-logarithms.std() / 2)
    assert found.coefficients["ln amount of data"].value == pytest.approx(0, abs=1e-9)
    assert found.r2 == pytest.approx(1)
    without = explained(read_rows(own(tmp_path, *made(steps=False))))
    assert "ln steps of fine-tuning" not in without.whole.coefficients
    assert without.whole.r2 < 0.99
    (_, coefficients), *_ = section(without, "mine").tables
    assert "as printed" not in coefficients.header
    done = tbench("--table", own(tmp_path, *made(steps=False)))
    assert done.exit_code == 0
    assert "Factors of transferability: mine.csv" in done.output


@pytest.mark.parametrize(
    ("lines", "header", "told"),
    [
        ([], HEADER, "must have rows, and the columns amount, dataset, gap, transferability, variance"),
        (["a,1"], "dataset,gap", "must have rows, and the columns"),
        (["a,1,2,3,x"], HEADER, "line 2: transferability is 'x', and no number"),
        (["a,1,2,3"], HEADER, "line 2: transferability is None, and no number"),
        (["a,1,2,0,4"], HEADER, "line 2: amount must be positive"),
        (["a,nan,2,3,4"], HEADER, "line 2: gap must be finite"),
        (["a,1,2,3,4"], HEADER, "1 rows are too few for 4 coefficients"),
    ],
)
def test_tables_that_will_not_do_are_one_line(tmp_path: Path, lines: list[str], header: str, told: str) -> None:
    done = tbench("--table", own(tmp_path, *lines, header=header))
    assert done.exit_code == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_suite_that_was_run(tmp_path: Path) -> None:
    suite = load_suite("mini")
    middle = suite.protocol("quick").middle.spec
    values = {("mini/resnet-glyph", name): 2.0 + place for place, name in enumerate(suite.datasets)}
    values |= {("mini/resnet-shape", "mini/photo"): 7.0, ("mini/resnet-random", "mini/photo"): 1.0}
    with Store(str(tmp_path / "results.sqlite")) as store:
        for (candidate, dataset), value in values.items():
            for seed, factor in enumerate((0.5, 2.0)):  # the geometric mean of both is the value
                key = Key("score", "mini", dataset, candidate, "parameter-distance:distance=mean-abs", seed)
                told = {"label": "parameter-distance"}
                record = Record(key, "ok", value * factor, details=told, provenance={"finetuning": middle})
                store.add(record)
            elsewhere = {"finetuning": suite.protocol("full").middle.spec}
            store.add(Record(replace(key, seed=2), "ok", 99.0, details=told, provenance=elsewhere))
    done = tbench("--suite", "mini", "--store", tmp_path / "results.sqlite")
    assert done.exit_code == 0, done.output
    rows = re.findall(r"^mini/\w+ after mini/[\w-]+", done.output, re.MULTILINE)
    assert len(rows) == 9  # what was not pre-trained has no source
    glyph, shape = (cells(done.output, f"mini/photo after mini/resnet-{source}") for source in ("glyph", "shape"))
    assert (glyph[2], glyph[3], shape[3]) == ("180", "3", "7")
    assert glyph[0] != shape[0]  # a gap for each source
    assert glyph[1] == shape[1]
    assert "are not independent of one another" in done.output
    stock = Stock()
    network = stock.candidate("mini/resnet-mix").load()
    seen = [
        forward(network, split.images, "cpu", "float32")["features"]
        for split in (stock.split("mini/sample-glyph", "train", 0), stock.split("mini/photo", "train", 0))
    ]
    assert float(glyph[0]) == pytest.approx(domain_gap(*seen), rel=1e-4)


def test_other_suites_and_missing_files_are_told(tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    Store(str(store)).close()
    for suite, told in {"ped": "names no common network", "mini": "parameter-distance of a candidate"}.items():
        done = tbench("--suite", suite, "--store", store)
        assert (done.exit_code, told in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stderr
    done = tbench("--table", tmp_path / "nowhere.csv")
    assert (done.exit_code, "cannot be read: No such file" in done.stderr) == (2, True)
