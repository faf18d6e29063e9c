"""QAS and PAS against hand-worked cases and plain references."""

import math
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest

from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Item
from rerec.reward.alignment import pas, qas_conditions, qas_shared, shared_columns
from rerec.rng import stream

# Heat has 4 pairs, Ronin 3 (two of them Heat's), Emma 1, Void none.
FACTS = """Heat genre Crime;Heat genre Drama;Heat director Mann;Heat starring DeNiro
Ronin genre Crime;Ronin director Frankenheimer;Ronin starring DeNiro;Emma genre Romance"""
HEAT, RONIN, EMMA, VOID = range(4)
NONE = -1


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.intp)


@pytest.fixture(scope="module")
def graph() -> AttributeGraph:
    names = ("Heat", "Ronin", "Emma", "Void")
    catalogue = Catalogue(tuple(Item(name, name, None, (), 0) for name in names))
    facts = [fact.split(" ") for fact in FACTS.replace("\n", ";").split(";")]
    columns = [list(column) for column in zip(*facts, strict=True)]
    table = pa.table(columns, names=["item_id", "relation", "value"])
    return AttributeGraph.from_table(catalogue, table)


def test_qas_is_the_share_of_the_truths_pairs_that_the_answer_has(graph):
    # Ronin has crime and De Niro of Heat's 4 pairs; Heat has 2 of Ronin's 3.
    answers = rows(HEAT, RONIN, EMMA, VOID)
    assert qas_shared(answers, [[HEAT]] * 4, graph).tolist() == [1.0, 0.5, 0.0, 0.0]
    assert qas_shared(rows(HEAT), [[RONIN]], graph) == pytest.approx([2 / 3])


def test_qas_with_several_truths_counts_only_the_pairs_that_all_of_them_share(graph):
    # Heat and Ronin share crime and De Niro: either of them meets both, Emma neither.
    score = qas_shared(rows(HEAT, RONIN, EMMA), [[HEAT, RONIN]] * 3, graph)
    assert score.tolist() == [1.0, 1.0, 0.0]
    shared = [graph.pairs[column] for column in shared_columns([HEAT, RONIN], graph)]
    assert shared == [Condition("genre", "Crime"), Condition("starring", "DeNiro")]


def test_qas_is_zero_where_the_truths_share_no_pair_at_all(graph):
    assert qas_shared(rows(HEAT, EMMA), [[HEAT, EMMA]] * 2, graph).tolist() == [0.0, 0.0]
    assert qas_shared(rows(VOID), [[VOID]], graph).tolist() == [0.0]


def test_an_answer_that_is_no_item_scores_zero_and_not_the_last_items_score(graph):
    # Row -1 of an array is its last row; as an answer it is none.
    z = np.eye(4)
    assert qas_shared(rows(NONE), [[EMMA]], graph).tolist() == [0.0]
    assert qas_conditions(rows(NONE), [[0]], graph).tolist() == [0.0]
    assert pas(rows(NONE), [[VOID]], z).tolist() == [0.0]
    assert pas(rows(VOID), [[VOID]], z).tolist() == [1.0]


def test_the_truths_order_and_repeats_do_not_matter(graph):
    for truths in ([HEAT, RONIN], [RONIN, HEAT], [HEAT, RONIN, HEAT]):
        assert qas_shared(rows(RONIN), [truths], graph).tolist() == [1.0]


def test_qas_on_conditions_is_the_share_of_the_asked_ones_that_are_met(graph):
    crime = graph.column_of(Condition("genre", "Crime"))
    mann = graph.column_of(Condition("director", "Mann"))
    score = qas_conditions(rows(HEAT, RONIN, EMMA), [[crime, mann]] * 3, graph)
    assert score.tolist() == [1.0, 0.5, 0.0]


def test_a_condition_asked_twice_counts_once(graph):
    crime = graph.column_of(Condition("genre", "Crime"))
    mann = graph.column_of(Condition("director", "Mann"))
    assert qas_conditions(rows(RONIN), [[crime, crime, mann]], graph).tolist() == [0.5]


def test_a_condition_that_no_item_has_is_never_met(graph):
    crime = graph.column_of(Condition("genre", "Crime"))
    assert qas_conditions(rows(HEAT), [[crime, -1]], graph).tolist() == [0.5]


