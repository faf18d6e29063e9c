"""A response or a ranking becomes a row; what counts as right is the judge's."""

from dataclasses import replace

import pytest

from rerec.catalogue.domain import read_domain
from rerec.evaluate.rows import RowMaker


@pytest.fixture
def domain(corner_shop):
    return read_domain(corner_shop)


@pytest.fixture
def maker(domain):
    return RowMaker(domain)


@pytest.fixture
def query(domain):
    return next(q for q in domain.queries("test") if q.query_id == "q7")


@pytest.mark.parametrize(
    ("response", "outcome", "answer", "met"),
    [
        ("It fits.\n\n\\boxed{Usual Suspects, The (1995)}", "right", ["2"], 1.0),
        ("\\boxed{Die Hard (1988)}", "wrong", ["7"], 0.5),  # a thriller, by someone else
        ("\\boxed{Goodfellas (1990)}", "not_a_candidate", ["12"], 0.0),
        ("\\boxed{The Godfather (1972)}", "unknown_title", [], 0.0),
        ("The Usual Suspects, of course.", "no_answer", [], 0.0),
        ("", "no_answer", [], 0.0),
    ],
)
def test_every_outcome(maker, query, response, outcome, answer, met):
    row = maker.answered([(query, response, 12)])[0]
    assert (row["outcome"], row["answer"]) == (outcome, answer)
    assert row["ndcg"] == row["recall"] == float(outcome == "right")
    assert row["conditions_met"] == met
    assert (row["response"], row["n_tokens"]) == (response, 12)


@pytest.mark.parametrize(
    "response",
    ["x" * 100_000, "\\boxed{" * 5000, "\x00\x1b\ufffd \\boxed{\u202e日本}", "\\boxed{{}}{}}{{"],
)
def test_nonsense_is_scored_and_never_raises(maker, query, response):
    row = maker.answered([(query, response, 1)])[0]
    assert row["outcome"] in ("no_answer", "unknown_title")
    assert row["response"] == response


def test_half_a_character_cannot_spoil_the_file(maker, query):
    row = maker.answered([(query, "a\ud800b", 1)])[0]
    assert row["response"] == "a?b"


def test_the_most_selective_condition_decides_the_holders(maker, domain):
    holders = {q.query_id: maker.n_holders(q) for q in domain.queries("train")}
    # q1: Scorsese 12; q2: Willis 7; q3: romance 10 11 (1990s: 1 3 6 10); q4: De Niro 1 3 12
    assert holders == {"q1": 1, "q2": 1, "q3": 2, "q4": 3}


def test_a_query_that_asks_nothing_has_no_holders_and_no_conditions_met(maker, query):
    free = replace(query, conditions=())
    row = maker.answered([(free, "\\boxed{The Usual Suspects}", 3)])[0]
    assert (row["n_conditions"], row["n_holders"], row["conditions_met"]) == (0, 0, None)
    assert row["outcome"] == "right"
    assert maker.ranked(free, [1])["conditions_met"] is None


def test_a_ranking_earns_by_the_place_of_the_truth(maker, domain, query):
    rows = domain.catalogue.rows_of(["7", "2", "3", "8", "1"]).tolist()
    second = maker.ranked(query, rows)
    assert (second["outcome"], second["answer"][0]) == ("wrong", "7")
    assert second["ndcg"] == pytest.approx(0.63093, abs=1e-5)  # 1 / log2(3)
    assert (second["recall"], second["conditions_met"]) == (1.0, 0.5)
    assert second["n_tokens"] is None
    first = maker.ranked(query, [rows[1], rows[0]])
    assert (first["outcome"], first["ndcg"], first["conditions_met"]) == ("right", 1.0, 1.0)


def test_truths_that_were_not_offered_do_not_lower_ndcg_and_recall(maker, query):
    more = replace(query, ground_truth=("10", "2", "12"))  # of these only 2 is a candidate
    row = maker.answered([(more, "\\boxed{The Usual Suspects}", 3)])[0]
    assert (row["outcome"], row["ndcg"], row["recall"]) == ("right", 1.0, 1.0)
    assert maker.ranked(more, [1])["ndcg"] == 1.0
    both = replace(query, ground_truth=("2", "7"))
    row = maker.answered([(both, "\\boxed{The Usual Suspects; Cape Fear (1991)}", 3)])[0]
    assert (row["ndcg"], row["recall"]) == (pytest.approx(1 / 1.63093, abs=1e-5), 0.5)


def test_a_response_and_a_ranking_with_the_same_answer_are_the_same_row(maker, domain):
    for query in domain.queries("test"):
        for item_id in query.candidates:
            item_row = domain.catalogue.row_of(item_id)
            label = domain.catalogue.items[item_row].label
            answered = maker.answered([(query, f"\\boxed{{{label}}}", 5)])[0]
            ranked = maker.ranked(query, [item_row])
            assert ranked == answered | {"response": "", "n_tokens": None}
