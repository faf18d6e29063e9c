"""Draws of sets of conditions that are worth asking for.

A set is worth asking for if few items meet it all (`MAX_SHARE`): "a drama" is no request. Two
conditions of a set never have the same value: "written and directed by Michael Mann" shows one name
in a line of facts, so it would count as one condition.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.queries.askable import Askable, Columns
from rerec.queries.draws import drawn

MAX_SHARE = 0.1
"""At most this share of the catalogue (and always at least one item) meets all conditions."""
SHARED_SHARE = 0.5
"""How often the conditions are what an item has in common with another one that the user liked."""
RARE_WEIGHT = 0.25
"""Weight of a fact that no other item has: it would decide the request by itself."""


def draw_conditions(
    asked: Askable,
    row: int,
    liked: NDArray[np.intp],
    n_conditions: int,
    rng: Generator,
    *,
    least_holders: int = 1,
) -> Columns | None:
    """A set of shown facts of an item that is worth asking for; None where this draw found none.

    Half of the draws (`SHARED_SHARE`) take what the item has in common with another liked one, so
    that a request has several right answers as often as the data allow.

    Args:
        asked: what may be asked for.
        row: the item that is to be found.
        liked: rows of what the user likes, ascending.
        n_conditions: size of the set.
        rng: drawn from.
        least_holders: items that must have each of the facts.
    """
    pool = asked.shown[row]
    if rng.random() < SHARED_SHARE:
        pool = _in_common(asked, row, liked, n_conditions, rng)
    if least_holders > 1:
        pool = pool[asked.counts[pool] >= least_holders]
    if len(pool) < n_conditions:
        return None
    weight = np.where(asked.counts[pool] > 1, 1.0, RARE_WEIGHT)
    columns = tuple(sorted(pool[drawn(rng, weight, n_conditions)].tolist()))
    return columns if is_worth_asking(asked, columns) else None


def is_worth_asking(asked: Askable, columns: Columns) -> bool:
    """Whether the values differ and few enough items meet the conditions."""
    if len({asked.values[column] for column in columns}) < len(columns):
        return False
    limit = max(1, int(MAX_SHARE * asked.n_items))
    if any(asked.n_holders(column) <= limit for column in columns):
        return True
    return len(asked.meeting(columns)) <= limit


def _in_common(
    asked: Askable, row: int, liked: NDArray[np.intp], n_conditions: int, rng: Generator
) -> NDArray[np.intp]:
    """Shown facts of an item that a drawn other liked item has too; all of them if none has."""
    pool = asked.shown[row]
    others = liked[asked.n_shared(row)[liked] >= n_conditions]
    if not len(others):
        return pool
    facts = asked.columns_of[int(others[rng.integers(len(others))])]
    return pool[(pool[:, None] == facts).any(axis=1)]
