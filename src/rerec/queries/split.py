"""Which split a user and a set of conditions belong to, before any query is made.

A query goes to a split only if both its user and its condition set belong there. So no condition
set and no (user, ground truth) pair of one split occurs in another, by construction and whatever
the ground truth is; the price is that test users are strangers to training.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from rerec.records import SPLITS
from rerec.rng import seed_of
from rerec.settings import PERSONAL, Category, QuerySettings

_RANGE = float(1 << 63)


def sizes_of(settings: QuerySettings, category: Category = "explicit") -> dict[str, int]:
    """Queries of a category that are wanted of each split.

    Those of the explicit ones also say how users and condition sets are shared out, whatever the
    category: a user belongs to one split in all of them.
    """
    if category.endswith(PERSONAL):
        return settings.personal.model_dump()
    if category in ("interest", "demographics"):
        return getattr(settings, category).model_dump()
    return {"train": settings.n_train, "valid": settings.n_valid, "test": settings.n_test}


def split_of_users(
    user_ids: Sequence[str], sizes: Mapping[str, int], *, seed: int
) -> dict[str, list[int]]:
    """Positions of the users of each split, shared out in proportion to its number of queries.

    Users are drawn by a hash of their ids. Every split gets at least one as long as there are
    enough; positions stand in the drawn order.

    >>> shares = split_of_users(["a", "b", "c", "d"], {"train": 8, "valid": 1, "test": 1}, seed=7)
    >>> {split: len(users) for split, users in shares.items()}
    {'train': 2, 'valid': 1, 'test': 1}
    """
    drawn = sorted(range(len(user_ids)), key=lambda at: seed_of(seed, "user", user_ids[at]))
    total = sum(sizes[split] for split in SPLITS)
    n_users = {s: max(1, round(len(drawn) * sizes[s] / total)) for s in ("test", "valid")}
    ends = np.cumsum([n_users["test"], n_users["valid"]])
    return {
        "train": drawn[ends[1] :],
        "valid": drawn[ends[0] : ends[1]],
        "test": drawn[: ends[0]],
    }


def split_of_conditions(names: Sequence[str], sizes: Mapping[str, int], *, seed: int) -> str:
    """The split of a set of conditions, by a hash of it, in proportion to the splits' sizes.

    Args:
        names: the conditions in words, in any order.
        sizes: queries of each split.
        seed: of the build.
    """
    place = seed_of(seed, "conditions", *sorted(names)) / _RANGE * sum(sizes[s] for s in SPLITS)
    for split in SPLITS:
        if place < sizes[split]:
            return split
        place -= sizes[split]
    return SPLITS[-1]
