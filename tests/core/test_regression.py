"""Least squares: expected values term by term, and what must hold of any fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.errors import TbenchError
from tbench.regression import Array, Fit, least_squares

ORACLES = Path(__file__).parents[1] / "metrics" / "oracles" / "source_aware"
MADE = json.loads((ORACLES / "param_regression_a.json").read_text())
PUBLISHED = json.loads((ORACLES / "parameter_distance_published.json").read_text())
SEEDS = st.integers(0, 2**32 - 1)


def agree(fit: Fit, expected: dict[str, Any], tolerance: dict[str, float]) -> None:
    near: dict[str, float] = {"rel": tolerance["rtol"], "abs": tolerance["atol"]}
    found = fit.coefficients.values()
    told = [expected[name] for name in ("coef_G", "coef_D", "coef_logN", "intercept")]
    assert [each.value for each in found] == pytest.approx(told, **near)
    assert [each.error for each in found] == pytest.approx(expected["se"], **near)
    assert [each.low for each in found] == pytest.approx(expected["ci95_low"], **near)
    assert [each.high for each in found] == pytest.approx(expected["ci95_high"], **near)
    assert fit.r2 == pytest.approx(expected["r2"], **near)
    assert fit.fitted == pytest.approx(np.array(expected["fitted_log_T"]), **near)
    assert fit.condition == pytest.approx(expected["condition_number"], rel=1e-8)


@pytest.mark.parametrize(
    ("form", "log", "standardise"),
    [("standardised", np.log, True), ("raw", np.log, False), ("raw_log10", np.log10, False)],
)
def test_expected_values(form: str, log: Any, standardise: bool) -> None:
    with np.load(ORACLES / "param_regression_a.npz") as case:
        columns, wanted = {"G": case["G"], "D": case["D"], "logN": log(case["N"])}, log(case["T"])
    agree(least_squares(columns, wanted, standardise=standardise), MADE["expected"][form], MADE["tolerance"])


@pytest.mark.parametrize(
    ("form", "key", "log", "standardise"),
    [
        ("ols_natural_log_standardised", "as_printed", np.log, True),
        ("ols_natural_log_standardised", "restored", np.log, True),
        ("ols_natural_log_standardised", "restored_ddof1", np.log, True),
        ("ols_natural_log_raw", "as_printed", np.log, False),
        ("ols_natural_log_raw", "restored", np.log, False),
        ("ols_log10_raw", "restored", np.log10, False),
    ],
)
def test_published_rows(form: str, key: str, log: Any, standardise: bool) -> None:
    rows, _, ddof = key.partition("_ddof")
    table = PUBLISHED["published"]["table"]
    columns = {"G": np.array(table[f"G_{rows}"]), "D": np.array(table[f"D_{rows}"]), "logN": log(table["N"])}
    fit = least_squares(columns, log(table["T"]), standardise=standardise, ddof=int(ddof or 0))
    agree(fit, PUBLISHED["expected"][form][key], PUBLISHED["tolerance"])


def problem(seed: int) -> tuple[dict[str, Array], Array]:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(7, 20))
    return {name: rng.normal(size=rows) for name in "abc"}, rng.normal(size=rows)


@settings(max_examples=30)
@given(seed=SEEDS)
def test_each_left_out_row_is_predicted_from_the_others(seed: int) -> None:
    columns, wanted = problem(seed)
    unseen = []
    for row in range(len(wanted)):
        keep = np.arange(len(wanted)) != row
        design = np.column_stack([*columns.values(), np.ones(len(wanted))])
        found, *_ = np.linalg.lstsq(design[keep], wanted[keep], rcond=None)
        unseen.append(wanted[row] - design[row] @ found)
    expected = 1 - np.square(unseen).sum() / np.square(wanted - wanted.mean()).sum()
    fit = least_squares(columns, wanted)
    assert fit.left_out_r2 == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert fit.left_out_r2 <= fit.r2 <= 1


@settings(max_examples=30)
@given(seed=SEEDS)
def test_units_do_not_matter_where_columns_are_standardised(seed: int) -> None:
    columns, wanted = problem(seed)
    other = {name: 1000 * column - 3 for name, column in columns.items()}
    one, two = least_squares(columns, wanted), least_squares(other, wanted)
    raw = least_squares(columns, wanted, standardise=False)
    for name, each in one.coefficients.items():
        assert each.value == pytest.approx(two.coefficients[name].value, rel=1e-7, abs=1e-9)
        assert each.low <= each.value <= each.high
        if name in columns:
            assert each.value == pytest.approx(raw.coefficients[name].value * columns[name].std(), rel=1e-7, abs=1e-9)
    assert one.coefficients["intercept"].value == pytest.approx(wanted.mean())
    assert raw.r2 == pytest.approx(one.r2)
    assert raw.left_out_r2 == pytest.approx(one.left_out_r2)


def test_a_law_without_noise_is_found() -> None:
    columns, _ = problem(0)
    fit = least_squares(columns, 2 * columns["a"] - columns["b"] + 3, standardise=False)
    assert [each.value for each in fit.coefficients.values()] == pytest.approx([2, -1, 0, 3], abs=1e-9)
    assert (fit.r2, fit.left_out_r2) == pytest.approx((1, 1))


def test_what_cannot_be_fitted_is_told() -> None:
    columns, wanted = problem(1)
    rows = len(wanted)
    with pytest.raises(TbenchError, match="4 rows are too few for 4 coefficients; give 5 or more"):
        least_squares({name: column[:4] for name, column in columns.items()}, wanted[:4])
    with pytest.raises(TbenchError, match="b is the same in every row"):
        least_squares(columns | {"b": np.full(rows, 0.1)}, wanted)
    with pytest.raises(TbenchError, match="a, b, c cannot be told apart"):
        least_squares(columns | {"b": 2 * columns["a"]}, wanted)
    with pytest.raises(TbenchError, match="row 3 alone decides a coefficient"):
        least_squares(columns | {"b": (np.arange(rows) == 2).astype(float)}, wanted)
    with pytest.raises(TbenchError, match="what is to be explained is the same in every row"):
        least_squares(columns, np.full(rows, 0.5))
