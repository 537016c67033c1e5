"""Several stores in one: nothing is lost, equal outcomes are one, and what contradicts is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tbench.merge import merged
from tbench.results import Key, Record

KEY = Key("score", "s", "d/x", "m/a", "one", 0)
EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"
OLD = Record(KEY, "ok", 1.0, provenance={"machine": "slow"}, time=EARLY)
NEW = Record(KEY, "ok", 2.0, provenance={"machine": "fast", "device": "cuda (H200)"}, time=LATE)
FAILED = Record(KEY, "failed", reason="no", time=LATE)

records = st.builds(
    Record,
    st.builds(
        Key, st.just("score"), st.just("s"), st.just("d"), st.just("m"), st.sampled_from("abcd"), st.integers(0, 1)
    ),
    st.just("ok"),
    st.sampled_from([1.0, 2.0]),
    time=st.sampled_from([EARLY, LATE]),
)
stores = st.lists(records, max_size=8).map(lambda several: [*{record.key: record for record in several}.values()])


def test_what_is_lacking_is_added_and_equal_outcomes_are_one() -> None:
    other = replace(OLD, key=replace(KEY, seed=1))
    found = merged([OLD], [replace(OLD, time=LATE), other])
    assert found.added == (other,)
    assert (found.same, found.conflicts) == (1, ())


def test_a_failure_gives_way_and_never_takes_a_place() -> None:
    assert merged([FAILED], [OLD]).added == (OLD,)
    assert merged([OLD], [FAILED]).added == ()
    assert merged([FAILED], [replace(FAILED, reason="again")]).added == ()
    assert merged([], [FAILED], [OLD]).added == (OLD,)


def test_a_conflict_is_named_with_both_values_machines_and_times() -> None:
    found = merged([OLD], [NEW])
    assert found.added == ()
    (conflict,) = found.conflicts
    assert str(conflict) == (
        f"one of m/a on d/x, seed 0, suite s (score): 1.0 on slow at {EARLY}; 2.0 on fast, cuda (H200) at {LATE}"
    )


def test_a_number_and_none_contradict() -> None:
    none = Record(KEY, "inapplicable", reason="no head", time=LATE)
    (conflict,) = merged([OLD], [none]).conflicts
    assert "inapplicable on an unknown machine" in str(conflict)


def test_a_preference_says_which_stays_and_the_conflict_is_still_named() -> None:
    assert merged([OLD], [NEW], prefer="newest").added == (NEW,)
    assert merged([NEW], [OLD], prefer="newest").added == ()
    assert merged([OLD], [NEW], prefer="first").added == ()
    assert merged([], [OLD], [NEW], prefer="newest").added == (NEW,)
    assert len(merged([], [OLD], [NEW], prefer="first").conflicts) == 1


@given(st.lists(stores, min_size=1, max_size=4))
def test_no_cell_is_lost_and_what_agrees_needs_no_order(several: list[list[Record]]) -> None:
    first, *others = several
    for prefer in ("first", "newest"):
        found = merged(first, *others, prefer=prefer)
        whole = {record.key: record for record in first} | {record.key: record for record in found.added}
        assert set(whole) == {record.key for store in several for record in store}
        assert all(any(record in store for store in several) for record in whole.values())
        if prefer == "newest":
            everything = [record for store in several for record in store]
            latest = {key: max(one.time for one in everything if one.key == key) for key in whole}
            last = {(one.key, one.value) for one in everything if one.time == latest[one.key]}
            assert {(key, kept.value) for key, kept in whole.items()} <= last
    agreeing = [[replace(record, value=1.0) for record in store] for store in several]
    wholes = []
    for order in permutations(agreeing):
        found = merged([], *order)
        assert found.conflicts == ()
        wholes.append({record.key: record.value for record in found.added})
    assert all(whole == wholes[0] for whole in wholes)