def test_nothing_asked_is_nothing_met(graph):
    assert qas_conditions(rows(HEAT), [[]], graph).tolist() == [0.0]


def test_pas_with_several_truths_is_the_best_cosine():
    z = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    # cosines of (3, 4) with (1, 0) and (0, 2): 0.6 and 0.8
    assert pas(rows(2), [[0, 1]], z) == pytest.approx([0.8])
    assert pas(rows(2), [[0]], z) == pytest.approx([0.6])


def test_pas_does_not_depend_on_the_length_of_embeddings():
    z = np.array([[1.0, 1.0], [1e-6, 1e-6], [1e6, 1e6]], np.float32)
    assert pas(rows(1, 2), [[0], [0]], z) == pytest.approx([1.0, 1.0])


def test_qas_equals_the_plain_reference_on_ten_thousand_random_cases(shop):
    rng = stream(7, "qas cases")
    answers = rng.integers(-1, len(shop.pairs), 10_000)
    sizes = rng.integers(1, 4, 10_000)
    truths = [rng.integers(0, len(shop.pairs), size).tolist() for size in sizes]
    asked = [rng.integers(-1, len(shop.graph.pairs), size).tolist() for size in sizes]
    shared, by_conditions = [], []
    for answer, truth, columns in zip(answers.tolist(), truths, asked, strict=True):
        has = shop.pairs[answer] if answer >= 0 else set()
        wanted = reduce(set.intersection, (shop.pairs[row] for row in truth))
        shared.append(len(has & wanted) / len(wanted) if wanted else 0.0)
        met = [column >= 0 and shop.graph.pairs[column] in has for column in set(columns)]
        by_conditions.append(sum(met) / len(met))
    assert qas_shared(answers, truths, shop.graph).tolist() == pytest.approx(shared)
    assert qas_conditions(answers, asked, shop.graph).tolist() == pytest.approx(by_conditions)


def test_pas_equals_the_plain_reference_on_ten_thousand_random_cases(shop):
    rng = stream(7, "pas cases")
    z = shop.embeddings.tolist()
    answers = rng.integers(-1, len(z), 10_000)
    truths = [rng.integers(0, len(z), size).tolist() for size in rng.integers(1, 4, 10_000)]

    def cosine(one: list[float], other: list[float]) -> float:
        lengths = math.hypot(*one) * math.hypot(*other)
        return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0

    table = [[cosine(one, other) for other in z] for one in z]
    expected = [
        max(table[answer][row] for row in truth) if answer >= 0 else 0.0
        for answer, truth in zip(answers.tolist(), truths, strict=True)
    ]
    assert np.abs(pas(answers, truths, shop.embeddings) - expected).max() < 1e-12


def test_alignment_stays_in_its_bounds_and_reaches_both_ends(shop):
    everyone = np.arange(len(shop.pairs))
    itself = [[row] for row in everyone.tolist()]
    own = qas_shared(everyone, itself, shop.graph)
    assert own.tolist() == [1.0 if pairs else 0.0 for pairs in shop.pairs]
    z = np.concatenate([shop.embeddings[2:], -shop.embeddings[2:]])
    half = len(z) // 2
    there = pas(np.arange(half), [[row] for row in range(half)], z)
    opposite = pas(np.arange(half), [[row + half] for row in range(half)], z)
    assert there == pytest.approx(np.ones(half))
    assert opposite == pytest.approx(-np.ones(half))
    assert max(there) <= 1.0
    assert min(opposite) >= -1.0


def test_the_same_answer_scores_the_same_bits_wherever_it_stands_in_the_batch(shop):
    # Equal rewards must be equal exactly, or a group without spread would seem to have some.
    z = shop.embeddings.astype(np.float32)
    answers = np.tile(rows(3, 4, 5), 101)
    truths = [[6, 7]] * len(answers)
    for scores in (pas(answers, truths, z), qas_shared(answers, truths, shop.graph)):
        assert all(len(set(scores[start::3].tolist())) == 1 for start in range(3))


def test_no_answers_give_no_scores(graph):
    none = np.zeros(0, np.intp)
    assert qas_shared(none, [], graph).shape == pas(none, [], np.eye(4)).shape == (0,)
