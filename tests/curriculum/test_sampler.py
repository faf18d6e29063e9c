"""Which queries come next, and that none is ever lost."""

import json
import subprocess
import sys
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.curriculum.sampler import CurriculumSampler
from rerec.errors import DataError, SettingsError
from rerec.rng import stream
from rerec.settings import CurriculumSettings

IDS = [f"q{n}" for n in range(10)]
RIGHT, WRONG = [1.0, 1.0], [0.0, 0.0]
PRINT_DRAWS = """
from rerec.curriculum.sampler import CurriculumSampler
from rerec.settings import CurriculumSettings
sampler = CurriculumSampler({f"q{n}" for n in range(50)}, CurriculumSettings(), seed=7)
for step in range(20):
    drawn = sampler.take(7)
    print(drawn)
    sampler.observe({q: [float(int(q[1:]) % 3 > 0), 1.0] for q in set(drawn)})
"""


def sampler(ids=IDS, *, seed: int = 7, **knobs) -> CurriculumSampler:
    return CurriculumSampler(ids, CurriculumSettings(**knobs), seed=seed)


def told(levels: dict[str, float], ids=IDS, **knobs) -> CurriculumSampler:
    """A sampler in epoch 0 that was told the mean score of some queries."""
    made = sampler(ids, **knobs)
    made.observe({query_id: [score] for query_id, score in levels.items()})
    return made


def test_the_first_epoch_is_every_query_once_in_a_seeded_order():
    assert sorted(sampler().plan(0)) == IDS
    assert sampler().plan(0) == sampler().plan(0) != sampler(seed=8).plan(0)
    assert sampler().plan(0) != sampler().plan(1)


def test_known_queries_come_easy_to_hard():
    levels = {"q0": 0.1, "q1": 0.9, "q2": 0.4, "q3": 0.7}
    plan = told(levels, tau=0).plan(1)
    assert [q for q in plan if q in levels] == ["q1", "q3", "q2", "q0"]


def test_queries_never_tried_stand_among_the_known_ones_as_of_middling_difficulty():
    plan = told({"q0": 0.8, "q1": 0.2}).plan(1)
    assert (plan[0], plan[-1]) == ("q0", "q1")
    assert sorted(plan[1:-1]) == IDS[2:]
    assert plan[1:-1] != IDS[2:]  # in a shuffled order


def test_mastered_queries_are_dropped_and_the_threshold_itself_is_not_mastered():
    # Difficulties 0.05, 0.125 and 0.5 against tau = 0.125.
    plan = told({"q0": 0.95, "q1": 0.875, "q2": 0.5}, tau=0.125, retest_every=5).plan(1)
    assert "q0" not in plan
    assert {"q1", "q2"} < set(plan)


@pytest.mark.parametrize("retest_every", [1, 2, 3, 5])
def test_a_mastered_query_is_tried_again_after_so_many_epochs(retest_every):
    made = told({"q0": 1.0}, retest_every=retest_every)
    back = [epoch for epoch in range(1, 8) if "q0" in made.plan(epoch)]
    assert back == list(range(retest_every, 8))


def test_a_forgotten_query_comes_back_and_one_that_is_still_mastered_rests_again():
    made = sampler(retest_every=2)
    made.take(10)
    made.observe(dict.fromkeys(IDS, WRONG) | {"q0": RIGHT, "q1": RIGHT})
    assert not {"q0", "q1"} & set(made.plan(1))
    made.take(8)
    made.observe(dict.fromkeys(IDS[2:], WRONG))
    assert set(made.take(10)) == set(IDS)  # epoch 2: both are tried again
    made.observe({"q0": WRONG, "q1": RIGHT})
    assert made.epoch == 2
    assert "q0" in made.plan(3)
    assert "q1" not in made.plan(3)
    assert "q1" in made.plan(4)


def test_where_all_are_mastered_all_are_tried_again():
    made = told(dict.fromkeys(IDS, 1.0), retest_every=3)
    assert sorted(made.plan(1)) == IDS
    assert sorted(made.take(10)) == IDS


def test_what_does_not_fill_a_draw_begins_the_next_one_and_nothing_is_lost():
    made = sampler(tau=0, retest_every=1)
    first = [made.take(4), made.take(4)]
    left = [q for q in made.plan(0) if q not in first[0] + first[1]]
    made.observe({q: [1.0 - n / 10] for n, q in enumerate(IDS)})  # q0 is the easiest
    third = made.take(4)
    assert third[:2] == left
    assert third[2:] == [q for q in IDS if q not in left][:2]


@settings(max_examples=60)
@given(
    n_ids=st.integers(1, 12),
    per_step=st.integers(1, 12),
    seed=st.integers(0, 99),
    order=st.sampled_from(["easy_to_hard", "shuffled"]),
)
def test_without_mastery_every_query_comes_equally_often_but_for_the_running_epoch(
    n_ids, per_step, seed, order
):
    per_step = min(per_step, n_ids)
    made = sampler([f"q{n}" for n in range(n_ids)], seed=seed, tau=0, order=order)
    rng = stream(seed, "scores")
    counts: Counter[str] = Counter(dict.fromkeys(made.query_ids, 0))
    for drawn in islice(made.steps(per_step), 20):
        assert len(drawn) == len(set(drawn)) == per_step
        counts.update(drawn)
        made.observe({query_id: rng.random(3).tolist() for query_id in drawn})
        assert max(counts.values()) - min(counts.values()) <= 1
        assert min(counts.values()) >= made.epoch  # all epochs but the running one are whole


