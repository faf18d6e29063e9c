"""Which sets of conditions are worth asking for."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.domain import Domain
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Askable, askable
from rerec.queries.conditions import draw_conditions, is_worth_asking
from rerec.records import Condition
from rerec.rng import stream
from rerec.settings import QuerySettings

LOOSE = QuerySettings(shown_values=2, common_share=1.0)


def asked_of(domain: Domain, its_settings: QuerySettings) -> tuple[AttributeGraph, Askable]:
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    return graph, askable(graph, its_settings)


def test_the_first_shown_values_that_are_not_common_may_be_asked(
    small_domain: Callable[..., Domain],
) -> None:
    graph, asked = asked_of(small_domain(5, n_items=20, n_users=3), LOOSE)
    n_having = [len(graph.holders(column)) for column in range(len(graph.pairs))]
    share = np.median(n_having) / 20
    _, strict = asked_of(
        small_domain(5, n_items=20, n_users=3), LOOSE.model_copy(update={"common_share": share})
    )
    for row in range(20):
        facts = graph.facts_of(row)
        relations = list(dict.fromkeys(fact.relation for fact in facts))
        by_relation = {r: [f for f in facts if f.relation == r] for r in relations}
        rare = {
            r: [f for f in held if n_having[graph.column_of(f)] <= share * 20]
            for r, held in by_relation.items()
        }
        assert [graph.pairs[c] for c in asked.shown[row]] == [
            f for r in relations for f in by_relation[r][:2]
        ]
        assert [graph.pairs[c] for c in strict.shown[row]] == [
            f for r in relations for f in rare[r][:2]
        ]


def test_counts_of_met_named_and_shown_conditions_equal_those_by_hand(
    small_domain: Callable[..., Domain],
) -> None:
    graph, asked = asked_of(small_domain(6, n_items=20, n_users=3), LOOSE)
    columns = tuple(
        graph.column_of(Condition(relation, "Ann Lee"))
        for relation in ("director", "writer", "starring")
    )
    for row in range(20):
        facts, shown = set(graph.columns_of(row)), set(asked.shown[row])
        names_her = any(graph.pairs[c].value == "Ann Lee" for c in facts)
        assert asked.n_met(columns)[row] == len(facts & set(columns))
        assert asked.n_shown(columns)[row] == len(shown & set(columns))
        assert asked.n_named(columns)[row] == 3 * names_her
    whole = [row for row in range(20) if asked.n_met(columns)[row] == len(columns)]
    assert asked.meeting(columns).tolist() == whole
    assert asked.meeting(()).tolist() == [*range(20)]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_who_meets_conditions_and_who_shares_facts_equal_plain_counts(
    small_domain: Callable[..., Domain], seed: int
) -> None:
    graph, asked = asked_of(small_domain(seed, n_items=16, n_users=3), LOOSE)
    rng = np.random.default_rng(seed)
    facts = [set(graph.columns_of(row).tolist()) for row in range(16)]
    for row in range(16):
        columns = tuple(rng.permutation(sorted(facts[row]))[:3].tolist())
        expected = [other for other in range(16) if set(columns) <= facts[other]]
        assert asked.meeting(columns).tolist() == expected
        shown = set(asked.shown[row].tolist())
        shared = [0 if other == row else len(shown & facts[other]) for other in range(16)]
        assert asked.n_shared(row).tolist() == shared


def test_a_set_that_many_items_meet_or_that_repeats_a_value_is_not_worth_asking(
    small_domain: Callable[..., Domain],
) -> None:
    graph, asked = asked_of(small_domain(6, n_items=20, n_users=3), LOOSE)
    widest = int(np.argmax([asked.n_holders(c) for c in range(len(graph.pairs))]))
    assert asked.n_holders(widest) > 2  # a tenth of 20 items
    assert not is_worth_asking(asked, (widest,))
    twice = tuple(graph.column_of(Condition(r, "Ann Lee")) for r in ("director", "writer"))
    assert not is_worth_asking(asked, twice)


@given(seed=st.integers(0, 10**6), n_conditions=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_drawn_set_has_the_size_asked_for_and_is_worth_asking(
    small_domain: Callable[..., Domain], seed: int, n_conditions: int
) -> None:
    _, asked = asked_of(small_domain(8, n_items=20, n_users=3), LOOSE)
    rng = stream(seed)
    row, liked = int(rng.integers(20)), np.flatnonzero(rng.random(20) < 0.5)
    columns = draw_conditions(asked, row, liked, n_conditions, rng)
    if columns is not None:
        assert columns == tuple(sorted(set(columns)))
        assert len(columns) == n_conditions
        assert set(columns) <= set(asked.shown[row].tolist())
        assert is_worth_asking(asked, columns)
