"""Which drafters make the queries of which category."""

from collections.abc import Sequence
from typing import Protocol

from rerec.catalogue.domain import Domain
from rerec.graph.attributes import AttributeGraph
from rerec.queries.by_conditions import Drafter
from rerec.queries.candidates import Negatives
from rerec.queries.demographics import GroupDrafter
from rerec.queries.drafts import Draft
from rerec.queries.hints import hinter_of
from rerec.queries.in_a_row import InARow, Named
from rerec.queries.interest import InterestDrafter
from rerec.queries.taste import Taste
from rerec.settings import PERSONAL, Category, QuerySettings


class DraftsQueries(Protocol):
    """Makes the drafts of one category."""

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts of its users."""
        ...


def drafters_of(
    domain: Domain,
    graph: AttributeGraph,
    taste: Taste,
    negatives: Negatives,
    settings: QuerySettings,
    *,
    seed: int,
) -> dict[str, DraftsQueries]:
    """The drafter of each category of the settings.

    Args:
        domain: whose queries are drafted.
        graph: its item-attribute graph.
        taste: of the users who may ask, with their likes.
        negatives: draws candidates, of what may be asked for.
        settings: of the queries.
        seed: of the draws.
    """
    asked, likes = negatives.asked, taste.likes
    hinter = hinter_of(graph, asked, domain.catalogue, negatives)
    in_a_row = InARow(likes, settings.interest_span)
    taken: dict[Named, str] = {}
    drafters: dict[str, DraftsQueries] = {}
    for category in settings.categories:
        base = category.removesuffix(PERSONAL)
        own = taste if category.endswith(PERSONAL) else None
        common = {"settings": settings, "seed": seed, "category": category, "taste": own}
        if base == "interest":
            drafters[category] = InterestDrafter(
                likes, in_a_row, asked, negatives, taken=taken, **common
            )
        elif base == "demographics":
            drafters[category] = GroupDrafter(likes, domain.users, negatives, **common)
        else:
            hints = None if base == "explicit" else hinter
            drafters[category] = Drafter(likes, asked, negatives, hinter=hints, **common)
    return drafters


def parts_of(categories: Sequence[Category]) -> list[list[Category]]:
    """Categories that can be drafted apart: interests know of each other, and go together.

    >>> parts_of(["explicit", "interest", "demographics", "interest_personal"])
    [['explicit'], ['interest', 'interest_personal'], ['demographics']]
    """
    parts: dict[str, list[Category]] = {}
    for category in categories:
        base = category.removesuffix(PERSONAL)
        parts.setdefault(base if base == "interest" else category, []).append(category)
    return list(parts.values())
