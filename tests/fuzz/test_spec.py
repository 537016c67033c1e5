"""Any text is a spec, or one line says why not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tbench.errors import UsageError
from tbench.spec import CandidateName, bind, parse, split_specs

from .mutation import refusal

texts = st.text(max_size=60) | st.text("ab:=,+/@.-_ 19e\n\x1b|`<é", max_size=60)


def metric(
    features: object, *, eps: float = 1e-4, rank: int | None = None, how: str = "thin", on: bool = True
) -> float:
    raise NotImplementedError


@given(texts)
def test_what_is_read_is_written_and_read_as_itself(text: str) -> None:
    def again() -> None:
        spec = parse(text)
        assert parse(str(spec)) == spec
        assert parse(str(parse(str(spec)))) == spec

    assert not refusal(again, UsageError) or refusal(lambda: parse(text), UsageError)


@given(texts)
def test_so_are_names_of_candidates(text: str) -> None:
    def again() -> None:
        assert str(CandidateName.parse(text)) == text

    refusal(again, UsageError)


@given(texts)
def test_a_comma_list_is_specs_or_refused(text: str) -> None:
    def each() -> None:
        for part in split_specs(text):
            parse(part)

    refusal(each, UsageError)


@given(st.sampled_from(["eps", "rank", "how", "on", "as", "x"]), st.text("0123456789.eE+-_naift", max_size=400) | texts)
def test_settings_are_of_their_kind_or_refused(key: str, value: str) -> None:
    def bound() -> None:
        settings = bind(parse(f"m:{key}={value}").metric, metric)
        kinds = {"eps": float, "rank": int | None, "how": str, "on": bool}
        assert all(isinstance(settings[name], kinds[name]) for name in settings)

    refusal(bound, UsageError)
