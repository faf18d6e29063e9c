"""Which training queries a run learns from."""

from rerec.catalogue.domain import Domain
from rerec.errors import DataError, SettingsError
from rerec.graph.attributes import AttributeGraph
from rerec.records import Query
from rerec.rng import stream
from rerec.settings import Recipe


def chosen_queries(domain: Domain, graph: AttributeGraph, recipe: Recipe) -> list[Query]:
    """The training queries of a run: the first n, in a seeded order, that have enough holders.

    Raises:
        DataError: there are fewer than the recipe wants.
        SettingsError: they are too few for one step.
    """
    least = recipe.train.min_holders
    rows_of = domain.catalogue.rows_of
    fitting = [
        query
        for query in domain.queries("train", recipe.categories)
        if least == 0
        or graph.fewest_holders(
            [graph.column_of(c) for c in query.conditions], rows_of(query.candidates).tolist()
        )
        >= least
    ]
    n = recipe.train.n_queries or len(fitting)
    if n > len(fitting) or not fitting:
        raise DataError(
            f"{recipe.domain}: train.n_queries is {n}, but {len(fitting)} training queries have"
            f" {least} holders or more; lower one of the two, or build more queries"
        )
    if n < recipe.train.queries_per_step:
        raise SettingsError(
            f"train.queries_per_step is {recipe.train.queries_per_step}, but there are {n} training"
            " queries; lower it, or raise train.n_queries"
        )
    order = stream(recipe.seed, "train", "queries").permutation(len(fitting))
    return [fitting[place] for place in order[:n]]
