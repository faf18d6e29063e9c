"""What responses are worth, from the box to the blame."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.credit.judge import Judge, line_of, outcome_of
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.metrics import ndcg
from rerec.prompting import write_answer
from rerec.records import SPLITS, Condition
from rerec.settings import CreditSettings, RewardSettings

# q1 asks for crime by Scorsese: right is 12, Goodfellas; 1 Heat, 2, 5, 9 Léon, 10 are offered too.
# q4 asks for crime, drama and De Niro: right are 1, Heat, and 12, Goodfellas.
PIECES = st.lists(
    st.sampled_from(
        ["\\boxed{", "{", "}", ";", "Heat (1995)", "Goodfellas", "Cape Fear", "It", "\n", "\n\n",
         "</think>", "é東", "\x00", "\u2028", "\\", "(1995)", " ", "\ud800", "\u202e", "🎬"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ("\\boxed{Goodfellas (1990)}", "right"),
        ("\\boxed{goodfellas}", "right"),
        ("\\boxed{Heat}", "wrong"),
        ("\\boxed{Die Hard}", "not_a_candidate"),
        ("\\boxed{The Nonesuch (1990)}", "unknown_title"),
        ("\\boxed{}", "no_answer"),
        ("\\boxed{ ; }", "no_answer"),
        ("Goodfellas", "no_answer"),
        ("", "no_answer"),
        ("\\boxed{Goodfellas", "no_answer"),
    ],
)
def test_the_outcome_is_that_of_the_first_title_in_the_box(score, response, outcome):
    assert score("q1", response).outcome == outcome


def test_a_right_title_behind_an_unknown_one_is_unknown_and_earns_by_its_rank(score, make_judge):
    response = "\\boxed{The Nonesuch; Goodfellas}"
    scored = score("q1", response, make_judge(k=2))
    assert (scored.outcome, scored.answer) == ("unknown_title", ("12",))
    assert scored.ndcg == pytest.approx(1 / np.log2(3))
    assert score("q1", response).ndcg == 0  # K = 1


def test_the_order_in_the_box_counts_and_a_repeat_earns_nothing(score, make_judge):
    judge = make_judge(k=3)
    first = score("q4", "\\boxed{Goodfellas; Heat}", judge).ndcg
    behind = score("q4", "\\boxed{Léon; Goodfellas; Heat}", judge).ndcg
    repeated = score("q4", "\\boxed{Goodfellas; Goodfellas; Goodfellas}", judge)
    assert first == 1 > behind > 0
    assert repeated.ndcg == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert repeated.answer == ("12", "12", "12")


def test_every_part_of_a_wrong_answer_is_worked_by_hand(score, domain):
    # Of Goodfellas' nine pairs Heat has six.
    scored = score("q1", "Heat is a crime film.\n\n\\boxed{Heat}")
    goodfellas = {"Crime", "Drama", "Martin Scorsese", "Nicholas Pileggi", "Robert De Niro"}
    goodfellas |= {"Ray Liotta", "United States", "English", "1990s"}
    heat = {"Crime", "Drama", "Robert De Niro", "United States", "English", "1990s"}
    z = domain.embeddings()[domain.catalogue.rows_of(["1", "12"])]
    cosine = float(z[0] @ z[1] / np.linalg.norm(z[0]) / np.linalg.norm(z[1]))
    assert scored.qas == pytest.approx(len(heat) / len(goodfellas))
    assert scored.pas == pytest.approx(cosine, abs=1e-6)
    assert (scored.ndcg, scored.format) == (0, 0.5)
    assert scored.reward == pytest.approx(0.05 + 0.1 * scored.qas + 0.1 * scored.pas)


def test_with_several_truths_attributes_are_the_shared_ones_and_taste_the_nearest(score, domain):
    # Heat and Goodfellas share the six pairs above; Heat itself has all of them.
    scored = score("q4", "\\boxed{Heat}")
    assert (scored.outcome, scored.qas) == ("right", 1.0)
    assert scored.pas == pytest.approx(1.0)
    # Cape Fear (1991): crime, De Niro, United States, English, 1990s, and not drama.
    wrong = score("q4", "\\boxed{Cape Fear (1991)}")
    assert wrong.qas == pytest.approx(5 / 6)
    z = domain.embeddings()
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    fear, heat, goodfellas = z[domain.catalogue.rows_of(["3", "1", "12"])]
    assert wrong.pas == pytest.approx(float(max(fear @ heat, fear @ goodfellas)), abs=1e-6)


def test_by_conditions_the_asked_ones_count_and_not_the_truths_others(score, make_judge):
    judge = make_judge(qas="conditions")
    assert score("q1", "\\boxed{Heat}", judge).qas == 0.5  # crime, not Scorsese
    assert score("q1", "\\boxed{Goodfellas}", judge).qas == 1.0
    assert score("q1", "\\boxed{Pinocchio}", judge).qas == 0.0


def test_by_conditions_a_query_that_asks_for_none_is_measured_by_its_truths(make_judge, queries):
    bare = replace(queries["q1"], query_id="bare", conditions=())
    both = [bare, queries["q1"], bare]
    found = make_judge(qas="conditions").judge(both, ["\\boxed{Heat}"] * 3)
    assert [scored.qas for scored in found] == pytest.approx([6 / 9, 0.5, 6 / 9])


@pytest.mark.parametrize("response", ["", "Heat", "\\boxed{}", "\\boxed{Nonesuch}", "\\boxed{;}"])
def test_an_answer_that_is_no_item_earns_nothing_but_its_format(score, response):
    scored = score("q1", response)
    assert scored.ndcg == scored.qas == scored.pas == 0
    assert scored.answer == ()
    assert scored.format == (0.5 if "Nonesuch" in response else -0.5)
    assert scored.reward == pytest.approx(0.1 * scored.format)


def test_the_gold_answer_of_every_query_is_right_and_earns_the_most(make_judge, domain):
    judge = make_judge()
    for query in (query for split in SPLITS for query in domain.queries(split)):
        for item_id in query.ground_truth:
            label = domain.catalogue.items[domain.catalogue.row_of(item_id)].label
            (scored,) = judge.judge([query], [write_answer([label])])
            assert scored.outcome == "right"
            assert scored.reward == pytest.approx(0.05 + 1 + 0.1 + 0.1)


def test_paragraphs_that_name_the_wrong_answer_are_blamed_and_the_answer_line_is_not(score):
    text = (
        "Goodfellas is by Scorsese.\n\nHeat (1995) is crime. Fits.\n\nNot Léon.\n\n"
        "So heat it is.\nAnswer: \\boxed{Heat}\nHeat!"
    )
    scored = score("q1", text)
    paragraphs = zip(scored.segments, scored.blamed, strict=True)
    blamed = [text[segment.start : segment.end] for segment, guilty in paragraphs if guilty]
    assert blamed == ["Heat (1995) is crime. Fits.", "So heat it is.", "Heat!"]
    assert [s.is_answer for s in scored.segments] == [False] * 4 + [True, False]


@pytest.mark.parametrize("answer", ["Goodfellas", "Nonesuch", ""])
def test_nothing_is_blamed_where_the_answer_is_right_or_no_item(score, answer):
    scored = score("q1", f"Goodfellas, Heat, Nonesuch.\n\nHeat.\n\n\\boxed{{{answer}}}")
    assert scored.blamed == (False, False, False)


def test_an_item_that_was_not_offered_is_blamed_where_it_is_named(score):
    scored = score("q1", "Die Hard?\n\nHeat?\n\n\\boxed{Die Hard (1988)}")
    assert scored.outcome == "not_a_candidate"
    assert scored.blamed == (True, False, False)


def test_an_open_request_offers_the_whole_catalogue(make_judge, queries):
    everything = replace(queries["q1"], candidates=())
    (scored,) = make_judge().judge([everything], ["\\boxed{Die Hard}"])
    assert scored.outcome == "wrong"


def test_a_title_that_two_films_share_is_the_one_that_was_offered(score):
    # q1 offers neither Cape Fear, q6 both, q4 the one of 1991.
    assert score("q4", "\\boxed{Cape Fear}").answer == ("3",)
    assert score("q6", "\\boxed{Cape Fear}").outcome == "unknown_title"
    assert score("q6", "\\boxed{Cape Fear (1991)}").outcome == "right"


@given(
    responses=st.lists(PIECES, min_size=1, max_size=4), by=st.sampled_from(["shared", "conditions"])
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_scores_within_bounds_and_can_be_printed(
    make_judge, queries, responses, by
):
    judge = make_judge(qas=by, k=3)
    asked = [queries[name] for name in ("q1", "q4", "q6", "q2")][: len(responses)]
    for scored, text in zip(judge.judge(asked, responses), responses, strict=True):
        assert 0 <= scored.ndcg <= 1
        assert 0 <= scored.qas <= 1
        assert -1 <= scored.pas <= 1
        assert -0.15 - 1e-9 <= scored.reward <= 1.25 + 1e-9
        assert (scored.format == 0.5) == (scored.outcome != "no_answer")
        assert len(scored.blamed) == len(scored.segments)
        assert not any(scored.blamed) or scored.outcome in ("wrong", "not_a_candidate")
        assert all(0 <= s.start < s.end <= len(text) for s in scored.segments)
        json.dumps(line_of(scored), allow_nan=False).encode()


@given(responses=st.lists(PIECES, min_size=1, max_size=5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_response_scores_the_same_alone_and_in_any_batch(make_judge, queries, responses):
    judge, asked = make_judge(), [queries["q4"]] * len(responses)
    together = judge.judge(asked, responses)
    assert together == [
        scored for text in responses for scored in make_judge().judge([queries["q4"]], [text])
    ]


def test_the_judge_ranks_as_the_metric_does_on_random_boxes(make_judge, queries, domain):
    judge, rng = make_judge(k=4), np.random.default_rng(7)
    for _ in range(200):
        rows = rng.integers(-1, domain.catalogue.n_items, 5).tolist()
        items = domain.catalogue.items
        titles = [items[row].label if row >= 0 else "Nonesuch" for row in rows]
        (scored,) = judge.judge([queries["q4"]], [write_answer(titles)])
        truth = domain.catalogue.rows_of(["1", "12"]).tolist()
        assert scored.ndcg == pytest.approx(ndcg(rows, truth, k=4))
        assert scored.outcome == outcome_of(
            rows, truth, domain.catalogue.rows_of(queries["q4"].candidates).tolist()
        )


def test_missing_embeddings_are_an_error_at_the_start_and_never_a_silent_zero(make_judge):
    with pytest.raises(DataError, match=r"reward\.w_pas is 0\.1, but there are no item embeddings"):
        make_judge(embeddings=None)


def test_without_weight_on_taste_embeddings_may_be_missing_and_pas_is_zero(score, make_judge):
    assert score("q1", "\\boxed{Heat}", make_judge(embeddings=None, w_pas=0)).pas == 0


def test_embeddings_of_another_catalogue_are_an_error(make_judge):
    with pytest.raises(DataError, match="there are 3 item embeddings for 12 items"):
        make_judge(embeddings=np.eye(3))


def test_a_graph_without_any_attribute_is_an_error_at_the_start(domain):
    index = TitleIndex(domain.catalogue)
    empty = AttributeGraph.from_table(domain.catalogue, domain.attributes.slice(0, 0))
    with pytest.raises(DataError, match=r"reward\.w_qas is 0\.1, but no item has an attribute"):
        Judge(domain.catalogue, index, empty, None, RewardSettings(w_pas=0), CreditSettings())


def test_a_condition_that_no_item_has_is_an_error_where_conditions_are_paid(make_judge, queries):
    odd = replace(queries["q1"], conditions=(Condition("genre", "Polka"),))
    with pytest.raises(DataError, match=r"'q1' asks for genre 'Polka', which no item has"):
        make_judge(qas="conditions").check([queries["q2"], odd])
    make_judge(qas="conditions", w_qas=0).check([odd])
    make_judge(qas="shared").check([odd])


def test_an_unknown_item_in_a_query_is_an_error(make_judge, queries):
    odd = replace(queries["q1"], ground_truth=("99",), candidates=())
    with pytest.raises(DataError, match="'99' is not in the catalogue"):
        make_judge().check([odd])


def test_as_many_responses_as_queries_are_needed(make_judge, queries):
    with pytest.raises(ValueError, match="zip"):
        make_judge().judge([queries["q1"]], [])


def test_no_responses_are_no_trouble(make_judge):
    assert make_judge().judge([], []) == []


def test_the_catalogues_own_order_gives_the_same_scores(domain, queries):
    # Rows are positions only: a catalogue in another order must judge alike.
    items = tuple(reversed(domain.catalogue.items))
    catalogue = Catalogue(items)
    graph = AttributeGraph.from_table(catalogue, domain.attributes)
    turned = Judge(
        catalogue, TitleIndex(catalogue), graph, domain.embeddings()[::-1],
        RewardSettings(), CreditSettings(),
    )  # fmt: skip
    plain = Judge.of(domain, RewardSettings(), CreditSettings())
    text = "Heat (1995)?\n\n\\boxed{Cape Fear (1991)}"
    one, other = (judge.judge([queries["q4"]], [text])[0] for judge in (plain, turned))
    assert replace(one, pas=0, reward=0) == replace(other, pas=0, reward=0)
    assert one.reward == pytest.approx(other.reward)
