from hypothesis import given
from hypothesis import strategies as st

from rerec.assistant.exchange import State, Wish, Years
from rerec.assistant.taking import MOST_WISHES, Asked, Request, taken
from rerec.records import Condition

SINGLE = frozenset({"decade"})
conditions = st.builds(
    Condition, st.sampled_from(["genre", "decade"]), st.sampled_from(["1980s", "1990s", "a", "b"])
)
spans = st.builds(
    lambda first, length: Years(first, None if first is None else first + length),
    st.one_of(st.none(), st.integers(1950, 2000)),
    st.integers(0, 30),
)
requests = st.builds(
    Request,
    asked=st.lists(
        st.builds(Asked, conditions, st.sampled_from(["wanted", "unwanted", "withdrawn"])),
        max_size=4,
    ).map(tuple),
    years=st.lists(spans, max_size=2).map(tuple),
    words=st.sampled_from(["", "heist", "snow"]),
    like=st.lists(st.sampled_from("abc"), max_size=2).map(tuple),
    opinions=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["like", "dislike", "seen"])), max_size=2
    ).map(tuple),
    is_anew=st.booleans(),
    is_instead=st.booleans(),
)


@given(st.lists(requests, max_size=5))
def test_whatever_is_asked_a_condition_stands_once_and_years_can_be_met(said):
    state = State(user_id="ann", shown=("x",))
    for request in said:
        state, _ = taken(state, request, SINGLE)
        standing = [wish.condition for wish in state.wishes]
        assert len(standing) == len(set(standing))
        assert not set(state.liked) & set(state.disliked)
        first, last = state.years.first, state.years.last
        assert first is None or last is None or first <= last
    assert state.user_id == "ann"
    assert state.turns == len(said)


@given(st.lists(requests, max_size=3), requests)
def test_the_last_word_on_a_condition_counts(said, last):
    state = State()
    for request in said:
        state, _ = taken(state, request, SINGLE)
    state, _ = taken(state, last, SINGLE)
    final = {one.condition: one.stance for one in last.asked if one.stance != "withdrawn"}
    standing = {wish.condition: wish.wanted for wish in state.wishes}
    for condition, stance in final.items():
        # A decade that the years of the same request rule out is not asked for.
        if condition.value in "ab" or not last.years:
            assert standing[condition] == (stance == "wanted")


def test_a_state_stays_small():
    asked = tuple(Asked(Condition("genre", str(n)), "wanted") for n in range(500))
    state, _ = taken(State(), Request(asked=asked), SINGLE)
    assert len(state.wishes) == MOST_WISHES
    assert state.wishes[-1] == Wish(Condition("genre", "499"))
