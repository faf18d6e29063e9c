"""Stored opinions as rows of a log: who they are of, and what a like and a dislike are worth.

Somebody's last word on an item is the one that counts. Having seen an item is no rating, so it is
no row; neither is an opinion of nobody in particular.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.kernels import pc
from rerec.catalogue.tables import INTERACTIONS
from rerec.serve.feedback import Feedback

RATINGS = {"like": 5.0, "dislike": 1.0}
"""On the scale on which `liked_rating` is 4."""
Opinions = Mapping[tuple[str, str], Feedback]
"""The last word of each person on each item, by their ids, in the order of the first ones."""


@dataclass(frozen=True)
class Persons:
    """Who gave an opinion, as a user of a domain."""

    user_ids: Collection[str]
    """Of the domain."""
    prefix: str
    """Begins the id of every new user."""

    @classmethod
    def of(cls, user_ids: Collection[str], *, prefix: str | None = None) -> "Persons":
        """The users of a domain, and ids for others that no user has.

        Args:
            user_ids: of the domain.
            prefix: that an earlier round of the same feedback used: the same person is to have the
                same id; None for a new one.

        >>> Persons.of({"7"}).prefix, Persons.of({"7", "feedback:x"}).prefix
        ('feedback:', 'feedback-2:')
        """
        number = 1
        while prefix is None:
            candidate = "feedback:" if number == 1 else f"feedback-{number}:"
            if not any(user_id.startswith(candidate) for user_id in user_ids):
                prefix = candidate
            number += 1
        return cls(user_ids, prefix)

    def person_of(self, feedback: Feedback) -> str | None:
        """The user's id; a new one for a stranger or a conversation; None for nobody."""
        if feedback.user_id in self.user_ids:
            return feedback.user_id
        if feedback.user_id is not None:
            return f"{self.prefix}user:{feedback.user_id}"
        if feedback.conversation_id is not None:
            return f"{self.prefix}conversation:{feedback.conversation_id}"
        return None


def last_words(
    feedback: Sequence[Feedback], person_of: Callable[[Feedback], str | None]
) -> dict[tuple[str, str], Feedback]:
    """What each person thinks of each item in the end; what was taken back is left out.

    Args:
        feedback: in the order in which it came.
        person_of: whose an opinion is; None leaves it out.
    """
    found: dict[tuple[str, str], Feedback] = {}
    for one in feedback:
        person = person_of(one)
        if person is not None:
            found[person, one.item_id] = one
    return {key: one for key, one in found.items() if one.opinion is not None}


def with_opinions(interactions: pa.Table, opinions: Opinions) -> pa.Table:
    """A log in which likes and dislikes stand, instead of what the same people said before.

    Args:
        interactions: (user_id, item_id, rating, timestamp).
        opinions: of people whose ids are final.
    """
    rated = {key: one for key, one in opinions.items() if one.opinion in RATINGS}
    kept = interactions.filter(pa.array(~_are_said(interactions, rated)))
    rows = [
        {
            "user_id": user_id,
            "item_id": item_id,
            "rating": RATINGS[one.opinion or ""],
            "timestamp": int(one.time_s),
        }
        for (user_id, item_id), one in rated.items()
    ]
    return pa.concat_tables([kept, pa.Table.from_pylist(rows, schema=INTERACTIONS)])


def _are_said(interactions: pa.Table, pairs: Collection[tuple[str, str]]) -> NDArray[np.bool_]:
    """(n_rows,) true where a row is of one of some pairs; rows of other users are not looked at."""
    users = pa.array(sorted({user_id for user_id, _ in pairs}), pa.string())
    rows = np.flatnonzero(pc.is_in(interactions["user_id"], value_set=users))
    own = interactions.select(["user_id", "item_id"]).take(rows).to_pylist()
    are_said = np.zeros(interactions.num_rows, dtype=bool)
    are_said[rows] = [(one["user_id"], one["item_id"]) in pairs for one in own]
    return are_said


def with_users(users: pa.Table, new: Sequence[str]) -> pa.Table:
    """The users and some new ones, who are of no known group.

    Args:
        users: (user_id, then one column for each group).
        new: their ids.
    """
    columns = {
        name: pa.nulls(len(new), users.schema.field(name).type) for name in users.column_names
    }
    columns["user_id"] = pa.array(new, pa.string())
    return pa.concat_tables([users, pa.table(columns, schema=_nullable(users.schema))])


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [field if field.name == "user_id" else field.with_nullable(True) for field in schema]
    )
