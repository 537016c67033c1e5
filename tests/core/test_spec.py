"""The grammar: what is written, what it means, and how it is written back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.api import published
from tbench.errors import PluginError, UsageError
from tbench.spec import CandidateName, Piece, Spec, bind, defaults, needs, parse, shortened, spelled_out, split_specs

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = np.float64(0.5)
MAYBE = Optional[int]  # noqa: UP045


def transrate(
    features: NDArray[Any],
    labels: NDArray[Any],
    *,
    eps: float = 1e-4,
    weights: str = "sizes",
    centred: bool = True,
    steps: int = 11,
    rank: int | None = None,
) -> float:
    """Annotations as written: text, and of names that exist for the type checker only."""
    raise NotImplementedError


words = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
names = words | st.builds("{}/{}".format, words, words)
keys = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
numbers = st.floats(allow_nan=False).map(repr) | st.integers().map(str) | st.sampled_from(["1e+2", "+3", "1E+05", ""])
settings = st.dictionaries(keys, numbers | words, max_size=3).map(lambda found: tuple(found.items()))
pieces = st.builds(Piece, names, settings)
specs = st.builds(Spec, pieces, st.lists(pieces, max_size=2).map(tuple))


@given(specs)
def test_what_is_written_is_read(spec: Spec) -> None:
    assert parse(str(spec)) == spec


@given(st.lists(specs, min_size=1, max_size=4))
def test_a_comma_list_keeps_settings_with_their_spec(wanted: list[Spec]) -> None:
    assert [parse(text) for text in split_specs(",".join(map(str, wanted)))] == wanted


def test_settings_and_transforms() -> None:
    assert parse("logme:logdet=thin+ped:nsigma=2,dt=1e+2") == Spec(
        Piece("logme", (("logdet", "thin"),)), (Piece("ped", (("nsigma", "2"), ("dt", "1e+2"))),)
    )
    assert parse(" nce : a = 1 , b = x ") == parse("nce:a=1,b=x")


def test_the_list_on_a_command_line() -> None:
    told = "logme, transrate:eps=1e-2,weights=counts,nce,sfda+ped:dt=1,nsigma=2,gbc:a=1+ped:dt=1"
    assert split_specs(told) == [
        "logme",
        "transrate:eps=1e-2,weights=counts",
        "nce",
        "sfda+ped:dt=1,nsigma=2",
        "gbc:a=1+ped:dt=1",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "logme:",
        "logme:eps",
        "logme:=3",
        "logme+",
        "+ped",
        "a b",
        "eps=2",
        "logme:a=1:b=2",
        "x:a=b=c",
        "logme+2x",
        "a:b=c d",
        "/x",
    ],
)
def test_what_is_no_spec_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not name:setting=value") as refusal:
        parse(text)
    assert "\n" not in str(refusal.value)
    assert repr(text) in str(refusal.value)


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse("logme:a=1,a=2")


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no metric"):
        split_specs(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mini/resnet-mix@stage2", CandidateName("mini", "resnet-mix", "stage2")),
        ("timm/resnet50.a1_in1k", CandidateName("timm", "resnet50.a1_in1k")),
        ("folder/./my-photos", CandidateName("folder", "./my-photos")),
        ("hub/me@home/net@layer.1", CandidateName("hub", "me@home/net", "layer.1")),
    ],
)
def test_candidates(text: str, name: CandidateName) -> None:
    assert CandidateName.parse(text) == name
    assert str(name) == text


@pytest.mark.parametrize("text", ["", "mini", "mini/", "/resnet", "mini/resnet@", "mini/@stage2"])
def test_what_is_no_candidate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="family/name"):
        CandidateName.parse(text)


def bound(function: Callable[..., object], text: str) -> dict[str, object]:
    return bind(parse(text).metric, function)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("eps=1e-2", 0.01),
        ("eps=2", 2.0),
        ("eps=1e+2", 100.0),
        ("eps=inf", math.inf),
        ("weights=counts", "counts"),
        ("weights=", ""),
        ("weights=12", "12"),
        ("centred=false", False),
        ("centred=True", True),
        ("steps=3", 3),
        ("steps=1e3", 1000),
        ("steps=123456789012345678901", 123456789012345678901),
        ("rank=none", None),
        ("rank=5", 5),
    ],
)
def test_a_value_has_the_type_that_the_function_declares(text: str, value: object) -> None:
    (found,) = bound(transrate, f"transrate:{text}").values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eps=small", "a number"),
        ("eps=none", "a number"),
        ("eps=", "a number"),
        ("centred=1", "true or false"),
        ("steps=1.5", "a whole number"),
        ("steps=inf", "a whole number"),
        ("rank=2.5", "a whole number or none"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as refusal:
        bound(transrate, f"transrate:{text}")
    assert str(refusal.value) == f"transrate: {text} is not {expected}"


def test_an_unknown_setting_is_refused_with_the_right_ones() -> None:
    with pytest.raises(UsageError) as refusal:
        bound(transrate, "transrate:epsilon=1")
    assert str(refusal.value) == (
        "transrate has no setting 'epsilon'; did you mean eps? (it has centred, eps, rank, steps, weights)"
    )
    with pytest.raises(UsageError, match="it has none"):
        bound(lambda labels: 0.0, "plain:eps=1")


def test_types_without_text_annotations() -> None:
    def live(  # what a stranger's file without `from __future__ import annotations` gives
        labels,
        *,
        whole=1,
        share=0.5,
        wide: float = 1,
        odd: Literal["a", "b"] = "a",
        flag=False,
        unsaid=None,
        np_float=HALF,
    ): ...

    live.__annotations__ = {"wide": float, "odd": Literal["int", "str"]}
    live.__kwdefaults__["maybe"] = None
    assert bound(live, "x:whole=2,share=2,wide=1.5,odd=b,flag=true,np_float=1,unsaid=none") == {
        "whole": 2,
        "share": 2.0,
        "wide": 1.5,
        "odd": "b",
        "flag": True,
        "np_float": 1.0,
        "unsaid": None,
    }
    with pytest.raises(UsageError, match=r"whole=2\.5 is not a whole number"):
        bound(live, "x:whole=2.5")
    with pytest.raises(UsageError, match="unsaid=3 is not none"):
        bound(live, "x:unsaid=3")


@pytest.mark.parametrize("annotation", [int | None, MAYBE, "Optional[int]", "int | None", "None | int"])
def test_optional_settings_however_annotated(annotation: object) -> None:
    def f(*, k=None): ...

    f.__annotations__["k"] = annotation
    assert bound(f, "f:k=3") == {"k": 3}
    assert bound(f, "f:k=none") == {"k": None}
    with pytest.raises(UsageError, match="a whole number or none"):
        bound(f, "f:k=few")


def test_evidence_is_what_has_no_default() -> None:
    def loose(features, *labels, seed, k=1, **rest): ...

    assert needs(transrate) == ("features", "labels")
    assert needs(loose) == ("features", "seed")
    assert defaults(loose) == {"k": 1}


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (math.sqrt, "cannot be given by name"),
        ("logme", "not a function"),
        (lambda features, *, bins=(1, 2): 0.0, "setting bins"),
        (lambda features, *, how="a,b": 0.0, "setting how"),
    ],
)
def test_a_function_that_breaks_the_contract_is_named(function: Any, told: str) -> None:
    with pytest.raises(PluginError, match=told) as refusal:
        defaults(function)
    assert "\n" not in str(refusal.value)


def test_every_setting_is_spelled_out_and_none_that_goes_without_saying() -> None:
    everything = "transrate:centred=true,eps=0.0001,rank=none,steps=11,weights=sizes"
    for text in ("transrate", "transrate:eps=1e-4", "transrate:steps=11,eps=.0001", everything):
        values = bound(transrate, text)
        assert str(spelled_out("transrate", transrate, values)) == everything
        assert str(shortened("transrate", transrate, values)) == "transrate"
    other = bound(transrate, "transrate:weights=counts,eps=1e+16,centred=False")
    assert str(shortened("transrate", transrate, other)) == "transrate:centred=false,eps=1e+16,weights=counts"
    assert str(shortened("transrate", transrate, bound(transrate, "transrate:eps=2.0"))) == "transrate:eps=2"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "eps": st.floats(allow_nan=False),
            "weights": words,
            "centred": st.booleans(),
            "steps": st.integers(),
            "rank": st.none() | st.integers(),
        },
    )
)
def test_what_is_spelled_out_means_the_same(values: dict[str, object]) -> None:
    for write in (spelled_out, shortened):
        again = bind(parse(str(write("transrate", transrate, values))).metric, transrate)
        assert defaults(transrate) | again == defaults(transrate) | values


@published("loose", eps=1.0)
@published("authors", weights="counts", eps=1e-5)
@published("plain", eps=1e-4)
def with_presets(features: object, *, eps: float = 1e-4, weights: str = "classes") -> float:
    raise NotImplementedError


def test_a_preset_stands_for_its_settings_and_what_is_written_beside_it_wins() -> None:
    assert bound(with_presets, "m:as=authors") == {"weights": "counts", "eps": 1e-5}
    assert bound(with_presets, "m:as=authors,eps=1") == bound(with_presets, "m:eps=1,as=authors")
    assert bound(with_presets, "m:as=authors,eps=1") == {"weights": "counts", "eps": 1.0}


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("m:as=authors", "m:as=authors"),
        ("m:eps=1e-5,weights=counts", "m:as=authors"),
        ("m:eps=1", "m:as=loose"),
        ("m:as=loose,weights=counts", "m:eps=1,weights=counts"),
        ("m:as=plain", "m"),  # what goes without saying anyway
    ],
)
def test_settings_that_make_up_a_preset_are_called_by_it(written: str, label: str) -> None:
    settings = bound(with_presets, written)
    assert str(shortened("m", with_presets, settings)) == label
    again = bound(with_presets, label)
    assert spelled_out("m", with_presets, again) == spelled_out("m", with_presets, settings)


def test_an_unknown_preset_is_refused_with_the_right_ones() -> None:
    with pytest.raises(UsageError, match="m has no published settings called 'author'; did you mean authors"):
        bound(with_presets, "m:as=author")
    with pytest.raises(UsageError, match=r"\(it has none\)"):
        bound(transrate, "transrate:as=authors")


def test_a_preset_of_settings_that_do_not_exist_is_the_plug_ins_fault() -> None:
    @published("old", epsilon=1.0)
    def wrong(features: object, *, eps: float = 1e-4) -> float:
        raise NotImplementedError

    with pytest.raises(PluginError, match="preset old sets epsilon, which it does not have"):
        bound(wrong, "wrong:as=old")