@settings(max_examples=60)
@given(n_ids=st.integers(1, 12), per_step=st.integers(1, 12), seed=st.integers(0, 99))
def test_no_query_is_ever_starved_whatever_is_mastered_and_forgotten(n_ids, per_step, seed):
    per_step, retest = min(per_step, n_ids), 2
    made = sampler([f"q{n}" for n in range(n_ids)], seed=seed, retest_every=retest)
    rng = stream(seed, "moods")
    last = dict.fromkeys(made.query_ids, 0)
    for drawn in islice(made.steps(per_step), 40):
        assert len(set(drawn)) == per_step
        last |= dict.fromkeys(drawn, made.epoch)
        made.observe({query_id: [float(rng.integers(2))] for query_id in drawn})
        # What is left over of an epoch is drawn in the next, so one epoch may be between.
        assert all(made.epoch - epoch <= retest + 1 for epoch in last.values())


def test_every_draw_has_the_same_number_even_where_hardly_any_query_is_open():
    made = sampler(retest_every=3)
    made.take(10)
    made.observe(dict.fromkeys(IDS, RIGHT) | {"q7": WRONG})
    drawn = made.take(8)
    assert drawn[0] == "q7"  # the only open one; then mastered ones, before their time
    assert len(set(drawn)) == 8


def test_what_waits_never_piles_up_where_hardly_any_query_is_open():
    made = sampler(retest_every=3)
    for drawn in islice(made.steps(8), 50):
        made.observe({query_id: WRONG if query_id == "q7" else RIGHT for query_id in drawn})
        left = made.state_dict()["left"]
        assert len(left) == len(set(left))


def test_more_queries_a_step_than_there_are_is_an_error_that_names_the_setting():
    with pytest.raises(SettingsError, match=r"queries_per_step is 11, but there are 10 training"):
        sampler().take(11)


def test_beliefs_are_kept_by_query_id_and_not_by_place_in_the_batch():
    made = sampler(retest_every=9)
    drawn = made.take(10)
    scores = {query_id: RIGHT if query_id == "q4" else WRONG for query_id in reversed(drawn)}
    made.observe(scores)
    assert set(IDS) - set(made.plan(1)) == {"q4"}


@given(n_before=st.integers(0, 9), n_after=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_a_state_saved_at_any_step_goes_on_exactly_there_after_json(n_before, n_after, seed):
    def run(made: CurriculumSampler, steps: range) -> list[list[str]]:
        draws = []
        for step in steps:
            draws.append(made.take(4))
            rng = stream(seed, step)
            made.observe({query_id: rng.integers(0, 2, 2).tolist() for query_id in draws[-1]})
        return draws

    whole = sampler()
    run(whole, range(n_before))
    saved = json.dumps(whole.state_dict())
    restored = sampler()
    restored.take(3)
    restored.observe({"q1": RIGHT})
    restored.load_state_dict(json.loads(saved))
    after = range(n_before, n_before + n_after)
    assert run(restored, after) == run(whole, after)
    assert json.dumps(restored.state_dict()) == json.dumps(whole.state_dict())
    assert restored.counts() == whole.counts()


def test_a_saved_state_does_not_change_with_the_sampler_that_gave_it():
    made = sampler()
    made.take(3)
    state = made.state_dict()
    before = json.dumps(state)
    made.take(3)
    made.observe({"q1": RIGHT})
    assert json.dumps(state) == before


@pytest.mark.parametrize("other", [sampler(seed=8), sampler(IDS[:9]), sampler([*IDS, "q10"])])
def test_a_state_of_another_seed_or_of_other_queries_is_refused(other):
    with pytest.raises(DataError, match="another seed or to other training queries"):
        other.load_state_dict(sampler().state_dict())


def test_the_order_in_which_queries_are_given_does_not_matter():
    assert sampler(IDS[::-1]).plan(3) == sampler(IDS).plan(3)


def test_a_query_that_drops_out_does_not_shuffle_the_others():
    plain = sampler(order="shuffled").plan(1)
    without = told({"q3": 1.0}, order="shuffled").plan(1)
    assert without == [q for q in plain if q != "q3"]


def test_every_process_draws_the_same_queries_whatever_its_hash_seed():
    draws = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DRAWS],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(draws) == 1
    assert draws.pop().count("\n") == 20


def test_without_the_curriculum_every_epoch_is_a_shuffle_of_everything():
    made = told(dict.fromkeys(IDS[:5], 1.0), enabled=False)
    assert sorted(made.plan(1)) == IDS
    assert made.plan(1) == sampler(enabled=False).plan(1)


def test_the_counts_tell_mastered_open_and_unseen_apart():
    made = told({"q0": 1.0, "q1": 0.5, "q2": 0.0})
    assert made.counts() == {"mastered": 1, "open": 2, "unseen": 7}


def test_scores_of_a_stranger_are_a_callers_bug():
    with pytest.raises(ValueError, match="'q99' is not one of the training queries"):
        sampler().observe({"q99": RIGHT})


@pytest.mark.parametrize("ids", [[], ["q1", "q1"]])
def test_no_queries_and_repeated_ones_are_a_callers_bug(ids):
    with pytest.raises(ValueError, match="at least one, and each once"):
        sampler(ids)
